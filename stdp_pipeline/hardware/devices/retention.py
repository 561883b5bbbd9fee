"""Retention loss: conductances wander off, or relax to one value, as time goes by.

References
----------
.. [1] CMO/HfOx devices: IBM's aihwkit, ReRamCMONoiseModel: mean change -0.0890 ln(t) µS, standard deviation
   0.0420 ln(t) + 0.4118 µS, t in seconds.
.. [2] DNN+NeuroSim V1.4, retention: g t^v, v of either sign; at 1 s it is the programmed value.
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
DRAWN: Drawn = "device"


class Params(Strict):
    """How a conductance changes from one second after programming on."""

    name: Literal["retention"] = "retention"
    """Name of the imperfection."""
    law: Literal["logarithmic", "power", "exponential"] = "logarithmic"
    """'logarithmic': by mean_us + (sd_us_per_ln ln t + sd_us) xi, mean_us = mean_us_per_ln ln t [1]; 'power': by the
    factor t^exponent [2]; 'exponential': towards rest_us with the time constant tau_s."""
    mean_us_per_ln: float = -0.0890
    """Mean change for each factor e in time, µS [1]."""
    sd_us_per_ln: Annotated[float, Field(ge=0)] = 0.0420
    """Growth of its standard deviation, µS [1]."""
    sd_us: Annotated[float, Field(ge=0)] = 0.4118
    """Its standard deviation at 1 s, µS [1]."""
    exponent: Annotated[float, Field(ge=-2, le=2)] = 0.0
    """Exponent of 'power'; negative for a loss."""
    rest_us: Annotated[float, Field(ge=0)] = 0.0
    """Where 'exponential' ends, µS."""
    tau_s: Annotated[float, Field(gt=0)] = 3e8
    """Time constant of 'exponential', s; the default is ten years (3e8 s), a usual specification."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances at the devices' time, at least 0; before 1 s nothing is lost."""
    if params.law == "exponential":
        return params.rest_us + (g_us - params.rest_us) * np.exp(-devices.time_s / params.tau_s)
    if devices.time_s < 1:
        return g_us
    log_t = np.log(devices.time_s)
    if params.law == "power":
        return g_us * np.exp(params.exponent * log_t)
    change = params.mean_us_per_ln * log_t
    spread = params.sd_us_per_ln * log_t + params.sd_us
    return np.maximum(g_us + change + spread * draws.normals("retention", devices.shape), 0.0)
