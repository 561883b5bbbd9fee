"""Cycle-to-cycle noise: the same pulse moves the same device by another amount each time.

As in NeuroSim, the error of a write grows with the root of its number of pulses and is a share of the whole range.

References
----------
.. [1] Chen, Peng & Yu (2018), "NeuroSim: a circuit-level macro model for benchmarking neuro-inspired architectures in
   online learning", IEEE Trans. Comput.-Aided Design 37:3067, doi:10.1109/TCAD.2018.2789723; MLP+NeuroSim V3.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply"]

PHASE: Phase = "write"
DRAWN: Drawn = "write"


class Params(Strict):
    """Noise of a pulse."""

    name: Literal["cycle_to_cycle"] = "cycle_to_cycle"
    """Name of the imperfection."""
    sigma: Annotated[float, Field(ge=0, le=1)] = 0.035
    """Standard deviation of what one pulse does, as a share of g_max_us - g_min_us (Ag:a-Si: 0.035 [1])."""
    pulses: Annotated[int, Field(ge=1, le=10000)] = 97
    """Pulses from g_min_us to g_max_us; a target in between takes its share of them (Ag:a-Si: 97 [1])."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances after a write from g_min_us by as many pulses as the target takes."""
    whole = devices.g_max_us - devices.g_min_us
    n_pulses = np.rint(np.clip((g_us - devices.g_min_us) / whole, 0, 1) * params.pulses)
    noise = draws.normals("cycle_to_cycle", devices.shape, devices.write)
    moved = g_us + params.sigma * whole * np.sqrt(n_pulses) * noise
    return np.where(n_pulses > 0, np.clip(moved, devices.g_min_us, devices.g_max_us), g_us)
