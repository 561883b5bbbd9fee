"""Every rule keeps the contract; the triplet rule does what its equations say."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity import exponential, power_law, pre_and_post, triplet
from stdp_pipeline.plasticity._base import Draws
from stdp_pipeline.plasticity._params import ContinuousParams, SwitchingParams

RULES = registry.names("rule")
unit = st.floats(0, 1)


def is_switching(name):
    return hasattr(registry.load("rule", name), "n_states")


CONTINUOUS = [name for name in RULES if not is_switching(name)]


@st.composite
def synapses(draw, name):
    """Draw what a rule's functions get: a weight or a state, traces, random numbers of its kind, and constants."""
    module = registry.load("rule", name)
    params = module.Params()
    stored = draw(st.integers(0, module.n_states(params) - 1) if is_switching(name) else unit)
    kind = module.draws(params)
    numbers = draw(st.tuples(*4 * [st.floats(-4, 4)]) if kind in ("device", "alike") else st.floats(1e-9, 1 - 1e-9))
    return stored, draw(unit), draw(unit), draw(unit), numbers, module.constants(params, NetworkParams())


@pytest.mark.parametrize("name", RULES)
def test_every_rule_keeps_the_contract(name):
    module = registry.load("rule", name)
    params = module.Params()
    assert isinstance(params, SwitchingParams if is_switching(name) else ContinuousParams)
    assert params.name == name
    constants = module.constants(params, NetworkParams())
    assert isinstance(constants, module.Constants)
    assert all(isinstance(x, float) for x in constants)
    assert "doi" in (module.__doc__ or "")
    assert module.draws(params) in get_args(Draws)


@pytest.mark.parametrize("name", RULES)
@given(data=st.data())
def test_a_rule_gives_one_number_for_numbers_and_the_same_for_arrays(name, data):
    module = registry.load("rule", name)
    stored, x, fast, slow, u, c = data.draw(synapses(name))
    for function in (module.on_pre, module.on_post):
        single = function(stored, x, fast, slow, u, c)
        several = function(np.full(3, stored), np.full(3, x), fast, slow, u, c)
        assert several == pytest.approx(single, rel=1e-12, abs=1e-15)  # powers of arrays may round otherwise
        assert np.isfinite(single)


@pytest.mark.parametrize("name", RULES)
@given(data=st.data())
def test_a_presynaptic_spike_without_the_traces_that_a_rule_names_changes_nothing(name, data):
    """The fast engine relies on it: it visits only neurons that have one of these traces."""
    module = registry.load("rule", name)
    stored, x, fast, slow, u, c = data.draw(synapses(name))
    kept = [trace * (read not in module.ON_PRE_READS) for read, trace in (("fast", fast), ("slow", slow))]
    assert module.on_pre(stored, x, *kept, u, c) == stored


@pytest.mark.parametrize("name", RULES)
@given(data=st.data())
def test_a_rule_that_says_so_leaves_silent_inputs_alone(name, data):
    module = registry.load("rule", name)
    stored, _, fast, slow, u, c = data.draw(synapses(name))
    if module.SILENT_INPUTS_KEEP:
        assert module.on_post(stored, 0.0, fast, slow, u, c) == stored


@pytest.mark.parametrize("name", RULES)
@given(total=st.floats(1e-3, 1e3), norm_total=st.floats(1e-3, 1e3), n_input=st.integers(1, 1000))
def test_a_rule_scales_weights_to_the_sum_asked_for(name, total, norm_total, n_input):
    scale, shift = registry.load("rule", name).normalise(total, norm_total, n_input)
    assert total * scale + n_input * shift == pytest.approx(norm_total)


@pytest.mark.parametrize("name", RULES)
@given(data=st.data(), other=st.floats(1e-9, 1 - 1e-9))
def test_only_stochastic_rules_depend_on_chance(name, data, other):
    module = registry.load("rule", name)
    stored, x, fast, slow, u, c = data.draw(synapses(name))
    if module.draws(module.Params()) == "none":
        for function in (module.on_pre, module.on_post):
            assert function(stored, x, fast, slow, u, c) == function(stored, x, fast, slow, other, c)


def test_triplet_depresses_by_the_fast_trace_and_potentiates_by_the_slow_one():
    c = triplet.Constants(eta_pre=0.1, eta_post=0.2)
    assert triplet.on_pre(0.5, 1.0, 0.5, 0.9, 0.0, c) == pytest.approx(0.45)
    assert triplet.on_post(0.5, 0.5, 0.9, 0.5, 0.0, c) == pytest.approx(0.55)
    assert triplet.on_post(0.5, 1.0, 1.0, 0.0, 0.0, c) == 0.5  # an isolated postsynaptic spike potentiates nothing


def test_triplet_defaults_are_the_released_constants():
    params = triplet.Params()
    found = (params.eta_pre, params.eta_post, params.tau_pre_ms, params.tau_post_fast_ms, params.tau_post_slow_ms)
    assert found == (1e-4, 1e-2, 20, 20, 40)
    assert (params.norm_total, params.trace) == (78, "set")


def test_power_law_potentiates_above_its_target_and_depresses_below_it():
    c = power_law.Constants(eta=0.1, x_tar=0.4, mu=0.5, w_max=1.0)
    assert power_law.on_post(0.75, 1.0, 0.0, 0.0, 0.0, c) == pytest.approx(0.75 + 0.1 * 0.6 * 0.5)
    assert power_law.on_post(0.75, 0.0, 0.0, 0.0, 0.0, c) == pytest.approx(0.75 - 0.1 * 0.4 * 0.5)
    assert power_law.on_post(1.2, 1.0, 0.0, 0.0, 0.0, c) == 1.2  # scaled above w_max: no room is left


def test_power_law_takes_w_max_from_the_network():
    network = NetworkParams.model_validate({"w_max": 0.5})
    assert power_law.constants(power_law.Params(), network).w_max == 0.5


def test_exponential_stops_at_a_distance_from_both_bounds():
    c = exponential.Constants(eta=0.1, x_tar=0.4, beta=2.0, w_max=1.0)
    assert exponential.on_post(0.3, 0.7, 0.0, 0.0, 0.0, c) == pytest.approx(
        0.3 + 0.1 * (0.7 * np.exp(-2 * 0.3) - 0.4 * np.exp(-2 * 0.7))
    )
    assert exponential.on_post(0.3, 0.0, 0.0, 0.0, 0.0, c) < 0.3
    # Depression is weakest for weak synapses, potentiation for strong ones.
    changes = [exponential.on_post(w, 0.0, 0.0, 0.0, 0.0, c) - w for w in (0.0, 0.5, 1.0)]
    assert changes == sorted(changes, reverse=True)


def test_exponential_without_weight_dependence_is_the_power_law_with_exponent_zero():
    flat = exponential.Constants(eta=0.1, x_tar=0.4, beta=0.0, w_max=1.0)
    power = power_law.Constants(eta=0.1, x_tar=0.4, mu=0.0, w_max=1.0)
    for w, x in ((0.2, 1.0), (0.7, 0.0), (0.5, 0.4)):
        expected = power_law.on_post(w, x, 0.0, 0.0, 0.0, power)
        assert exponential.on_post(w, x, 0.0, 0.0, 0.0, flat) == pytest.approx(expected)


def test_pre_and_post_depresses_by_the_fast_trace_and_the_weight():
    c = pre_and_post.Constants(eta_pre=0.1, eta_post=0.2, x_tar=0.1, mu=0.5, w_max=1.0)
    assert pre_and_post.on_pre(0.25, 1.0, 0.5, 0.0, 0.0, c) == pytest.approx(0.25 - 0.1 * 0.5 * 0.5)
    assert pre_and_post.on_pre(0.0, 1.0, 1.0, 0.0, 0.0, c) == 0.0
    assert pre_and_post.on_post(0.75, 0.6, 0.0, 0.0, 0.0, c) == pytest.approx(0.75 + 0.2 * 0.5 * 0.5)
    assert pre_and_post.on_post(1.2, 1.0, 0.0, 0.0, 0.0, c) == 1.2


def test_pre_and_post_without_presynaptic_depression_is_the_power_law():
    c = pre_and_post.Constants(eta_pre=0.0, eta_post=0.2, x_tar=0.1, mu=0.5, w_max=1.0)
    power = power_law.Constants(eta=0.2, x_tar=0.1, mu=0.5, w_max=1.0)
    for w, x in ((0.2, 1.0), (0.7, 0.0)):
        assert pre_and_post.on_post(w, x, 0.3, 0.3, 0.0, c) == power_law.on_post(w, x, 0.3, 0.3, 0.0, power)
        assert pre_and_post.on_pre(w, x, 0.3, 0.3, 0.0, c) == w


@pytest.mark.parametrize("name", RULES)
@given(data=st.data())
def test_learning_rates_are_parameters_and_without_them_nothing_is_learned(name, data):
    module = registry.load("rule", name)
    assert module.RATES
    stored, x, fast, slow, u, _ = data.draw(synapses(name))
    still = module.constants(module.Params(**dict.fromkeys(module.RATES, 0.0)), NetworkParams())
    for function in (module.on_pre, module.on_post):
        new = function(stored, x, fast, slow, u, still)
        if is_switching(name):  # what is hidden behind a level may still be reset
            new, stored = module.level(np.int64(new), still), module.level(stored, still)
        assert new == pytest.approx(stored, abs=1e-15)
