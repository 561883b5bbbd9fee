"""Conductance drift: g(t) = g ((t + t0) / t0)^-nu, with an exponent for each device.

References
----------
.. [1] Nandakumar et al. (2019), "Phase-change memory models for deep learning training and inference", ICECS,
   doi:10.1109/ICECS46596.2019.8964852; Joshi et al. (2020), Nat. Commun. 11:2473, doi:10.1038/s41467-020-16108-9;
   constants as in IBM's aihwkit, PCMLikeNoiseModel.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply", "exponents"]

PHASE: Phase = "age"
DRAWN: Drawn = "device"


class Params(Strict):
    """Mean and spread of the exponents: each is slope * ln(x) + offset within its bounds, x the target over g_max_us.

    The defaults are those of phase-change memory [1]. One exponent for all devices: slopes 0, sd offset and bounds 0.
    """

    name: Literal["drift"] = "drift"
    """Name of the imperfection."""
    nu_slope: float = -0.0155
    """Slope of the mean [1]."""
    nu_offset: float = 0.0244
    """Offset of the mean [1]."""
    nu_bounds: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.049, 0.1]  # noqa: RUF012 (pydantic copies it)
    """Lowest and highest mean [1]."""
    sd_slope: float = -0.0125
    """Slope of the standard deviation [1]."""
    sd_offset: float = -0.0059
    """Offset of the standard deviation [1]."""
    sd_bounds: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.008, 0.045]  # noqa: RUF012
    """Lowest and highest standard deviation [1]."""
    t0_s: Annotated[float, Field(gt=0)] = 20.0
    """Time from programming to the reading that the target means, s [1]."""
    scale: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Factor of the exponents; 0 for no drift."""

    @model_validator(mode="after")
    def _in_order(self) -> Params:
        for name in ("nu_bounds", "sd_bounds"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"{name} must be two numbers, 0 <= low <= high, got {low:g} and {high:g}")
        return self


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances at the devices' time."""
    age = (devices.time_s + params.t0_s) / params.t0_s
    return g_us * age ** (-params.scale * exponents(params, devices, draws))


def exponents(params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return the exponent of each device."""
    log_x = np.log(np.maximum(devices.target_us / devices.g_max_us, 1e-6))
    mean = np.clip(params.nu_slope * log_x + params.nu_offset, params.nu_bounds[0], params.nu_bounds[1])
    sd = np.clip(params.sd_slope * log_x + params.sd_offset, params.sd_bounds[0], params.sd_bounds[1])
    return np.abs(mean + sd * draws.normals("drift", devices.shape))
