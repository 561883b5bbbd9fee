"""What the lines that are not selected are connected to, and what sneaks through their devices.

To read or write one device its word line gets the full voltage and its bit line 0 V. Where the other lines float,
current finds its way through three devices in series around the selected one; held at a part of the voltage they
carry currents of their own, but the selected one is read as it is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.circuit.nodal import solve
from stdp_pipeline.hardware.circuit.params import CircuitParams

__all__ = ["Scheme", "half_select_energy_j", "line_voltages", "read_margin"]

Scheme = Literal["ground", "half", "third", "float"]


def line_voltages(
    scheme: Scheme, shape: tuple[int, int], row: int, col: int, v: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the voltages of all lines while one device is selected.

    Parameters
    ----------
    scheme : {"ground", "half", "third", "float"}
        The other lines: at 0 V; all at V/2; word lines at V/3 and bit lines at 2V/3; or floating (NaN).
    shape : (n_rows, n_cols)
    row, col : int
        The selected device.
    v : float
        Its voltage, V.

    Returns
    -------
    word_v, bit_v : (n_rows,), (n_cols,) float64
        V.

    Raises
    ------
    ConfigError
        If the scheme is unknown.
    """
    others = {"ground": (0.0, 0.0), "half": (v / 2, v / 2), "third": (v / 3, 2 * v / 3), "float": (np.nan, np.nan)}
    if scheme not in others:
        raise ConfigError(f"scheme must be one of {', '.join(others)}, got '{scheme}'")
    word_v, bit_v = (np.full(n, other) for n, other in zip(shape, others[scheme], strict=True))
    word_v[row], bit_v[col] = v, 0.0
    return word_v, bit_v


def read_margin(
    size: int, g_on_us: float, g_off_us: float, params: CircuitParams, scheme: Scheme, v_read_v: float = 0.1
) -> float:
    """Return how well a device in the worst place is read: the share of its current that tells on from off.

    Parameters
    ----------
    size : int
        Rows and columns.
    g_on_us, g_off_us : float
        Conductances of the two states, µS.
    params : CircuitParams
    scheme : {"ground", "half", "third", "float"}
    v_read_v : float, default 0.1
        Voltage of the selected device, V.

    Returns
    -------
    float
        (I_on - I_off) / I_on of the device that is farthest from driver and sense amplifier, all others on.
    """
    row, col = 0, size - 1
    word_v, bit_v = line_voltages(scheme, (size, size), row, col, v_read_v)
    currents = []
    for g in (g_on_us, g_off_us):
        array = np.full((size, size), g_on_us)
        array[row, col] = g
        currents.append(float(solve(array, params, word_v, bit_v).output_a[col]))
    return (currents[0] - currents[1]) / currents[0]


def half_select_energy_j(g_us: np.ndarray, scheme: Scheme, v_write_v: float, pulse_s: float) -> np.ndarray:
    """Return the energy that the devices that are not selected take while one is written.

    Without wires: each device takes the square of its voltage times its conductance (NeuroSim's convention).

    Parameters
    ----------
    g_us : (n_rows, n_cols)
    scheme : {"ground", "half", "third"}
    v_write_v, pulse_s : float
        Voltage and duration of the write pulse.

    Returns
    -------
    (n_rows, n_cols) float64
        Energy while that device is written, J, without its own.

    Raises
    ------
    ConfigError
        If the scheme is "float", whose voltages depend on all devices: use :func:`line_voltages` and ``solve``.
    """
    if scheme == "float":
        raise ConfigError("scheme 'float' has no fixed voltages: solve the circuit with line_voltages() instead")
    word_v, bit_v = line_voltages(scheme, (2, 2), 0, 0, v_write_v)
    squares = (word_v[:, None] - bit_v) ** 2  # of the selected one, its row, its column, and all others
    g = np.asarray(g_us, np.float64) * 1e-6
    of_row, of_column = g.sum(axis=1, keepdims=True) - g, g.sum(axis=0, keepdims=True) - g
    others = g.sum() - g - of_row - of_column
    return pulse_s * (squares[0, 1] * of_row + squares[1, 0] * of_column + squares[1, 1] * others)
