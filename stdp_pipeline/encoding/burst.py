r"""Burst code: a brighter input fires more spikes, at shorter intervals, in each burst.

.. math::

    N = \lceil N_\text{max} \, x \rceil, \qquad
    \text{ISI} = T_\text{max} - (T_\text{max} - T_\text{min}) \, x, \qquad t_{mk} = m T + k \cdot \text{ISI}

for burst m and k = 0 to N - 1. The next burst begins after T; T_max is T / N_max, so that a burst ends before.

References
----------
.. [1] Guo, Fouda, Eltawil, Salama (2021), "Neural coding in spiking neural networks: a comparative study for robust
   neuromorphic systems", Front. Neurosci. 15:638474, doi:10.3389/fnins.2021.638474.
.. [2] Park, Kim, Choe, Yoon (2019), "Fast and efficient information transmission with burst spikes in deep spiking
   neural networks", DAC 2019, doi:10.1145/3316781.3317822.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.encoding._base import TimingParams, counted_rate_hz, to_levels
from stdp_pipeline.encoding._trains import put

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(TimingParams):
    """Constants of the burst code."""

    name: Literal["burst"] = "burst"
    """Name of the code."""
    n_max: Annotated[int, Field(ge=1, le=100)] = 5
    """Spikes of a burst at full intensity."""
    isi_min_ms: Annotated[float, Field(gt=0)] = 2.0
    """Interval T_min between spikes at full intensity, ms."""
    period_ms: Annotated[float, Field(gt=0)] = 100.0
    """Time T from one burst to the next, ms."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Intensity, 0 to 1, that an input must exceed to fire."""

    @model_validator(mode="after")
    def _burst_fits(self) -> Params:
        if self.n_max * self.isi_min_ms > self.period_ms:
            raise ValueError(
                f"period_ms must be at least n_max * isi_min_ms ({self.n_max * self.isi_min_ms:g}), got "
                f"{self.period_ms:g}"
            )
        return self


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return counted_rate_hz(draw, constants(params), n_steps, dt_ms)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: most spikes, interval and period (ms), threshold, copies at each retry."""
    return (
        float(params.n_max), params.isi_min_ms, params.period_ms, params.threshold, float(params.copies_step),
    )  # fmt: skip


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Give the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    n_max, isi_min_ms, period_ms, threshold, copies_step = constants
    copies = 1 + attempt * int(copies_step)
    n_bursts = int(np.ceil(n_steps * dt_ms / period_ms))
    n = 0
    for i in range(levels.shape[0]):
        x = levels[i] / 255.0
        if x <= threshold:
            continue
        n_spikes = int(np.ceil(n_max * x))
        isi_ms = period_ms / n_max - (period_ms / n_max - isi_min_ms) * x
        for m in range(n_bursts):
            for k in range(n_spikes):
                s = int(np.rint((m * period_ms + k * isi_ms) / dt_ms))
                n = put(s, copies, n_steps, i, n, step, source)
                if n < 0:
                    return n
    return n
