"""Device-to-device variation: each device conducts more or less than it was programmed to, always by the same factor.

Neighbours may have something in common, as where the thickness of a layer varies over the chip: then the normal numbers
behind the factors are smoothed by a Gaussian of the given length and brought back to unit variance.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply", "correlated"]

PHASE: Phase = "write"
DRAWN: Drawn = "device"


class Params(Strict):
    """How much, and of what."""

    name: Literal["device_variation"] = "device_variation"
    """Name of the imperfection."""
    sigma: Annotated[float, Field(ge=0, le=5)] = 0.1
    """Standard deviation of the factor ('normal', a share: 0.1 is 10 per cent), or of its logarithm ('lognormal')."""
    law: Literal["normal", "lognormal"] = "lognormal"
    """Law of the factors; negative ones of 'normal' are taken as 0. A lognormal factor has the median 1."""
    of: Literal["conductance", "range"] = "conductance"
    """One factor for a device's conductance, or two independent ones for the ends of its range, with conductances in
    between in proportion (Querlioz et al. 2013, doi:10.1109/TNANO.2013.2250995)."""
    correlation_cells: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Length over which devices of one plane are alike: standard deviation of the smoothing Gaussian, in cells; 0 for
    independent ones."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return each conductance times its device's factor."""
    if params.of == "conductance":
        return g_us * _factor("device_variation", params, devices, draws)
    low, high = devices.g_min_us, devices.g_max_us
    place = (g_us - low) / (high - low)
    low_factor = _factor("device_variation low", params, devices, draws)
    high_factor = _factor("device_variation high", params, devices, draws)
    return np.maximum((1 - place) * low * low_factor + place * high * high_factor, 0.0)


def _factor(purpose: str, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    x = params.sigma * correlated(draws.normals(purpose, devices.shape), params.correlation_cells)
    return np.exp(x) if params.law == "lognormal" else np.maximum(1 + x, 0.0)


def correlated(normals: np.ndarray, cells: float) -> np.ndarray:
    """Return standard normal numbers that are alike in the last two dimensions over a length of so many cells."""
    if cells == 0:
        return normals
    from scipy.ndimage import gaussian_filter  # Not above: planning reads this module, and 0.2 s are much there.

    sigma = (*[0.0] * (normals.ndim - 2), cells, cells)
    # Wrapped round the edges, so that all places have the same variance: that of a unit impulse, smoothed.
    impulse = np.zeros(normals.shape[-2:])
    impulse[0, 0] = 1.0
    spread = np.sqrt((gaussian_filter(impulse, cells, mode="wrap") ** 2).sum())
    return gaussian_filter(normals, sigma, mode="wrap") / spread
