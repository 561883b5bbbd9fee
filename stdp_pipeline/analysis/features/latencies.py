"""First spikes: how early each neuron fires, as a share of the time an image is shown; 0 for one that does not."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.analysis.features._source import Need, Source, without_silent
from stdp_pipeline.config._base import Strict

__all__ = ["NEEDS", "ROWS", "Params", "features"]

ROWS = "images"
NEEDS: tuple[Need, ...] = ("responses",)


class Params(Strict):
    """First spikes have no parameters."""

    name: Literal["latencies"] = "latencies"
    """Name of the features."""


def features(params: Params, source: Source) -> np.ndarray:
    """Return earliness, (n_images, n_exc) float32.

    1 - t / T for a first spike at the time t of an image that is shown for T, so that a neuron that fires late is
    almost like one that does not fire. Spikes after T count as silence.
    """
    found = source.answers
    image = np.repeat(np.arange(found.n_images), found.n_spikes)
    early = np.zeros((found.n_images, source.n_exc), np.float32)
    share = (1.0 - found.step * source.dt_ms / source.image_ms).astype(np.float32)
    np.maximum.at(early, (image, found.neuron), share)
    return without_silent(early, found)
