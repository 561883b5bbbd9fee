"""Summarise the runs of an experiment over its seeds."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from stdp_pipeline.analysis.intervals import Kind, interval
from stdp_pipeline.io import canonical_json
from stdp_pipeline.report.tidy import Columns

__all__ = ["mean_columns", "means"]

_AVERAGED = (
    "train_spikes_per_image",
    "test_spikes_per_image",
    "presentations_per_image",
    "test_presentations_per_image",
    "test_input_spikes_per_image",
    "decision_ms",
    "bits_per_input",
    "bits_per_spike",
    "theta_mean_mv",
    "bits_per_synapse",
    "writes_per_image",
    "switches_per_synapse",
    "most_switches",
    "train_sops_per_image",
    "test_sops_per_image",
    "train_energy_nj",
    "test_energy_nj",
    "train_images",
    "train_cpu_s_per_image",
    "train_wall_s",
    "spikes_right_own",
    "spikes_right_other",
    "spikes_wrong_own",
    "spikes_wrong_other",
)


def means(
    rows: list[dict[str, Any]], published: dict[str, float] | None = None, kind: Kind = "t"
) -> list[dict[str, Any]]:
    """Average over the seeds of each combination of parameters and each readout.

    Parameters
    ----------
    rows : list of dict
        The records of ``metrics.json``, one for each run and readout.
    published : dict of str to float, optional
        Accuracies in per cent that others published, by variant.
    kind : {"t", "bootstrap"}
        Of the intervals.

    Returns
    -------
    list of dict
        One record for each combination and readout, in the order of ``rows``: ``varied``, ``readout``, ``n_seeds``;
        ``baseline_NAME``, the accuracies by pixels alone, which no seed changes;
        the mean of the accuracy (``accuracy``), its standard deviation over seeds (``accuracy_sd``) and the 95 %
        interval of the mean, cut to 0 and 1 (``ci95_low``, ``ci95_high``), all three None for a single seed; the
        published accuracy (``published``, as a fraction, or None); and the means of activity, thresholds and time.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(canonical_json([row["varied"], row["readout"]]), []).append(row)
    return [_mean(group, published or {}, kind) for group in groups.values()]


def _mean(group: list[dict[str, Any]], published: dict[str, float], kind: Kind) -> dict[str, Any]:
    accuracy = [row["test_accuracy"] for row in group]
    found = interval(np.array(accuracy), kind).cut()
    record: dict[str, Any] = {
        "varied": group[0]["varied"],
        "readout": group[0]["readout"],
        "supervised": group[0]["supervised"],
        **{key: value for key, value in group[0].items() if key.startswith("baseline_")},
        "n_seeds": len(group),
        "accuracy": found.mean,
        "accuracy_sd": statistics.stdev(accuracy) if len(group) > 1 else None,
        "ci95_low": found.low,
        "ci95_high": found.high,
    }
    others = published.get(group[0]["varied"].get("variant", ""))
    record["published"] = None if others is None else others / 100
    for name in _AVERAGED:
        values = [row[name] for row in group if row[name] is not None]
        record[name] = statistics.fmean(values) if values else None
    return record


def mean_columns(averaged: list[dict[str, Any]]) -> Columns:
    """Return the records of :func:`means` as columns: what is varied, then the means."""
    varied = dict.fromkeys(key for row in averaged for key in row["varied"])
    names = dict.fromkeys(key for row in averaged for key in row if key != "varied" and key not in varied)
    columns: Columns = {key: [row["varied"].get(key) for row in averaged] for key in varied}
    return columns | {key: [row.get(key) for row in averaged] for key in names}
