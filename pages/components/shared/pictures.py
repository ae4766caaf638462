"""Pictures as addresses: faces, which travel with the page, and small pictures of places in videos, which do not."""

from __future__ import annotations

import base64

import streamlit as st

from core.playback.route import stills_address
from core.video.jpeg import as_jpeg
from core.video.picture import Image
from core.workspace.registry import Video


def data_address(jpeg: bytes) -> str:
    """A JPEG as an address that a browser needs nobody for."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@st.cache_data(max_entries=5000, show_spinner=False)
def image_address(image: Image) -> str:
    """A picture, RGB uint8 (h, w, 3), as a data address."""
    return data_address(as_jpeg(image))


def still_address(video: Video, seconds: float) -> str:
    """Where the picture of a place is, empty where the video is gone; it is made when a browser asks for it."""
    return "" if video.path is None else f"{stills_address(video.id)}{seconds:.1f}"
