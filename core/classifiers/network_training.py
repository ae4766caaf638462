"""Training of the networks: class weights, early stopping, augmentation, several seeds; numpy in and out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from core.classifiers.augmentation import Augment, disturbed, mixing
from core.classifiers.inputs import Inputs, Scaler
from core.classifiers.networks import Batch, network
from core.errors import DeviceUnavailable

Floats = NDArray[np.floating]
Arrays = Mapping[str, NDArray[Any]]
OnCurve = Callable[[int, int, float, float | None], None]
LEARNING_RATE, WEIGHT_DECAY = 4e-3, 0.02
BATCH, JUDGED_AT_ONCE = 64, 4096
MIN_BATCHES, MIN_BATCH = 12, 12  # few clips come in smaller batches, for enough steps
PATIENCE = 8  # epochs without a better validation loss
WARM_UP = 0.2  # share of the training in which the learning rate rises


@dataclass(frozen=True, eq=False)
class Task:
    """What a network learns from: clips, classes from 0, weights, and which clips are kept back for early stopping."""

    inputs: Inputs
    y: NDArray[np.integer]
    weight: Floats
    n_classes: int
    validation: NDArray[np.bool_]
    augment: Callable[[np.random.Generator, NDArray[np.integer]], Inputs] | None = None


def augment_with(augment: Augment | None, scaler: Scaler) -> Any:
    """An augmentation of raw clips as one of what models take."""
    if augment is None:
        return None
    return lambda rng, index: scaler(*augment(rng, index))


def device_of(name: str) -> torch.device:
    """The device called auto, cpu or cuda. Raises DeviceUnavailable."""
    if name not in ("auto", "cpu", "cuda"):
        raise DeviceUnavailable("device {name!r}, expected auto, cpu or cuda", name=name)
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise DeviceUnavailable("no GPU that CUDA can use; choose the device cpu or auto")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


@contextmanager
def repeatable(seed: int, device: torch.device) -> Iterator[None]:
    """The same random numbers every time, without a trace in the caller's, and one thread.

    So small a network gains nothing from more threads, loses much where other work wants the cores, and sums in the
    same order whatever the number of cores.
    """
    n_threads = torch.get_num_threads()
    devices = [torch.cuda.current_device()] if device.type == "cuda" else []
    before = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before


def _pace(done: float) -> float:
    """The learning rate as a share of the greatest: up in a line, then down by a cosine; `done` goes from 0 to 1."""
    return (
        0.05 + 0.95 * done / WARM_UP
        if done < WARM_UP
        else 0.5 + 0.5 * math.cos(math.pi * min(1.0, (done - WARM_UP) / (1 - WARM_UP)))
    )


class Network:
    """Networks of one kind, trained from several seeds; the scores are the mean of their log-probabilities.

    Attributes
    ----------
    arrays
        All weights by name: `Network(name, shape, arrays)` is the same model.
    curves
        For each seed and epoch the loss in training and validation, None where nothing was kept back.
    """

    def __init__(self, name: str, shape: tuple[int, int, int], arrays: Arrays, *, device: str = "auto") -> None:
        self.name, self.shape, self.arrays, self.device = name, shape, dict(arrays), device
        self.curves: list[list[tuple[float, float | None]]] = []
        self._nets: list[nn.Module] | None = None

    @classmethod
    def fitted(
        cls,
        name: str,
        task: Task,
        *,
        seeds: Sequence[int],
        n_epochs: int,
        device: str = "auto",
        on_curve: OnCurve | None = None,
    ) -> Network:
        """Train one network for each seed. `on_curve(seed number, epoch, loss, validation loss)` may raise to stop."""
        shape = (task.inputs.values.shape[2], task.n_classes, task.inputs.values.shape[1])
        trained = cls(name, shape, {}, device=device)
        for k, seed in enumerate(seeds):
            curve: list[tuple[float, float | None]] = []
            with repeatable(seed, device_of(device)):
                for epoch, (loss, judged) in enumerate(trained._train(k, task, seed, n_epochs)):
                    curve.append((loss, judged))
                    if on_curve is not None:
                        on_curve(k, epoch, loss, judged)
            trained.curves.append(curve)
        return trained

    def _new(self) -> nn.Module:
        n_features, n_classes, n_rows = self.shape
        made = network(self.name, n_features=n_features, n_classes=n_classes, n_rows=n_rows)
        return made.to(device_of(self.device))

    def _train(self, k: int, task: Task, seed: int, n_epochs: int) -> Iterator[tuple[float, float | None]]:
        rng = np.random.default_rng(seed)
        net = self._new()
        learn = np.flatnonzero(~task.validation)
        n_batches = max(1, round(len(learn) / BATCH), min(MIN_BATCHES, len(learn) // MIN_BATCH))
        optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        n_steps = n_epochs * n_batches
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step / n_steps))
        best, since = np.inf, 0
        self._keep(k, net)
        for epoch in range(n_epochs):
            net.train()
            losses = []
            for rows in np.array_split(rng.permutation(learn), n_batches):
                loss = self._loss(net, task, rows, rng, redraw=epoch % 2 == 1)
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                losses.append(float(loss.detach()))
            judged = self._validated(net, task)
            yield float(np.mean(losses)), judged
            if judged is None or judged < best - 1e-4:
                best, since = (best if judged is None else judged), 0
                self._keep(k, net)
            else:
                since += 1
                if since >= PATIENCE:
                    break

    def _loss(
        self, net: nn.Module, task: Task, rows: NDArray[np.integer], rng: np.random.Generator, *, redraw: bool
    ) -> torch.Tensor:
        inputs = task.inputs[rows]
        if redraw and task.augment is not None:
            inputs = task.augment(rng, rows)
        batch = self._batch(disturbed(inputs, rng))
        device = batch.values.device
        y = torch.from_numpy(task.y[rows]).to(device)
        weight = torch.from_numpy(task.weight[rows].astype(np.float32)).to(device)
        other, share = mixing(len(rows), rng)
        partner, part = torch.from_numpy(other).to(device), torch.from_numpy(share).to(device)
        values = part[:, None, None] * batch.values + (1 - part)[:, None, None] * batch.values[partner]
        logits = net(batch._replace(values=values * batch.seen))
        own = functional.cross_entropy(logits, y, reduction="none")
        others = functional.cross_entropy(logits, y[partner], reduction="none")
        return (part * weight * own + (1 - part) * weight[partner] * others).sum() / weight.sum()

    def _validated(self, net: nn.Module, task: Task) -> float | None:
        if not task.validation.any():
            return None
        logits = torch.from_numpy(self._logits(net, task.inputs[task.validation]))
        losses = functional.cross_entropy(logits, torch.from_numpy(task.y[task.validation]), reduction="none").numpy()
        return float(np.average(losses, weights=task.weight[task.validation]))

    def _batch(self, inputs: Inputs) -> Batch:
        arrays = (inputs.values, inputs.seen, inputs.timestamps, inputs.gaps, inputs.present)
        device = device_of(self.device)
        return Batch(*(torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(device) for a in arrays))

    def _logits(self, net: nn.Module, inputs: Inputs) -> NDArray[np.float32]:
        net.eval()
        parts = [np.zeros((0, self.shape[1]), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(inputs), JUDGED_AT_ONCE):
                part = inputs[start : start + JUDGED_AT_ONCE]
                parts.append(functional.log_softmax(net(self._batch(part)), dim=1).cpu().numpy())
        return np.concatenate(parts)

    def _keep(self, k: int, net: nn.Module) -> None:
        for name, tensor in net.state_dict().items():
            self.arrays[f"{k}.{name}"] = tensor.detach().cpu().numpy().copy()
        self._nets = None

    def _restored(self) -> list[nn.Module]:
        if self._nets is None:
            self._nets = []
            n_seeds = 1 + max((int(name.split(".")[0]) for name in self.arrays), default=-1)
            for k in range(n_seeds):
                net = self._new()
                own = {n.split(".", 1)[1]: a for n, a in self.arrays.items() if n.startswith(f"{k}.")}
                net.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in own.items()})
                self._nets.append(net)
        return self._nets

    def scores(self, inputs: Inputs) -> Floats:
        """Mean log-probabilities (n, n_classes) over the seeds."""
        out: Floats = np.mean([self._logits(net, inputs) for net in self._restored()], axis=0, dtype=np.float64)
        return out

    def check(self, n_features: int, n_rows: int) -> None:
        """Whether the weights fit the network. Raises ValueError."""
        try:
            if not self._restored():
                raise ValueError("it holds no weights")
        except RuntimeError as error:
            raise ValueError(f"its weights do not fit a {self.name} ({error})") from error
