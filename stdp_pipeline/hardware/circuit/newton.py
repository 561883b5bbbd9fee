"""The exact currents of an array whose devices do not obey Ohm's law, by Newton's iteration.

Each iteration solves the circuit with every device replaced by its tangent: the same sparse system as for linear
devices. A step that does not reduce the currents' error is halved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.circuit.nodal import Circuit, Solution, build, factorised
from stdp_pipeline.hardware.circuit.params import CircuitParams, checked

__all__ = ["Law", "ohmic", "solve_nonlinear"]

Law = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Current, A, and its derivative, S, of devices with conductances at zero voltage in S, at voltages in V."""

_MOST_ITERATIONS = 100
_TOLERANCE = 1e-12
"""Largest current that may be missing at a node, as a share of the largest current of a device, beside rounding."""


def ohmic(g_s: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return current and slope of linear devices."""
    return g_s * v, g_s


def solve_nonlinear(
    g_us: np.ndarray, law: Law, params: CircuitParams, word_v: np.ndarray, bit_v: np.ndarray | float = 0.0
) -> Solution:
    """Solve an array for one pattern of voltages, as one tile.

    Parameters
    ----------
    g_us : (n_rows, n_cols)
        Conductance of each device at zero voltage, µS; 0 is an open one.
    law : Law
        Must grow with the voltage.
    params : CircuitParams
    word_v : (n_rows,)
        Voltage of each word line's driver, V; NaN for a line that floats.
    bit_v : float or (n_cols,)
        Voltage of each bit line's terminal, V; NaN for a line that floats.

    Returns
    -------
    Solution
        With arrays of one pattern.

    Raises
    ------
    ConfigError
        If conductances or voltages are wrong, a voltage is undetermined, or the iteration does not end.
    """
    g = checked(g_us) * 1e-6
    words = np.asarray(word_v, np.float64)
    bits = np.broadcast_to(np.asarray(bit_v, np.float64), g.shape[1:])
    if words.shape != g.shape[:1]:
        raise ConfigError(f"word_v must have one voltage for each of the {len(g)} rows, got shape {words.shape}")
    circuit = build(g.shape, params, np.isnan(words), np.isnan(bits))
    v = np.zeros(circuit.n_nodes)
    v[circuit.source[~np.isnan(words)]] = words[~np.isnan(words)]
    v[circuit.terminal[~np.isnan(bits)]] = bits[~np.isnan(bits)]
    unknown = ~circuit.known
    current, slope = _cells(g, law, params, circuit, v)
    missing = _missing(circuit, current, v)
    rounding = 16 * np.finfo(float).eps * float((abs(circuit.wires) @ np.full(circuit.n_nodes, np.abs(v).max())).max())
    for _ in range(_MOST_ITERATIONS):
        allowed = _TOLERANCE * np.abs(current).max() + rounding
        if not unknown.any() or np.abs(missing[unknown]).max() <= allowed:
            return Solution(
                np.where(np.isnan(bits), 0.0, -missing[circuit.terminal]),
                np.where(np.isnan(words), 0.0, missing[circuit.source]),
                v[circuit.word],
                v[circuit.bit],
            )
        step = factorised(circuit.matrix(slope), circuit.known).solve(missing[unknown])  # type: ignore[attr-defined]
        for shrink in 0.5 ** np.arange(30):
            tried = v.copy()
            tried[unknown] -= shrink * step
            current, slope = _cells(g, law, params, circuit, tried)
            rest = _missing(circuit, current, tried)
            if np.abs(rest[unknown]).max() < np.abs(missing[unknown]).max() or shrink < 1e-8:
                v, missing = tried, rest
                break
    raise ConfigError(
        f"the array's voltages did not converge in {_MOST_ITERATIONS} iterations: does the law of its devices grow "
        "with the voltage over the whole range?"
    )


def _missing(circuit: Circuit, current: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the current that flows out of each node, which is 0 where the voltage is right."""
    out = circuit.wires @ v
    np.add.at(out, circuit.word.ravel(), current.ravel())
    np.subtract.at(out, circuit.bit.ravel(), current.ravel())
    return out


def _cells(
    g: np.ndarray, law: Law, params: CircuitParams, circuit: Circuit, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return currents and slopes of all devices with their access devices in series."""
    across = v[circuit.word] - v[circuit.bit]
    if params.r_access_ohm == 0:
        return law(g, across)
    # The voltage on the device itself solves x + r I(x) = across, whose left side grows with x at least as fast as x.
    low, high = np.minimum(across, 0.0), np.maximum(across, 0.0)
    x = across / (1 + params.r_access_ohm * g)
    for _ in range(200):
        current, slope = law(g, x)
        excess = x + params.r_access_ohm * current - across
        low, high = np.where(excess < 0, x, low), np.where(excess > 0, x, high)
        following = x - excess / (1 + params.r_access_ohm * slope)
        inside = (following >= low) & (following <= high)
        following = np.where(inside, following, (low + high) / 2)  # bisection, where Newton's step leaves the bracket
        if np.abs(following - x).max() <= 1e-15:
            break
        x = following
    current, slope = law(g, x)
    return current, slope / (1 + params.r_access_ohm * slope)
