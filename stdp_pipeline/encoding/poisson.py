r"""Poisson rate code: each pixel fires independently at a rate proportional to its intensity.

.. math:: r = \frac{\text{level}}{8} \cdot \text{intensity} \quad \text{Hz}, \qquad p = \min(r \, \Delta t, 1)

so a white pixel (255) fires at 63.75 Hz in a first presentation. In each step a pixel fires with probability p; the
spikes are drawn as the geometric gaps between them, which is the same law and costs one draw per spike instead of one
per step.

References
----------
.. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.5; rates and retry rule as in the released code
   (``peter-u-diehl/stdp-mnist``, commit d527ca3).
.. [2] Devroye (1986), "Non-uniform random variate generation", chapter X.2: geometric variates by inversion.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import EncodingParams
from stdp_pipeline.random import philox4x32

__all__ = ["Params", "constants", "draw", "rate_hz"]


class Params(EncodingParams):
    """Constants of the Poisson code."""

    name: Literal["poisson"] = "poisson"
    """Name of the code."""
    rate_per_level_hz: Annotated[float, Field(gt=0)] = 0.125
    """Rate of intensity level 1 at intensity factor 1, Hz (code: pixel / 8)."""


def rate_hz(params: Params) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return np.arange(256) * (params.rate_per_level_hz * params.intensity)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: rate per level (Hz), intensity, intensity step."""
    return (params.rate_per_level_hz, params.intensity, params.intensity_step)


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Draw the input spikes of one presentation.

    Parameters
    ----------
    levels : (n_input,) uint8
        Intensities of the image.
    attempt : int
        0 for the first presentation, 1 for the first retry, ...
    n_steps : int
        Steps during which the image is shown.
    dt_ms : float
        Length of a step, ms.
    constants : tuple of float
        From :func:`constants`.
    k0, k1, c1, c2, c3 : uint64
        Key and counter words that name this presentation.
    step, source : (capacity,) uint16
        Receive the spikes, ordered by source and within it by step.

    Returns
    -------
    int
        Number of spikes, or -1 if there are more than ``capacity``.
    """
    rate_per_level_hz, intensity, intensity_step = constants
    p_per_level = rate_per_level_hz * (intensity + attempt * intensity_step) * dt_ms * 1e-3
    capacity = step.shape[0]
    n = 0
    for i in range(levels.shape[0]):
        if levels[i] == 0:
            continue
        p = min(levels[i] * p_per_level, 1.0)
        # log(1 - p) = -inf at p = 1 makes every gap 0, as it should: a spike in every step.
        per_log = 1.0 / math.log1p(-p) if p < 1.0 else -0.0
        high = np.uint64(i) << np.uint64(16)
        block = np.uint64(0)
        s = -1
        while s < n_steps:
            words = philox4x32(k0, k1, high | block, c1, c2, c3)
            block += np.uint64(1)
            for word in words:
                # The middle of one of 2**32 equal cells: never 0, so the logarithm is finite.
                gap = math.floor(math.log((word + 0.5) * 2.0**-32) * per_log)
                s += 1 + int(min(gap, 1e9))
                if s >= n_steps:
                    break
                if n == capacity:
                    return -1
                step[n] = s
                source[n] = i
                n += 1
    return n
