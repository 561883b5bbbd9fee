"""How much of the loss learning on devices wins back: pairs of seeds, intervals, table and figure."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stdp_pipeline.analysis.intervals import Interval, interval, ratio_interval
from stdp_pipeline.analysis.recovery import recovery, recovery_table
from stdp_pipeline.config.load import validated
from stdp_pipeline.config.plan import plan
from stdp_pipeline.figures.crossbars import recovered
from stdp_pipeline.report.page import hardware_context, templates
from stdp_pipeline.stages._hardware import recoveries

IDEAL = np.array([0.920, 0.915, 0.925])
TRANSFERRED = np.array([0.800, 0.790, 0.815])
IN_PLACE = np.array([0.890, 0.885, 0.880])


def test_the_interval_is_students():
    found = interval(IDEAL)
    low, high = stats.t.interval(0.95, 2, IDEAL.mean(), stats.sem(IDEAL))
    assert (found.mean, found.low, found.high) == pytest.approx((IDEAL.mean(), low, high))
    assert interval(IDEAL[:1]) == Interval(IDEAL[0], None, None)


@given(st.lists(st.tuples(st.integers(-1000, 1000), st.integers(500, 1500)), min_size=3, max_size=12))
def test_at_the_ends_of_fiellers_interval_the_difference_is_just_significant(pairs):
    top, bottom = np.array(pairs).T / 1000  # accuracies of a thousand images
    found = ratio_interval(top, bottom)
    assert found.mean == pytest.approx(top.mean() / bottom.mean())
    if found.low is None:
        # The bottom is not significantly different from zero.
        assert abs(bottom.mean()) <= stats.t.ppf(0.975, len(top) - 1) * stats.sem(bottom) * (1 + 1e-9)
        return
    assert found.low - 1e-9 <= found.mean <= found.high + 1e-9
    for end in (found.low, found.high):
        rest = top - end * bottom
        assert rest.mean() ** 2 == pytest.approx(
            (stats.t.ppf(0.975, len(top) - 1) * stats.sem(rest)) ** 2, rel=1e-6, abs=1e-9
        )


def test_a_loss_that_may_be_zero_has_no_interval_of_its_share():
    found = ratio_interval(np.array([0.01, -0.01, 0.02]), np.array([0.01, -0.02, 0.015]))
    assert (found.low, found.high) == (None, None)
    assert np.isnan(ratio_interval(np.ones(3), np.zeros(3)).mean)


def test_losses_and_gains_are_paired_by_seeds():
    found = recovery("pcm", "ideal", IDEAL, TRANSFERRED, IN_PLACE)
    assert found.lost == interval(IDEAL - TRANSFERRED)
    assert found.gained == interval(IN_PLACE - TRANSFERRED)
    assert found.share.mean == pytest.approx((IN_PLACE - TRANSFERRED).mean() / (IDEAL - TRANSFERRED).mean())


def test_the_table_has_a_line_for_each_kind_and_the_figure_is_drawn():
    found = [
        recovery("pcm", "ideal", IDEAL, TRANSFERRED, IN_PLACE),
        recovery("stt", "ideal", IDEAL[:1], TRANSFERRED[:1], IN_PLACE[:1]),
    ]
    header, *lines = (line.split("\t") for line in recovery_table(found).splitlines())
    told = [dict(zip(header, line, strict=True)) for line in lines]
    assert [one["devices"] for one in told] == ["pcm", "stt"]
    assert float(told[0]["gained"]) == pytest.approx(0.0833333)
    assert told[1]["gained_low"] == ""
    assert float(told[0]["share"]) == pytest.approx(found[0].share.mean, rel=1e-5)
    assert told[1]["share"] == ""
    assert b"learned on the devices" in recovered(found)


def test_the_page_tells_shares_where_the_loss_is_more_than_chance():
    found = [
        recovery("pcm", "ideal", IDEAL, TRANSFERRED, IN_PLACE),
        recovery("no_loss", "ideal", IDEAL, IDEAL + np.array([0.001, -0.001, 0.0]), IN_PLACE),
    ]
    context = hardware_context([], {"recovery.svg": recovered(found)}, found)
    html = templates().get_template("hardware.html").render(context)
    rows = [row.split("<td>") for row in html.split("<tr>")[2:]]
    (pcm, no_loss) = ([cell.split("</td>")[0] for cell in row[1:]] for row in rows[:2])
    assert pcm[:5] == ["pcm", "3", "92.00\N{NO-BREAK SPACE}%", "80.17\N{NO-BREAK SPACE}%", "88.50\N{NO-BREAK SPACE}%"]
    share = found[0].share
    assert pcm[-1] == f"{100 * share.mean:.0f} %<br><small>{100 * share.low:.0f} to {100 * share.high:.0f} %</small>"
    assert no_loss[-1] == ""
    assert html.count("data:image/svg+xml;base64,") == 1


def test_a_curve_is_compared_with_the_variant_of_its_name(tmp_path):
    device = {"name": "learning_pulses", "pulses": 97}
    curve = {"hardware": {"devices": [device]}, "draws": 1}
    raw = {
        "dataset": {"name": "digits"},
        "plasticity": {"name": "power_law"},
        "seeds": [0, 1],
        "variants": {
            "ideal": {"crossbars": {"pulsed": curve, "alone": curve}},
            "pulsed": {"plasticity.normalise_by": "gain", "plasticity.device": {"pulses": 97}},
        },
    }
    runs = plan("x", validated(raw, "x")).runs
    rows = [
        {"readout": readout, "varied": one.varied, "seed": one.seed, "test_accuracy": accuracy + 0.1 * one.seed}
        for one in runs
        for readout, accuracy in (("all_activity", 0.8), ("other", 0.1))
    ]
    for one in runs:
        for job in one.crossbars.values():
            folder = tmp_path / "crossbar" / job.id
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "points.json").write_text(json.dumps({"vary": [], "ideal_accuracy": 0.9}))
            (folder / "draws.tsv").write_text(f"point\taccuracy_assigned\n0\t{0.5 + 0.01 * one.seed}\n")
    (found,) = recoveries(tmp_path, runs, rows)
    assert (found.name, found.source, found.n_seeds) == ("pulsed", "ideal", 2)
    assert found.in_place.mean == pytest.approx(0.85)
    assert found.gained.mean == pytest.approx((0.3 + 0.39) / 2)
