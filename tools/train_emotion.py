"""Train the built-in emotion network on FER+ and write its weights.

    uv run python -m tools.train_emotion --train ferplus_train.npz --valid ferplus_valid.npz \
        --out assets/emotion_ferplus.safetensors --device cuda

The files hold images uint8 (n, 48, 48) and votes uint8 (n, 10): neutral, happiness, surprise, sadness, anger, disgust,
fear, contempt, unknown, not-a-face, ten taggers each (Barsoum et al. 2016, doi:10.1145/2993148.2993165).

Several large networks learn from the votes; their mean teaches the small one, which sees the same pictures as streams
show them: shrunk, quantised in blocks and noisy. A patient and consistent teacher: Beyer et al. 2022, arXiv:2106.05237.
Schedules follow the clock, so a run ends when it should on any machine.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from core.faces.emotion import EMOTIONS, EmotionNet, ResidualBlock

FERPLUS_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
TO_EMOTIONS = [FERPLUS_COLUMNS.index(name) for name in EMOTIONS]
SIDE = 48
SHRUNK = (16, 16, 24, 24, 32, 40, 48)  # sides in pixels to which pictures are shrunk by `degrade`
RARE = 0.35  # power of a class's inverse frequency by which it is drawn more often, and said more readily
COMMON = 0.1  # share of the majority labels from which an emotion is not rare, for `favour_rare`
TAUGHT = 0.75  # share of the teachers in what the small network learns; the rest are the votes


def load_ferplus(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, 1, 48, 48) uint8 and vote shares (n, 8) in `EMOTIONS` order.

    A single vote counts as noise; pictures that are mostly unknown or no face are dropped (as in the FER+ paper).
    """
    with np.load(path) as archive:
        images, votes = archive["images"], archive["votes"].astype(np.float32)
    votes[votes <= 1] = 0
    emotions = votes[:, TO_EMOTIONS]
    keep = emotions.sum(1) > votes[:, 8:].sum(1)
    shares = emotions[keep] / emotions[keep].sum(1, keepdims=True)
    return torch.from_numpy(images[keep])[:, None], torch.from_numpy(shares)


def majority(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of the majority protocol: more than half of the votes for one of the eight emotions."""
    with np.load(path) as archive:
        images, votes = archive["images"], archive["votes"].astype(np.int64)
    best = votes.argmax(1)
    keep = (votes.max(1) * 2 > votes.sum(1)) & (best < 8)
    labels = np.array([TO_EMOTIONS.index(k) for k in range(8)])[best[keep]]
    return torch.from_numpy(images[keep])[:, None], torch.from_numpy(labels)


def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Random flip, turn, scale, shear, shift, contrast and erased patch: uint8 (n, 1, h, w) -> float in [0, 1]."""
    n, device = len(images), images.device

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator, device=device)

    angle = uniform(-0.26, 0.26)
    scale = uniform(0.85, 1.15)
    shear = uniform(-0.08, 0.08)
    flip = (uniform(0, 1) < 0.5) * -2.0 + 1.0
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack(
        [
            torch.stack([cos * flip, -sin + shear, uniform(-0.12, 0.12)], 1),
            torch.stack([sin * flip, cos, uniform(-0.12, 0.12)], 1),
        ],
        1,
    )  # (n, 2, 3)
    grid = F.affine_grid(theta, [n, 1, SIDE, SIDE], align_corners=False)
    x = F.grid_sample(images.float() / 255, grid, padding_mode="border", align_corners=False)
    x = x.clamp(0, 1) ** torch.exp(uniform(-0.5, 0.5, 1, 1, 1))
    erase = uniform(0, 1) < 0.4
    size = uniform(0.15, 0.4, 2) * SIDE
    centre = uniform(0, SIDE, 2)
    line = torch.arange(SIDE, device=device)
    inside = [(line - centre[:, k : k + 1]).abs() * 2 < size[:, k : k + 1] for k in (0, 1)]
    patch = (inside[0][:, :, None] & inside[1][:, None, :] & erase[:, None, None])[:, None]
    return torch.where(patch, uniform(0, 1, 1, 1, 1), x)


def degrade(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Pictures (n, 1, 48, 48) in [0, 1] as a stream shows small faces; half of them stay as they are.

    Each is shrunk to a random side, quantised in blocks of 8 x 8 cosine coefficients as codecs do, given some noise,
    and enlarged again.
    """
    device = images.device
    parts = []
    for part in images.tensor_split(8):
        side = SHRUNK[int(torch.randint(len(SHRUNK), (1,), generator=generator, device=device))]
        small = F.interpolate(part, size=(side, side), mode="area")
        padded = F.interpolate(small, size=(side + -side % 8,) * 2, mode="nearest") if side % 8 else small
        step = 0.015 * 8 ** torch.rand(len(part), 1, 1, 1, generator=generator, device=device)
        coded = quantised(padded, step)
        coded = coded + 0.03 * torch.rand_like(step) * torch.randn_like(coded)
        parts.append(F.interpolate(coded, size=(SIDE, SIDE), mode="bilinear", align_corners=False))
    worse = torch.rand(len(images), 1, 1, 1, generator=generator, device=device) < 0.5
    return torch.where(worse, torch.cat(parts).clamp(0, 1), images)


def quantised(images: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """Blocks of 8 x 8 pixels rounded in the cosine domain, higher frequencies more coarsely. Sides: multiples of 8."""
    k = torch.arange(8, device=images.device, dtype=torch.float32)
    basis = torch.cos(math.pi / 8 * (k[None, :] + 0.5) * k[:, None]) * math.sqrt(2 / 8)
    basis[0] /= math.sqrt(2)
    n, _, h, w = images.shape
    blocks = images.reshape(n, h // 8, 8, w // 8, 8).permute(0, 1, 3, 2, 4)  # (n, h / 8, w / 8, 8, 8)
    steps = step[..., None] * (1 + 0.5 * (k[:, None] + k[None, :]))
    coefficients = torch.round(basis @ blocks @ basis.T / steps) * steps
    return (basis.T @ coefficients @ basis).permute(0, 1, 3, 2, 4).reshape(n, 1, h, w)


class Teacher(nn.Module):
    """A residual network ten times as large as `EmotionNet`; grey (n, 1, 48, 48) -> logits (n, 8)."""

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512)) -> None:
        super().__init__()
        norm = nn.BatchNorm2d
        layers: list[nn.Module] = [nn.Conv2d(1, widths[0], 3, 1, 1), norm(widths[0]), nn.ReLU()]
        for n_in, width in zip((widths[0], *widths), widths, strict=False):
            first = 1 if width == widths[0] else 2
            layers += [ResidualBlock(n_in, width, first, norm), ResidualBlock(width, width, 1, norm)]
        self.body = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.4)
        self.head = nn.Linear(widths[-1], len(EMOTIONS))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        std, mean = torch.std_mean(images, dim=(1, 2, 3), keepdim=True)
        x = self.body((images - mean) / (std + 1e-3))  # (n, 512, 6, 6)
        logits: torch.Tensor = self.head(self.dropout(x.mean(dim=(2, 3))))
        return logits


@torch.no_grad()
def evaluate(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Accuracy, mean recall and negative log-likelihood of the majority labels; no flip averaging."""
    net.eval()
    logits = torch.cat([net(batch) for batch in images.split(512)]).float()
    right = (logits.argmax(1) == labels).float()
    recall = [right[labels == k].mean().item() for k in range(len(EMOTIONS)) if (labels == k).any()]
    return {
        "accuracy": right.mean().item(),
        "mean_recall": float(np.mean(recall)),
        "nll": F.cross_entropy(logits, labels).item(),
    }


def learning_rate_factor(progress: float) -> float:
    """One cycle over the run (progress from 0 to 1): a rise to 1 over the first 10 %, then a half cosine to 0."""
    if progress < 0.1:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * progress / 0.1)) / 2
    return (1 + math.cos(math.pi * (progress - 0.1) / 0.9)) / 2


def draw_weights(shares: torch.Tensor) -> torch.Tensor:
    """How often each picture (n,) is drawn: more often where its votes are for rare emotions."""
    prior = shares.mean(0)
    weights: torch.Tensor = shares @ (prior.max() / prior) ** RARE
    return weights


def fit(
    net: nn.Module,
    images: torch.Tensor,
    shares: torch.Tensor,
    loss_of: Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor],
    report: Callable[[nn.Module], dict[str, float]],
    args: argparse.Namespace,
    *,
    seconds: float,
    learning_rate: float,
    seed: int,
) -> nn.Module:
    """Train for so many seconds and give the moving average of the weights."""
    generator = torch.Generator(images.device).manual_seed(seed)
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    decayed, plain = ([p for p in net.parameters() if (p.ndim > 1) == many] for many in (True, False))
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, lr=learning_rate, momentum=0.9, nesterov=True)
    weights, started, told, step = draw_weights(shares), time.monotonic(), 0.0, 0
    while (passed := time.monotonic() - started) < seconds:
        net.train()
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * learning_rate_factor(passed / seconds)
        rows = torch.multinomial(weights, args.batch, generator=generator)
        with torch.autocast(images.device.type, torch.bfloat16):
            loss = loss_of(augment(images[rows], generator), shares[rows], generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        average.update_parameters(net)
        step += 1
        if passed - told > args.report_every:
            told = passed
            row = {"net": type(net).__name__, "seed": seed, "seconds": round(passed), "loss": round(loss.item(), 4)}
            row |= {"epochs": round(step * args.batch / len(images), 1)}
            print(json.dumps(row | {k: round(v, 4) for k, v in report(average.module).items()}), flush=True)
    print(json.dumps({"net": type(net).__name__, "seed": seed, "steps": step} | report(average.module)), flush=True)
    return average.module.eval()


def teach(args: argparse.Namespace) -> EmotionNet:
    """Train the teachers, then the network that they teach."""
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    images, shares = (part.to(device) for part in load_ferplus(args.train))
    valid, labels = (part.to(device) for part in majority(args.valid))

    def taught(net: nn.Module) -> nn.Module:
        return net.to(device).to(memory_format=torch.channels_last)

    def from_votes(net: nn.Module) -> Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]:
        return lambda x, votes, generator: F.cross_entropy(net(degrade(x, generator)), votes)

    teachers: list[nn.Module] = []
    for seed in range(args.seed, args.seed + args.teachers):
        torch.manual_seed(seed)
        net = taught(Teacher())
        done = fit(
            net, images, shares, from_votes(net), lambda net: evaluate(net, valid / 255, labels), args,
            seconds=args.teacher_seconds, learning_rate=0.05, seed=seed,
        )  # fmt: skip
        teachers.append(done)
        torch.save(done.state_dict(), args.out.with_suffix(f".teacher{seed}.pt"))

    def from_teachers(x: torch.Tensor, votes: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        with torch.no_grad():
            clean = x.contiguous(memory_format=torch.channels_last)
            shown = torch.stack([teacher(clean).float().softmax(1) for teacher in teachers]).mean(0)
        return F.cross_entropy(small(degrade(x, generator) * 255), TAUGHT * shown + (1 - TAUGHT) * votes)

    if teachers:
        print(json.dumps({"teachers": evaluate(Mean(teachers), valid / 255, labels)}), flush=True)
    torch.manual_seed(args.seed)
    small = EmotionNet(norm=nn.BatchNorm2d, dropout=0.1)
    loss_of = from_teachers if teachers else from_votes(small)
    net = fit(
        taught(small), images, shares, loss_of, lambda net: evaluate(net, valid.float(), labels), args,
        seconds=args.seconds, learning_rate=args.learning_rate, seed=args.seed,
    )  # fmt: skip
    assert isinstance(net, EmotionNet)
    return net


class Mean(nn.Module):
    """The logarithm of several networks' mean probabilities."""

    def __init__(self, nets: list[nn.Module]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([net(images).float().softmax(1) for net in self.nets]).mean(0).log()


@torch.no_grad()
def calibrate(net: EmotionNet, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Scale the head so that probabilities agree with how often the majority label is right; gives the temperature.

    Networks trained on shares of votes are less sure than the majority is (Guo et al. 2017, arXiv:1706.04599).
    """
    logits = torch.cat([net(batch.float()) for batch in images.split(256)])
    candidates = torch.linspace(0.3, 2.0, 171)
    losses = torch.stack([F.cross_entropy(logits / t, labels) for t in candidates])
    temperature = candidates[losses.argmin()].item()
    net.head.weight /= temperature
    net.head.bias /= temperature
    return temperature


@torch.no_grad()
def favour_rare(net: EmotionNet, labels: torch.Tensor) -> None:
    """Say rare emotions more readily: their odds are raised by (`COMMON` / share of the training labels) ** `RARE`.

    Logit adjustment (Menon et al. 2021, arXiv:2007.07314) of those emotions alone: among the others nothing moves.
    """
    shares = torch.bincount(labels, minlength=len(EMOTIONS)) / len(labels)
    net.head.bias += RARE * (COMMON / shares).clamp(min=1).log()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--teachers", type=int, default=3)
    parser.add_argument("--teacher-seconds", type=float, default=80.0)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--report-every", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    net = teach(args).cpu().float().fold()
    print(json.dumps({"temperature": calibrate(net, *majority(args.valid))}), flush=True)
    favour_rare(net, majority(args.train)[1])
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, args.out)


if __name__ == "__main__":
    main()
