"""Studies on hardware: their points, what is summed up of them, and their figures."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from stdp_pipeline.config.load import read_yaml, validated
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.figures import crossbars as figures
from stdp_pipeline.hardware.chip import programmed
from stdp_pipeline.hardware.energy import (
    EnergyParams,
    area_um2,
    converter_energy_nj,
    driver_energy_nj,
    read_energy_nj,
    write_energy_pj,
)
from stdp_pipeline.hardware.params import HardwareParams
from stdp_pipeline.hardware.study import CurveParams, presets, with_values
from stdp_pipeline.random import Draws
from stdp_pipeline.report.crossbars import summarise

WEIGHTS = np.random.default_rng(3).random((60, 30))


# ---- points ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_says_what_it_is_and_can_be_programmed(name):
    assert read_yaml(presets()[name])["title"]
    assert presets()[name].read_text().startswith("# ")
    (point,) = CurveParams(preset=name).points()
    reading = programmed(WEIGHTS, point.hardware, Draws(0)).read()
    # Devices hold the weights more or less, and none of them conducts backwards.
    assert reading.device_us.min() >= 0
    coarse = {"finite_levels": 0.6, "learning_pulses": 0.4}  # two levels; four pulses without a look at the result
    least = min(coarse.get(one.name, 0.95) for one in point.hardware.devices)
    assert np.corrcoef(reading.weights.ravel(), WEIGHTS.ravel())[0, 1] > least


def test_a_circuit_in_which_nothing_conducts_is_refused():
    params = HardwareParams.model_validate(
        {"mapping": {"scheme": "offset", "g_min_us": 0.0}, "circuit": {}, "devices": [{"name": "stuck", "off": 1.0}]}
    )
    with pytest.raises(ConfigError, match=r"nothing conducts.*mapping\.g_min_us"):
        programmed(np.ones((130, 40)), params, Draws(0)).read()


def test_a_path_is_set_where_it_leads():
    raw = {"devices": [{"name": "drift"}], "time_s": 1.0}
    assert with_values(raw, ["time_s"], 5.0) == {"devices": [{"name": "drift"}], "time_s": 5.0}
    assert with_values(raw, ["devices.drift.scale"], 2.0)["devices"] == [{"name": "drift", "scale": 2.0}]
    assert with_values(raw, ["devices.stuck.on"], 0.1)["devices"] == [{"name": "drift"}, {"name": "stuck", "on": 0.1}]
    both = with_values(raw, ["circuit.r_word_ohm", "circuit.r_bit_ohm"], 3.0)
    assert both["circuit"] == {"r_word_ohm": 3.0, "r_bit_ohm": 3.0}
    assert raw == {"devices": [{"name": "drift"}], "time_s": 1.0}


def test_own_values_win_over_the_preset_and_varied_ones_over_both():
    curve = CurveParams.model_validate(
        {
            "preset": "pcm_nandakumar_2019", "hardware": {"time_s": 5.0, "compensation": None},
            "vary": "mapping.g_max_us", "values": [20.0, 30.0],
        }
    )  # fmt: skip
    found = [point.hardware for point in curve.points()]
    assert [one.mapping.g_max_us for one in found] == [20.0, 30.0]
    assert {one.mapping.scheme for one in found} == {"differential_pair"}
    assert {one.time_s for one in found} == {5.0}
    assert {one.compensation for one in found} == {None}
    assert [one.name for one in found[0].devices] == ["programming_noise", "drift", "slow_read_noise"]


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ({"preset": "pcm_nandakumar"}, "Did you mean 'pcm_nandakumar_2019'"),
        ({"vary": "preset", "values": ["stt_mram", "stt"]}, "unknown value 'stt'"),
        ({"vary": "time_s"}, "vary and values belong together"),
        ({"vary": "time_s", "values": []}, "values must not be empty"),
        ({"vary": ["preset", "time_s"], "values": [1]}, "cannot be varied together"),
        ({"vary": "a.b.c", "values": [1]}, "must be SECTION.FIELD"),
        ({"vary": "devices.stuck.off", "values": [0.1, 1.5]}, "devices.stuck.off = 1.5"),
        ({"vary": "devices.nothing.x", "values": [1]}, "nothing"),
        ({"draws": 0}, "draws"),
        ({"vary": [], "values": [1]}, "vary must not be empty"),
        ({"vary": "devices.stuck", "values": [0.1]}, "hardware at devices.stuck = 0.1"),
    ],
)
def test_wrong_curves_are_named(curve, message):
    with pytest.raises(ValidationError) as error:
        CurveParams.model_validate(curve)
    assert message in str(error.value)


def test_a_curve_is_one_job_and_shares_it_with_others_that_say_the_same():
    raw = {"crossbars": {"a": {"vary": "time_s", "values": [0, 10]}, "b": {"vary": "time_s", "values": [0, 20]}}}
    planned = plan("x", validated(raw | {"seeds": [0, 1]}, "x"))
    assert len(planned.of("crossbar")) == 4
    (run, _) = planned.runs
    assert set(run.crossbars["a"].parents) == {"train", "encode", "data", "labels", "ideal"}
    assert run.crossbars["a"].spec["hardware"][1]["time_s"] == 10
    with pytest.raises(ConfigError, match="crossbars"):
        validated({"crossbars": {"a/b": {}}}, "x")


# ---- numbers ---------------------------------------------------------------------------------------------------------


def draws_table(rng, n_points=3, n=5):
    point, draw = np.divmod(np.arange(n_points * n), n)
    others = ("spikes_per_image", "presentations_per_image", "silent_images", "silent_neurons", "weight_share")
    table = {"point": point, "draw": draw, **{name: rng.random(len(point)) for name in others}}
    columns = (
        "accuracy_kept", "accuracy_assigned", "weight_rms_error", "read_energy_nj", "driver_energy_nj",
        "converter_energy_nj", "write_energy_pj", "area_um2",
    )  # fmt: skip
    return table | {name: rng.random(len(point)) for name in columns}


def test_intervals_are_those_of_student_over_the_means_of_seeds(rng):
    tables = [draws_table(rng), draws_table(rng)]
    points = [{"values": [1, 2, 3], "vary": ["time_s"], "ideal_accuracy": a} for a in (0.9, 0.8)]
    study = summarise("c", "n", points, tables)
    assert study.ideal_accuracy == pytest.approx(0.85)
    assert [row["n"] for row in study.rows] == [10, 10, 10]
    x = np.array([table["accuracy_kept"][table["point"] == 1].mean() for table in tables])
    low, high = stats.t.interval(0.95, 1, x.mean(), stats.sem(x))
    row = study.rows[1]
    assert row["accuracy_kept"] == pytest.approx(x.mean())
    assert row["accuracy_kept_low"] == pytest.approx(max(low, 0))
    assert row["accuracy_kept_high"] == pytest.approx(min(high, 1))


def test_the_interval_of_a_single_seed_is_over_its_specimens(rng):
    table = draws_table(rng)
    study = summarise("c", "n", [{"values": [1, 2, 3], "vary": ["time_s"], "ideal_accuracy": 0.9}], [table])
    x = table["accuracy_kept"][table["point"] == 1]
    low, high = stats.t.interval(0.95, 4, x.mean(), stats.sem(x))
    assert study.rows[1]["accuracy_kept_low"] == pytest.approx(max(low, 0))
    assert study.rows[1]["accuracy_kept_high"] == pytest.approx(min(high, 1))


def test_a_single_specimen_has_no_interval(rng):
    points = [{"values": [None], "vary": [], "ideal_accuracy": 0.9}]
    (row,) = summarise("c", "", points, [draws_table(rng, 1, 1)]).rows
    assert row["accuracy_assigned_low"] is None


def test_read_energy_is_that_of_every_device_of_a_row():
    g = np.full((2, 3, 4), 10.0)  # 8 devices of 10 µS in a row: 0.1 V, 10 ns: 8 fJ
    assert read_energy_nj(g, np.array([1.0, 0.0, 2.0]), 0.1, 10e-9) == pytest.approx(3 * 8 * 1e-6)


def test_a_write_takes_what_devices_wires_and_half_selected_devices_take():
    before, after = np.full((1, 4, 6), 1.0), np.full((1, 4, 6), 9.0)
    params = EnergyParams(v_write_v=2.0, t_write_s=1e-8, wire_ff_per_um=0.0)
    # 4 V² x 5 µS x 10 ns
    assert write_energy_pj(params, before, after, (4, 6)) == pytest.approx(0.2)
    # 8 others at 1 V²
    half = params.model_copy(update={"half_selected": True})
    assert write_energy_pj(half, before, after, (4, 6)) == pytest.approx(0.2 + 8 * 9e-6 * 1e-8 * 1e12)
    wired = params.model_copy(update={"wire_ff_per_um": 0.2, "feature_nm": 40.0})
    # 6 devices of 80 nm, 0.2 fF for each µm, at 4 V²
    assert write_energy_pj(wired, before, after, (4, 6)) == pytest.approx(0.2 + 6 * 0.08 * 0.2e-3 * 4)


def test_drivers_converters_and_area_are_priced():
    params = EnergyParams(feature_nm=50.0, wire_ff_per_um=0.2, converter_fj_per_step=2.0)
    # 400 devices, 0.1 µm each, 0.2 fF/µm: 8 fF; at 0.5 V 2 fJ for each of 1000 spikes.
    assert driver_energy_nj(params, 1000.0, 400, 0.5) == pytest.approx(2e-3)
    assert converter_energy_nj(params, 100.0, 4) == pytest.approx(100 * 2 * 16 * 1e-6)
    assert area_um2(params, 100) == pytest.approx(1.0)


# ---- figures ---------------------------------------------------------------------------------------------------------


def line(n, low=0.1):
    x = np.linspace(0.9, 0.3, n)
    both = {"mean": x, "low": x - low, "high": x + low}
    return {"network": "400", "ideal_accuracy": 0.9, "kept": both, "assigned": both}


@pytest.mark.parametrize("values", [[0.0, 0.1, 0.2], [1, 3600, 86400, 31536000], ["a", "b"], [None], [True, False]])
def test_curves_are_drawn_for_numbers_and_for_names(values):
    picture = figures.accuracy_curves(["devices.x"], values, [line(len(values)), line(len(values), np.nan)])
    assert picture.startswith(b"<?xml")
    assert b"labels kept" in picture
    if isinstance(values[0], str):
        assert b">b<" in picture


def test_numbers_over_decades_have_a_logarithmic_axis_and_zero_a_place_of_its_own():
    x, names = figures._places([0, 1, 10, 1000])
    assert names == ["0", "1", "10", "1000"]
    np.testing.assert_allclose(np.diff(x), [0.6, 1, 2])
    np.testing.assert_allclose(figures._places([0, 1, 2])[0], [0, 1, 2])
    assert figures._places([86400, 31_536_000, 1.5e-7])[1] == ["86400", "3.2e7", "1.5e−7"]


def test_conductances_and_losses_are_drawn(rng):
    target = rng.random((20, 10))
    panels = [{"title": str(k), "target_us": target, "device_us": target * 1.1} for k in range(4)]
    assert figures.conductances(panels).startswith(b"<?xml")
    assert figures.wire_losses(target, (8, 8)).startswith(b"\x89PNG")
