"""Summarise studies on hardware: over the specimens, and the seeds, of each point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stdp_pipeline.analysis.intervals import interval

__all__ = ["CrossbarStudy", "summarise"]

_ACCURACIES = ("accuracy_kept", "accuracy_assigned")
_MEANS = (
    "spikes_per_image", "presentations_per_image", "silent_images", "silent_neurons", "weight_share",
    "weight_rms_error", "read_energy_nj", "driver_energy_nj", "converter_energy_nj", "write_energy_pj",
    "area_um2",
)  # fmt: skip


@dataclass(frozen=True)
class CrossbarStudy:
    """One curve for one network, over its seeds.

    Attributes
    ----------
    name : str
        Of the curve.
    network : str
        What tells this network from the others; may be empty.
    vary : list of str
        Paths of what is varied.
    values : list
        Its values; one None if nothing is varied.
    ideal_accuracy : float
        Mean over the seeds, without hardware.
    rows : list of dict
        For each value: ``value``, ``n`` (specimens of all seeds), and mean, standard deviation and 95 % interval of the
        mean of both accuracies (``accuracy_kept``, ``accuracy_kept_sd``, ``accuracy_kept_low`` and so on), and means of
        the other columns of ``draws.tsv``.
    """

    name: str
    network: str
    vary: list[str]
    values: list[Any]
    ideal_accuracy: float
    rows: list[dict[str, Any]]


def summarise(
    name: str, network: str, points: list[dict[str, Any]], draws: list[dict[str, np.ndarray]]
) -> CrossbarStudy:
    """Summarise one curve of one network.

    Parameters
    ----------
    name, network : str
    points : list of dict
        ``points.json`` of each seed.
    draws : list of dict of str to (n_specimens,) array
        Columns of ``draws.tsv`` of each seed.

    Returns
    -------
    CrossbarStudy
        Intervals are Student's: over the seeds' means, or, for a single seed, over its specimens.
    """
    first = points[0]
    values = first["values"]
    together = {column: np.concatenate([table[column] for table in draws]) for column in draws[0]}
    rows = []
    for k, value in enumerate(values):
        here = together["point"] == k
        row: dict[str, Any] = {"value": value, "n": int(here.sum())}
        for column in _ACCURACIES:
            of_seeds = np.array([table[column][table["point"] == k].mean() for table in draws])
            row |= _interval(column, of_seeds if len(draws) > 1 else together[column][here])
        rows.append(row | {column: float(together[column][here].mean()) for column in _MEANS})
    ideal = float(np.mean([one["ideal_accuracy"] for one in points]))
    return CrossbarStudy(name, network, first["vary"], values, ideal, rows)


def _interval(name: str, x: np.ndarray) -> dict[str, Any]:
    """Return mean, standard deviation and interval of the mean, cut to 0 and 1; all but the mean None for one value."""
    found = interval(x).cut()
    sd = None if found.low is None else float(x.std(ddof=1))
    return {name: found.mean, f"{name}_sd": sd, f"{name}_low": found.low, f"{name}_high": found.high}
