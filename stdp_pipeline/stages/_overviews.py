"""The figures of a whole experiment: all runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.config.plan import Run
from stdp_pipeline.figures import comparison
from stdp_pipeline.figures.differences import forest
from stdp_pipeline.io import canonical_json
from stdp_pipeline.report.comparison import Comparison
from stdp_pipeline.report.differences import Difference
from stdp_pipeline.stages._drawings import Drawings
from stdp_pipeline.stages._history import read_history

__all__ = ["intervals_of", "overviews"]


def overviews(
    root: Path, runs: list[Run], rows: list[dict[str, Any]], compared: Comparison, found: Sequence[Difference]
) -> Drawings:
    """Return what draws the figures of the whole experiment, for its first readout; none if it has a single run."""
    if len(runs) == 1:
        return {}
    readout = rows[0]["readout"]
    accuracy: dict[str, list[float]] = {}
    for row in rows:
        if row["readout"] == readout:
            accuracy.setdefault(canonical_json(row["varied"]), []).append(row["test_accuracy"])
    curves = []
    for one in runs:
        history = read_history(root / "train" / one.ids["train"] / "history.tsv")
        told = {k: v for k, v in one.varied.items() if k not in ("variant", "network.n_exc")}
        name = ", ".join(f"{k.rpartition('.')[2]} {v}" for k, v in told.items())
        rule = str(one.experiment.plasticity.name)
        about = {"dataset": one.experiment.dataset.name, "n_exc": one.experiment.network.n_exc, "name": name or rule}
        curves.append(about | history)
    points = _points(runs, list(accuracy.values()))
    few_bits = {"accuracy_over_bits.svg": partial(comparison.accuracy_over_bits, points, readout)} if points else {}
    return {
        "accuracies.svg": partial(
            comparison.accuracies,
            [group["name"] for group in compared],
            [np.array(group) for group in accuracy.values()],
            [group["published"] for group in compared],
            readout,
            intervals_of(compared, readout),
        ),
        **({"differences.svg": partial(forest, found)} if found else {}),
        "learning_curves.svg": partial(comparison.learning_curves, curves),
        **few_bits,
    }


def intervals_of(compared: Comparison, readout: str) -> list[tuple[float, float] | None]:
    """Return the ends of the 95 % interval of each combination's mean; None for those of a single seed."""
    means = [group["readouts"][readout] for group in compared]
    return [None if mean["ci95_low"] is None else (mean["ci95_low"], mean["ci95_high"]) for mean in means]


def _points(runs: list[Run], accuracy: list[list[float]]) -> list[dict[str, Any]]:
    """Return the points of the figure of accuracy over bits; none if no combination has weights of few bits."""
    firsts = {canonical_json(one.varied): one for one in reversed(runs)}
    ordered = [firsts[key] for key in dict.fromkeys(canonical_json(one.varied) for one in runs)]
    points = []
    for one, found in zip(ordered, accuracy, strict=True):
        levels, how = _levels(one)
        series = f"{one.experiment.plasticity.name}{how}, {one.experiment.network.n_exc} neurons"
        points.append({"series": series, "levels": levels, "accuracies": np.array(found)})
    return points if any(point["levels"] is not None for point in points) else []


def _levels(one: Run) -> tuple[int | None, str]:
    """Return how many levels a weight of a run has, or None for real numbers, and how it came to them."""
    params, quantisation = one.experiment.plasticity, one.experiment.quantisation
    rule = registry.load("rule", params.name)
    if quantisation is not None:
        return quantisation.levels, f", every {quantisation.every} images" if quantisation.every else ", after training"
    if hasattr(rule, "n_states"):
        return int(rule.n_levels(params)), ""
    return params.levels, ", to the nearest" if params.levels and params.rounding == "nearest" else ""
