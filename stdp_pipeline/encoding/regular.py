r"""Regular rate code: every input fires at equal intervals, the shorter the brighter it is.

.. math:: t_k = (k + \varphi) / r, \qquad r = r_\text{max} \, x \cdot \text{intensity}, \qquad k = 0, 1, \dots

Spike counts vary by one at most, so this is the Poisson code without its noise. The phase is one half for all inputs,
or random for each input and presentation, so that equally bright inputs do not fire together.

References
----------
.. [1] Adrian (1926), "The impulses produced by sensory nerve-endings: Part I", J. Physiol. 61:49,
   doi:10.1113/jphysiol.1926.sp002273: nearly regular firing whose rate grows with the stimulus.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import RateParams, to_levels
from stdp_pipeline.encoding._trains import put
from stdp_pipeline.random import philox4x32

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(RateParams):
    """Constants of the regular code."""

    name: Literal["regular"] = "regular"
    """Name of the code."""
    rate_max_hz: Annotated[float, Field(gt=0)] = 31.875
    """Rate at full intensity and intensity factor 1, Hz (that of the released code's Poisson inputs)."""
    phase: Literal["half", "random"] = "random"
    """'half': the first spike comes after half an interval. 'random': anywhere in the first interval."""


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return np.minimum(np.arange(256) / 255 * params.rate_max_hz * params.intensity, 1e3 / dt_ms)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: rate (Hz), whether the phase is random, intensity, intensity step."""
    return (params.rate_max_hz, float(params.phase == "random"), params.intensity, params.intensity_step)


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Draw the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    rate_max_hz, is_random, intensity, intensity_step = constants
    per_level = rate_max_hz * (intensity + attempt * intensity_step) * dt_ms * 1e-3 / 255.0
    n = 0
    for i in range(levels.shape[0]):
        if levels[i] == 0:
            continue
        per_step = min(levels[i] * per_level, 1.0)
        phase = 0.5
        if is_random > 0.0:
            words = philox4x32(k0, k1, np.uint64(i) << np.uint64(16), c1, c2, c3)
            phase = (words[0] + 0.5) * 2.0**-32
        k = 0
        while True:
            s = math.floor((k + phase) / per_step)
            if s >= n_steps:
                break
            n = put(s, 1, n_steps, i, n, step, source)
            if n < 0:
                return n
            k += 1
    return n
