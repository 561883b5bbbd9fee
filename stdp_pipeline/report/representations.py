"""Summarise what was learned over the seeds: quality of maps, how neurons share the work, how alike networks are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stdp_pipeline.analysis.intervals import interval

__all__ = ["Learned", "averaged", "table", "tsv"]


@dataclass(frozen=True)
class Learned:
    """What the networks of an experiment have learned.

    Attributes
    ----------
    files : dict of str to str
        Tables and the interactive page: file name -> content.
    pictures : dict of str to bytes
        Figures: file name -> content.
    of_maps, of_paths, activity : list of dict
        Rows of :func:`averaged`; keys are (network, features, method, measure), (network, method, measure) and
        (network, of, measure).
    notes : list of str
        What must be borne in mind, and what could not be measured, and why.
    """

    files: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    of_maps: list[dict[str, Any]] = field(default_factory=list)
    of_paths: list[dict[str, Any]] = field(default_factory=list)
    activity: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def averaged(values: Iterable[tuple[tuple[str, ...], float]]) -> list[dict[str, Any]]:
    """Return means over seeds.

    Parameters
    ----------
    values : iterable of (key, value)
        A value of each seed; those of one key belong together.

    Returns
    -------
    list of dict
        In the order in which keys first occur: ``key``, ``n``, ``mean``, and Student's 95 % interval of the mean over
        the seeds, ``low`` and ``high``, None for one seed. NaN, a measure that does not apply, is left out; the mean is
        NaN if nothing else is there.
    """
    groups: dict[tuple[str, ...], list[float]] = {}
    for key, value in values:
        groups.setdefault(key, []).append(value)
    rows = []
    for key, found in groups.items():
        finite = np.array([v for v in found if np.isfinite(v)])
        if not len(finite):
            rows.append({"key": key, "n": 0, "mean": float("nan"), "low": None, "high": None})
            continue
        one = interval(finite)
        rows.append({"key": key, "n": len(finite), "mean": one.mean, "low": one.low, "high": one.high})
    return rows


def tsv(heads: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    """Return rows of :func:`averaged` as tab-separated text; ``heads`` name the parts of their keys."""
    lines = ["\t".join([*heads, "n_seeds", "mean", "low", "high"])]
    for row in rows:
        numbers = ["" if row[k] is None or np.isnan(row[k]) else f"{row[k]:.6g}" for k in ("mean", "low", "high")]
        lines.append("\t".join([*row["key"], str(row["n"]), *numbers]))
    return "\n".join(lines) + "\n"


def table(rows: list[dict[str, Any]], higher_is_better: dict[str, bool]) -> list[dict[str, Any]]:
    """Arrange rows of :func:`averaged`: a line for each key but its last part, a cell for each measure.

    Parameters
    ----------
    rows : list of dict
    higher_is_better : dict of str to bool
        By measure, those that have a better and a worse; the others have no best cell.

    Returns
    -------
    list of dict
        ``key`` (of the line), ``cells``: measure -> row, with ``best`` set where it is the best of the lines whose keys
        are equal but for their last part. Methods in brackets stand for no map and are never the best.
    """
    lines: dict[tuple[str, ...], dict[str, Any]] = {}
    best: dict[tuple[Any, ...], float] = {}

    def judged(row: dict[str, Any]) -> float:
        *line, measure = row["key"]
        if measure not in higher_is_better or line[-1].startswith("(") or np.isnan(row["mean"]):
            return float("-inf")
        return float(row["mean"] if higher_is_better[measure] else -row["mean"])

    for row in rows:
        group = (*row["key"][:-2], row["key"][-1])
        best[group] = max(best.get(group, float("-inf")), judged(row))
    for row in rows:
        *line, measure = row["key"]
        group = (*row["key"][:-2], measure)
        there = lines.setdefault(tuple(line), {"key": tuple(line), "cells": {}})
        there["cells"][measure] = row | {"best": np.isfinite(judged(row)) and judged(row) == best[group]}
    return list(lines.values())
