"""Pictures as data addresses: faces, and small pictures of places in videos, which are made behind the page's back."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from core.playback.thumbnails import Thumbnails
from core.video.jpeg import as_jpeg
from core.video.picture import Image
from core.workspace.paths import State, state_of
from core.workspace.registry import Video
from core.workspace.workspace import Workspace


def data_address(jpeg: bytes) -> str:
    """A JPEG as an address that a browser needs nobody for."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@st.cache_data(max_entries=5000, show_spinner=False)
def image_address(image: Image) -> str:
    """A picture, RGB uint8 (h, w, 3), as a data address."""
    return data_address(as_jpeg(image))


@st.cache_data(max_entries=2000, show_spinner=False)
def _file_address(path: Path, state: State) -> str:
    return data_address(path.read_bytes())


@st.cache_resource(max_entries=2, show_spinner=False)
def _thumbnails(root: Path) -> Thumbnails:
    return Thumbnails(Workspace(root))


def place_pictures(space: Workspace, places: Iterable[tuple[Video, float]]) -> tuple[list[str], bool]:
    """Addresses of the pictures of places, empty for one that is not there yet or cannot be made.

    The second is true while some are still being made: ask again soon.
    """
    paths, waiting = _thumbnails(space.root).of(places)
    return [_file_address(path, state_of(path)) if path is not None else "" for path in paths], waiting
