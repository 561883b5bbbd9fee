"""Non-linear current-voltage curve: the current is not proportional to the voltage.

References
----------
.. [1] Sandia's CrossSim 3.2, cubic model: I = g (V - 0.25 V³), V in volts.
.. [2] Milo et al. (2021), "Optimized programming algorithms for multilevel RRAM in hardware neural networks", IRPS; as
   in CrossSim: I = g V + a V² + b V³ with a and b polynomials of log10(g), fitted from 62.5 to 110 µS.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.devices._base import Drawn, Phase

__all__ = ["DRAWN", "PHASE", "Params", "current", "seen_us"]

PHASE: Phase = "read"
DRAWN: Drawn = "never"

_MILO_SQUARE = (1.388e-4, 1.541e-3, 5.711e-3, 7.063e-3)
_MILO_CUBE = (8.871e-5, 6.7919e-4, 1.2968e-3)


class Params(Strict):
    """Form of the curve."""

    name: Literal["nonlinear_iv"] = "nonlinear_iv"
    """Name of the imperfection."""
    law: Literal["sinh", "cubic", "milo"] = "sinh"
    """'sinh': I = g sinh(k V) / k; 'cubic': I = g (V + c V³) [1]; 'milo': HfOx devices of 50 to 225 µS at up to 0.5 V
    [2]."""
    k_per_v: Annotated[float, Field(gt=0, le=100)] = 3.0
    """How soon 'sinh' leaves the straight line, 1/V; a choice, of no particular device."""
    c_per_v2: Annotated[float, Field(ge=-10, le=100)] = -0.25
    """Coefficient of 'cubic', 1/V² [1]; a negative one bounds the voltage, at which the current must still grow."""


def current(g_s: np.ndarray, v: np.ndarray, params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return current, A, and differential conductance, S, for conductances at zero voltage in S and voltages in V."""
    if params.law == "sinh":
        x = params.k_per_v * v
        return g_s * np.sinh(x) / params.k_per_v, g_s * np.cosh(x)
    if params.law == "cubic":
        return g_s * (v + params.c_per_v2 * v**3), g_s * (1 + 3 * params.c_per_v2 * v**2)
    log_g = np.log10(np.clip(g_s, 50e-6, 225e-6))
    conducts = g_s > 0
    a, b = conducts * np.polyval(_MILO_SQUARE, log_g), conducts * np.polyval(_MILO_CUBE, log_g)
    return g_s * v + a * v * np.abs(v) + b * v**3, g_s + 2 * a * np.abs(v) + 3 * b * v**2


def seen_us(g_us: np.ndarray, v: float, params: Params) -> np.ndarray:
    """Return current over voltage at one voltage, µS.

    Raises
    ------
    ConfigError
        If the law does not hold at that voltage: it must grow up to there, and not out of all bounds.
    """
    g_s = 1e-6 * g_us
    if params.law == "milo" and v > 0.5:
        raise ConfigError(f"v_read_v must be at most 0.5 with the law 'milo' of nonlinear_iv, got {v:g}")
    if params.law == "sinh" and params.k_per_v * v > 10:
        raise ConfigError(f"k_per_v of nonlinear_iv times v_read_v must be at most 10, got {params.k_per_v * v:g}")
    seen, slope = current(g_s, np.asarray(v), params)
    if np.any((g_s > 0) & (slope <= 0)):
        raise ConfigError(
            f"v_read_v must be lower with the law '{params.law}' of nonlinear_iv: at {v:g} V the current falls as the "
            "voltage grows"
        )
    return 1e6 * seen / v
