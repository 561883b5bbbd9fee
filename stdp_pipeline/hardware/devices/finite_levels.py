"""Finite levels: a device can be programmed to a few conductances only."""

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
    """Levels from the mapping's g_min_us to its g_max_us."""

    name: Literal["finite_levels"] = "finite_levels"
    """Name of the imperfection."""
    levels: Annotated[int, Field(ge=2, le=65536)] = 16
    """Number of levels, both ends counted."""
    spacing: Literal["linear", "logarithmic"] = "linear"
    """Equal steps or equal ratios; ratios need a g_min_us above 0."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return the nearest level, in the measure of the spacing."""
    n, low, high = params.levels - 1, devices.g_min_us, devices.g_max_us
    if params.spacing == "linear":
        place = (g_us - low) / (high - low)
        return low + np.rint(np.clip(place, 0, 1) * n) / n * (high - low)
    place = np.log(np.maximum(g_us, low) / low) / np.log(high / low)
    return low * (high / low) ** (np.rint(np.clip(place, 0, 1) * n) / n)
