"""Every rule keeps the contract; the triplet rule does what its equations say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.plasticity import triplet
from stdp_pipeline.plasticity._base import RuleParams

RULES = registry.names("rule")
unit = st.floats(0, 1)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_keeps_the_contract(name):
    module = registry.load("rule", name)
    params = module.Params()
    assert isinstance(params, RuleParams)
    assert params.name == name
    constants = module.constants(params)
    assert isinstance(constants, module.Constants)
    assert all(isinstance(x, float) for x in constants)
    assert "doi" in (module.__doc__ or "")


@pytest.mark.parametrize("name", RULES)
@given(w=unit, x=unit, fast=unit, slow=unit)
def test_a_rule_gives_one_number_for_numbers_and_the_same_for_arrays(name, w, x, fast, slow):
    module = registry.load("rule", name)
    c = module.constants(module.Params())
    for function in (module.on_pre, module.on_post):
        single = function(w, x, fast, slow, c)
        assert np.all(function(np.full(3, w), np.full(3, x), fast, slow, c) == single)
        assert np.isfinite(single)


@pytest.mark.parametrize("name", RULES)
@given(w=unit, x=unit)
def test_a_presynaptic_spike_without_a_postsynaptic_trace_changes_nothing(name, w, x):
    """The fast engine relies on it: it visits only neurons whose trace is not zero."""
    module = registry.load("rule", name)
    assert module.on_pre(w, x, 0.0, 0.0, module.constants(module.Params())) == w


@pytest.mark.parametrize("name", RULES)
@given(w=unit, fast=unit, slow=unit)
def test_a_rule_that_says_so_leaves_silent_inputs_alone(name, w, fast, slow):
    module = registry.load("rule", name)
    if module.SILENT_INPUTS_KEEP:
        assert module.on_post(w, 0.0, fast, slow, module.constants(module.Params())) == w


def test_triplet_depresses_by_the_fast_trace_and_potentiates_by_the_slow_one():
    c = triplet.Constants(eta_pre=0.1, eta_post=0.2)
    assert triplet.on_pre(0.5, 1.0, 0.5, 0.9, c) == pytest.approx(0.45)
    assert triplet.on_post(0.5, 0.5, 0.9, 0.5, c) == pytest.approx(0.55)
    assert triplet.on_post(0.5, 1.0, 1.0, 0.0, c) == 0.5  # an isolated postsynaptic spike potentiates nothing


def test_triplet_defaults_are_the_released_constants():
    params = triplet.Params()
    found = (params.eta_pre, params.eta_post, params.tau_pre_ms, params.tau_post_fast_ms, params.tau_post_slow_ms)
    assert found == (1e-4, 1e-2, 20, 20, 40)
    assert (params.norm_total, params.trace) == (78, "set")
