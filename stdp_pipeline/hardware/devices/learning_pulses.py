"""Writing by learning pulses: targets are reached as well as pulses without a look at the result reach them.

The devices are those of ``plasticity.device``: with the same constants and the same seed, the very same ones, so that
transferring weights to a chip can be compared with learning on it. Each device is first reset to its lower end, and
gets as many pulses as its target would take if it were a nominal device, whose upper end is g_max_us.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.plasticity._device import DeviceParams, device_constants, moved, specimen
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply"]

PHASE: Phase = "write"
DRAWN: Drawn = "write"


class Params(DeviceParams):
    """How devices answer to pulses, and how they differ; see ``plasticity.device``."""

    name: Literal["learning_pulses"] = "learning_pulses"
    """Name of the imperfection."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances after the pulses that the targets would take."""
    low, whole = devices.g_min_us, devices.g_max_us - devices.g_min_us
    wanted = np.clip((g_us - low) / whole, 0.0, 1.0)
    constants = device_constants(params)
    # The curve, inverted; where it would take for ever, ten times the pulses of a straight line.
    left = np.maximum(1.0 - wanted / constants.c_up, np.exp(-10 * params.pulses * constants.k_up))
    n_pulses = np.rint(-np.log(left) / constants.k_up)
    n_rows, n_cols = devices.shape[1:]
    # The planes are so many arrays of devices; one plane is what a network learns on.
    drawn = specimen(params, (devices.shape[0] * n_rows, n_cols), draws)
    up, down, high, stuck_at = (
        array.reshape(devices.shape).astype(np.float64) for array in (drawn.up, drawn.down, drawn.high, drawn.stuck_at)
    )
    # As a change that takes exactly so many pulses.
    change = n_pulses / constants.pulses
    u = draws.uniforms("learning_pulses", devices.shape, devices.write)
    place = moved(np.zeros(devices.shape), change, u, up, down, high, constants)
    return low + whole * np.where(np.isnan(stuck_at), place, stuck_at) / params.high
