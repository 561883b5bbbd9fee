"""Means over seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import plan
from stdp_pipeline.figures.comparison import accuracy_over_bits
from stdp_pipeline.report.comparison import compare, markdown
from stdp_pipeline.report.means import means
from stdp_pipeline.report.page import _runs_with
from stdp_pipeline.stages._overviews import _points


def row(seed, accuracy, variant="a", readout="all_activity", **more):
    base = {
        "varied": {"variant": variant},
        "readout": readout,
        "seed": seed,
        "test_accuracy": accuracy,
        "train_spikes_per_image": 10.0 + seed,
        "test_spikes_per_image": 20.0,
        "presentations_per_image": 1.0,
        "theta_mean_mv": 30.0,
        "train_cpu_s_per_image": None,
        "train_images": 100,
        "train_wall_s": 1.0,
        "supervised": False,
        **dict.fromkeys(("test_input_spikes_per_image", "test_presentations_per_image", "decision_ms")),
        **dict.fromkeys(("bits_per_input", "bits_per_spike")),
        "bits_per_synapse": 32,
        "writes_per_image": 1000.0,
        **dict.fromkeys(("switches_per_synapse", "most_switches")),
        **dict.fromkeys(("train_sops_per_image", "test_sops_per_image", "train_energy_nj", "test_energy_nj"), 1.0),
        **dict.fromkeys(("spikes_right_own", "spikes_right_other", "spikes_wrong_own", "spikes_wrong_other")),
    }
    return base | more


def test_the_interval_is_that_of_a_t_test(rng):
    values = rng.uniform(0.8, 0.9, 5)
    (found,) = means([row(k, v) for k, v in enumerate(values)])
    assert found["accuracy"] == pytest.approx(values.mean())
    assert found["accuracy_sd"] == pytest.approx(values.std(ddof=1))
    interval = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert (found["ci95_low"], found["ci95_high"]) == pytest.approx(interval)
    assert found["train_spikes_per_image"] == pytest.approx(12.0)
    assert found["train_cpu_s_per_image"] is None


def test_combinations_and_readouts_are_kept_apart_in_their_order():
    rows = [row(0, 0.5, "b"), row(0, 0.6, "a"), row(1, 0.7, "b"), row(0, 0.1, "b", "other")]
    found = [(m["varied"]["variant"], m["readout"], m["n_seeds"], m["accuracy"]) for m in means(rows)]
    assert found == [
        ("b", "all_activity", 2, pytest.approx(0.6)),
        ("a", "all_activity", 1, 0.6),
        ("b", "other", 1, 0.1),
    ]


def test_an_interval_does_not_leave_what_an_accuracy_can_be():
    (found,) = means([row(0, 0.05), row(1, 0.95)])
    assert (found["ci95_low"], found["ci95_high"]) == (0.0, 1.0)


def test_the_bootstrap_is_the_same_every_time_and_stays_within_the_values(rng):
    values = rng.uniform(0.8, 0.9, 5)
    (found,) = means([row(k, v) for k, v in enumerate(values)], kind="bootstrap")
    (again,) = means([row(k, v) for k, v in enumerate(values)], kind="bootstrap")
    assert found == again
    assert values.min() <= found["ci95_low"] < values.mean() < found["ci95_high"] <= values.max()
    (same,) = means([row(k, 0.5) for k in range(3)], kind="bootstrap")
    assert (same["accuracy_sd"], same["ci95_low"]) == (0, None)
    (two,) = means([row(0, 0.5), row(1, 0.6)], kind="bootstrap")
    assert (two["ci95_low"], two["ci95_high"]) == (0.5, 0.6)


def test_one_seed_has_no_interval():
    (found,) = means([row(0, 0.5)])
    assert found["accuracy_sd"] is found["ci95_low"] is found["ci95_high"] is None


def test_runs_with_leaking_labels_are_named_once():
    rows = [row(s, 0.5, v, label_split="test" if v == "leak" else "train") for v in ("a", "leak") for s in (0, 1)]
    assert _runs_with(rows, "label_split", "test") == ["variant = leak"]
    assert np.array_equal(_runs_with(rows, "label_split", "validation"), [])


def test_published_values_and_readouts_stand_side_by_side():
    told = {"train_cpu_s_per_image": 0.5, "spikes_right_own": 12.5, "decision_ms": 31.5, "baseline_knn": 0.95}
    rows = [
        row(0, 0.5, "b", **told),
        row(1, 0.7, "b", **told),
        row(0, 0.9, "b", "svm", supervised=True),
        row(0, 0.6, "a"),
    ]
    averaged = means(rows, {"b": 55.0})
    assert [m["published"] for m in averaged] == [0.55, 0.55, None]
    lines = markdown(compare(averaged), "somewhere").splitlines()
    assert lines[0] == "| combination | seeds | published | all_activity | svm (supervised) | knn without network |"
    assert lines[2] == "| b | 2 | 55.0 | 60.00 ± 14.14 | 90.00 | 95.00 |"
    assert lines[3] == "| a | 1 |  | 60.00 |  |  |"
    assert lines[5].startswith("| combination | images shown | training, CPU s | input spikes | bits per input |")
    assert lines[7] == "| b | 100 | 50 |  |  |  |  | 32 | 20.0 | 12.5 |  |  |  |"
    assert lines[8] == "| a | 100 |  |  |  |  |  |  | 20.0 |  |  |  |  |"
    assert lines[-1] == "Published: somewhere"
    assert "published" not in markdown(compare(averaged), None)


def test_points_of_the_figure_over_bits_tell_how_weights_came_to_their_levels():
    real, few = {"name": "power_law"}, {"name": "power_law", "levels": 16}
    variants = {
        "real": {"plasticity": real},
        "few": {"plasticity": few},
        "nearest": {"plasticity": {**few, "rounding": "nearest"}},
        "after": {"plasticity": real, "quantisation": {"levels": 4}},
        "during": {"plasticity": real, "quantisation": {"levels": 4, "every": 500}},
        "cells": {"plasticity": {"name": "bistable_cells", "cells": 4}},
    }
    planned = plan("bits", completed({"variants": variants, "seeds": [0, 1]}, "bits"))
    points = _points(planned.runs, [[0.1 * at, 0.2 * at] for at in range(len(variants))])
    assert {point["series"].split(", ", 1)[-1]: point["levels"] for point in points[2:5]} == {
        "to the nearest, 400 neurons": 16, "after training, 400 neurons": 4, "every 500 images, 400 neurons": 4,
    }  # fmt: skip
    assert [point["levels"] for point in points] == [None, 16, 16, 4, 4, 5]
    assert points[0]["series"] == points[1]["series"] == "power_law, 400 neurons"
    assert points[3]["accuracies"].tolist() == [0.1 * 3, 0.2 * 3]
    drawn = accuracy_over_bits(points, "all_activity").decode()
    assert "4 bits" in drawn
    assert drawn.count("after training, 400 neurons") == 1
    assert not _points(plan("none", completed({"seeds": [0, 1]}, "none")).runs, [[0.5, 0.5]])
