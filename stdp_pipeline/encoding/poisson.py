r"""Poisson rate code: each pixel fires independently at a rate proportional to its intensity.

.. math:: r = \frac{\text{level}}{8} \cdot \text{intensity} \quad \text{Hz}, \qquad p = \min(r \, \Delta t, 1)

so a white pixel (255) fires at 63.75 Hz in a first presentation. In each step a pixel fires with probability p.

References
----------
.. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.5; rates and retry rule as in the released code
   (``peter-u-diehl/stdp-mnist``, commit d527ca3).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import RateParams, to_levels
from stdp_pipeline.encoding._trains import bernoulli_train

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(RateParams):
    """Constants of the Poisson code."""

    name: Literal["poisson"] = "poisson"
    """Name of the code."""
    rate_per_level_hz: Annotated[float, Field(gt=0)] = 0.125
    """Rate of intensity level 1 at intensity factor 1, Hz (code: pixel / 8)."""


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return np.minimum(np.arange(256) * (params.rate_per_level_hz * params.intensity), 1e3 / dt_ms)


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
    n = 0
    for i in range(levels.shape[0]):
        if levels[i] > 0:
            p = min(levels[i] * p_per_level, 1.0)
            n = bernoulli_train(p, 1, n_steps, k0, k1, c1, c2, c3, i, n, step, source)
            if n < 0:
                break
    return n
