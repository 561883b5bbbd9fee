"""Learning on devices: the law of a pulse, and the fast engine against the reference engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from stdp_pipeline.engines import brian2_numpy, fast, reference
from stdp_pipeline.engines._contract import start_state
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.devices import learning_pulses
from stdp_pipeline.hardware.devices._base import Devices
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity import power_law
from stdp_pipeline.plasticity._device import DeviceParams, curvature, device_constants, moved, specimen
from stdp_pipeline.random import Draws

RARE = 1e-7
# MLP+NeuroSim V3.0, Cell.cpp: label of the nonlinearity, constant of the curve.
NEUROSIM = {
    0.1: 12.63, 0.5: 2.520, 1: 1.2517, 2: 0.6090, 2.4: 0.4992, 3: 0.3868, 4: 0.2691, 4.88: 0.2003, 5: 0.1924, 6: 0.1356,
    8: 0.0528, 9: 0.0228,
}  # fmt: skip
PERFECT = {"nonlinearity_up": 0.0, "nonlinearity_down": 0.0, "cycle_to_cycle": 0.0}
N = 20_000


def pulses(x, d, rng, up=1.0, down=1.0, low=0.0, high=1.0, **params):
    """Return where N devices are after one change."""
    constants = device_constants(DeviceParams(**params))
    return moved(np.full(N, float(x)), d, rng.random(N), up, down, low, high, constants)


# ---- law -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "a"), NEUROSIM.items())
def test_the_curve_is_that_of_neurosims_table(label, a):
    assert curvature(label) == pytest.approx(a, rel=1e-3)


@pytest.mark.parametrize("label", [0.0, 1.0, 5.0])
def test_so_many_pulses_go_from_end_to_end_along_the_curve(label):
    n = 50
    constants = device_constants(
        DeviceParams(pulses=n, nonlinearity_up=label, nonlinearity_down=label, cycle_to_cycle=0)
    )
    up, down = [0.0], [1.0]
    for _ in range(n):
        up.append(float(moved(up[-1], 1 / n, 0.5, 1.0, 1.0, 0.0, 1.0, constants)))
        down.append(float(moved(down[-1], -1 / n, 0.5, 1.0, 1.0, 0.0, 1.0, constants)))
    a, m = curvature(label), np.arange(n + 1) / n
    np.testing.assert_allclose(up, (1 - np.exp(-m / a)) / (1 - np.exp(-1 / a)), atol=1e-12)
    np.testing.assert_allclose(down, 1 - np.array(up), atol=1e-12)


def test_soft_bounds_take_a_share_of_what_is_left():
    constants = device_constants(DeviceParams(curve="soft_bounds", pulses=20, cycle_to_cycle=0))
    x = float(moved(0.2, 3 / 20, 0.01, 1.0, 1.0, 0.0, 1.0, constants))
    assert 1 - x == pytest.approx(0.8 * np.exp(-3 / 20))
    x = float(moved(0.2, -3 / 20, 0.01, 1.0, 1.0, 0.0, 1.0, constants))
    assert x == pytest.approx(0.2 * np.exp(-3 / 20))


@given(
    x=st.floats(0, 1), d=st.floats(-1, 1), u=st.floats(1e-9, 1 - 1e-9),
    low=st.floats(-0.1, 0.1), high=st.floats(0.2, 1),
    pulses=st.sampled_from([1, 7, 100]), label=st.floats(0, 9), depression=st.sampled_from(["pulses", "reset"]),
)  # fmt: skip
@settings(max_examples=200)
def test_no_device_leaves_its_range(x, d, u, low, high, pulses, label, depression):
    params = DeviceParams(pulses=pulses, nonlinearity_up=label, nonlinearity_down=label, depression=depression)
    found = moved(low + (high - low) * x, d, u, 1.0, 1.0, low, high, device_constants(params))
    assert low - 1e-12 <= found <= high + 1e-12


@pytest.mark.parametrize("d", [0.004, 0.03, -0.015])
def test_small_changes_are_made_by_chance_so_that_the_mean_is_right(rng, d):
    found = pulses(0.5, d, rng, pulses=20, **PERFECT)
    moves = round(float(np.mean(found != 0.5)) * N)
    assert set(np.round(found / 0.05 - 10, 1)) <= {-1.0, 0.0, 1.0}
    assert stats.binomtest(moves, N, abs(d) * 20).pvalue > RARE


@pytest.mark.parametrize("d", [0.03, -0.2])
def test_one_pulse_from_end_to_end_is_a_binary_device(rng, d):
    found = pulses(0.0 if d > 0 else 1.0, d, rng, pulses=1, **PERFECT)
    np.testing.assert_allclose(np.unique(found), [0, 1], atol=1e-12)
    switched = round(float(np.mean(np.abs(found - (d < 0)) > 0.5)) * N)
    assert stats.binomtest(switched, N, abs(d)).pvalue > RARE


def test_a_reset_leads_to_the_lower_end_with_the_mean_that_was_wanted(rng):
    found = pulses(0.4, -0.1, rng, depression="reset", pulses=50, **PERFECT)
    assert set(np.unique(found)) == {0.0, 0.4}
    assert stats.binomtest(int(np.count_nonzero(found == 0)), N, 0.25).pvalue > RARE


def test_noise_grows_with_the_root_of_the_number_of_pulses(rng):
    params = {**PERFECT, "cycle_to_cycle": 0.004}
    for n in (4, 16):
        found = pulses(0.5, n / 100, rng, pulses=100, **params)
        sd = 0.004 * np.sqrt(n)
        straight = pulses(0.5, n / 100, rng, pulses=100, **PERFECT).mean()
        assert straight == pytest.approx(0.5 + n / 100, abs=1e-3)  # label 0 is nearly straight
        assert abs(found.mean() - straight) < 5.5 * sd / np.sqrt(N)
        assert abs(found.std() / sd - 1) < 5.5 / np.sqrt(2 * N)


def test_binary_devices_differ_in_the_probability_to_switch(rng):
    found = pulses(0.0, 0.02, rng, up=1.5, pulses=1, **PERFECT)
    np.testing.assert_allclose(np.unique(found), [0, 1], atol=1e-12)
    assert stats.binomtest(int((found > 0.5).sum()), N, 0.03).pvalue > RARE


def test_devices_differ_as_asked_for(seed):
    params = DeviceParams(step_spread=0.3, high=0.5, range_spread=0.1, low_spread=0.04, stuck_off=0.1, stuck_on=0.05)
    found = specimen(params, (100, 200), Draws(seed))
    stuck = ~np.isnan(found.stuck_at)
    assert stats.binomtest(int(np.count_nonzero(found.stuck_at == found.low)), N, 0.1).pvalue > RARE
    assert stats.kstest(found.low.ravel(), "norm", (0, 0.04)).pvalue > RARE
    assert stats.binomtest(int(stuck.sum()), N, 0.15).pvalue > RARE
    np.testing.assert_array_equal(found.up == 0, stuck)
    assert stats.kstest(np.log(found.up[~stuck]), "norm", (0, 0.3)).pvalue > RARE
    assert stats.kstest(found.high.ravel(), "norm", (0.5, 0.05)).pvalue > RARE
    assert abs(np.corrcoef(found.up[~stuck], found.down[~stuck])[0, 1]) < 5.5 / np.sqrt(N)


# ---- transfer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", ["neurosim", "soft_bounds"])
def test_perfect_pulses_reach_their_targets_to_half_a_pulse(rng, curve):
    g = rng.uniform(2, 20, (1, 30, 40))
    params = learning_pulses.Params(pulses=50, **PERFECT | {"nonlinearity_up": 3.0, "curve": curve})
    found = learning_pulses.apply(g, params, Devices(2.0, 20.0, g), Draws(0))
    steepest = 18 / 50 / curvature(3.0) / (1 - np.exp(-1 / curvature(3.0)))
    assert np.abs(found - g).max() <= 0.51 * steepest


def test_transfer_and_learning_meet_the_same_devices(make_model, seed):
    device = {"stuck_off": 0.2, "stuck_on": 0.1, "range_spread": 0.2, "high": 0.6, "low_spread": 0.02}
    model = make_model(rule_name="power_law", rule={"norm_total": 10.0, "normalise_by": "gain", "device": device})
    learning = start_state(model, 50, seed).weights
    # With a reference, whose devices are others.
    g = np.full((2, 50, 21), 3.0)
    devices = Devices(2.0, 3.0, g, n_references=1)
    written = learning_pulses.apply(g, learning_pulses.Params(**device), devices, Draws(seed))[0, :, :20] - 2
    stuck = ~np.isnan(specimen(DeviceParams(**device), (50, 20), Draws(seed)).stuck_at)
    np.testing.assert_allclose(learning[stuck], 0.6 * written[stuck], atol=1e-6)
    assert not np.allclose(learning[~stuck], written[~stuck])


# ---- engines ---------------------------------------------------------------------------------------------------------

RATES = {"power_law": {"eta": 0.1}, "triplet": {"eta_post": 0.05}}
DEVICES = {
    "analog": {
        "pulses": 60,
        "cycle_to_cycle": 0.02,
        "step_spread": 0.3,
        "range_spread": 0.2,
        "high": 0.6,
        "stuck_off": 0.1,
    },
    "reset": {"pulses": 20, "depression": "reset", "stuck_on": 0.02},
    "binary": {"pulses": 1, "step_spread": 0.2, "range_spread": 0.1, "low_spread": 0.05, "high": 0.5, **PERFECT},
}


def assert_same(slow_state, slow, quick_state, quick):
    for name in ("step", "neuron", "offsets", "attempts", "n_input_spikes"):
        assert np.array_equal(getattr(slow, name), getattr(quick, name)), name
    np.testing.assert_allclose(slow_state.weights, quick_state.weights, rtol=0, atol=1e-11)
    np.testing.assert_allclose(slow_state.gain, quick_state.gain, rtol=1e-11)
    assert np.array_equal(slow_state.synapse_switches, quick_state.synapse_switches)
    assert np.array_equal(quick_state.synapse_switches.sum(axis=0), quick_state.neuron_switches)


@pytest.mark.parametrize(
    ("rule", "device", "delays"),
    [
        ("power_law", "analog", "none"),
        ("power_law", "reset", "none"),  # the same kernel
        ("power_law", "binary", "none"),
        pytest.param("triplet", "analog", "none", marks=pytest.mark.slow),
        pytest.param("triplet", "analog", "synaptic", marks=pytest.mark.slow),
    ],
)
def test_engines_learn_the_same(make_model, make_inputs, bars, seed, rule, device, delays):
    model = make_model(
        rule_name=rule,
        precision="float64",
        rule={"norm_total": 30.0, "normalise_by": "gain", "device": DEVICES[device], **RATES[rule]},
        network={"delays": {"mode": delays}},
    )
    inputs = make_inputs(bars, seed)
    start = start_state(model, bars.shape[1], seed)
    n_images = 30 if delays == "none" else 6
    slow = reference.train(model, start, inputs, np.arange(n_images), 0)
    quick = fast.train(model, start, inputs, np.arange(n_images), 0)
    assert len(slow[1].step) > 3 * n_images
    assert_same(*slow, *quick)
    moved_ones = slow[0].weights != start.weights
    stuck = ~np.isnan(specimen(model.device, start.weights.shape, Draws(seed)).stuck_at)
    assert not moved_ones[stuck].any()
    assert moved_ones[~stuck].any()
    frozen = reference.respond(model, slow[0], inputs, np.arange(30, 34), 1, lambda done: None)
    again = fast.respond(model, slow[0], inputs, np.arange(30, 34), 1, lambda done: None)
    assert np.array_equal(frozen.step, again.step)


def test_threads_and_chunks_do_not_matter(make_model, make_inputs, bars, seed):
    rule = {"norm_total": 30.0, "normalise_by": "gain", "device": DEVICES["analog"], "eta": 0.1}
    model = make_model(n_exc=40, rule_name="power_law", precision="float64", rule=rule)
    inputs, start = make_inputs(bars, seed), start_state(model, bars.shape[1], seed)
    whole, _ = fast.train(model, start, inputs, np.arange(20), 0)
    half, _ = fast.train(model, start, inputs, np.arange(10), 0)
    both, _ = fast.train(model, half, inputs, np.arange(10, 20), 0)
    np.testing.assert_array_equal(whole.weights, both.weights)


def test_nearly_ideal_devices_learn_what_ideal_synapses_with_a_gain_do(make_model, make_inputs, bars):
    # So many pulses that chance has nearly nothing to decide.
    device = {"pulses": 100_000, **PERFECT}
    params = {"norm_total": None, "eta": 0.02}  # no weight comes to w_max, from where this rule never returns
    inputs = make_inputs(bars, 0)
    ideal = make_model(rule_name="power_law", precision="float64", rule=params)
    real = make_model(rule_name="power_law", precision="float64", rule={**params, "device": device})
    start = start_state(ideal, bars.shape[1], 0)
    a, _ = reference.train(ideal, start, inputs, np.arange(8), 0)
    b, _ = reference.train(real, start_state(real, bars.shape[1], 0), inputs, np.arange(8), 0)
    assert np.abs(a.weights - start.weights).max() > 0.05
    assert a.weights.max() < 1
    # Small differences move a few spikes, and these a few weights.
    assert np.mean(np.abs(a.weights - b.weights) < 0.01) > 0.95


# ---- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"device": {}}, "normalise_by must be 'gain' with a device"),
        ({"device": {}, "levels": 4, "normalise_by": "gain"}, "give one of them"),
        ({"normalise_by": "gain"}, "on levels or in devices"),
        ({"device": {"stuck_off": 0.7, "stuck_on": 0.7}, "normalise_by": "gain"}, "must be at most 1"),
        ({"device": {"pulses": 0}, "normalise_by": "gain"}, "pulses"),
    ],
)
def test_what_does_not_go_together_is_named(params, message):
    with pytest.raises(ValidationError, match=message):
        power_law.Params.model_validate(params)


def test_brian2_says_that_it_has_no_devices(make_model, make_inputs, bars):
    rule = {"norm_total": 30.0, "normalise_by": "gain", "device": {}}
    model = replace(make_model(rule_name="power_law", rule=rule), network=NetworkParams(n_exc=20))
    start = start_state(model, bars.shape[1], 0)
    with pytest.raises(ConfigError, match=r"plasticity\.device cannot be run by Brian2"):
        brian2_numpy.train(model, start, make_inputs(bars, 0), np.arange(1), 0)
