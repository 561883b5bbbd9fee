"""Limited endurance: a device that was written more often than it lasts is stuck.

References
----------
.. [1] Garbin et al. (2015), IEEE Trans. Electron Devices 62:2494, doi:10.1109/TED.2015.2440102: more than 1e8 cycles of
   HfO2 devices with weak programming conditions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply", "lifetimes"]

PHASE: Phase = "fault"
DRAWN: Drawn = "device"


class Params(Strict):
    """How many writes a device lasts (a Weibull law), and how it ends."""

    name: Literal["endurance"] = "endurance"
    """Name of the imperfection."""
    cycles: Annotated[float, Field(gt=0)] = 1e8
    """Writes after which half of the devices have failed [1]."""
    shape: Annotated[float, Field(gt=0, le=100)] = 2.0
    """Weibull shape: 1 for failures at a constant rate, more for devices that wear out together."""
    trainings: Annotated[float, Field(gt=0)] = 1.0
    """How many trainings like this one the devices have been through."""
    ends: Literal["off", "on", "value"] = "off"
    """What a worn-out device is stuck at: g_min_us, g_max_us, or a random value between them."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances with those of worn-out devices in their place.

    Raises
    ------
    ConfigError
        If it is not known how often each device was written.
    """
    if devices.n_writes is None:
        raise ConfigError(
            "the imperfection 'endurance' needs the number of writes of each device: train with a rule whose synapses "
            "have states, or with plasticity.device, and training.count_switches true"
        )
    worn = params.trainings * devices.n_writes > lifetimes(params, devices.shape, draws)
    low, span = devices.g_min_us, devices.g_max_us - devices.g_min_us
    place = draws.uniforms("endurance value", devices.shape) if params.ends == "value" else float(params.ends == "on")
    return np.where(worn, low + span * place, g_us)


def lifetimes(params: Params, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    """Return the number of writes that each device lasts."""
    # The quantile of a Weibull law whose median is `cycles`.
    return params.cycles * (-np.log(draws.uniforms("endurance", shape)) / np.log(2)) ** (1 / params.shape)
