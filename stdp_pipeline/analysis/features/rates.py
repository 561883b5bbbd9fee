"""Rates over time: how fast each neuron fires in each part of the presentation, Hz."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.features._source import Need, Source, without_silent
from stdp_pipeline.config._base import Strict

__all__ = ["NEEDS", "ROWS", "Params", "features"]

ROWS = "images"
NEEDS: tuple[Need, ...] = ("responses",)


class Params(Strict):
    """Parts of a presentation."""

    name: Literal["rates"] = "rates"
    """Name of the features."""
    n_bins: Annotated[int, Field(ge=1, le=20)] = 3
    """Equal parts of the time an image is shown; spikes of the rest after it belong to the last one. With one part,
    rates are counts in another unit."""


def features(params: Params, source: Source) -> np.ndarray:
    """Return rates in Hz, (n_images, n_bins * n_exc) float32, part after part."""
    found, n_bins = source.answers, params.n_bins
    width_ms = source.image_ms / n_bins
    part = np.minimum((found.step * source.dt_ms / width_ms).astype(np.int64), n_bins - 1)
    image = np.repeat(np.arange(found.n_images), found.n_spikes)
    rates = np.zeros((found.n_images, n_bins, source.n_exc), np.float32)
    np.add.at(rates, (image, part, found.neuron), np.float32(1e3 / width_ms))
    return without_silent(rates.reshape(found.n_images, -1), found)
