"""Fewer levels for trained weights: error bounds, thresholds, pruning; rounding during learning keeps the mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.engines._plastic import PlasticWeights
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.network.quantise import (
    QuantisationParams,
    binarised,
    on_levels,
    otsu_threshold,
    pruned,
    quantised,
)
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.plasticity._params import ContinuousParams
from stdp_pipeline.plasticity._storage import storage_of

some_weights = arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=st.floats(0, 1, width=32))


@given(weights=some_weights, levels=st.integers(2, 256))
def test_no_weight_moves_by_more_than_half_a_step(weights, levels):
    found = on_levels(weights, levels, 0.0)
    step = weights.max() / (levels - 1)
    assert np.all(np.abs(found.weights - weights) <= step / 2 * (1 + 1e-5) + 1e-7)
    assert found.level.max() < levels


@given(weights=some_weights, levels=st.integers(2, 256))
def test_what_is_on_levels_stays_there(weights, levels):
    once = on_levels(weights, levels, 0.0)
    assert np.array_equal(on_levels(once.weights, levels, 0.0).level, once.level)


@given(values=arrays(np.float64, st.integers(2, 30), elements=st.integers(0, 20).map(float)))
def test_otsus_threshold_is_the_best_of_all(values):
    def between(threshold):
        low, high = values[values <= threshold], values[values > threshold]
        return len(low) * len(high) * (high.mean() - low.mean()) ** 2 if len(low) and len(high) else 0.0

    best = max(between(t) for t in values)
    assert between(otsu_threshold(values)) == pytest.approx(best)


@given(weights=some_weights, share=st.floats(0, 0.99))
def test_pruning_puts_small_weights_to_the_least_and_leaves_the_others(weights, share):
    left = pruned(weights, share, 0.0)
    small = weights < share * weights.max(axis=0)
    assert np.all(left[small] == 0)
    assert np.array_equal(left[~small], weights[~small])


@pytest.mark.parametrize("threshold", ["fixed", "neuron", "otsu", "quantile"])
@given(weights=some_weights)
def test_a_threshold_leaves_two_levels_with_the_larger_weights_on_the_upper_one(threshold, weights):
    found = binarised(weights, QuantisationParams(threshold=threshold), 0.5, 0.0, 1.0)
    assert set(np.unique(found.level)) <= {0, 1}
    for column, level in zip(weights.T, found.level.T, strict=True):
        assert not np.any(level) or not np.any(level == 0) or column[level == 1].min() > column[level == 0].max()


def test_a_quantile_is_the_share_that_is_off(rng):
    found = binarised(rng.random((200, 5)), QuantisationParams(threshold="quantile"), 0.9, 0.0, 1.0)
    assert np.all(found.level.sum(axis=0) == 20)


def test_the_scale_of_each_neuron_keeps_its_sum_and_one_scale_keeps_the_mean_of_what_is_on(rng):
    weights = rng.random((200, 5)).astype(np.float32)
    own = quantised(weights, QuantisationParams(scale="neuron"), 0.0, 1.0)
    assert np.allclose(own.weights.sum(axis=0), weights.sum(axis=0), rtol=1e-5)
    one = quantised(weights, QuantisationParams(scale="one"), 0.0, 1.0)
    assert one.unit[0] == pytest.approx(weights[one.level == 1].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"levels": 4, "threshold": "fixed"}, "threshold: only with levels 2, got levels 4"),
        ({"threshold": "chosen", "every": 100}, "threshold 'chosen' is for the trained network"),
        ({"levels": 1}, "greater than or equal to 2"),
        ({"share": 1.0}, "less than 1"),
    ],
)
def test_what_does_not_fit_is_explained(section, message):
    with pytest.raises(ValidationError, match=message):
        QuantisationParams.model_validate(section)


# ---- levels during learning ------------------------------------------------------------------------------------------

CONTINUOUS = [n for n in registry.names("rule") if issubclass(registry.load("rule", n).Params, ContinuousParams)]


def plastic(name, seed, n_input=4000, **params):
    """Return one neuron's weights, on levels in the middle of their range, and its rule and constants."""
    module = registry.load("rule", name)
    model = Model(NetworkParams(n_exc=1), module, module.Params(**params), precision="float64")
    state = initial_state(model.network, n_input, seed, "float64")
    storage = storage_of(module, model.rule_params, model.network)
    from dataclasses import replace

    middle = np.full((n_input, 1), storage.n_states // 2, np.uint8)
    return PlasticWeights(model, replace(state, weights=middle), seed), model, storage


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("levels", [3, 16, 256])
def test_stochastic_rounding_keeps_the_mean_of_the_update(name, levels, seed):
    weights, model, storage = plastic(name, seed, levels=levels)
    before = weights.weights[:, 0].copy()
    x, fast, slow = np.full(len(before), 0.8), 0.5, 0.6
    zeros = (0.0, 0.0, 0.0, 0.0)
    u = zeros if model.rule.draws(model.rule_params) == "alike" else 0.0
    wanted = model.rule.on_post(before[0], 0.8, fast, slow, u, weights.constants) - before[0]
    weights.on_post(0, x, fast, slow, 12)
    moved = weights.weights[:, 0] - before
    # A move of m + p levels is m or m + 1 of them: its variance is p (1 - p) of a level squared, at most a quarter.
    assert wanted != 0
    assert abs(moved.mean() - wanted) < 5 * storage.unit * 0.5 / math.sqrt(len(before))
    assert len(np.unique(weights.stored)) <= 2


@pytest.mark.parametrize("name", CONTINUOUS)
def test_rounding_to_the_nearest_loses_small_updates(name, seed):
    weights, *_ = plastic(name, seed, levels=3, rounding="nearest")
    before = weights.stored.copy()
    weights.on_post(0, np.full(len(before), 0.8), 0.5, 0.6, 12)
    assert np.array_equal(weights.stored, before)


def test_a_gain_needs_levels():
    from stdp_pipeline.plasticity import triplet

    with pytest.raises(ValidationError, match="'gain' is for weights on levels"):
        triplet.Params(normalise_by="gain")
    assert triplet.Params(normalise_by="gain", levels=4).normalise_by == "gain"
