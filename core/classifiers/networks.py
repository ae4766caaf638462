"""Small networks for clips of a dozen to a hundred rows: clips -> logits."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

WIDTH = 48
DROPOUT = 0.3
TIME_WAVES = 8  # frequencies of the continuous-time encoding
LONGEST_WAVE = 200.0  # steps between rows


class Batch(NamedTuple):
    """Clips as `core.classifiers.inputs.Inputs` has them, as tensors.

    `values` (batch, rows, d) is 0 where missing, `seen` (batch, rows, d) is 0 or 1, `timestamps` and `gaps` (batch,
    rows) are in steps between rows, `present` (batch, rows) is 0 where a clip is padded.
    """

    values: Tensor
    seen: Tensor
    timestamps: Tensor
    gaps: Tensor
    present: Tensor

    @property
    def channels(self) -> Tensor:
        """(batch, rows, 2 d): the values and what is seen."""
        return torch.cat([self.values, self.seen - 1], dim=2)

    @property
    def channels_and_gaps(self) -> Tensor:
        """(batch, rows, 2 d + 1), for networks that do not look at the time themselves."""
        return torch.cat([self.channels, torch.log1p(self.gaps)[..., None]], dim=2)


def pooled(hidden: Tensor, present: Tensor) -> Tensor:
    """Mean and greatest value over the present rows: (batch, rows, width) -> (batch, 2 width)."""
    inside = present[..., None]
    count = inside.sum(dim=1).clamp(min=1)
    mean = (hidden * inside).sum(dim=1) / count
    greatest = hidden.masked_fill(inside == 0, -1e4).amax(dim=1).clamp(min=-1e3)
    return torch.cat([mean, greatest], dim=1)


class Head(nn.Module):
    """Pooling over the rows, then logits."""

    def __init__(self, width: int, n_classes: int) -> None:
        super().__init__()
        self.drop = nn.Dropout(DROPOUT)
        self.out = nn.Linear(2 * width, n_classes)

    def forward(self, hidden: Tensor, present: Tensor) -> Tensor:
        logits: Tensor = self.out(self.drop(pooled(hidden, present)))  # (batch, n_classes)
        return logits


class Conv1D(nn.Module):
    """Residual convolutions over the rows, each with twice the dilation of the one before where the rows allow."""

    def __init__(self, n_features: int, n_classes: int, n_rows: int) -> None:
        super().__init__()
        n_blocks = 2 if n_rows < 30 else 3 if n_rows < 60 else 4
        self.into = nn.Conv1d(2 * n_features + 1, WIDTH, 1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 5 if k == 0 else 3, padding="same", dilation=2 ** max(0, k - 1))
            for k in range(n_blocks)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in range(n_blocks))
        self.head = Head(WIDTH, n_classes)

    def forward(self, batch: Batch) -> Tensor:
        inside = batch.present[:, None]  # (batch, 1, rows)
        hidden = self.into(batch.channels_and_gaps.transpose(1, 2)) * inside  # (batch, width, rows)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = (hidden + torch.relu(norm(convolution(hidden)))) * inside
        logits: Tensor = self.head(hidden.transpose(1, 2), batch.present)
        return logits


class Lstm(nn.Module):
    """A bidirectional LSTM (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735)."""

    def __init__(self, n_features: int, n_classes: int, n_rows: int) -> None:
        super().__init__()
        self.into = nn.Linear(2 * n_features + 1, WIDTH)
        self.lstm = nn.LSTM(WIDTH, WIDTH // 2, batch_first=True, bidirectional=True)
        self.head = Head(WIDTH, n_classes)

    def forward(self, batch: Batch) -> Tensor:
        rows = torch.relu(self.into(batch.channels_and_gaps))  # (batch, rows, width)
        # Read up to each clip's last present row, so that the way back does not begin in padding
        places = torch.arange(1, rows.shape[1] + 1, device=rows.device)
        lengths = (batch.present * places).amax(dim=1).clamp(min=1).long().cpu()
        packed = nn.utils.rnn.pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=rows.shape[1])
        logits: Tensor = self.head(hidden, batch.present)
        return logits


class TimeAwareLstm(nn.Module):
    """An LSTM that forgets its short-term memory over long gaps (Baytas et al. 2017, doi:10.1145/3097983.3097997).

    The short-term part of the cell is a learned projection of it; it is multiplied by ``1 / log(e + gap)`` before each
    row, the rest of the cell is kept.
    """

    def __init__(self, n_features: int, n_classes: int, n_rows: int) -> None:
        super().__init__()
        self.into = nn.Linear(2 * n_features, WIDTH)
        self.short = nn.Linear(WIDTH, WIDTH)
        self.cell = nn.LSTMCell(WIDTH, WIDTH)
        self.head = Head(WIDTH, n_classes)

    def forward(self, batch: Batch) -> Tensor:
        rows = torch.relu(self.into(batch.channels)).unbind(dim=1)
        decay = 1 / torch.log(math.e + batch.gaps)  # (batch, rows)
        hidden = memory = batch.values.new_zeros(len(batch.values), WIDTH)
        states = []
        for row, kept in zip(rows, decay.unbind(dim=1), strict=True):
            short = torch.tanh(self.short(memory))
            hidden, memory = self.cell(row, (hidden, memory - short + short * kept[:, None]))
            states.append(hidden)
        logits: Tensor = self.head(torch.stack(states, dim=1), batch.present)
        return logits


class Transformer(nn.Module):
    """Two layers of self-attention over the rows, each row with its time as waves of many lengths.

    The lengths lie between two steps and `LONGEST_WAVE` and the phases are learned, so that unequal gaps are seen
    (Vaswani et al. 2017, arXiv:1706.03762, with the time itself in place of the position).
    """

    frequencies: Tensor

    def __init__(self, n_features: int, n_classes: int, n_rows: int) -> None:
        super().__init__()
        lengths = torch.logspace(math.log10(2.0), math.log10(LONGEST_WAVE), TIME_WAVES)
        self.register_buffer("frequencies", 2 * math.pi / lengths)
        self.into = nn.Linear(2 * n_features + 2 * TIME_WAVES, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 2 * WIDTH, dropout=0.1, batch_first=True, norm_first=True, activation="gelu"
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = Head(WIDTH, n_classes)

    def forward(self, batch: Batch) -> Tensor:
        angle = batch.timestamps[..., None] * self.frequencies  # (batch, rows, waves)
        rows = self.into(torch.cat([batch.channels, angle.sin(), angle.cos()], dim=2))
        outside = batch.present == 0
        nothing = outside.all(dim=1, keepdim=True)  # attention needs a row to look at
        hidden = self.encoder(rows, src_key_padding_mask=outside & ~nothing)
        logits: Tensor = self.head(hidden, batch.present)
        return logits


NETWORKS: dict[str, type[nn.Module]] = {
    "conv1d": Conv1D,
    "lstm": Lstm,
    "tlstm": TimeAwareLstm,
    "transformer": Transformer,
}


def network(name: str, *, n_features: int, n_classes: int, n_rows: int) -> nn.Module:
    """A new network with random weights, by its name in `NETWORKS`."""
    return NETWORKS[name](n_features, n_classes, n_rows)
