"""The three networks of MTCNN (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342) with the weights of facenet-pytorch.

They are written here as plain functions, since importing facenet-pytorch takes torchvision and ten seconds along. On a
processor the convolutions and what lies between them stay in oneDNN's own layout, which spares a fifth of their time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F

State = Mapping[str, torch.Tensor]
Outputs = tuple[torch.Tensor, ...]
Net = Callable[[torch.Tensor], Outputs]


def _convolutions(x: torch.Tensor, state: State, pools: tuple[int, ...]) -> torch.Tensor:
    """Convolutions 1, 2, ... with PReLU, each followed by a max-pool of stride 2 and this side (0: none)."""
    for k, side in enumerate(pools, start=1):
        x = F.conv2d(x, state[f"conv{k}.weight"], state[f"conv{k}.bias"])
        x = F.prelu(x, state[f"prelu{k}.weight"])
        if side:
            x = F.max_pool2d(x, side, 2, ceil_mode=True)
    return x


def _dense(x: torch.Tensor) -> torch.Tensor:
    return x.to_dense() if x.is_mkldnn else x


def _linear(x: torch.Tensor, state: State, name: str) -> torch.Tensor:
    return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def _flat(x: torch.Tensor) -> torch.Tensor:
    """In the order in which the weights were trained: columns, rows, channels."""
    return _dense(x).permute(0, 3, 2, 1).flatten(1)


def pnet(x: torch.Tensor, state: State) -> Outputs:
    """Every window of 12 pixels: shift of the box (n, 4, h, w) and probabilities (n, 2, h, w), no face first."""
    x = _convolutions(x, state, (2, 0, 0))
    shift, score = (_dense(F.conv2d(x, state[f"conv4_{k}.weight"], state[f"conv4_{k}.bias"])) for k in (2, 1))
    return shift, score.softmax(dim=1)


def rnet(x: torch.Tensor, state: State) -> Outputs:
    """Chips (n, 3, 24, 24): shift of the box (n, 4) and probabilities (n, 2), no face first."""
    x = _flat(_convolutions(x, state, (3, 3, 0)))
    x = F.prelu(_linear(x, state, "dense4"), state["prelu4.weight"])
    return _linear(x, state, "dense5_2"), _linear(x, state, "dense5_1").softmax(dim=1)


def onet(x: torch.Tensor, state: State) -> Outputs:
    """Chips (n, 3, 48, 48): shift of the box (n, 4), five points (n, 10; x, then y), probabilities (n, 2)."""
    x = _flat(_convolutions(x, state, (3, 3, 2, 0)))
    x = F.prelu(_linear(x, state, "dense5"), state["prelu5.weight"])
    outputs = [_linear(x, state, f"dense6_{k}") for k in (2, 3, 1)]
    return outputs[0], outputs[1], outputs[2].softmax(dim=1)


def with_weights(net: Callable[[torch.Tensor, State], Outputs], state: State, device: str) -> Net:
    """A network ready to run, without gradients."""
    by_onednn = device == "cpu" and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]

    def placed(name: str, x: torch.Tensor) -> torch.Tensor:
        if by_onednn and f"{name.partition('.')[0].replace('prelu', 'conv')}.weight" in state and name[0] in "cp":
            return x.to_mkldnn()
        return x.to(device, memory_format=torch.channels_last) if x.ndim == 4 else x.to(device)

    moved = {name: placed(name, x) for name, x in state.items()}

    @torch.inference_mode()
    def run(x: torch.Tensor) -> Outputs:
        return net(x.to_mkldnn() if by_onednn else x, moved)

    return run
