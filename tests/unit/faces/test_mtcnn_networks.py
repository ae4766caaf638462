"""The detector's networks are those of facenet-pytorch, without its import."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.faces import mtcnn_networks as mtcnn
from core.faces.detection import _load_mtcnn

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("index", "name", "side"), [(0, "PNet", 60), (1, "RNet", 24), (2, "ONet", 48)])
def test_outputs_are_those_of_facenet_pytorch(index: int, name: str, side: int) -> None:
    from facenet_pytorch.models import mtcnn as theirs

    x = torch.randn(5, 3, side, side, generator=torch.Generator().manual_seed(0))
    nets, _ = _load_mtcnn("cpu")
    with torch.inference_mode():
        expected = getattr(theirs, name)(pretrained=True)(x)
        found = nets[index](x)
    assert len(found) == len(expected)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_the_weight_files_are_those_of_facenet_pytorch() -> None:
    import facenet_pytorch

    theirs = Path(facenet_pytorch.__file__).parent / "data"
    for name in ("pnet.pt", "rnet.pt", "onet.pt"):
        assert (ROOT / "assets" / "mtcnn" / name).read_bytes() == (theirs / name).read_bytes()


def test_a_misshapen_state_is_refused() -> None:
    state = {"conv1.weight": torch.zeros(10, 3, 3, 3), "conv1.bias": torch.zeros(10)}
    with pytest.raises(KeyError):
        mtcnn.with_weights(mtcnn.pnet, state, "cpu")(torch.zeros(1, 3, 12, 12))


def test_detection_loads_neither_torchvision_nor_facenet_pytorch() -> None:
    code = (
        "import sys, numpy as np; from core.faces.detection import MtcnnDetector\n"
        "MtcnnDetector().detect([np.zeros((90, 160, 3), np.uint8)])\n"
        "print(sorted({'torchvision', 'facenet_pytorch', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
