"""Read noise: each reading of a device gives another current.

White noise, drawn at each read, which here is each time step in which its input spikes.

References
----------
.. [1] Wan et al. (2022), "A compute-in-memory chip based on resistive random-access memory", Nature 608:504,
   doi:10.1038/s41586-022-04992-8; aihwkit's documentation advises 1 % of short-term read noise for it.
.. [2] Agrawal et al. (2022), SONOS, IEDM; constants as in Sandia's CrossSim: 12.58 nA, 215.37 nA.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase

__all__ = ["DRAWN", "PHASE", "Params", "read_sd_us"]

PHASE: Phase = "read"
DRAWN: Drawn = "read"


class Params(Strict):
    """Standard deviation of a reading; the three parts are independent, so that their squares are added."""

    name: Literal["read_noise"] = "read_noise"
    """Name of the imperfection."""
    relative: Annotated[float, Field(ge=0, le=10)] = 0.01
    """Share of the conductance [1]."""
    absolute_us: Annotated[float, Field(ge=0)] = 0.0
    """The same for all devices, µS."""
    saturating_us: Annotated[float, Field(ge=0)] = 0.0
    """Highest value of saturating_us (1 - exp(-g / width_us)), µS [2]."""
    width_us: Annotated[float, Field(gt=0)] = 1.0
    """Conductance at which that has come to 63 per cent, µS."""


def read_sd_us(g_us: np.ndarray, params: Params, devices: Devices) -> np.ndarray:
    """Return the standard deviation of one reading of each device, µS."""
    saturating = params.saturating_us * -np.expm1(-g_us / params.width_us)
    return np.sqrt((params.relative * g_us) ** 2 + params.absolute_us**2 + saturating**2)
