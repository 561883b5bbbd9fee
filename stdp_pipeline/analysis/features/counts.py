"""Spike counts: how often each neuron fires for an image."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.analysis.features._source import Need, Source, without_silent
from stdp_pipeline.config._base import Strict

__all__ = ["NEEDS", "ROWS", "Params", "features"]

ROWS = "images"
NEEDS: tuple[Need, ...] = ("responses",)


class Params(Strict):
    """Spike counts have no parameters."""

    name: Literal["counts"] = "counts"
    """Name of the features."""


def features(params: Params, source: Source) -> np.ndarray:
    """Return spike counts, (n_images, n_exc) float32."""
    return without_silent(source.answers.counts(source.n_exc), source.answers)
