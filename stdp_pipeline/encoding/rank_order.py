r"""Rank order code: every active input fires once, in the order of intensity, at equal distances.

.. math:: t = T \, \rho / (n - 1)

where rho is the rank of an input among the n active ones of the image, 0 for the brightest; equal intensities share
their mean rank. The order alone counts, so brightness and contrast of the whole image do not matter. Ranks are kept as
255 levels.

References
----------
.. [1] Thorpe & Gautrais (1998), "Rank order coding", in Computational Neuroscience: Trends in Research, 113,
   doi:10.1007/978-1-4615-4831-7_19.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import TimingParams, counted_rate_hz
from stdp_pipeline.encoding._base import to_levels as as_levels
from stdp_pipeline.encoding._trains import put

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(TimingParams):
    """Constants of the rank order code."""

    name: Literal["rank_order"] = "rank_order"
    """Name of the code."""
    window_ms: Annotated[float, Field(gt=0)] = 50.0
    """Time T of the last spike, ms."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Intensity, 0 to 1, that an input must exceed to be active."""


def to_levels(images: np.ndarray, params: Params) -> np.ndarray:
    """Return each input's rank as a level: 255 for the first, 1 for the last, 0 for silent ones.

    Parameters
    ----------
    images : (n, *shape) uint8 or float32
    params : Params

    Returns
    -------
    (n, *shape) uint8
    """
    from scipy.stats import rankdata

    intensities = as_levels(images, params)
    flat = intensities.reshape(len(images), -1)
    levels = np.zeros_like(flat)
    for row, values in zip(levels, flat, strict=True):
        active = np.flatnonzero(values > params.threshold * 255)
        if len(active):
            rank = rankdata(-values[active].astype(np.int16)) - 1
            row[active] = 255 - np.rint(254 * rank / max(len(active) - 1, 1)).astype(np.uint8)
    return levels.reshape(intensities.shape)


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return counted_rate_hz(draw, constants(params), n_steps, dt_ms)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: window (ms), copies at each retry."""
    return (params.window_ms, float(params.copies_step))


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Give the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    window_ms, copies_step = constants
    copies = 1 + attempt * int(copies_step)
    n = 0
    for i in range(levels.shape[0]):
        if levels[i] > 0:
            t_ms = window_ms * (255 - levels[i]) / 254.0
            n = put(int(np.rint(t_ms / dt_ms)), copies, n_steps, i, n, step, source)
            if n < 0:
                break
    return n
