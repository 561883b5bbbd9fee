"""Options of the presentation protocol and of the neuron, in both engines, and what each of them means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stdp_pipeline.engines import fast, reference
from stdp_pipeline.engines._contract import Frozen, Responses
from stdp_pipeline.network.state import initial_state

ENGINES = pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])


def no_progress(_):
    pass


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


def assert_same_state(a, b, atol=1e-8):
    for name, value in a.arrays().items():
        if name != "changed":
            assert np.allclose(value.astype(np.float64), getattr(b, name), rtol=0, atol=atol), name


@pytest.fixture
def busy(make_model):
    """Return a function that builds a network which fires during the rest, too: its conductances decay slowly."""

    def make(**options):
        exc = {"tau_exc_ms": 20.0, "refractory_ms": 5.0, "theta_plus_mv": 0.2} | options.pop("exc", {})
        return make_model(exc=exc, precision="float64", image_ms=100.0, rest_ms=40.0, max_attempts=4, **options)

    return make


OPTIONS = [
    {"rest_spikes": "next"},
    {"rest_spikes": "next", "min_spikes": 60},  # many are presented again
    {"exc": {"clamp_ms": 5.0}},
    {"exc": {"clamp_ms": 5.0, "refractory_ms": 50.0}},
    {"rest_spikes": "next", "exc": {"clamp_ms": 3.0}, "network": {"delays": {"mode": "axonal", "max_ms": 7.0}}},
    {"rule": {"eta_pre": -1e-3, "norm_total": None}},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_learning_is_the_same_in_both_engines(bars, busy, make_inputs, seed, options):
    model, inputs, images = busy(**options), make_inputs(bars, seed), np.arange(12)
    start = initial_state(model.network, bars.shape[1], seed, "float64")
    slow_state, slow = reference.train(model, start, inputs, images, 0)
    fast_state, quick = fast.train(model, start, inputs, images, 0)
    assert len(slow.step) > 30
    assert len(slow.inh_step) > 30
    assert same(slow, quick)
    assert_same_state(slow_state, fast_state)


@pytest.mark.parametrize("frozen", [Frozen(), Frozen(True, False), Frozen(False, True), Frozen(True, True)], ids=str)
@pytest.mark.parametrize("rest_spikes", ["own", "next"])
def test_frozen_passes_are_the_same_in_both_engines(bars, busy, make_inputs, seed, frozen, rest_spikes):
    model, inputs = busy(rest_spikes=rest_spikes, exc={"clamp_ms": 2.0}), make_inputs(bars, seed)
    state, _ = fast.train(model, initial_state(model.network, bars.shape[1], seed, "float64"), inputs, np.arange(12), 0)
    before = state.copy()
    slow = reference.respond(model, state, inputs, np.arange(20), 1, no_progress, frozen)
    quick = fast.respond(model, state, inputs, np.arange(20), 2, no_progress, frozen)
    assert len(slow.step) > 30
    assert same(slow, quick)
    assert all(np.array_equal(x, y) for x, y in zip(before.arrays().values(), state.arrays().values(), strict=True))


@ENGINES
def test_rest_spikes_of_next_are_those_of_own_counted_one_image_later(bars, busy, make_inputs, seed, engine):
    """Without retries the counting changes nothing in the network, so the same spikes are counted twice over."""
    own, inputs, images = busy(min_spikes=0), make_inputs(bars, seed), np.arange(10)
    shifted = replace(own, rest_spikes="next")
    start = initial_state(own.network, bars.shape[1], seed, "float64")
    state, a = engine.train(own, start, inputs, images, 0)
    other, b = engine.train(shifted, start, inputs, images, 0)
    assert np.array_equal(state.weights, other.weights)
    assert len(a.step) == len(b.step) + len(other.tail_step)
    in_rest = a.step >= own.n_image_steps
    assert in_rest.any()
    assert np.array_equal(np.append(b.step, other.tail_step), a.step)
    assert np.array_equal(np.append(b.neuron, other.tail_neuron), a.neuron)
    rest = np.array([in_rest[a.offsets[k] : a.offsets[k + 1]].sum() for k in images])
    assert np.array_equal(b.n_spikes, a.n_spikes - rest + np.append(0, rest[:-1]))


@pytest.mark.parametrize("chunk", [1, 3])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_tail_survives_chunks_and_threads(bars, busy, make_inputs, seed, chunk, threads):
    model, inputs = busy(n_exc=40, rest_spikes="next", min_spikes=150), make_inputs(bars, seed)
    start = initial_state(model.network, bars.shape[1], seed, "float64")
    whole, responses = fast.train(model, start, inputs, np.arange(9), 0)
    state, parts = start, []
    for begin in range(0, 9, chunk):
        state, part = fast.train(model, state, inputs, np.arange(begin, begin + chunk), 0, threads)
        parts.append(part)
    assert (responses.attempts > 1).any()
    assert same(responses, Responses.concatenate(parts))
    assert_same_state(whole, state, 0)


@ENGINES
def test_a_clamped_neuron_starts_from_reset_when_it_is_let_go(make_model, make_inputs, engine, seed):
    """Driven in every step, a neuron of Euler's scheme needs longer to its next spike by the time it is held."""
    gaps = {}
    for clamp_ms in (0.0, 5.0):
        model = make_model(
            1,
            exc={"theta_plus_mv": 0.0, "tau_theta_ms": 1e12, "clamp_ms": clamp_ms},
            rule={"norm_total": None, "eta_pre": 0.0, "eta_post": 0.0},
            network={"w_inh_exc": 0.0, "w_init_low": 0.2, "w_init_high": 0.2000001},
            precision="float64",
            integrator="euler",
            min_spikes=0,
        )
        inputs = make_inputs(np.full((1, 1), 255, np.uint8), seed, rate_per_level_hz=1000.0)
        start = initial_state(model.network, 1, seed, "float64")
        _, responses = engine.train(model, start, inputs, np.array([0]), 0)
        gaps[clamp_ms] = np.diff(responses.step[responses.step < model.n_image_steps].astype(int))
    # The conductance is constant by then, so all gaps are equal. In the step of the spike itself the potential is reset
    # after it was advanced; it is then held for 9 steps more.
    assert len(gaps[5.0]) >= 2
    assert set(gaps[5.0] - gaps[0.0]) == {9}


@ENGINES
def test_thresholds_that_adapt_in_a_frozen_pass_rise_with_its_spikes(bars, busy, make_inputs, seed, engine):
    """The same image over and over: fixed thresholds give answers without a trend, adapting ones fewer spikes."""
    model = busy(exc={"theta_plus_mv": 3.0}, min_spikes=0)
    inputs = make_inputs(np.tile(bars[:1], (60, 1)), seed)
    state = initial_state(model.network, bars.shape[1], seed, "float64")
    fixed = engine.respond(model, state, inputs, np.arange(60), 1, no_progress)
    adapting = engine.respond(model, state, inputs, np.arange(60), 1, no_progress, Frozen(theta_adapts=True))
    assert fixed.n_spikes[30:].mean() > 2 * adapting.n_spikes[30:].mean()


def test_a_retry_has_room_for_as_many_spikes_as_are_allowed_behind_those_of_the_rest(bars, busy, make_inputs, seed):
    """A low limit and a high demand: every presentation fills much of the memory, and each image is presented again."""
    images = np.arange(30)
    probe = busy(n_exc=40, rest_spikes="next", min_spikes=0, exc={"tau_exc_ms": 50.0})
    start = initial_state(probe.network, bars.shape[1], seed, "float64")
    _, free = fast.train(probe, start, make_inputs(bars, seed), images, 0)
    limit = max(100, int(4 * free.n_spikes.max()))
    model = replace(probe, min_spikes=limit, spike_limit=limit)
    _, responses = fast.train(model, start, make_inputs(bars, seed), images, 0)
    assert np.all(responses.attempts == model.max_attempts)
