"""Variation of a binary device's two states: lognormal, wide for the off state and narrow for the on state.

References
----------
.. [1] Garbin et al. (2015), "HfO2-based OxRAM devices as synapses for convolutional neural networks", IEEE Trans.
   Electron Devices 62:2494, doi:10.1109/TED.2015.2440102: lognormal off states, narrow on states.
.. [2] N2D2 (CEA LIST), models/mnist-stdp*.ini: standard deviations of the logarithm 0.444 (off) and 0.053 (on).
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
    """Spread of each state."""

    name: Literal["state_variation"] = "state_variation"
    """Name of the imperfection."""
    sigma_ln_off: Annotated[float, Field(ge=0, le=5)] = 0.444
    """Standard deviation of the logarithm of the conductance at g_min_us [2]."""
    sigma_ln_on: Annotated[float, Field(ge=0, le=5)] = 0.053
    """The same at g_max_us [2]; in between, in proportion to the logarithm of the conductance."""


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances times a lognormal factor of the state's spread."""
    low, high = max(devices.g_min_us, 1e-3 * devices.g_max_us), devices.g_max_us
    place = np.clip(np.log(np.maximum(g_us, low) / low) / np.log(high / low), 0.0, 1.0)
    sigma = params.sigma_ln_off + (params.sigma_ln_on - params.sigma_ln_off) * place
    return g_us * np.exp(sigma * draws.normals("state_variation", devices.shape, devices.write))
