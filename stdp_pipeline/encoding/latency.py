r"""Latency code (time to first spike): every input fires once, the earlier the brighter it is.

.. math::

    \text{linear:} \quad t = T \, (1 - x) \qquad
    \text{logarithmic:} \quad t = \min\left(\tau \ln \frac{x}{x - \theta}, T\right)

The logarithmic law is the first spike of a leaky integrator with time constant tau under the constant input x and with
threshold theta; inputs that do not exceed theta are silent.

References
----------
.. [1] Thorpe, Delorme, Van Rullen (2001), "Spike-based strategies for rapid processing", Neural Networks 14:715,
   doi:10.1016/S0893-6080(01)00083-1.
.. [2] Eshraghian et al. (2023), "Training spiking neural networks using lessons from deep learning", Proc. IEEE
   111:1016, doi:10.1109/JPROC.2023.3308088, section on latency coding: the logarithmic law.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import TimingParams, counted_rate_hz, to_levels
from stdp_pipeline.encoding._trains import put

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(TimingParams):
    """Constants of the latency code."""

    name: Literal["latency"] = "latency"
    """Name of the code."""
    law: Literal["linear", "logarithmic"] = "linear"
    """How the time depends on the intensity."""
    window_ms: Annotated[float, Field(gt=0)] = 50.0
    """Latest time T of a spike, ms."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Intensity theta, 0 to 1, that an input must exceed to fire at all, with both laws."""
    tau_ms: Annotated[float, Field(gt=0)] = 20.0
    """Time constant of the logarithmic law, ms."""


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return counted_rate_hz(draw, constants(params), n_steps, dt_ms)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: window (ms), threshold, tau (ms; 0 for linear), copies at each retry."""
    tau_ms = params.tau_ms if params.law == "logarithmic" else 0.0
    return (params.window_ms, params.threshold, tau_ms, float(params.copies_step))


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Give the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    window_ms, threshold, tau_ms, copies_step = constants
    copies = 1 + attempt * int(copies_step)
    n = 0
    for i in range(levels.shape[0]):
        x = levels[i] / 255.0
        if x <= threshold:
            continue
        t_ms = window_ms * (1.0 - x)
        if tau_ms > 0.0:
            t_ms = min(tau_ms * math.log(x / (x - threshold)), window_ms)
        n = put(int(np.rint(t_ms / dt_ms)), copies, n_steps, i, n, step, source)
        if n < 0:
            break
    return n
