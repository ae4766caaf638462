"""Train the built-in emotion network on FER+ and write its weights.

    uv run python -m tools.train_emotion --train ferplus_train.npz --valid ferplus_valid.npz \
        --out assets/emotion_ferplus.safetensors

The files hold images uint8 (n, 48, 48) and votes uint8 (n, 10): neutral, happiness, surprise, sadness, anger, disgust,
fear, contempt, unknown, not-a-face, ten taggers each (Barsoum et al. 2016, doi:10.1145/2993148.2993165).
A run that was stopped goes on from its last finished epoch.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from core.faces.emotion import EMOTIONS, EmotionNet

FERPLUS_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
TO_EMOTIONS = [FERPLUS_COLUMNS.index(name) for name in EMOTIONS]
# Side of the training pictures as the run goes on: small ones first, which cost less.
SIDES = ((0.0, 32), (0.35, 40), (0.75, 48))


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


def augment(images: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """Random flip, turn, scale, shear, shift, contrast curve and erased patch; resampled to `side` pixels."""
    n = len(images)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    angle = uniform(-0.26, 0.26)
    scale = uniform(0.87, 1.13)
    shear = uniform(-0.08, 0.08)
    flip = (torch.rand(n, generator=generator) < 0.5) * -2.0 + 1.0
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack(
        [
            torch.stack([cos * flip, -sin + shear, uniform(-0.12, 0.12)], 1),
            torch.stack([sin * flip, cos, uniform(-0.12, 0.12)], 1),
        ],
        1,
    )  # (n, 2, 3)
    grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
    x = F.grid_sample(images.float() / 255, grid, padding_mode="border", align_corners=False)
    x = x.clamp(0, 1) ** torch.exp(uniform(-0.5, 0.5, 1, 1, 1))
    erase = torch.rand(n, generator=generator) < 0.5
    size = uniform(0.15, 0.4, 2) * side
    centre = uniform(0, side, 2)
    line = torch.arange(side)
    inside = [(line - centre[:, k : k + 1]).abs() * 2 < size[:, k : k + 1] for k in (0, 1)]
    patch = (inside[0][:, :, None] & inside[1][:, None, :] & erase[:, None, None])[:, None]
    return torch.where(patch, uniform(0, 1, 1, 1, 1), x) * 255


@torch.no_grad()
def evaluate(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Accuracy, mean recall and negative log-likelihood of the majority labels; no flip averaging."""
    net.eval()
    logits = torch.cat([net(batch.float()) for batch in images.split(256)])
    right = (logits.argmax(1) == labels).float()
    recall = [right[labels == k].mean().item() for k in range(len(EMOTIONS)) if (labels == k).any()]
    return {
        "accuracy": right.mean().item(),
        "mean_recall": float(np.mean(recall)),
        "nll": F.cross_entropy(logits, labels).item(),
    }


def learning_rate_factor(progress: float) -> float:
    """One cycle over the run (progress from 0 to 1): a rise to 1 over the first 15 %, then a half cosine to 0.

    It depends on nothing else, so a run that was stopped may go on with another number of epochs.
    """
    if progress < 0.15:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * progress / 0.15)) / 2
    return (1 + math.cos(math.pi * (progress - 0.15) / 0.85)) / 2


def fit(args: argparse.Namespace) -> EmotionNet:
    generator = torch.Generator().manual_seed(args.seed)
    torch.manual_seed(args.seed)
    images, shares = load_ferplus(args.train)
    valid_images, valid_labels = majority(args.valid)
    net = EmotionNet(norm=nn.BatchNorm2d, dropout=0.2).to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0.0}],
        lr=args.learning_rate,
        momentum=0.9,
        nesterov=True,
    )
    steps_an_epoch = math.ceil(len(images) / args.batch)
    first = 0
    parts = {"net": net, "average": average, "optimiser": optimiser}
    if args.checkpoint.exists():
        state = torch.load(args.checkpoint, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        generator.set_state(state["generator"])
        first = state["epoch"] + 1
    for epoch in range(first, args.epochs):
        started = time.monotonic()
        side = max(side for share, side in SIDES if share <= epoch / args.epochs)
        net.train()
        losses = []
        for step, batch in enumerate(torch.randperm(len(images), generator=generator).split(args.batch)):
            progress = (epoch + step / steps_an_epoch) / args.epochs
            for group in optimiser.param_groups:
                group["lr"] = args.learning_rate * learning_rate_factor(progress)
            x = augment(images[batch], side, generator).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(net(x), shares[batch])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            average.update_parameters(net)
            losses.append(loss.item())
        state = {name: part.state_dict() for name, part in parts.items()}
        args.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = args.checkpoint.with_suffix(".part")
        torch.save({**state, "generator": generator.get_state(), "epoch": epoch}, partial)
        partial.replace(args.checkpoint)
        report = evaluate(average.module, valid_images, valid_labels)
        row = {"epoch": epoch, "side": side, "loss": round(float(np.mean(losses)), 4)}
        row |= {k: round(v, 4) for k, v in report.items()} | {"seconds": round(time.monotonic() - started)}
        print(json.dumps(row), flush=True)
    return average.module


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/emotion.pt"))
    parser.add_argument("--epochs", type=int, default=32)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    net = fit(args).fold()
    print(json.dumps({"temperature": calibrate(net, *majority(args.valid))}), flush=True)
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, args.out)


if __name__ == "__main__":
    main()
