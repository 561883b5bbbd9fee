"""What an engine promises: chunking, threads, frozen passes, retries, stored events, guards."""

from __future__ import annotations

import numpy as np
import pytest

from stdp_pipeline.engines import fast, reference
from stdp_pipeline.engines._contract import Responses, StoredEvents
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.network.state import NetworkState, initial_state


def no_progress(_):
    pass


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.arrays().values(), b.arrays().values(), strict=True))


@pytest.fixture
def start(make_model, bars, seed):
    return initial_state(make_model().network, bars.shape[1], seed)


@pytest.mark.parametrize("delays", ["none", "axonal", "synaptic"])
@pytest.mark.parametrize("chunk", [1, 7, 60])
def test_the_result_does_not_depend_on_chunks_or_on_a_stop_between_them(
    make_model, make_inputs, bars, seed, chunk, delays
):
    model, inputs = make_model(network={"delays": {"mode": delays}}), make_inputs(bars, seed)
    start = initial_state(model.network, bars.shape[1], seed)
    whole, all_responses = fast.train(model, start, inputs, np.arange(60), 0)
    state, parts = start, []
    for begin in range(0, 60, chunk):
        state, part = fast.train(model, state, inputs, np.arange(begin, min(begin + chunk, 60)), 0)
        parts.append(part)
        state = NetworkState.from_arrays({k: v.copy() for k, v in state.arrays().items()}, state.step)
    assert same(whole, state)
    assert whole.step == state.step
    joined = Responses.concatenate(parts)
    assert all(np.array_equal(x, y) for x, y in zip(vars(all_responses).values(), vars(joined).values(), strict=True))


@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_training_leaves_the_given_state_alone(make_model, make_inputs, bars, seed, start, engine):
    before = start.copy()
    engine.train(make_model(), start, make_inputs(bars, seed), np.arange(2), 0)
    assert same(before, start)


@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_a_frozen_pass_changes_nothing_and_its_images_are_independent(
    make_model, make_inputs, bars, seed, start, engine
):
    model, inputs = make_model(), make_inputs(bars, seed)
    before = start.copy()
    forward = engine.respond(model, start, inputs, np.arange(6), 1, no_progress)
    backward = engine.respond(model, start, inputs, np.arange(6)[::-1], 1, no_progress)
    assert same(before, start)
    assert np.array_equal(forward.counts(20), backward.counts(20)[::-1])


def test_threads_do_not_change_a_frozen_pass(make_model, make_inputs, bars, seed, start):
    model, inputs = make_model(), make_inputs(bars, seed)
    images = np.resize(np.arange(60), 1500)
    one, four = (fast.respond(model, start, inputs, images, threads, no_progress) for threads in (1, 4))
    assert all(np.array_equal(x, y) for x, y in zip(vars(one).values(), vars(four).values(), strict=True))
    seen = []
    fast.respond(model, start, inputs, images, 2, seen.append)
    assert seen[-1] == 1500


@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_a_blank_image_is_presented_as_often_as_allowed_and_then_given_up(make_model, make_inputs, seed, engine):
    model = make_model(max_attempts=4)
    blank = np.zeros((1, 144), np.uint8)
    start = initial_state(model.network, 144, seed)
    _, responses = engine.train(model, start, make_inputs(blank, seed), np.array([0]), 0)
    assert responses.attempts.tolist() == [4]
    assert responses.n_spikes.tolist() == [0]


@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_a_faint_image_is_presented_again_until_it_is_bright_enough(make_model, make_inputs, bars, seed, engine):
    model = make_model(max_attempts=50)
    faint = bars[:1] // 2
    start = initial_state(model.network, 144, seed)
    _, responses = engine.train(model, start, make_inputs(faint, seed), np.array([0]), 0)
    assert responses.attempts[0] > 1
    assert responses.n_spikes[0] >= 5


@pytest.mark.parametrize("delays", ["none", "axonal", "synaptic"])
@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_stored_events_give_the_same_weights_as_drawn_ones(make_model, make_inputs, bars, seed, engine, delays):
    model = make_model(max_attempts=6, network={"delays": {"mode": delays}})
    images = bars[:8] // 2  # faint, so that some need a retry, which is drawn
    drawn_inputs = make_inputs(images, seed)
    events = [draw_events(model, drawn_inputs, k, 0, 0) for k in range(8)]
    stored = StoredEvents(
        np.concatenate([s for s, _ in events]),
        np.concatenate([s for _, s in events]),
        np.cumsum([0] + [len(s) for s, _ in events]),
    )
    start = initial_state(model.network, 144, seed)
    drawn, responses = engine.train(model, start, drawn_inputs, np.arange(8), 0)
    read, _ = engine.train(model, start, make_inputs(images, seed, stored=stored), np.arange(8), 0)
    assert responses.attempts.max() > 1
    assert same(drawn, read)


def test_columns_sum_to_the_fixed_total_at_the_start_of_a_presentation(make_model, make_inputs, bars, seed, start):
    model = make_model(rule={"eta_pre": 0.0, "eta_post": 0.0})
    state, _ = fast.train(model, start, make_inputs(bars, seed), np.arange(3), 0)
    assert np.allclose(state.weights.sum(axis=0, dtype=np.float64), 30.0, rtol=1e-5)


def test_theta_rises_by_its_step_at_each_spike(make_model, make_inputs, bars, seed, start):
    model = make_model(exc={"tau_theta_ms": 1e30})
    state, responses = fast.train(model, start, make_inputs(bars, seed), np.arange(10), 0)
    spikes = np.bincount(responses.neuron, minlength=20)
    if responses.attempts.max() == 1:
        assert np.allclose(state.theta_mv - 20.0, 0.05 * spikes, atol=1e-9)
    assert state.theta_mv.sum() - 400 >= 0.05 * spikes.sum() - 1e-6


@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_an_unstable_step_stops_with_image_step_and_cause(make_model, make_inputs, seed, engine):
    # Euler with a step far beyond stability: the potential overshoots every reversal potential.
    model = make_model(
        exc={"tau_mem_ms": 1.0},
        integrator="euler",
        precision="float64",
        rule={"norm_total": None},
        network={"w_inh_exc": 500.0},
    )
    levels = np.full((1, 400), 255, np.uint8)
    start = initial_state(model.network, 400, seed, "float64")
    with pytest.raises(ActivityError, match=r"activity exploded at train image 0, .*step \d+.*exponential_euler"):
        engine.train(model, start, make_inputs(levels, seed), np.array([0]), 0)


@pytest.mark.parametrize("engine", [reference, fast], ids=["reference", "fast"])
def test_too_many_spikes_stop_with_image_step_and_cause(make_model, make_inputs, seed, engine):
    model = make_model(network={"w_inh_exc": 0.0}, rule={"norm_total": None}, spike_limit=100)
    levels = np.full((2, 400), 255, np.uint8)
    start = initial_state(model.network, 400, seed)
    with pytest.raises(ActivityError, match=r"train image 1, .*more than 100 excitatory spikes.*spike_limit"):
        engine.train(model, start, make_inputs(levels, seed), np.array([1]), 0)


@pytest.mark.parametrize("level", [0, 1, 255])
def test_extreme_images_stay_finite(make_model, make_inputs, seed, level):
    model = make_model(max_attempts=3)
    levels = np.full((3, 400), level, np.uint8)
    levels[2] = 0
    levels[2, 17] = 255  # a single pixel
    start = initial_state(model.network, 400, seed)
    state, _ = fast.train(model, start, make_inputs(levels, seed), np.arange(3), 0)
    for name, value in state.arrays().items():
        assert np.all(np.isfinite(value)), name
    assert np.all((state.weights >= 0) & (state.weights <= 1 + 1e-6))
