r"""Phase code: an input says how bright it is by when it fires in each cycle of a common rhythm.

.. math:: \text{oscillation:} \quad t = T \, (m + 1 - x), \qquad m = 0, 1, \dots

one spike in each cycle of length T, the earlier the brighter, as if the input's drive met a falling threshold. Or, with
the scheme 'bits', the eight binary digits of the level, the most significant first, one in each eighth of the cycle,
a spike for each 1. The weights that [2]_ gives to spikes by their digit do not exist here: all synapses of an input
have one efficacy.

References
----------
.. [1] Hopfield (1995), "Pattern recognition computation using action potential timing for stimulus representation",
   Nature 376:33, doi:10.1038/376033a0.
.. [2] Kim, Kim, Huh, Lee, Choi (2018), "Deep neural networks with weighted spikes", Neurocomputing 311:373,
   doi:10.1016/j.neucom.2018.05.087.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import TimingParams, counted_rate_hz, to_levels
from stdp_pipeline.encoding._trains import put

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(TimingParams):
    """Constants of the phase code."""

    name: Literal["phase"] = "phase"
    """Name of the code."""
    scheme: Literal["oscillation", "bits"] = "oscillation"
    """'oscillation': one spike in each cycle. 'bits': the binary digits of the level."""
    cycle_ms: Annotated[float, Field(gt=0)] = 25.0
    """Length T of a cycle, ms (40 Hz)."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Intensity, 0 to 1, that an input must exceed to fire."""


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    return counted_rate_hz(draw, constants(params), n_steps, dt_ms)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: cycle (ms), threshold, whether bits are sent, copies at each retry."""
    return (params.cycle_ms, params.threshold, float(params.scheme == "bits"), float(params.copies_step))


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Give the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    cycle_ms, threshold, bits, copies_step = constants
    copies = 1 + attempt * int(copies_step)
    n_cycles = int(np.ceil(n_steps * dt_ms / cycle_ms))
    n = 0
    for i in range(levels.shape[0]):
        x = levels[i] / 255.0
        if x <= threshold:
            continue
        for m in range(n_cycles):
            if bits == 0.0:
                n = put(int(np.rint((m + 1.0 - x) * cycle_ms / dt_ms)), copies, n_steps, i, n, step, source)
                if n < 0:
                    return n
                continue
            for digit in range(8):
                if (int(levels[i]) >> (7 - digit)) & 1:
                    s = int(np.rint((m + digit / 8.0) * cycle_ms / dt_ms))
                    n = put(s, copies, n_steps, i, n, step, source)
                    if n < 0:
                        return n
    return n
