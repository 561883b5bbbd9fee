r"""Bernoulli rate code: in each slot of some milliseconds every input fires with a probability given by its intensity.

.. math:: p = \min(p_\text{max} \, x \cdot \text{intensity}, 1)

At most one spike for each slot, at its beginning, so all spikes of an image come in a common beat. With slots of one
time step it is the ``poisson`` code.

References
----------
.. [1] Hazan et al. (2018), "BindsNET: a machine learning-oriented spiking neural networks library in Python",
   Front. Neuroinform. 12:89, doi:10.3389/fninf.2018.00089: its encoder ``bernoulli``, in steps of 1 ms.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import RateParams, to_levels
from stdp_pipeline.encoding._trains import bernoulli_train

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(RateParams):
    """Constants of the Bernoulli code."""

    name: Literal["bernoulli"] = "bernoulli"
    """Name of the code."""
    p_max: Annotated[float, Field(gt=0, le=1)] = 0.032
    """Probability of a spike in a slot at full intensity and intensity factor 1."""
    slot_ms: Annotated[float, Field(gt=0)] = 1.0
    """Length of a slot, ms; rounded to whole time steps, at least one."""


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    n_slots = -(-n_steps // max(round(params.slot_ms / dt_ms), 1))
    p = np.minimum(np.arange(256) / 255 * params.p_max * params.intensity, 1)
    return p * n_slots / (n_steps * dt_ms * 1e-3)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: probability, slot (ms), intensity, intensity step."""
    return (params.p_max, params.slot_ms, params.intensity, params.intensity_step)


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Draw the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    p_max, slot_ms, intensity, intensity_step = constants
    stride = max(int(np.rint(slot_ms / dt_ms)), 1)
    p_per_level = p_max * (intensity + attempt * intensity_step) / 255.0
    n = 0
    for i in range(levels.shape[0]):
        if levels[i] > 0:
            p = min(levels[i] * p_per_level, 1.0)
            n = bernoulli_train(p, stride, n_steps, k0, k1, c1, c2, c3, i, n, step, source)
            if n < 0:
                break
    return n
