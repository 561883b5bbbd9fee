"""Writing by learning pulses: targets are reached as well as pulses without a look at the result reach them.

The devices of the first plane are those of ``plasticity.device``: with the same constants and the same seed, the very
same ones in the first specimen, so that
transferring weights to a chip can be compared with learning on it. Each device is first reset to its lower end, and
gets as many pulses as its target would take if it were a nominal device, whose upper end is g_max_us.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

import numpy as np

from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.plasticity._device import DeviceParams, device_constants, moved, specimen
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply", "failed"]

PHASE: Phase = "write"
DRAWN: Drawn = "write"

_APART = 2**32  # from a specimen to others of the same number


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
    up, down, bottom, top, stuck_at = _specimens(params, devices, draws)
    # As a change that takes exactly so many pulses.
    change = n_pulses / constants.pulses
    u = draws.uniforms("learning_pulses", devices.shape, devices.write)
    place = moved(bottom, change, u, up, down, bottom, top, constants)
    return np.maximum(low + whole * np.where(np.isnan(stuck_at), place, stuck_at) / params.high, 0.0)


def failed(params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return which devices no pulse moves."""
    *_, stuck_at = _specimens(params, devices, draws)
    return ~np.isnan(stuck_at)


def _specimens(params: Params, devices: Devices, draws: Draws) -> list[np.ndarray]:
    """Return the fields of all planes' devices: those of weights, and those of references, drawn apart."""
    n_planes, n_rows, n_cols = devices.shape
    n_weights = n_cols - devices.n_references
    planes = []
    for plane in range(n_planes):
        parts = [
            specimen(params, (n_rows, n), Draws(draws.seed, draws.specimen + (2 * plane + part) * _APART))
            for part, n in enumerate((n_weights, devices.n_references))
        ]
        planes.append([np.concatenate([getattr(p, f.name) for p in parts], axis=1) for f in fields(parts[0])])
    return [np.stack(arrays).astype(np.float64) for arrays in zip(*planes, strict=True)]
