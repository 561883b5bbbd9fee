"""Spike counts made comparable: square roots, shares of an image's spikes, or vectors of length one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.analysis.features._source import Need, Source, without_silent
from stdp_pipeline.config._base import Strict

__all__ = ["NEEDS", "ROWS", "Params", "features"]

ROWS = "images"
NEEDS: tuple[Need, ...] = ("responses",)


class Params(Strict):
    """How counts are normalised."""

    name: Literal["normalised"] = "normalised"
    """Name of the features."""
    by: Literal["root", "sum", "length"] = "root"
    """'root': square roots, whose variance does not grow with the count where spikes are Poisson (Anscombe 1948,
    doi:10.1093/biomet/35.3-4.246); 'sum': shares of an image's spikes; 'length': Euclidean length one."""


def features(params: Params, source: Source) -> np.ndarray:
    """Return normalised spike counts, (n_images, n_exc) float32."""
    counts = source.answers.counts(source.n_exc)
    if params.by == "root":
        return without_silent(np.sqrt(counts), source.answers)
    norm = counts.sum(axis=1) if params.by == "sum" else np.linalg.norm(counts, axis=1)
    return without_silent(counts / np.maximum(norm, 1e-30)[:, None], source.answers)
