"""Networks: shapes, padding, gaps, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.classifiers.networks import NETWORKS, Batch, TimeAwareLstm, network, pooled
from tests.clips import inputs


def batch(n: int = 4, rows: int = 15, d: int = 3, *, padded: int = 0, seed: int = 0) -> Batch:
    X = np.random.default_rng(seed).normal(size=(n, rows, d))
    if padded:
        X[:, -padded:] = np.nan
    made = inputs(X)
    arrays = (made.values, made.seen, made.timestamps, made.gaps, made.present)
    return Batch(*(torch.from_numpy(np.array(a, np.float32)) for a in arrays))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("rows", "n_classes"), [(9, 2), (15, 9), (100, 4)])
def test_a_network_gives_a_number_for_each_class(name, rows, n_classes):
    torch.manual_seed(0)
    net = network(name, n_features=3, n_classes=n_classes, n_rows=rows)
    logits = net(batch(rows=rows))
    assert logits.shape == (4, n_classes)
    logits.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_what_stands_in_padding_does_not_matter_to_the_pooled_rows(name):
    torch.manual_seed(0)
    net = network(name, n_features=3, n_classes=2, n_rows=15).eval()
    one = batch(padded=5)
    values = one.values.clone()
    values[:, 10:] = 7.0
    with torch.no_grad():
        torch.testing.assert_close(net(one), net(one._replace(values=values)))


@pytest.mark.parametrize("name", NETWORKS)
def test_clips_that_are_all_padding_have_finite_logits(name):
    torch.manual_seed(0)
    net = network(name, n_features=3, n_classes=2, n_rows=15).eval()
    one = batch()
    empty = one._replace(values=one.values * 0, seen=one.seen * 0, present=one.present * 0)
    with torch.no_grad():
        assert torch.isfinite(net(empty)).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_sees_when_the_rows_were(name):
    torch.manual_seed(0)
    net = network(name, n_features=3, n_classes=2, n_rows=15).eval()
    one = batch()
    gaps = one.gaps.clone()
    gaps[:, 5] = 8
    later = one.timestamps.clone()
    later[:, 5:] += 7
    with torch.no_grad():
        assert (net(one) - net(one._replace(gaps=gaps, timestamps=later))).abs().max() > 1e-5


def test_the_mean_and_the_greatest_are_over_present_rows():
    hidden = torch.tensor([[[1.0], [3.0], [100.0]]])
    torch.testing.assert_close(pooled(hidden, torch.tensor([[1.0, 1.0, 0.0]])), torch.tensor([[2.0, 3.0]]))


def test_short_term_memory_decays_as_in_the_paper():
    torch.manual_seed(0)
    net = TimeAwareLstm(2, 2, 9).eval()
    one = batch(n=1, rows=9, d=2)
    with torch.no_grad():
        hidden = memory = torch.zeros(1, net.cell.hidden_size)
        states = []
        for t in range(9):
            short = torch.tanh(net.short(memory))
            kept = 1 / math.log(math.e + float(one.gaps[0, t]))
            row = torch.relu(net.into(one.channels[:, t]))
            hidden, memory = net.cell(row, (hidden, (memory - short) + kept * short))
            states.append(hidden)
        want = net.head(torch.stack(states, dim=1), one.present)
        torch.testing.assert_close(net(one), want)
