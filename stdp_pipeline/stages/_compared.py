"""Which combinations of an experiment, or of several, are better than others: paired by seeds and by test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stdp_pipeline.analysis.paired import McNemar, Paired, holm, mcnemar, paired
from stdp_pipeline.config.plan import Run
from stdp_pipeline.io import canonical_json, read_arrays, read_json

__all__ = ["Combination", "Comparison", "against", "combinations_of", "comparison_table"]


@dataclass(frozen=True)
class Combination:
    """The runs of one combination of parameters, by seed.

    Attributes
    ----------
    name : str
        What tells it from the others.
    readout : str
    data : str
        Id of the data set and its split: the same test images have the same.
    accuracy : dict of int to float
        By seed, as fractions.
    right : dict of int to (n_test,) bool
        Whether each test image was classified rightly, by seed.
    """

    name: str
    readout: str
    data: str
    accuracy: dict[int, float] = field(default_factory=dict)
    right: dict[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """One combination against another.

    Attributes
    ----------
    name, other : str
    readout : str
    paired : Paired
        Accuracy of the first minus that of the other, over the seeds that both have.
    p_corrected : float or None
        By Holm's procedure for all comparisons made together.
    images : dict of int to McNemar
        By seed; empty if the test images are not the same.
    """

    name: str
    other: str
    readout: str
    paired: Paired
    p_corrected: float | None
    images: dict[int, McNemar]


def combinations_of(root: Path, runs: Sequence[Run], prefix: str = "") -> list[Combination]:
    """Read what became of each combination of parameters and its first readout.

    Parameters
    ----------
    root : Path
        Of the results.
    runs : sequence of Run
        All must be done.
    prefix : str
        Stands in front of names.
    """
    found: dict[str, Combination] = {}
    labels: dict[str, np.ndarray] = {}
    for one in runs:
        data, test = one.ids["prepare"], root / "test" / one.ids["test"]
        scores = read_json(test / "metrics.json")["readouts"]
        readout = next(iter(scores))
        if data not in labels:
            labels[data] = read_arrays(root / "prepare" / data / "data.npz", "test_labels", also=())["test_labels"]
        key = canonical_json(one.varied)
        combination = found.setdefault(key, Combination(f"{prefix}{one.told}", readout, data))
        combination.accuracy[one.seed] = scores[readout]["accuracy"]
        predicted = read_arrays(test / "predictions.npz", readout, also=())[readout]
        combination.right[one.seed] = predicted == labels[data].astype(predicted.dtype)
    return list(found.values())


def against(pairs: Sequence[tuple[Combination, Combination]]) -> list[Comparison]:
    """Compare pairs of combinations; those that share no seed are left out.

    Parameters
    ----------
    pairs : sequence of (Combination, Combination)
        All comparisons that are made together: p-values are corrected for their number.
    """
    made = []
    for one, other in pairs:
        seeds = [seed for seed in one.accuracy if seed in other.accuracy]
        if not seeds:
            continue
        values = (np.array([each.accuracy[seed] for seed in seeds]) for each in (one, other))
        same = one.data == other.data
        images = {seed: mcnemar(one.right[seed], other.right[seed]) for seed in seeds} if same else {}
        made.append((one, other, paired(*values), images))
    corrected = holm([found.p for _, _, found, _ in made])
    return [
        Comparison(one.name, other.name, one.readout, found, p, images)
        for (one, other, found, images), p in zip(made, corrected, strict=True)
    ]


def comparison_table(found: Sequence[Comparison]) -> str:
    """Return tab-separated text: a line for each comparison, differences in points of per cent."""
    heads = (
        "combination", "compared_with", "readout", "n_seeds", "difference_points", "ci95_low", "ci95_high", "test", "p",
        "p_holm", "hedges_g", "mcnemar_only_first", "mcnemar_only_second", "mcnemar_p",
    )  # fmt: skip
    lines = ["\t".join(heads)]
    for one in found:
        ends = one.paired.difference
        numbers = [100 * x if x is not None else None for x in (ends.mean, ends.low, ends.high)]
        by_seed = [";".join(f"{getattr(m, key):.6g}" for m in one.images.values()) for key in ("only_a", "only_b", "p")]
        cells = [
            one.name, one.other, one.readout, str(one.paired.n), *map(_text, numbers), "paired t",
            *map(_text, (one.paired.p, one.p_corrected, one.paired.effect)), *by_seed,
        ]  # fmt: skip
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
