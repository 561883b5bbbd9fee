"""Relaxation after programming: spread of the conductances that was measured at a few times.

References
----------
.. [1] Wan et al. (2022), "A compute-in-memory chip based on resistive random-access memory", Nature 608:504,
   doi:10.1038/s41586-022-04992-8; polynomials as in IBM's aihwkit, ReRamWan2022NoiseModel.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase, polynomial
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply", "sd_us"]

PHASE: Phase = "age"
DRAWN: Drawn = "device"

_DAY = 86400.0


class Params(Strict):
    """Standard deviations at several times, by the conductance over g_max_us; the defaults are [1]."""

    name: Literal["relaxation"] = "relaxation"
    """Name of the imperfection."""
    times_s: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] = [1.0, _DAY, 2 * _DAY]  # noqa: RUF012 (pydantic copies it)
    """Times of the measurements, s, growing [1]. In between, standard deviations follow the logarithm of time; before
    the first and after the last one there is nothing to follow, so those times are refused."""
    sd_us: Annotated[list[Annotated[list[float], Field(min_length=1)]], Field(min_length=1)] = [  # noqa: RUF012
        [0.348, 16.030, -43.853, 45.393, -16.815],
        [0.701, 22.086, -50.773, 47.095, -16.458],
        [0.782, 20.274, -43.507, 37.062, -11.934],
    ]
    """Coefficients for each time, µS, with x the conductance over g_max_us: c[0] + c[1] x + ... [1]; or, with the law
    'saturating', c[0] (1 - exp(-x / c[1])), c[1] in µS, too."""
    law: Literal["polynomial", "saturating"] = "polynomial"
    """Form of the dependence on the conductance."""
    g_ref_us: Annotated[float, Field(gt=0)] = 40.0
    """Highest conductance of the device that was measured, µS [1]; results are scaled by g_max_us / g_ref_us."""
    scale: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Factor of the standard deviation; 0 for none."""

    @model_validator(mode="after")
    def _a_row_for_each_time(self) -> Params:
        if len(self.sd_us) != len(self.times_s):
            raise ValueError(
                f"sd_us must have coefficients for each of the {len(self.times_s)} times_s, got {len(self.sd_us)} lists"
            )
        if self.law == "saturating" and any(len(row) != 2 for row in self.sd_us):
            raise ValueError("sd_us must have two numbers for each time with the law 'saturating'")
        if any(b <= a for a, b in zip(self.times_s, self.times_s[1:], strict=False)):
            raise ValueError(f"times_s must grow, got {self.times_s}")
        return self


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances at the devices' time, at least 0. A device wanders in one direction."""
    return np.maximum(g_us + sd_us(g_us, params, devices) * draws.normals("relaxation", devices.shape), 0.0)


def sd_us(g_us: np.ndarray, params: Params, devices: Devices) -> np.ndarray:
    """Return the standard deviation at the devices' time, µS.

    Raises
    ------
    ConfigError
        If nothing was measured around that time.
    """
    times = params.times_s
    if not times[0] <= devices.time_s <= times[-1]:
        raise ConfigError(
            f"time_s must be {times[0]:g} to {times[-1]:g} with the imperfection 'relaxation', which was measured at "
            f"these times only, got {devices.time_s:g}"
        )
    scaling = devices.g_max_us / params.g_ref_us
    x = np.minimum(g_us / devices.g_max_us, 1.0)
    if params.law == "saturating":
        at = [most * -np.expm1(-x * params.g_ref_us / width) for most, width in params.sd_us]
    else:
        at = [np.maximum(polynomial(row, x), 0.0) for row in params.sd_us]
    place = float(np.interp(np.log(devices.time_s), np.log(times), np.arange(len(times))))
    below = min(int(place), len(times) - 2) if len(times) > 1 else 0
    above = min(below + 1, len(times) - 1)
    return params.scale * scaling * (at[below] + (place - below) * (at[above] - at[below]))
