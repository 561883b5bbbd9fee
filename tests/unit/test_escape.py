"""Stochastic neurons: probabilities, their reach, the noise current."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stdp_pipeline.engines import fast, reference
from stdp_pipeline.engines._escape import noise_step, probability, reach
from stdp_pipeline.network.params import EscapeParams
from stdp_pipeline.network.state import initial_state

MODES = ["exponential", "sigmoid", "mtj"]
QUIET = {"rule": {"norm_total": None, "eta_pre": 0.0, "eta_post": 0.0}, "max_attempts": 1}


def rate(mode, rate_hz):
    """Return the hazard as keyword arguments, where the mode has one."""
    return {} if mode == "mtj" else {"rate_hz": rate_hz}


@pytest.mark.parametrize("mode", MODES)
@given(x=st.floats(-200, 200), rate_hz=st.floats(1, 1e5), dt_ms=st.floats(0.05, 2))
def test_probabilities_rise_from_0_to_1_and_are_finite(mode, x, rate_hz, dt_ms):
    escape = EscapeParams(mode=mode, **rate(mode, rate_hz))
    low, high = (float(probability(escape, y, dt_ms)) for y in (x, x + 1))
    assert 0 <= low <= high <= 1


def test_the_laws_are_those_of_their_names():
    dt_ms = 0.5
    hazard = 200 * 0.5e-3
    exponential = EscapeParams(mode="exponential", rate_hz=200)
    assert probability(exponential, 0.0, dt_ms) == pytest.approx(1 - math.exp(-hazard))
    assert probability(exponential, 1.0, dt_ms) == pytest.approx(1 - math.exp(-hazard * math.e))
    sigmoid = EscapeParams(mode="sigmoid", rate_hz=200)
    assert probability(sigmoid, 0.0, dt_ms) == pytest.approx(1 - math.exp(-hazard / 2))
    assert probability(sigmoid, 40.0, dt_ms) == pytest.approx(1 - math.exp(-hazard))
    assert probability(EscapeParams(mode="mtj"), 2.0, dt_ms) == pytest.approx(1 / (1 + math.exp(-2)))


@pytest.mark.parametrize("mode", MODES)
@given(width_mv=st.floats(0.01, 10), rate_hz=st.floats(1, 1e5), dt_ms=st.floats(0.05, 2), further=st.floats(0, 50))
def test_beyond_its_reach_no_random_number_makes_a_neuron_fire(mode, width_mv, rate_hz, dt_ms, further):
    escape = EscapeParams(mode=mode, width_mv=width_mv, **rate(mode, rate_hz))
    x = (reach(escape, dt_ms) - further) / width_mv
    assert probability(escape, x, dt_ms) <= 2.0**-33 * (1 + 1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_neurons_at_threshold_fire_as_often_as_the_law_says(make_model, make_inputs, seed, mode):
    """Without input, at rest, the threshold at rest: the first step of a presentation is one trial of each neuron."""
    n, rate_hz = 2000, 500.0
    escape = {"mode": mode, "width_mv": 2.0, **rate(mode, rate_hz)}
    exc = {"escape": escape, "v_thresh_mv": -85.0, "v_init_mv": -65.0, "theta_init_mv": 20.0}
    model = make_model(n, exc=exc, network={"w_exc_inh": 0.0}, image_ms=0.5, rest_ms=0.0, precision="float64", **QUIET)
    start = initial_state(model.network, 1, seed, "float64")
    answer = reference.respond(model, start, make_inputs(np.zeros((1, 1), np.uint8), seed), np.arange(1), 1, print)
    p = float(probability(EscapeParams(**escape), 0.0, 0.5))
    assert stats.binomtest(len(answer.step), n, p).pvalue > 1e-7


def test_a_noise_current_gives_the_potential_the_standard_deviation_asked_for(make_model, make_inputs, seed):
    n, noise_mv = 400, 1.5
    exc = {"noise_mv": noise_mv, "tau_mem_ms": 10.0, "v_thresh_mv": 60.0, "v_init_mv": -65.0}
    model = make_model(n, exc=exc, image_ms=100.0, rest_ms=0.0, precision="float64", **QUIET)
    inputs = make_inputs(np.zeros((1, 1), np.uint8), seed)
    after, _ = reference.train(model, initial_state(model.network, 1, seed, "float64"), inputs, np.arange(1), 0)
    # After ten time constants the potentials are independent draws of the stationary law.
    v = after.v_exc_mv + 65.0
    assert abs(v.mean()) < 5 * noise_mv / math.sqrt(n)
    assert v.std() == pytest.approx(noise_mv, rel=5 / math.sqrt(2 * n))
    assert noise_step(0.0, 10.0, 0.5) == 0


@pytest.mark.equivalence
@pytest.mark.parametrize(
    "exc",
    [
        # By default test_few_states has them together with switching synapses.
        pytest.param({"escape": {"mode": "exponential", "width_mv": 2.0}}, marks=pytest.mark.slow),
        pytest.param({"escape": {"mode": "sigmoid"}}, marks=pytest.mark.slow),
        pytest.param({"escape": {"mode": "mtj"}}, marks=pytest.mark.slow),
        pytest.param({"noise_mv": 1.0}, marks=pytest.mark.slow),
    ],
)
def test_stochastic_neurons_fire_alike_in_both_engines_and_in_parts(bars, make_model, make_inputs, seed, exc):
    model = make_model(10, exc=exc, precision="float64", image_ms=100.0, rest_ms=30.0, max_attempts=2)
    start, inputs = initial_state(model.network, 144, seed, "float64"), make_inputs(bars, seed)
    found = [engine.train(model, start, inputs, np.arange(6), 0) for engine in (reference, fast)]
    part, first = fast.train(model, start, inputs, np.arange(2), 0)
    _, second = fast.train(model, part, inputs, np.arange(2, 6), 0)
    assert np.array_equal(np.concatenate([first.step, second.step]), found[1][1].step)
    for name in ("step", "neuron", "attempts"):
        assert np.array_equal(getattr(found[0][1], name), getattr(found[1][1], name)), name
    assert len(found[0][1].step) > 10
    frozen = [e.respond(model, found[0][0], inputs, np.arange(4), 1, lambda done: None) for e in (reference, fast)]
    assert np.array_equal(frozen[0].step, frozen[1].step)
    assert np.array_equal(frozen[0].neuron, frozen[1].neuron)
