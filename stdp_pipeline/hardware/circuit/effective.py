"""The matrix that an array of linear devices multiplies by, wires and all.

With every word line driven, and idle ones at 0 V, the currents of an array are a linear function of its voltages. So
the parasitic resistances of one programmed tile are worked out once, and each read is an ordinary product.

Row by row from the top, a tile is block-tridiagonal: the nodes of a word line are joined to each other and to the bit
line nodes of its own row, those to the rows above and below. With n columns, eliminating a row takes a few dense
products of n x n matrices, which is faster than a general sparse solution for all columns
(:func:`effective_by_nodes`, the slow twin).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solveh_banded

from stdp_pipeline.hardware.circuit.nodal import build, factorised
from stdp_pipeline.hardware.circuit.params import CircuitParams, cell_conductance, checked

__all__ = ["effective_by_nodes", "effective_us", "tiles"]


def tiles(shape: tuple[int, ...], params: CircuitParams) -> Iterator[tuple[slice, slice]]:
    """Return rows and columns of each tile of an array, from the top left; those at its ends may be smaller."""
    rows, cols = params.tile(shape)
    for top in range(0, shape[0], rows):
        for left in range(0, shape[1], cols):
            yield slice(top, min(top + rows, shape[0])), slice(left, min(left + cols, shape[1]))


def effective_us(g_us: np.ndarray, params: CircuitParams) -> np.ndarray:
    """Return the effective conductances of an array in tiles.

    Parameters
    ----------
    g_us : (n_rows, n_cols)
        Conductance of each device, µS; 0 is an open one.
    params : CircuitParams

    Returns
    -------
    (n_rows, n_cols) float64
        The current of column j in its tile is the sum over the tile's rows of voltage times this, µS.

    Raises
    ------
    ConfigError
        If conductances are negative, infinite or not numbers, or all devices are open.
    """
    g = cell_conductance(checked(g_us), params.r_access_ohm)
    found = np.empty_like(g)
    for rows, cols in tiles(g.shape, params):
        found[rows, cols] = _of_tile(g[rows, cols], params)
    return found * 1e6


def effective_by_nodes(g_us: np.ndarray, params: CircuitParams) -> np.ndarray:
    """Return the effective conductances of one tile, (n_rows, n_cols) in µS, by a solution for each column."""
    return 1e6 * _by_nodes(cell_conductance(checked(g_us), params.r_access_ohm), params)


def _of_tile(g: np.ndarray, params: CircuitParams) -> np.ndarray:
    if params.word_ohm > 0 and params.bit_ohm > 0 and g.shape[1] > 1:
        return _by_rows(g, params)
    if params.word_ohm + params.bit_ohm + params.r_driver_ohm + params.r_sense_ohm == 0:
        return g
    return _by_nodes(g, params)


def _by_nodes(g: np.ndarray, params: CircuitParams) -> np.ndarray:
    """Solve once for each column: by reciprocity, what it does to row i is what row i does to it."""
    circuit = build(g.shape, params, np.zeros(len(g), bool), np.zeros(g.shape[1], bool))
    matrix = circuit.matrix(g)
    unknown = ~circuit.known
    to_terminals = matrix[:, circuit.terminal].toarray()
    v = np.zeros_like(to_terminals)
    v[circuit.terminal, np.arange(g.shape[1])] = 1.0
    if unknown.any():
        v[unknown] = factorised(matrix, circuit.known).solve(-to_terminals[unknown])  # type: ignore[attr-defined]
    return -(matrix @ v)[circuit.source]


def _by_rows(g: np.ndarray, params: CircuitParams) -> np.ndarray:
    """Eliminate row after row.

    With word nodes a and bit nodes b of one row, conductances g as the diagonal matrix D, wire conductances k, and T
    the tridiagonal matrix of a word line with its devices:

        T a = D b + e V,    (K + D) b - D a = k_bit (b above + b below),

    so a is eliminated by its own row, and b by the row below. What is kept of the rows above is their voltages' share
    of the current that arrives, one column for each.
    """
    n_rows, n_cols = g.shape
    k_word, k_bit = 1.0 / params.word_ohm, 1.0 / params.bit_ohm
    k_source, k_out = 1.0 / (params.word_ohm + params.r_driver_ohm), 1.0 / (params.bit_ohm + params.r_sense_ohm)
    line = np.zeros((2, n_cols))  # T without its devices, upper diagonal and diagonal
    line[0, 1:] = -k_word
    line[1] = 2 * k_word
    line[1, 0] = k_source + k_word
    line[1, -1] -= k_word
    drive = np.zeros((n_cols, 1))
    drive[0] = k_source
    share = np.empty((n_cols, n_rows))
    above = np.zeros((n_cols, n_cols))
    for i in range(n_rows):
        conductances = g[i]
        banded = line.copy()
        banded[1] += conductances
        reached = solveh_banded(banded, np.concatenate([np.diag(conductances), drive], axis=1), check_finite=False)
        left = -conductances[:, None] * reached[:, :-1]
        left[np.diag_indices(n_cols)] += conductances + _bit_wires(i, n_rows, k_bit, k_out)
        left -= above
        share[:, i] = conductances * reached[:, -1]
        factor = cho_factor(left, lower=True, overwrite_a=True, check_finite=False)
        # b of this row = k_bit * inverse * b of the row below + solved share of the rows so far
        share[:, : i + 1] = cho_solve(factor, share[:, : i + 1], check_finite=False)
        if i < n_rows - 1:
            above = k_bit**2 * cho_solve(factor, np.eye(n_cols), check_finite=False)
            share[:, : i + 1] *= k_bit
    return np.ascontiguousarray(k_out * share.T)


def _bit_wires(i: int, n_rows: int, k_bit: float, k_out: float) -> float:
    """Conductance of the wires that leave a bit line's node in row i."""
    return (k_bit if i > 0 else 0.0) + (k_bit if i < n_rows - 1 else k_out)
