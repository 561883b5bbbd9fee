"""Read noise and converters: the fast engine against the reference engine, and both against what they should do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stdp_pipeline.engines import brian2_numpy, fast, reference
from stdp_pipeline.engines._contract import Frozen, Reader
from stdp_pipeline.engines._reading import LARGEST_DEVIATE, Converters, currents
from stdp_pipeline.errors import EngineError
from stdp_pipeline.hardware.chip import programmed
from stdp_pipeline.hardware.params import HardwareParams
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.random import Draws, neuron_words, seed_words

N_EXC = 22
NOISE = [{"name": "read_noise", "relative": 0.3}]
CONVERTERS = {"adc_bits": 6, "adc_range": 4.0, "offset": 0.02, "gain": 0.05, "noise": 0.05, "saturation": 3.5}
HARDWARE = {
    "noise": {"devices": NOISE},
    "converters": {"periphery": CONVERTERS, "mapping": {"scheme": "offset"}},
    "everything": {
        "devices": NOISE,
        "periphery": {**CONVERTERS, "signed": False},
        "mapping": {"slices": 2, "slice_bits": 2, "scheme": "differential_pair"},
        "circuit": {"tile_rows": 100, "r_bit_ohm": 3.0},
        "compensation": {"by": "column", "to": "ideal"},
    },
}


def no_progress(_):
    pass


@pytest.fixture
def case(make_model, make_inputs):
    from stdp_pipeline.datasets import mnist

    levels = mnist.read(mnist.Params()).train_images[:8].reshape(8, -1)

    def build(seed, precision="float64", **network):
        model = make_model(n_exc=N_EXC, precision=precision, network=network)
        state = initial_state(model.network, 784, seed, precision)
        return model, state, make_inputs(levels, seed, rate_per_level_hz=0.125)

    return build


def on_chip(state, hardware, seed):
    reading = programmed(state.weights, HardwareParams(**hardware), Draws(seed)).read()
    return replace(state, weights=reading.weights.astype(state.weights.dtype)), Frozen(reader=reading.reader)


@pytest.mark.parametrize("hardware", HARDWARE.values(), ids=list(HARDWARE))
def test_engines_read_the_same(case, seed, hardware):
    model, state, inputs = case(seed)
    state, frozen = on_chip(state, hardware, seed)
    assert frozen.reader is not None
    slow = reference.respond(model, state, inputs, np.arange(4), 1, no_progress, frozen)
    quick = fast.respond(model, state, inputs, np.arange(4), 1, no_progress, frozen)
    ideal = fast.respond(model, state, inputs, np.arange(4), 1, no_progress)
    assert len(slow.step) > 10
    for name in ("step", "neuron", "offsets", "attempts", "n_input_spikes"):
        assert np.array_equal(getattr(slow, name), getattr(quick, name)), name
    assert not np.array_equal(quick.step, ideal.step)


def test_ideal_converters_and_no_noise_change_nothing(case):
    model, state, inputs = case(0)
    state, frozen = on_chip(state, {"periphery": {"adc_bits": None}}, 0)
    plain = fast.respond(model, state, inputs, np.arange(8), 2, no_progress)
    for reader in (frozen.reader, Reader(variance=np.zeros((1, 784, N_EXC)))):
        read = fast.respond(model, state, inputs, np.arange(8), 2, no_progress, Frozen(reader=reader))
        assert np.array_equal(plain.step, read.step)
        assert np.array_equal(plain.neuron, read.neuron)


@pytest.mark.parametrize("scheme", ["reference_column", "differential_pair", "offset"])
@pytest.mark.parametrize("digits", [{}, {"slices": 2, "slice_bits": 4}, {"parallel": 2}])
@pytest.mark.parametrize("scale", ["array", "column"])
@pytest.mark.parametrize("signed", [False, True])
def test_converted_currents_amount_to_the_weights(rng, scheme, digits, scale, signed):
    w = rng.normal(size=(20, 6)) if signed else rng.random((20, 6))
    mapping = {"scheme": scheme, "scale": scale, **digits}
    devices = [{"name": "read_noise", "relative": 0.2}]
    plain = programmed(w, HardwareParams(mapping=mapping, devices=devices), Draws(0)).read()
    ideal = {"adc_bits": None}
    chip = programmed(w, HardwareParams(mapping=mapping, devices=devices, periphery=ideal), Draws(0))
    reader = chip.read().reader
    found = (reader.scale[:, None] * (reader.partial - reader.converters.subtracted)).sum(axis=0)
    # A zero between two digits' steps is rounded in the reference, and subtracted as it is by arithmetic.
    atol = 0.5 * np.abs(w).max() * 2 / 255 if digits.get("slices") and signed else 1e-12
    np.testing.assert_allclose(found, plain.weights, rtol=1e-9, atol=atol)
    noise = (reader.scale[:, None] ** 2 * reader.variance).sum(axis=0)
    np.testing.assert_allclose(noise, plain.reader.variance[0], rtol=1e-9)


def read_often(reader, weights, sources, n=4000, seed=3):
    key = np.array(seed_words(seed))
    occasions = [np.array([image, 0, 0], np.uint64) for image in range(n // 100)]
    return np.array([currents(reader, weights, sources, key, o, k) for o in occasions for k in range(100)])


def test_noise_has_mean_and_variance_of_the_devices_that_are_read(seed):
    rng = np.random.default_rng(0)
    weights, variance = rng.random((30, 8)), rng.random((1, 30, 8))
    sources = np.array([2, 3, 17])
    found = read_often(Reader(variance=variance), weights, sources, seed=seed)
    expected = variance[0, sources].sum(axis=0)
    n = len(found)
    assert np.all(np.abs(found.mean(axis=0) - weights[sources].sum(axis=0)) < 5.5 * np.sqrt(expected / n))
    # The sum of four uniform numbers has the kurtosis 2.7, so its variance is known to sqrt(1.7 / n).
    assert np.all(np.abs(found.var(axis=0) / expected - 1) < 5.5 * np.sqrt(1.7 / n))
    assert np.abs(found - weights[sources].sum(axis=0)).max() <= LARGEST_DEVIATE * np.sqrt(expected.max())
    correlations = np.corrcoef(found.T) - np.eye(8)
    assert np.abs(correlations).max() < 5.5 / np.sqrt(n)


def converter(**changes):
    ones = np.ones((1, 3, 4))
    known = {
        "tile_rows": 10, "step": 0.25, "low": -1.0, "high": 1.0, "saturation": np.inf, "noise": 0.0, "gain": ones,
        "offset": 0 * ones, "subtracted": 0.0,
    }  # fmt: skip
    return Converters(**known | changes)


def convert(sources, partial, **changes):
    reader = Reader(None, partial, np.full((1, 4), 2.0), converter(**changes))
    key, occasion = np.array(seed_words(0)), np.zeros(3, np.uint64)
    return currents(reader, np.zeros((30, 4)), np.array(sources), key, occasion, 0)


def test_a_converter_rounds_saturates_and_subtracts():
    partial = np.broadcast_to(np.array([0.1, 0.2, 0.6, -0.6]), (1, 30, 4))
    np.testing.assert_allclose(convert([0], partial), 2 * np.array([0.0, 0.25, 0.5, -0.5]))
    np.testing.assert_allclose(convert([0, 1], partial), 2 * np.array([0.25, 0.5, 1.0, -1.0]))  # 1.2 is out of range
    np.testing.assert_allclose(convert([0, 10], partial), 2 * np.array([0.0, 0.5, 1.0, -1.0]))  # a tile each
    np.testing.assert_allclose(convert([0], partial, low=0.0), 2 * np.array([0.0, 0.25, 0.5, 0.0]))
    np.testing.assert_allclose(convert([0, 1], partial, saturation=0.5), 2 * np.array([0.25, 0.5, 0.5, -0.5]))
    np.testing.assert_allclose(convert([0, 1], partial, subtracted=0.1), 2 * np.array([0.05, 0.3, 0.8, -1.2]))
    gain, offset = np.full((1, 3, 4), 0.5), np.full((1, 3, 4), 0.25)
    np.testing.assert_allclose(
        convert([0], partial, step=0.0, gain=gain, offset=offset), 2 * (0.5 * partial[0, 0] + 0.25)
    )


def test_specimens_have_noise_of_their_own(case):
    model, state, inputs = case(0)
    found = []
    for draw in (0, 1):
        reading = programmed(state.weights, HardwareParams(devices=NOISE), Draws(0, draw)).read()
        found.append(fast.respond(model, state, inputs, np.arange(4), 1, no_progress, Frozen(reader=reading.reader)))
    assert not np.array_equal(found[0].step, found[1].step)


def test_negative_weights_cannot_make_a_potential_run_away(case):
    model, state, inputs = case(0)
    state = replace(state, weights=state.weights - 0.4)
    slow = reference.respond(model, state, inputs, np.arange(1), 1, no_progress, Frozen(reader=Reader()))
    quick = fast.respond(model, state, inputs, np.arange(1), 1, no_progress, Frozen(reader=Reader()))
    assert np.array_equal(slow.step, quick.step)
    loud = Frozen(reader=Reader(variance=np.full((1, 784, N_EXC), 4.0)))
    answer = fast.respond(model, state, inputs, np.arange(4), 1, no_progress, loud)
    assert answer.n_images == 4


def test_tiles_and_digits_have_noise_of_their_own():
    key, occasion = np.array(seed_words(0)), np.zeros(3, np.uint64)
    words = {tuple(int(w) for w in neuron_words(key, occasion, np.uint64(p), 0, 0)) for p in range(4, 40, 2)}
    assert len(words) == 18


def test_who_cannot_read_so_says_it(case):
    model, state, inputs = case(0, delays={"mode": "synaptic"})
    frozen = Frozen(reader=Reader(variance=np.zeros((1, 784, N_EXC))))
    for engine in (fast, reference):
        with pytest.raises(EngineError, match="must be 'none' or 'axonal', got 'synaptic'"):
            engine.respond(model, state, inputs, np.arange(1), 1, no_progress, frozen)
    model, state, inputs = case(0)
    with pytest.raises(EngineError, match=r"choose simulation\.engine fast or reference"):
        brian2_numpy.respond(model, state, inputs, np.arange(1), 1, no_progress, frozen)
