"""The downloaded embedder: a release file is read, a pickle never run."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1

from core.errors import WeightsUnavailable
from core.faces.facenet import FacenetEmbedder
from core.faces.similarity import similarity_of
from core.storage.weights import Weights

torch.set_num_threads(1)


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


def test_facenet_similarity_rises_with_the_cosine() -> None:
    angles = np.arccos([1.0, 0.45, 0.23, 0.0, -1.0])
    a, b = np.zeros((1, 512)), np.zeros((5, 512))
    a[0, 0], b[:, 0], b[:, 1] = 1, np.cos(angles), np.sin(angles)
    np.testing.assert_allclose(similarity_of("facenet")(a, b), [[1, 0.5, 0.3, 1 / 11, -9 / 11]], atol=1e-6)


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
