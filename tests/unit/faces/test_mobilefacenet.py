"""The built-in embedder agrees with the network it was taken from."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from core.errors import WeightsUnavailable
from core.faces.crop import cut
from core.faces.mobilefacenet import BATCH, MobileFaceNetEmbedder
from core.faces.similarity import similarity_of
from core.storage.weights import Weights, describe, find

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PORTRAITS = FIXTURES / "mobilefacenet_portraits.npz"
GOLDEN = FIXTURES.parent.parent.parent / "shared" / "data" / "mobilefacenet_golden.npz"
SIMILARITY = similarity_of("mobilefacenet")
AGREEMENT = 2e-3  # of unit vectors: the kernels are rounded to half precision

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model() -> MobileFaceNetEmbedder:
    return MobileFaceNetEmbedder()


def test_embeddings_are_those_of_the_published_network(model: MobileFaceNetEmbedder) -> None:
    with np.load(PORTRAITS) as expected:
        np.testing.assert_allclose(model.embed(expected["chips"]), expected["embeddings"], rtol=0, atol=AGREEMENT)


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"the forty golden chips are not at {GOLDEN}")
def test_embeddings_are_those_of_the_published_network_on_forty_faces(model: MobileFaceNetEmbedder) -> None:
    with np.load(GOLDEN) as expected:
        unit = expected["embeddings"] / np.linalg.norm(expected["embeddings"], axis=1, keepdims=True)
        np.testing.assert_allclose(model.embed(expected["chips"]), unit, rtol=0, atol=AGREEMENT)


def test_without_onednn_the_embeddings_are_the_same(model: MobileFaceNetEmbedder, monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    with np.load(PORTRAITS) as expected:
        plain = MobileFaceNetEmbedder().embed(expected["chips"])
        np.testing.assert_allclose(plain, model.embed(expected["chips"]), rtol=0, atol=1e-5)


def test_portraits_cut_from_their_pictures_are_told_apart(model: MobileFaceNetEmbedder) -> None:
    with np.load(PORTRAITS) as expected:
        rows = zip(expected["names"], expected["boxes_xyxy"], expected["landmarks"], strict=True)
        chips = [
            cut(np.asarray(Image.open(FIXTURES / f"portrait_{name}.jpg").convert("RGB")), box, landmarks, model.crop)
            for name, box, landmarks in rows
        ]
        similarity = SIMILARITY(model.embed(np.stack(chips)), expected["embeddings"])  # (2, 4), then mirrored
    assert min(similarity[0, 0], similarity[1, 1]) > 0.95
    assert min(similarity[0, 2], similarity[1, 3]) > 0.5
    assert max(similarity[0, [1, 3]].max(), similarity[1, [0, 2]].max()) < 0.3


@pytest.mark.parametrize("n", [0, 1, BATCH, BATCH + 1])
def test_any_number_of_chips(model: MobileFaceNetEmbedder, n: int) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (n, 112, 112, 3), dtype=np.uint8)
    embeddings = model.embed(chips)
    assert embeddings.shape == (n, model.dimension)
    assert embeddings.dtype == np.float32
    if n:
        np.testing.assert_allclose(embeddings[-1:], model.embed(chips[-1:]), atol=1e-5)


def test_several_threads_give_the_same_embeddings(model: MobileFaceNetEmbedder) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (2 * BATCH + 3, 112, 112, 3), dtype=np.uint8)
    alone = model.embed(chips)
    torch.set_num_threads(2)
    try:
        np.testing.assert_array_equal(model.embed(chips), alone)
    finally:
        torch.set_num_threads(1)


def test_other_chips_are_refused(model: MobileFaceNetEmbedder) -> None:
    with pytest.raises(ValueError, match=r"\(2, 111, 112, 3\), expected uint8 \(n, 112, 112, 3\)"):
        model.embed(np.zeros((2, 111, 112, 3), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        model.embed(np.zeros((2, 112, 112, 3), np.float32))


def test_half_precision_storage_does_not_move_a_decision() -> None:
    with np.load(PORTRAITS) as expected:
        exact = expected["embeddings"]
    halved = SIMILARITY(exact.astype(np.float16), exact.astype(np.float16))
    np.testing.assert_allclose(halved, SIMILARITY(exact, exact), atol=2e-3)


def test_weights_of_another_network_and_of_another_digest_are_refused(tmp_path: Path, monkeypatch) -> None:
    state = load_file(find(describe("mobilefacenet")))
    state.pop("layers.7.bias")
    path = tmp_path / "other.safetensors"
    save_file(state, path)
    monkeypatch.setenv("PUNCHLINE_CACHE", str(tmp_path))
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    weights = Weights("other", path.name, digest, path.stat().st_size, "MIT", url="https://example.invalid/x")
    with pytest.raises(WeightsUnavailable, match=r"layers\.7\.bias"):
        MobileFaceNetEmbedder(weights)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    with pytest.raises(WeightsUnavailable, match="has digest"):
        MobileFaceNetEmbedder(weights)
