"""Imperfections of devices: by their laws, against published models, and at their limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from stdp_pipeline import registry
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.chip import programmed
from stdp_pipeline.hardware.circuit.params import CircuitParams
from stdp_pipeline.hardware.devices import (
    cycle_to_cycle,
    device_variation,
    drift,
    endurance,
    finite_levels,
    nonlinear_iv,
    on_off_ratio,
    programming_noise,
    read_noise,
    relaxation,
    retention,
    slow_read_noise,
    state_variation,
    stuck,
)
from stdp_pipeline.hardware.devices._base import PHASES, Devices
from stdp_pipeline.hardware.mapping import MappingParams, mapped
from stdp_pipeline.hardware.params import Compensation, HardwareParams
from stdp_pipeline.random import Draws

N = 40_000
RARE = 1e-7  # a right law is rejected so seldom, whatever the seed
FAR = 5.4  # that many standard errors


def devices(g_us, **changes):
    """Return devices that all have one target."""
    known = {"g_min_us": 0.0, "g_max_us": 25.0, "target_us": np.full((1, 200, N // 200), float(g_us))}
    return Devices(**known | changes)


def assert_sd(values, expected, rounding=0.0):
    """Check a standard deviation: its estimate from N normal numbers has the relative error 1 / sqrt(2 N)."""
    assert abs(values.std() - expected) <= FAR * expected / np.sqrt(2 * values.size) + rounding


def assert_mean(values, expected, rounding=0.0):
    assert abs(values.mean() - expected) <= FAR * values.std() / np.sqrt(values.size) + rounding


# ---- against IBM's aihwkit: standard deviations that 200 000 of its devices had --------------------------------------


@pytest.mark.parametrize(("g", "sd"), [(5.0, 0.609), (12.5, 0.952), (25.0, 1.056)])
def test_pcm_programming_is_that_of_aihwkit(seed, g, sd):
    one = devices(g)
    written = programming_noise.apply(one.target_us, programming_noise.Params(), one, Draws(seed))
    assert_sd(written, sd, rounding=0.0005 + 5 * sd / np.sqrt(4e5))
    assert_mean(written, g)


@pytest.mark.parametrize(("g", "mean", "sd"), [(1.0, 0.0746, 0.0335), (5.0, 0.0493, 0.0142), (25.0, 0.0490, 0.0080)])
def test_pcm_drift_exponents_are_those_of_aihwkit(seed, g, mean, sd):
    nu = drift.exponents(drift.Params(), devices(g), Draws(seed))
    assert_mean(nu, mean, rounding=5e-5 + 5 * sd / np.sqrt(2e5))
    assert_sd(nu, sd, rounding=5e-5 + 5 * sd / np.sqrt(4e5))


@pytest.mark.parametrize(("time_s", "left"), [(3600, 0.775), (86400, 0.664), (30 * 86400, 0.562), (3.156e7, 0.497)])
def test_pcm_keeps_the_shares_that_its_exponent_says(time_s, left):
    one = devices(25.0, time_s=float(time_s))
    params = drift.Params(nu_bounds=[0.049, 0.049], sd_slope=0.0, sd_offset=0.0, sd_bounds=[0.0, 0.0])
    np.testing.assert_allclose(drift.apply(one.target_us, params, one, Draws(0)) / 25, left, atol=6e-4)


@pytest.mark.parametrize(("g", "share"), [(1.0, 0.298), (5.0, 0.105), (12.5, 0.0577), (25.0, 0.0368)])
def test_pcm_read_noise_is_that_of_aihwkit(g, share):
    one = devices(g)
    assert slow_read_noise.sd_us(one.target_us, slow_read_noise.Params(), one)[0, 0, 0] / g == pytest.approx(
        share, abs=6e-4
    )


@pytest.mark.parametrize(("g", "sd"), [(1.0, 0.671), (10.0, 2.252), (20.0, 2.025), (40.0, 1.098)])
def test_rram_relaxation_is_that_of_aihwkit(seed, g, sd):
    one = devices(g, g_max_us=40.0, time_s=1.0)
    left = relaxation.apply(one.target_us, relaxation.Params(), one, Draws(seed))
    assert_sd(left, sd, rounding=0.0005 + 5 * sd / np.sqrt(4e5))


# ---- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_device_variation_has_its_law(seed, law):
    one = devices(10.0)
    factor = device_variation.apply(one.target_us, device_variation.Params(law=law, sigma=0.1), one, Draws(seed)) / 10
    x = np.log(factor) if law == "lognormal" else factor - 1
    assert stats.kstest(x.ravel(), "norm", (0, 0.1)).pvalue > RARE


def test_devices_that_are_alike_over_a_length(seed):
    normals = Draws(seed).normals("x", (2, 256, 256))
    smooth = device_variation.correlated(normals, 4.0)
    # Smoothed by a Gaussian of sd s, the correlation at a distance d is exp(-d² / 4 s²), and 256² / (4 pi s²) cells of
    # a plane are as good as independent.
    independent = 2 * 256**2 / (4 * np.pi * 16)
    assert abs(smooth.var() - 1) < FAR * np.sqrt(2 / independent)
    at_4 = (smooth * np.roll(smooth, 4, axis=2)).mean()
    assert abs(at_4 - np.exp(-16 / 64)) < FAR * np.sqrt(2 / independent)
    assert abs((smooth[0] * smooth[1]).mean()) < FAR * np.sqrt(1 / independent)


def test_ends_of_the_range_vary_on_their_own(seed):
    params = device_variation.Params(of="range", sigma=0.2, law="normal")
    low, high, middle = (
        device_variation.apply(d.target_us, params, d, Draws(seed))
        for d in (devices(g, g_min_us=5.0) for g in (5, 25, 15))
    )
    assert_sd(low, 1.0)
    assert_sd(high, 5.0)
    assert abs(np.corrcoef(low.ravel(), high.ravel())[0, 1]) < FAR / np.sqrt(N)
    np.testing.assert_allclose(middle, (low + high) / 2)


@pytest.mark.parametrize(("g", "sigma"), [(11.9, 0.444), (304.0, 0.053), (np.sqrt(11.9 * 304), 0.2485)])
def test_states_vary_by_their_own_law(seed, g, sigma):
    one = devices(g, g_min_us=11.9, g_max_us=304.0)
    written = state_variation.apply(one.target_us, state_variation.Params(), one, Draws(seed))
    assert stats.kstest(np.log(written / g).ravel(), "norm", (0, sigma)).pvalue > RARE


def test_noise_of_pulses_grows_with_the_root_of_their_number(seed):
    params = cycle_to_cycle.Params(sigma=0.005, pulses=100)
    for share in (0.25, 0.5):
        one = devices(25.0 * share)
        written = cycle_to_cycle.apply(one.target_us, params, one, Draws(seed))
        assert_sd(written, 0.005 * 25 * np.sqrt(100 * share))
    one = devices(0.0)
    np.testing.assert_array_equal(cycle_to_cycle.apply(one.target_us, params, one, Draws(seed)), 0.0)


def test_retention_is_the_published_law(seed):
    one = devices(50.0, g_max_us=88.2, time_s=1e4)
    left = retention.apply(one.target_us, retention.Params(), one, Draws(seed))
    assert_mean(left, 50 - 0.0890 * np.log(1e4))
    assert_sd(left, 0.0420 * np.log(1e4) + 0.4118)
    young = replace(one, time_s=0.5)
    np.testing.assert_array_equal(retention.apply(young.target_us, retention.Params(), young, Draws(seed)), 50.0)
    params = retention.Params(law="exponential", rest_us=10.0, tau_s=1e4)
    np.testing.assert_allclose(retention.apply(one.target_us, params, one, Draws(seed)), 10 + 40 / np.e)
    params = retention.Params(law="power", exponent=-0.1)
    np.testing.assert_allclose(retention.apply(one.target_us, params, one, Draws(seed)), 50 * 1e4**-0.1)


def test_read_noise_adds_its_parts():
    one = devices(10.0)
    params = read_noise.Params(relative=0.03, absolute_us=0.4, saturating_us=0.5, width_us=10.0)
    expected = np.sqrt(0.3**2 + 0.4**2 + (0.5 * (1 - np.exp(-1))) ** 2)
    np.testing.assert_allclose(read_noise.read_sd_us(one.target_us, params, one), expected)


# ---- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["random", "rows", "columns", "clusters"])
def test_shares_of_stuck_devices_are_those_asked_for(seed, pattern):
    params = stuck.Params(off=0.2, on=0.1, value=0.05, pattern=pattern, cluster_cells=4)
    shape = (3, 400, 400)
    kind = stuck.where_stuck(params, shape, Draws(seed))
    n_faults = {"random": 480_000, "rows": 1200, "columns": 1200, "clusters": 30_000}[pattern]
    for code, share in ((stuck.OFF, 0.2), (stuck.ON, 0.1), (stuck.VALUE, 0.05)):
        found = round(n_faults * float((kind == code).mean()))
        assert stats.binomtest(found, n_faults, share).pvalue > RARE
    if pattern == "rows":
        assert (kind == kind[:, :, :1]).all()
    if pattern == "columns":
        assert (kind == kind[:, :1]).all()
    if pattern == "clusters":
        assert (kind.reshape(3, 100, 4, 100, 4) == kind[:, ::4, ::4].reshape(3, 100, 1, 100, 1)).all()


def test_stuck_devices_have_their_values_and_others_are_left_alone(seed):
    one = devices(10.0, g_min_us=1.0)
    params = stuck.Params(off=0.2, on=0.2, value=0.2, off_us=0.0)
    kind, g = stuck.where_stuck(params, one.shape, Draws(seed)), stuck.apply(one.target_us, params, one, Draws(seed))
    assert set(np.unique(g[kind == stuck.OFF])) == {0.0}
    assert set(np.unique(g[kind == stuck.ON])) == {25.0}
    assert set(np.unique(g[kind == 0])) == {10.0}
    assert stats.kstest(g[kind == stuck.VALUE], "uniform", (1, 24)).pvalue > RARE


def test_a_larger_share_of_faults_holds_the_smaller_one(seed):
    few, many = (stuck.where_stuck(stuck.Params(off=share), (1, 50, 50), Draws(seed)) > 0 for share in (0.1, 0.4))
    assert np.all(many[few])


def test_half_of_the_devices_last_their_cycles(seed):
    life = endurance.lifetimes(endurance.Params(cycles=1000.0, shape=2.0), (1, 200, 200), Draws(seed))
    assert stats.binomtest(int((life > 1000).sum()), N, 0.5).pvalue > RARE
    written = np.full((1, 200, 200), 10.0)
    one = devices(5.0, n_writes=written)
    params = endurance.Params(cycles=1000.0, trainings=100.0, ends="on")
    worn = endurance.apply(one.target_us, params, one, Draws(seed)) == 25.0
    np.testing.assert_array_equal(worn, endurance.lifetimes(params, one.shape, Draws(seed)) < 1000)
    with pytest.raises(ConfigError, match="number of writes"):
        endurance.apply(one.target_us, params, devices(5.0), Draws(seed))


# ---- what a device can be asked for ----------------------------------------------------------------------------------


@given(levels=st.integers(2, 300), spacing=st.sampled_from(["linear", "logarithmic"]), seed=st.integers(0, 99))
@settings(deadline=None)
def test_no_device_is_farther_from_its_target_than_half_a_step(levels, spacing, seed):
    g = np.random.default_rng(seed).uniform(1, 25, (1, 10, 10))
    one = Devices(1.0, 25.0, g)
    found = finite_levels.apply(g, finite_levels.Params(levels=levels, spacing=spacing), one, Draws(0))
    step = (lambda x: x / 24) if spacing == "linear" else (lambda x: np.log(x) / np.log(25))
    assert np.abs(step(found) - step(g)).max() <= 0.5 / (levels - 1) + 1e-12
    assert len(np.unique(found.round(9))) <= levels


def test_a_ratio_bounds_from_below():
    g = np.array([[[0.0, 1.0, 20.0]]])
    np.testing.assert_allclose(
        on_off_ratio.apply(g, on_off_ratio.Params(ratio=10), Devices(0, 25, g), Draws(0)), [[[2.5, 2.5, 20]]]
    )


# ---- random numbers --------------------------------------------------------------------------------------------------


def test_every_imperfection_says_when_it_acts_and_how_often_it_is_drawn():
    for name in registry.names("imperfection"):
        module = registry.load("imperfection", name)
        assert module.PHASE in PHASES
        assert module.DRAWN in ("never", "device", "write", "read")
        assert module.Params().name == name
        assert registry.summary("imperfection", name).endswith(".")


def on_a_device(g=8.0):
    return devices(g, g_min_us=1.0, time_s=86400.0, n_writes=np.full((1, 200, N // 200), 2e8))


@pytest.mark.parametrize(
    "name", [n for n in registry.names("imperfection") if hasattr(registry.load("imperfection", n), "apply")]
)
def test_numbers_are_drawn_as_often_as_the_imperfection_says(name):
    module = registry.load("imperfection", name)
    params = module.Params(off=0.3, on=0.2) if name == "stuck" else module.Params()

    def found(seed=1, specimen=0, **changes):
        one = replace(on_a_device(), **changes)
        return module.apply(one.target_us, params, one, Draws(seed, specimen))

    first = found()
    np.testing.assert_array_equal(first, found())
    changes = {"specimen": found(specimen=1), "seed": found(seed=2), "write": found(write=1), "read": found(read=1)}
    differs = {what for what, other in changes.items() if not np.array_equal(first, other)}
    assert differs == {"never": set(), "device": {"specimen", "seed"}}.get(
        module.DRAWN, {"specimen", "seed", module.DRAWN}
    )


# ---- chips -----------------------------------------------------------------------------------------------------------

WEIGHTS = np.random.default_rng(3).gamma(0.4, 0.2, (60, 30))


def chip(weights=WEIGHTS, seed=0, **params):
    return programmed(weights, HardwareParams(**params), Draws(seed))


@given(
    scheme=st.sampled_from(["reference_column", "differential_pair", "offset"]),
    scale=st.sampled_from(["array", "column"]),
    parallel=st.integers(1, 3),
    signed=st.booleans(),
    seed=st.integers(0, 50),
)
@settings(deadline=None, max_examples=60)
def test_ideal_devices_give_the_very_weights_back(scheme, scale, parallel, signed, seed):
    w = np.random.default_rng(seed).normal(size=(12, 5)).astype(np.float32)
    w = w if signed else np.abs(w)
    mapping = MappingParams(scheme=scheme, scale=scale, parallel=parallel)
    found = mapped(w, mapping)
    assert found.target_us.min() >= 1 - 1e-9
    assert found.target_us.max() <= 25 + 1e-9
    np.testing.assert_array_equal(chip(w, mapping=mapping).read().weights, w)
    # And by way of the conductances, to rounding.
    shifted = found.target_us * 1.5
    ideal = np.tensordot(found.factor, found.target_us, axes=1)
    if found.reference is not None:
        ideal = ideal[:, :5] - ideal[:, found.reference]
    np.testing.assert_allclose(found.seen(shifted), w + 0.5 * ideal * found.unit, atol=1e-9)


@given(
    slices=st.integers(1, 4),
    bits=st.integers(1, 4),
    scheme=st.sampled_from(["reference_column", "differential_pair", "offset"]),
)
@settings(deadline=None)
def test_digits_hold_a_weight_to_half_of_the_last_one(slices, bits, scheme):
    found = chip(mapping=MappingParams(slices=slices, slice_bits=bits, scheme=scheme)).read()
    assert np.abs(found.weights - WEIGHTS).max() <= 0.5 * WEIGHTS.max() / (2 ** (slices * bits) - 1) * (1 + 1e-9)
    assert found.device_us.shape[0] == slices * (2 if scheme == "differential_pair" else 1)


NO_NOISE = [
    {"name": "programming_noise", "scale": 0.0},
    {"name": "device_variation", "sigma": 0.0},
    {"name": "drift"},
    {"name": "stuck"},
    {"name": "on_off_ratio", "ratio": 1e9},
]


def test_imperfections_of_no_strength_change_no_bit():
    reading = chip(devices=NO_NOISE, circuit=CircuitParams(r_word_ohm=0.0, r_bit_ohm=0.0)).read()
    assert np.abs(reading.weights - WEIGHTS).max() < 1e-12
    np.testing.assert_array_equal(chip(devices=NO_NOISE).read().weights, WEIGHTS)
    assert reading.reader is None


def test_wires_and_time_weaken_what_is_read():
    ideal = chip().read().weights.sum()
    wires = chip(circuit=CircuitParams(r_word_ohm=20.0, r_bit_ohm=20.0))
    assert wires.read().weights.sum() < ideal
    old = chip(devices=[{"name": "drift"}])
    assert old.read(0.0).weights.sum() == pytest.approx(ideal)
    assert old.read(1e6).weights.sum() < old.read(1e3).weights.sum() < ideal


@pytest.mark.parametrize("by", ["array", "column"])
def test_compensation_brings_the_sums_back(by):
    axis = None if by == "array" else 0
    kept = chip(devices=[{"name": "drift"}], compensation=Compensation(by=by)).read(1e6)
    np.testing.assert_allclose(kept.weights.sum(axis=axis), WEIGHTS.sum(axis=axis), rtol=1e-6)
    wires = chip(circuit=CircuitParams(r_bit_ohm=20.0), compensation=Compensation(by=by, to="ideal")).read()
    np.testing.assert_allclose(wires.weights.sum(axis=axis), WEIGHTS.sum(axis=axis), rtol=1e-6)


def test_devices_in_parallel_average_their_errors(seed):
    variances = {}
    for n in (1, 16):
        mapping = MappingParams(parallel=n, scheme="offset")
        found = chip(seed=seed, mapping=mapping, devices=[{"name": "device_variation", "law": "normal"}])
        # The error is a share of the conductance: so many independent numbers of equal variance.
        shares = (found.mapped.sums(found.written_us) / found.mapped.sums(found.mapped.target_us) - 1).ravel()
        variances[n], count = shares.var(), shares.size
    ratio = stats.f(count - 1, count - 1)
    assert ratio.sf(variances[1] / (16 * variances[16])) > RARE
    assert ratio.cdf(variances[1] / (16 * variances[16])) > RARE


def test_each_tile_has_a_reference_of_its_own():
    found = chip(circuit=CircuitParams(tile_cols=11, r_word_ohm=20.0))
    np.testing.assert_array_equal(found.mapped.reference, 30 + np.arange(30) // 10)
    assert found.mapped.target_us.shape == (1, 60, 33)
    # Tiles of equal weights are read alike, wherever they are.
    same = np.tile(WEIGHTS[:, :10], 3)
    read = chip(same, circuit=CircuitParams(tile_cols=11, r_word_ohm=20.0)).read().weights
    np.testing.assert_allclose(read[:, :10], read[:, 20:], rtol=1e-12)
    np.testing.assert_allclose(
        read[:, :10], chip(WEIGHTS[:, :10], circuit=CircuitParams(r_word_ohm=20.0)).read().weights
    )
    with pytest.raises(ConfigError, match=r"circuit\.tile_cols must be at most 31"):
        chip(circuit=CircuitParams(tile_cols=40)).read()


def test_a_quantile_that_leaves_no_range_is_refused():
    w = np.zeros((10, 4))
    w[0] = 1.0
    with pytest.raises(ConfigError, match=r"mapping\.quantile must leave a range"):
        mapped(w, MappingParams(quantile=0.5))
    with pytest.raises(ConfigError, match=r"mapping\.quantile must leave a range"):
        mapped(w, MappingParams(quantile=0.5, scale="column"))


@pytest.mark.parametrize(
    ("law", "v", "message"),
    [
        ({"law": "milo"}, 1.0, "at most 0.5"),
        ({"law": "cubic"}, 2.0, "the current falls"),
        ({"law": "sinh", "k_per_v": 50.0}, 1.0, "must be at most 10"),
    ],
)
def test_a_curve_holds_in_its_range_only(law, v, message):
    with pytest.raises(ConfigError, match=message):
        chip(v_read_v=v, devices=[{"name": "nonlinear_iv", **law}]).read()


def test_open_devices_carry_no_current_by_any_law():
    g = np.array([[[0.0, 100.0]]])
    for law in ("sinh", "cubic", "milo"):
        assert nonlinear_iv.seen_us(g, 0.1, nonlinear_iv.Params(law=law))[0, 0, 0] == 0


def test_another_pass_reads_other_conductances_if_they_fluctuate():
    noisy = chip(devices=[{"name": "slow_read_noise"}])
    assert noisy.fluctuates
    assert not np.array_equal(noisy.read(read=0).weights, noisy.read(read=1).weights)
    assert not chip(devices=[{"name": "drift"}]).fluctuates


def test_read_noise_is_told_as_the_variance_of_weights():
    reading = chip(
        mapping=MappingParams(scheme="differential_pair"), devices=[{"name": "read_noise", "relative": 0.1}]
    ).read()
    found = mapped(WEIGHTS, MappingParams(scheme="differential_pair"))
    expected = ((0.1 * found.target_us) ** 2).sum(axis=0) * found.unit**2
    np.testing.assert_allclose(reading.reader.variance, expected[None])
    np.testing.assert_array_equal(reading.weights, WEIGHTS)


def test_times_without_measurements_are_refused():
    with pytest.raises(ValidationError, match="time_s must be 1 to 172800"):
        chip(devices=[{"name": "relaxation"}])
    with pytest.raises(ConfigError, match="time_s must be 1 to 172800"):
        chip(time_s=1.0, devices=[{"name": "relaxation"}]).read(1e9)
    compensated = chip(time_s=86400.0, devices=[{"name": "relaxation"}], compensation=Compensation())
    assert compensated.read().weights.sum() > 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"mapping": {"g_min_us": 30.0}}, "g_min_us must be below g_max_us"),
        ({"mapping": {"g_min_us": -1.0}}, "g_min_us"),
        ({"mapping": {"slices": 2}}, "slices 2 needs slice_bits"),
        ({"devices": [{"name": "stuck", "off": 1.2}]}, "off"),
        ({"devices": [{"name": "stuck", "off": 0.7, "on": 0.5}]}, "together must be at most 1"),
        ({"devices": [{"name": "drift"}, {"name": "drift"}]}, "may be named once"),
        ({"devices": [{"name": "drift", "nu_bounds": [0.2, 0.1]}]}, "nu_bounds must be two numbers"),
        ({"devices": [{"name": "relaxation", "times_s": [1.0]}]}, "coefficients for each of the 1 times_s"),
        ({"circuit": {"r_word_ohm": -1.0}}, "r_word_ohm"),
        ({"time_s": float("nan")}, "time_s"),
        ({"devices": [{"name": "finite_levels", "spacing": "logarithmic"}], "mapping": {"g_min_us": 0.0}}, "g_min_us"),
    ],
)
def test_wrong_parameters_are_named(params, message):
    with pytest.raises(ValidationError, match=message):
        HardwareParams(**params)


def test_weights_must_be_numbers():
    with pytest.raises(ConfigError, match="weights must be finite, got 1"):
        mapped(np.array([[1.0, np.nan]]), MappingParams())


@given(st.integers(0, 2**32), st.integers(0, 1000).map(lambda k: k / 1000), st.booleans())
def test_devices_that_imperfections_call_stuck_are_marked_whatever_they_should_hold(seed, share, learning):
    if learning:
        one = {"name": "learning_pulses", "pulses": 4, "stuck_off": share, "cycle_to_cycle": 0.0}
    else:
        one = {"name": "stuck", "off": share}
    params = HardwareParams.model_validate({"mapping": {"scheme": "offset"}, "devices": [one]})
    weights = np.zeros((20, 30))  # all should be at their lower end, where stuck ones are
    reading = programmed(weights, params, Draws(seed, 0)).read()
    # By the law of such a sample, a count as far off as that is a fault of the code: once in 10^9.
    assert stats.binomtest(int(reading.failed.sum()), reading.failed.size, share).pvalue > 1e-9
