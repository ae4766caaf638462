"""Training of networks: repeatable, early stopping, augmentation, weights as arrays, devices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.classifiers.inputs import Scaler
from core.classifiers.network_training import PATIENCE, Network, Task, augment_with, device_of
from core.errors import DeviceUnavailable
from tests.clips import inputs, rise


def task(n: int = 64, *, kept_back: int = 0, augment=None) -> Task:
    X, y = rise(n, d=2, rows=9)
    return Task(inputs(X), y, np.ones(n), 2, np.arange(n) < kept_back, augment)


@pytest.mark.parametrize("name", ["conv1d", "tlstm"])
def test_the_same_seed_gives_the_same_weights_and_another_one_others(name):
    made, again = (Network.fitted(name, task(), seeds=[5], n_epochs=2, device="cpu") for _ in range(2))
    other = Network.fitted(name, task(), seeds=[6], n_epochs=2, device="cpu")
    for key, array in made.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[key])
    assert any((array != other.arrays[key]).any() for key, array in made.arrays.items())


def test_training_leaves_no_trace_in_the_callers_random_numbers_and_threads():
    torch.manual_seed(1)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    Network.fitted("conv1d", task(), seeds=[0], n_epochs=1, device="cpu")
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


def test_several_seeds_are_averaged():
    made = Network.fitted("conv1d", task(), seeds=[0, 1], n_epochs=2, device="cpu")
    clips = inputs(rise(10, d=2, rows=9)[0])
    singles = []
    for k in (0, 1):
        own = {f"0.{key[2:]}": a for key, a in made.arrays.items() if key.startswith(f"{k}.")}
        singles.append(Network("conv1d", made.shape, own, device="cpu").scores(clips))
    np.testing.assert_allclose(made.scores(clips), np.mean(singles, axis=0), atol=1e-6)
    assert len(made.curves) == 2


def test_weights_as_arrays_are_the_same_model_and_do_not_fit_another():
    made = Network.fitted("conv1d", task(), seeds=[0], n_epochs=1, device="cpu")
    clips = inputs(rise(10, d=2, rows=9)[0])
    again = Network("conv1d", made.shape, made.arrays, device="cpu")
    again.check(2, 9)
    np.testing.assert_array_equal(made.scores(clips), again.scores(clips))
    with pytest.raises(ValueError, match="do not fit a conv1d"):
        Network("conv1d", (3, 2, 9), made.arrays, device="cpu").check(3, 9)
    with pytest.raises(ValueError, match="no weights"):
        Network("conv1d", (2, 2, 9), {}, device="cpu").check(2, 9)


def test_training_stops_when_validation_gets_no_better_and_keeps_the_best():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 9, 2))
    noise = Task(inputs(X), np.arange(60) % 2, np.ones(60), 2, np.arange(60) < 20)
    made = Network.fitted("conv1d", noise, seeds=[0], n_epochs=40, device="cpu")
    losses = [judged for _, judged in made.curves[0]]
    assert len(losses) < 40
    assert int(np.argmin(losses)) >= len(losses) - 1 - PATIENCE - 1
    z = made.scores(noise.inputs[noise.validation])
    y = noise.y[noise.validation]
    assert -z[np.arange(20), y].mean() == pytest.approx(min(losses), abs=2e-4)


def test_other_clips_around_the_same_labels_are_learned_from():
    X, _ = rise(64, d=2, rows=9)
    asked = []

    def augment(rng, index):
        asked.append(len(index))
        return X[index], np.broadcast_to(np.arange(9.0), (len(index), 9))

    scaler = Scaler.fitted(X, None)
    Network.fitted("conv1d", task(augment=augment_with(augment, scaler)), seeds=[0], n_epochs=4, device="cpu")
    assert sum(asked) == 2 * 64  # every second epoch, each label once


def test_a_curve_may_stop_the_training():
    def stop(seed, epoch, loss, judged):
        assert (seed, epoch) == (0, 0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Network.fitted("conv1d", task(), seeds=[0], n_epochs=3, device="cpu", on_curve=stop)


def test_devices():
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(DeviceUnavailable, match="expected auto, cpu or cuda"):
        device_of("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(DeviceUnavailable, match="choose the device cpu or auto"):
        device_of("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["conv1d", "lstm", "tlstm", "transformer"])
def test_a_gpu_learns_the_same_thing(name):
    made = Network.fitted(name, task(), seeds=[0], n_epochs=15, device="cuda")
    X, y = rise(40, d=2, rows=9, seed=1)
    assert (made.scores(inputs(X)).argmax(axis=1) == y).mean() > 0.8
