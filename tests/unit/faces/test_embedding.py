"""The embedders agree with the networks they were taken from and share one scale of similarity."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1
from PIL import Image
from safetensors.torch import save_file

from core.errors import PunchlineError, WeightsUnavailable
from core.faces.crop import cut
from core.faces.embedding import BATCH, FacenetEmbedder, ResNet29, ResNet29Embedder, embedder
from core.storage.weights import Weights

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
GOLDEN = FIXTURES.parent.parent.parent / "shared" / "data" / "face_resnet29_golden.npz"
AGREEMENT = 1e-3

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def resnet() -> ResNet29Embedder:
    return ResNet29Embedder()


def cached(folder: Path, monkeypatch: pytest.MonkeyPatch, file: Path) -> Weights:
    """A description of the file as a finished download."""
    monkeypatch.setenv("PUNCHLINE_CACHE", str(folder))
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    return Weights("test", file.name, digest, file.stat().st_size, "CC0-1.0", url="https://example.invalid/x")


def random_inception() -> InceptionResnetV1:
    """With a classifier, as the release has one, of fewer people."""
    torch.manual_seed(0)
    return InceptionResnetV1(pretrained=None, classify=True, num_classes=7).eval()


@pytest.fixture(scope="module")
def facenet(tmp_path_factory: pytest.TempPathFactory) -> FacenetEmbedder:
    """A random network in a file of the release's form."""
    folder = tmp_path_factory.mktemp("facenet")
    torch.save(random_inception().state_dict(), folder / "random.pt", _use_new_zipfile_serialization=False)
    with pytest.MonkeyPatch.context() as monkeypatch:
        return FacenetEmbedder(cached(folder, monkeypatch, folder / "random.pt"))


@pytest.mark.parametrize("file", ["face_resnet29_patterns.npz", "face_resnet29_portraits.npz"])
def test_descriptors_are_those_of_dlib(resnet: ResNet29Embedder, file: str) -> None:
    """Chips and descriptors were written with dlib 20.0.1: four smooth random patterns and two portraits."""
    with np.load(FIXTURES / file) as expected:
        np.testing.assert_allclose(resnet.embed(expected["chips"]), expected["descriptors"], rtol=0, atol=AGREEMENT)


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"the forty golden chips are not at {GOLDEN}")
def test_descriptors_are_those_of_dlib_on_forty_faces(resnet: ResNet29Embedder) -> None:
    with np.load(GOLDEN) as expected:
        np.testing.assert_allclose(resnet.embed(expected["chips"]), expected["descriptors"], rtol=0, atol=AGREEMENT)


def test_portraits_cut_from_their_pictures_are_told_apart(resnet: ResNet29Embedder) -> None:
    with np.load(FIXTURES / "face_resnet29_portraits.npz") as expected:
        rows = zip(expected["names"], expected["boxes_xyxy"], expected["landmarks"], strict=True)
        chips = [
            cut(np.asarray(Image.open(FIXTURES / f"portrait_{name}.jpg").convert("RGB")), box, landmarks, resnet.crop)
            for name, box, landmarks in rows
        ]
        similarity = resnet.similarity(resnet.embed(np.stack(chips)), expected["descriptors"])
        mirrored = resnet.similarity(resnet.embed(np.stack(chips)[:, :, ::-1]), expected["descriptors"])
    assert similarity.diagonal().min() > 0.95
    assert mirrored.diagonal().min() > 0.5
    assert max(similarity[0, 1], similarity[1, 0]) < 0.3


@pytest.mark.parametrize("n", [0, 1, BATCH, BATCH + 1])
def test_any_number_of_chips(resnet: ResNet29Embedder, n: int) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (n, 150, 150, 3), dtype=np.uint8)
    embeddings = resnet.embed(chips)
    assert embeddings.shape == (n, resnet.dimension)
    assert embeddings.dtype == np.float32
    if n:
        np.testing.assert_allclose(embeddings[-1:], resnet.embed(chips[-1:]), atol=1e-5)


def test_other_chips_are_refused(resnet: ResNet29Embedder) -> None:
    with pytest.raises(ValueError, match=r"\(2, 149, 150, 3\), expected uint8 \(n, 150, 150, 3\)"):
        resnet.embed(np.zeros((2, 149, 150, 3), np.uint8))
    with pytest.raises(ValueError, match="float32"):
        resnet.embed(np.zeros((2, 150, 150, 3), np.float32))


def test_similarity_follows_its_formula(resnet: ResNet29Embedder) -> None:
    a = np.zeros((1, 128), np.float32)
    b = np.zeros((4, 128), np.float32)
    b[:, 3] = 0.0, 0.36, 0.72, 1.44
    np.testing.assert_allclose(resnet.similarity(a, b), [[1.0, 0.75, 0.0, -3.0]], atol=1e-6)
    assert resnet.similarity(b, a).shape == (4, 1)
    assert resnet.similarity(a, b[:0]).shape == (1, 0)


def test_a_nan_embedding_is_like_nobody(resnet: ResNet29Embedder) -> None:
    a = np.stack([np.zeros(128), np.full(128, np.nan)])
    similarity = resnet.similarity(a, a)
    assert similarity[0, 0] == 1
    assert np.isnan(similarity[1]).all()
    assert np.isnan(similarity[0, 1])


def test_half_precision_storage_does_not_move_a_decision(resnet: ResNet29Embedder) -> None:
    with np.load(FIXTURES / "face_resnet29_portraits.npz") as expected:
        exact = expected["descriptors"]
    halved = resnet.similarity(exact.astype(np.float16), exact.astype(np.float16))
    np.testing.assert_allclose(halved, resnet.similarity(exact, exact), atol=2e-3)


def test_facenet_loads_a_release_file_and_normalises(facenet: FacenetEmbedder) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    embeddings = facenet.embed(chips)
    assert embeddings.shape == (2, facenet.dimension)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    reference = random_inception()
    reference.classify = False
    with torch.inference_mode():
        expected = reference((torch.from_numpy(chips).permute(0, 3, 1, 2).float() - 127.5) / 128)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)


def test_facenet_similarity_rises_with_the_cosine(facenet: FacenetEmbedder) -> None:
    angles = np.arccos([1.0, 0.45, 0.23, 0.0, -1.0])
    a, b = np.zeros((1, 512)), np.zeros((5, 512))
    a[0, 0], b[:, 0], b[:, 1] = 1, np.cos(angles), np.sin(angles)
    np.testing.assert_allclose(facenet.similarity(a, b), [[1, 0.5, 0.3, 1 / 11, -9 / 11]], atol=1e-6)


class Malicious:
    """A pickle that would touch a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Malicious(tmp_path / "touched"), protocol=2))
    torch.save({"conv2d_1a.conv.weight": Malicious(tmp_path / "touched")}, tmp_path / "zipped.pt")
    for file in ("plain.pt", "zipped.pt"):
        with pytest.raises(WeightsUnavailable, match="no state dict of InceptionResnetV1"):
            FacenetEmbedder(cached(tmp_path, monkeypatch, tmp_path / file))
    assert not (tmp_path / "touched").exists()


def test_a_state_dict_of_another_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"stem.weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(WeightsUnavailable, match="no state dict of InceptionResnetV1"):
        FacenetEmbedder(cached(tmp_path, monkeypatch, tmp_path / "other.pt"))


def test_weights_with_another_digest_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(ResNet29().state_dict(), tmp_path / "random.safetensors")
    weights = cached(tmp_path, monkeypatch, tmp_path / "random.safetensors")
    assert ResNet29Embedder(weights).digest == weights.digest
    with (tmp_path / "random.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    with pytest.raises(WeightsUnavailable, match="has digest"):
        ResNet29Embedder(weights)


def test_embedders_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_CACHE", str(tmp_path))
    assert embedder().name == "resnet29"
    with pytest.raises(WeightsUnavailable, match="download of 112 MB"):
        embedder("facenet")
    with pytest.raises(PunchlineError, match="'arcface'"):
        embedder("arcface")
