"""Programming noise: a write ends near its target, by an error that depends on the target.

References
----------
.. [1] Nandakumar et al. (2019), "Phase-change memory models for deep learning training and inference", ICECS,
   doi:10.1109/ICECS46596.2019.8964852, and Joshi et al. (2020), "Accurate deep neural network inference using
   computational phase-change memory", Nat. Commun. 11:2473, doi:10.1038/s41467-020-16108-9; the constants as in IBM's
   aihwkit, PCMLikeNoiseModel.
.. [2] Agrawal et al. (2022), SONOS, IEDM; constants as in Sandia's CrossSim.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase, polynomial
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply"]

PHASE: Phase = "write"
DRAWN: Drawn = "write"


class Params(Strict):
    """Standard deviation of the error as a function of the target."""

    name: Literal["programming_noise"] = "programming_noise"
    """Name of the imperfection."""
    law: Literal["polynomial", "saturating"] = "polynomial"
    """'polynomial': c[0] + c[1] x + c[2] x² ..., with x the conductance over g_max_us; 'saturating': c[0] (1 - exp(-g /
    c[1])), as of SONOS [2]."""
    sd_us: Annotated[list[float], Field(min_length=1, max_length=8)] = [0.26348, 1.9650, -1.1731]  # noqa: RUF012 (pydantic copies it)
    """The coefficients c; the result is in µS for a device whose highest conductance is g_ref_us. The default is PCM
    [1]."""
    g_ref_us: Annotated[float, Field(gt=0)] = 25.0
    """Highest conductance of the device that was measured, µS; results are scaled by g_max_us / g_ref_us."""
    scale: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Factor of the standard deviation; 0 for perfect writes."""

    @model_validator(mode="after")
    def _two_of_saturating(self) -> Params:
        if self.law == "saturating" and len(self.sd_us) != 2:
            raise ValueError(f"sd_us must have two numbers with the law 'saturating', got {len(self.sd_us)}")
        return self


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances with an error of their own, at least 0."""
    noise = draws.normals("programming_noise", devices.shape, devices.write)
    return np.maximum(g_us + sd_us(g_us, params, devices.g_max_us) * noise, 0.0)


def sd_us(g_us: np.ndarray, params: Params, g_max_us: float) -> np.ndarray:
    """Return the standard deviation of a write, µS."""
    scaling = g_max_us / params.g_ref_us
    if params.law == "polynomial":
        sd = polynomial(params.sd_us, g_us / g_max_us)
    else:
        most, width = params.sd_us
        sd = most * -np.expm1(-g_us / scaling / width)
    return params.scale * scaling * np.maximum(sd, 0.0)
