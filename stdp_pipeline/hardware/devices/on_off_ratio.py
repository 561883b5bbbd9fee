"""Finite ON/OFF ratio: the lowest conductance is a share of the highest one, whatever the mapping asks for."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "PHASE", "Params", "apply"]

PHASE: Phase = "target"
DRAWN: Drawn = "never"


class Params(Strict):
    """A bound from below."""

    name: Literal["on_off_ratio"] = "on_off_ratio"
    """Name of the imperfection."""
    ratio: Annotated[float, Field(gt=1)] = 10.0
    """Highest conductance over lowest. The presets' devices have 2.3 (STT-MRAM) to 10 million (SONOS)."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances of at least g_max_us / ratio."""
    return np.maximum(g_us, devices.g_max_us / params.ratio)
