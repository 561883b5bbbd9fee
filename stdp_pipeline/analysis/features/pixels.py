"""Pixels of the images themselves, without a network: the control."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.analysis.features._source import Need, Source
from stdp_pipeline.config._base import Strict

__all__ = ["NEEDS", "ROWS", "Params", "features"]

ROWS = "images"
NEEDS: tuple[Need, ...] = ("pixels",)


class Params(Strict):
    """Pixels have no parameters."""

    name: Literal["pixels"] = "pixels"
    """Name of the features."""


def features(params: Params, source: Source) -> np.ndarray:
    """Return pixels, (n_images, n_pixels) float32: of images as shares of the brightest possible."""
    assert source.pixels is not None
    flat = source.pixels.reshape(len(source.pixels), -1).astype(np.float32)
    return flat / 255 if source.pixels.dtype == np.uint8 else flat
