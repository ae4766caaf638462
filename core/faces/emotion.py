"""Emotion recognisers: a face crop -> eight emotion probabilities, valence and arousal."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from core.errors import PunchlineError, WeightsUnavailable
from core.faces.batches import batches
from core.faces.circumplex import CIRCUMPLEX
from core.faces.crop import Crop
from core.faces.precision import computing
from core.series import EMOTIONS as EMOTIONS
from core.storage.weights import Weights, describe, find

BATCH, GPU_BATCH = 16, 128

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
# Input standard of networks that began on ImageNet, for values 0..1.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class EmotionRecogniser(Protocol):
    """Reads the expression of face chips. ``digest`` is that of the weights."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def crop(self) -> Crop: ...

    def recognise(self, chips: np.ndarray) -> np.ndarray:
        """Emotions float32 (n, 10) of chips RGB uint8 (n, side, side, 3); n may be 0.

        Columns are the eight probabilities in `EMOTIONS` order, which sum to 1, valence and arousal, both in [-1, 1].
        """
        ...


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a (projected, average-pooled) shortcut."""

    def __init__(self, n_in: int, n_out: int, stride: int, norm: type[nn.Module]) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(n_in, n_out, 3, stride, 1)
        self.n1 = norm(n_out)
        self.c2 = nn.Conv2d(n_out, n_out, 3, 1, 1)
        self.n2 = norm(n_out)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.project = nn.Conv2d(n_in, n_out, 1) if n_in != n_out else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # In place: what a convolution or normalisation gives is nobody else's, and memory traffic costs time.
        y: torch.Tensor = self.n2(self.c2(self.n1(self.c1(x)).relu_()))
        y += self.project(self.pool(x))
        return y.relu_()


class EmotionNet(nn.Module):
    """Compact residual network over grey 48 x 48 faces.

    Every picture is brought to zero mean and unit deviation first, so brightness and contrast do not matter.
    Training uses ``norm=nn.BatchNorm2d``; `fold` turns that into the plain form that is shipped.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (40, 80, 160),
        depths: tuple[int, ...] = (1, 2, 2),
        norm: type[nn.Module] = nn.Identity,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.widths, self.depths = widths, depths
        self.stem = nn.Conv2d(1, widths[0], 5, 2, 2)
        self.stem_norm = norm(widths[0])
        blocks: list[nn.Module] = []
        n_in = widths[0]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for k in range(depth):
                blocks.append(ResidualBlock(n_in, width, 2 if stage > 0 and k == 0 else 1, norm))
                n_in = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_in, len(EMOTIONS))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (n, 8) in `EMOTIONS` order from grey images (n, 1, h, w) of any value range."""
        flat = images.flatten(1)  # (n, h * w); statistics over one axis are faster than over three
        std, mean = torch.std_mean(flat, dim=1, keepdim=True)
        x = ((flat - mean) / (std + 1e-3 * 255)).view_as(images)
        x = self.stem_norm(self.stem(x)).relu_()  # (n, 40, 24, 24)
        x = self.blocks(x)  # (n, 160, 6, 6)
        logits: torch.Tensor = self.head(self.dropout(x.mean(dim=(2, 3))))  # (n, 8)
        return logits

    @torch.no_grad()
    def fold(self) -> EmotionNet:
        """The same function without normalisation layers: batch normalisation folded into the convolutions."""
        plain = EmotionNet(self.widths, self.depths)
        fuse: Any = nn.utils.fusion.fuse_conv_bn_eval
        self.eval()
        plain.stem.load_state_dict(fuse(self.stem, self.stem_norm).state_dict())
        for folded, block in zip(plain.blocks, self.blocks, strict=True):
            assert isinstance(folded, ResidualBlock)
            assert isinstance(block, ResidualBlock)
            folded.c1.load_state_dict(fuse(block.c1, block.n1).state_dict())
            folded.c2.load_state_dict(fuse(block.c2, block.n2).state_dict())
            folded.project.load_state_dict(block.project.state_dict())
        plain.head.load_state_dict(self.head.state_dict())
        return plain.eval()


class BuiltInRecogniser:
    """The built-in recogniser: `EmotionNet` trained on FER+, grey 48 x 48.

    Valence and arousal are not read from the face: they are the probability-weighted mean of `CIRCUMPLEX`, a
    projection of the eight emotions. Say so wherever they are shown.
    """

    name = "ferplus"
    # FER+'s own framing, measured on boxes of MTCNN; from 1.2 on the accuracy is clearly lower.
    crop = Crop(side=48, box_scale=0.85)

    def __init__(self, weights: Weights | None = None, *, device: str | torch.device = "cpu") -> None:
        weights = weights or describe("emotion_ferplus")
        self.digest = weights.digest
        net = EmotionNet()
        net.load_state_dict(load_file(find(weights)))
        self._net = net.float().eval().to(device).to(memory_format=torch.channels_last)
        self._luma = torch.tensor(LUMA, device=device)
        self._device = device

    def recognise(self, chips: np.ndarray) -> np.ndarray:
        """Emotions float32 (n, 10) of chips RGB uint8 (n, 48, 48, 3)."""
        self.crop.check(chips, self.name)
        emotions = np.empty((len(chips), 10), np.float32)
        for part in batches(len(chips), BATCH if str(self._device) == "cpu" else GPU_BATCH):
            batch = torch.from_numpy(np.ascontiguousarray(chips[part])).to(self._device)
            grey = (batch.float() @ self._luma)[:, None]  # (batch, 1, 48, 48)
            with computing(self._device):
                logits = self._net(grey)
            emotions[part, :8] = logits.float().softmax(1).cpu().numpy()
        emotions[:, 8:] = emotions[:, :8] @ CIRCUMPLEX
        return emotions


class HSEmotionRecogniser:
    """EfficientNet-B0 of EmotiEffLib (HSEmotion) trained on AffectNet, run by onnxruntime; its weights are a download.

    Unlike the built-in recogniser it has read valence and arousal from annotated faces (Savchenko et al. 2022,
    doi:10.1109/TAFFC.2022.3188390). Its columns are in `EMOTIONS` order already.
    """

    name = "hsemotion"
    crop = Crop(side=224)

    def __init__(self, weights: Weights | None = None, *, device: str | torch.device = "cpu") -> None:
        import onnxruntime  # slow to import, seldom wanted

        weights = weights or describe("hsemotion_enet_b0_8_va_mtl")
        self.digest = weights.digest
        path = find(weights)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        wanted = ["CPUExecutionProvider"] if str(device) == "cpu" else ["CUDAExecutionProvider", "CPUExecutionProvider"]
        providers = [provider for provider in wanted if provider in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=providers)
        except Exception as error:  # onnxruntime's own classes have no common base but Exception
            raise WeightsUnavailable(
                "{path} is no ONNX network ({cause}). Download {weights} again.",
                path=path,
                cause=error,
                weights=weights.name,
            ) from error
        self._input = self._session.get_inputs()[0].name
        self._mean = np.array(IMAGENET_MEAN, np.float32) * 255
        self._std = np.array(IMAGENET_STD, np.float32) * 255

    def recognise(self, chips: np.ndarray) -> np.ndarray:
        """Emotions float32 (n, 10) of chips RGB uint8 (n, 224, 224, 3)."""
        self.crop.check(chips, self.name)
        emotions = np.empty((len(chips), 10), np.float32)
        for start in range(0, len(chips), BATCH):
            x = (chips[start : start + BATCH] - self._mean) / self._std
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))  # (batch, 3, 224, 224)
            emotions[start : start + BATCH] = self._session.run(None, {self._input: x})[0]
        exponentials = np.exp(emotions[:, :8] - emotions[:, :8].max(axis=1, keepdims=True))
        emotions[:, :8] = exponentials / exponentials.sum(axis=1, keepdims=True)
        emotions[:, 8:] = emotions[:, 8:].clip(-1, 1)
        return emotions


def recogniser(name: str = "ferplus", device: str | torch.device = "cpu") -> EmotionRecogniser:
    """The recogniser of that name, ``ferplus`` (bundled) or ``hsemotion`` (its weights downloaded before).

    Raises
    ------
    PunchlineError
        If the name is unknown; `WeightsUnavailable` if the weights are missing or damaged.
    """
    if name == "ferplus":
        return BuiltInRecogniser(device=device)
    if name == "hsemotion":
        return HSEmotionRecogniser(device=device)
    raise PunchlineError("No emotion recogniser is called {name!r}; there are ferplus and hsemotion.", name=name)
