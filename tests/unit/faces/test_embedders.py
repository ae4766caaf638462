"""The embedders by name and their common form."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import PunchlineError, WeightsUnavailable
from core.faces.crop import Crop
from core.faces.embedders import EMBEDDERS, embed_both_ways, embedder

torch.set_num_threads(1)


def test_embedders_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_CACHE", str(tmp_path))
    assert embedder().name == "mobilefacenet"
    with pytest.raises(WeightsUnavailable, match="download of 112 MB"):
        embedder("facenet")


def test_an_unknown_embedder_is_named_with_those_there_are_and_what_to_do() -> None:
    with pytest.raises(PunchlineError, match=r"'resnet29'; there are mobilefacenet, facenet\. Extract the"):
        embedder("resnet29")


def test_embeddings_of_other_weights_or_of_other_chips_have_another_digest() -> None:
    entry = EMBEDDERS["mobilefacenet"]
    others = (replace(entry, crop=Crop(112)), replace(entry, weights="facenet_vggface2"))
    assert entry.digest == embedder().digest
    assert len({entry.digest, *(other.digest for other in others)}) == 3


def test_both_ways_is_the_same_for_a_face_and_its_mirror_image() -> None:
    chips = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    both = embed_both_ways(embedder(), chips)
    np.testing.assert_allclose(both, embed_both_ways(embedder(), chips[:, :, ::-1]), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    assert embed_both_ways(embedder(), chips[:0]).shape == (0, 192)
