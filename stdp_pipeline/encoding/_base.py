"""What all codes share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict

__all__ = ["EncodingParams", "RateParams", "TimingParams", "counted_rate_hz", "to_levels"]


class EncodingParams(Strict):
    """Fields that every code's ``Params`` has."""

    materialize: bool = False
    """Store the spikes of all first presentations as well; training then reads them. The result is the same."""


class RateParams(EncodingParams):
    """Fields of codes that say how bright an input is by how often it fires."""

    intensity: Annotated[float, Field(gt=0)] = 2.0
    """Factor on the input in a first presentation (code)."""
    intensity_step: Annotated[float, Field(ge=0)] = 1.0
    """Rise of that factor each time an image is shown again, because it caused too few spikes (code)."""


class TimingParams(EncodingParams):
    """Fields of codes that say how bright an input is by when it fires."""

    copies_step: Annotated[int, Field(ge=0)] = 1
    """An image that caused too few spikes is shown again with each spike followed by so many more, one in each step;
    at the next retry by twice as many, and so on."""


def to_levels(images: np.ndarray, params: Any) -> np.ndarray:
    """Return images as intensity levels.

    Parameters
    ----------
    images : (n, *shape) uint8 or float32
        Levels, or real numbers from 0 to 1.
    params : EncodingParams

    Returns
    -------
    (n, *shape) uint8
    """
    return images if images.dtype == np.uint8 else np.rint(images * 255).astype(np.uint8)


def counted_rate_hz(draw: Callable[..., int], constants: tuple[float, ...], n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each level of a code that leaves nothing to chance, by counting its spikes.

    Returns
    -------
    (256,) float64, Hz
    """
    levels = np.arange(256, dtype=np.uint8)
    step, source = np.empty((2, 256 * n_steps), np.uint16)
    words = np.zeros(5, np.uint64)
    n = draw(levels, 0, n_steps, dt_ms, constants, *words, step, source)
    return np.bincount(source[:n], minlength=256) / (n_steps * dt_ms * 1e-3)
