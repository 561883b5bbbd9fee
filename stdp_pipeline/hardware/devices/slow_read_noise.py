"""Slow read noise: fluctuations that stay for a whole pass over the images, as 1/f noise mostly does.

A phase-change memory's noise has the spectrum 1/f: seen over a time T with readings of t_read, its variance grows with
the logarithm of their ratio. As in IBM's aihwkit it is drawn once for a time, not at each step.

References
----------
.. [1] Nandakumar et al. (2019), ICECS, doi:10.1109/ICECS46596.2019.8964852; aihwkit, PCMLikeNoiseModel.
.. [2] aihwkit, ReRamCMONoiseModel: 0.0277 log10(g) sqrt(ln((t + 1 µs) / 2 µs)).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply"]

PHASE: Phase = "age"
DRAWN: Drawn = "read"


class Params(Strict):
    """Constants of the noise; the defaults are those of phase-change memory [1]."""

    name: Literal["slow_read_noise"] = "slow_read_noise"
    """Name of the imperfection."""
    law: Literal["power", "logarithmic"] = "power"
    """How it depends on the conductance: 'power', a share q x^-exponent of it, at most q_max, with x the target over
    g_max_us [1]; 'logarithmic', q_max log10(g / 1 µS) in µS [2]."""
    q: Annotated[float, Field(ge=0)] = 0.0088
    """Factor of the share [1]."""
    exponent: Annotated[float, Field(ge=0, le=2)] = 0.65
    """How much less well high conductances fluctuate [1]."""
    q_max: Annotated[float, Field(ge=0)] = 0.2
    """Highest share of 'power'; factor of 'logarithmic', µS."""
    t_read_s: Annotated[float, Field(gt=0)] = 250e-9
    """Duration of a reading, s [1]."""
    t0_s: Annotated[float, Field(ge=0)] = 20.0
    """Time from programming to the first reading, s [1]; added to the time."""
    scale: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Factor of the standard deviation; 0 for none."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances as this pass reads them, at least 0."""
    noise = draws.normals("slow_read_noise", devices.shape, devices.read)
    return np.maximum(g_us + sd_us(g_us, params, devices) * noise, 0.0)


def sd_us(g_us: np.ndarray, params: Params, devices: Devices) -> np.ndarray:
    """Return the standard deviation, µS."""
    seen = np.log((devices.time_s + params.t0_s + params.t_read_s) / (2 * params.t_read_s))
    growth = np.sqrt(max(float(seen), 0.0))
    if params.law == "logarithmic":
        return params.scale * params.q_max * np.log10(np.maximum(g_us, 1.0)) * growth
    x = np.maximum(devices.target_us / devices.g_max_us, 1e-6)
    share = np.minimum(params.q / np.maximum(x**params.exponent, 1e-3), params.q_max)
    return params.scale * g_us * share * growth
