"""The exact currents and voltages of an array: Kirchhoff's laws at every crossing, one sparse factorisation.

Every crossing has a node on its word line and one on its bit line, joined by the device. Lines without resistance are
one node. This is the specification of :mod:`stdp_pipeline.hardware.circuit.effective`, and the solver for lines that
are left floating.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.circuit.params import CircuitParams, cell_conductance, checked

__all__ = ["Circuit", "Solution", "build", "factorised", "solve"]


@dataclass(frozen=True)
class Solution:
    """What flows in an array.

    Attributes
    ----------
    output_a : (n_cols,) or (n_cols, n_patterns) float64
        Current out of each bit line into its terminal, A; 0 where it floats.
    input_a : (n_rows,) or (n_rows, n_patterns) float64
        Current out of each word line's driver, A; 0 where it floats.
    word_v, bit_v : (n_rows, n_cols) or (n_rows, n_cols, n_patterns) float64
        Voltages at the two ends of each device, V.
    """

    output_a: np.ndarray
    input_a: np.ndarray
    word_v: np.ndarray
    bit_v: np.ndarray


@dataclass(frozen=True)
class Circuit:
    """Nodes of an array, and the wires between them without the devices.

    Attributes
    ----------
    n_nodes : int
    word, bit : (n_rows, n_cols) int
        Node of each crossing on its word line and its bit line.
    source, terminal : (n_rows,), (n_cols,) int
        Node at which the voltage of a word line and of a bit line is given.
    wires : sparse matrix, (n_nodes, n_nodes)
        Conductance matrix of all that is not a device, S.
    known : (n_nodes,) bool
        Nodes whose voltage is given.
    """

    n_nodes: int
    word: np.ndarray
    bit: np.ndarray
    source: np.ndarray
    terminal: np.ndarray
    wires: sparse.csc_array
    known: np.ndarray

    def matrix(self, g_s: np.ndarray) -> sparse.csc_array:
        """Return the conductance matrix with devices of ``g_s``, (n_rows, n_cols) in S, between the nodes."""
        return self.wires + _laplacian(self.word.ravel(), self.bit.ravel(), g_s.ravel(), self.n_nodes)


def _laplacian(a: np.ndarray, b: np.ndarray, g: np.ndarray, n: int) -> sparse.csc_array:
    """Conductance matrix of resistors between nodes a and b."""
    rows, cols = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
    return sparse.csc_array((np.concatenate([g, g, -g, -g]), (rows, cols)), shape=(n, n))


def build(shape: tuple[int, int], params: CircuitParams, word_floats: np.ndarray, bit_floats: np.ndarray) -> Circuit:
    """Lay the wires of an array between numbered nodes.

    Parameters
    ----------
    shape : (n_rows, n_cols)
    params : CircuitParams
    word_floats, bit_floats : (n_rows,) and (n_cols,) bool
        Lines that are left open.
    """
    n_rows, n_cols = shape
    grid = np.arange(n_rows * n_cols).reshape(shape)
    word = grid if params.word_ohm > 0 else np.broadcast_to(np.arange(n_rows)[:, None], shape)
    n_nodes = int(word[-1, -1]) + 1
    bit = n_nodes + (grid if params.bit_ohm > 0 else np.broadcast_to(np.arange(n_cols), shape))
    n_nodes = int(bit[-1, -1]) + 1
    edges: list[tuple[np.ndarray, np.ndarray, float]] = []
    if params.word_ohm > 0:
        edges.append((word[:, :-1].ravel(), word[:, 1:].ravel(), params.word_ohm))
    if params.bit_ohm > 0:
        edges.append((bit[:-1].ravel(), bit[1:].ravel(), params.bit_ohm))
    # A line's first node is its terminal where no resistance lies between.
    source, to_source = word[:, 0], params.r_driver_ohm + params.word_ohm
    if to_source > 0:
        source = n_nodes + np.arange(n_rows)
        n_nodes += n_rows
        edges.append((source[~word_floats], word[~word_floats, 0], to_source))
    terminal, to_terminal = bit[-1], params.r_sense_ohm + params.bit_ohm
    if to_terminal > 0:
        terminal = n_nodes + np.arange(n_cols)
        n_nodes += n_cols
        edges.append((bit[-1, ~bit_floats], terminal[~bit_floats], to_terminal))
    wires = sparse.csc_array((n_nodes, n_nodes))
    for a, b, ohm in edges:
        wires = wires + _laplacian(a, b, np.full(len(a), 1.0 / ohm), n_nodes)
    known = np.zeros(n_nodes, bool)
    known[source[~word_floats]] = known[terminal[~bit_floats]] = True
    # The unused ends of floating lines lead nowhere: at 0 V, they disturb nobody.
    known[source[word_floats]] = to_source > 0
    known[terminal[bit_floats]] = to_terminal > 0
    return Circuit(n_nodes, word, bit, source, terminal, wires, known)


def factorised(matrix: sparse.csc_array, known: np.ndarray) -> object:
    """Factorise the part of a conductance matrix whose voltages are to be found.

    Raises
    ------
    ConfigError
        If a node has no path to a given voltage, so that its own is undetermined.
    """
    _, part = connected_components(matrix, directed=False)
    held = np.zeros(part.max() + 1, bool)
    held[part[known]] = True
    if not held[part].all():
        raise ConfigError(
            f"g_us: {np.count_nonzero(~held[part])} nodes of the circuit have no path to a given voltage, since their "
            "devices are open and their line floats; ground the line, or give its devices a conductance"
        )
    inner = matrix[~known][:, ~known].tocsc()
    return splu(inner, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def solve(g_us: np.ndarray, params: CircuitParams, word_v: np.ndarray, bit_v: np.ndarray | float = 0.0) -> Solution:
    """Solve an array whose devices are linear, as one tile.

    Parameters
    ----------
    g_us : (n_rows, n_cols)
        Conductance of each device, µS; 0 is an open one.
    params : CircuitParams
        The size of its tiles is not used.
    word_v : (n_rows,) or (n_rows, n_patterns)
        Voltage of each word line's driver, V; NaN for a line that floats (then in all patterns).
    bit_v : float or (n_cols,)
        Voltage of each bit line's terminal, V; NaN for a line that floats.

    Returns
    -------
    Solution

    Raises
    ------
    ConfigError
        If conductances or voltages are wrong, or a voltage is undetermined.
    """
    g = checked(g_us)
    words = np.asarray(word_v, np.float64)
    patterns = words.reshape(len(words), -1)
    bits = np.broadcast_to(np.asarray(bit_v, np.float64), g.shape[1:])
    if len(words) != len(g):
        raise ConfigError(f"word_v must have one voltage for each of the {len(g)} rows, got {len(words)}")
    word_floats, bit_floats = np.asarray(np.isnan(patterns).any(axis=1)), np.asarray(np.isnan(bits))
    circuit = build(g.shape, params, word_floats, bit_floats)
    matrix = circuit.matrix(cell_conductance(g, params.r_access_ohm))
    v = np.zeros((circuit.n_nodes, patterns.shape[1]))
    v[circuit.source[~word_floats]] = patterns[~word_floats]
    v[circuit.terminal[~bit_floats]] = bits[~bit_floats, None]
    unknown = ~circuit.known
    if unknown.any():
        solver = factorised(matrix, circuit.known)
        v[unknown] = solver.solve(-(matrix[unknown][:, circuit.known] @ v[circuit.known]))  # type: ignore[attr-defined]
    return _solution(circuit, matrix @ v, v, word_floats, bit_floats, words.ndim == 1)


def _solution(
    circuit: Circuit, out: np.ndarray, v: np.ndarray, word_floats: np.ndarray, bit_floats: np.ndarray, one: bool
) -> Solution:
    """Gather currents, from what flows out of each node, and voltages."""
    output = np.where(bit_floats[:, None], 0.0, -out[circuit.terminal])
    into = np.where(word_floats[:, None], 0.0, out[circuit.source])
    found = (output, into, v[circuit.word], v[circuit.bit])
    return Solution(*(array[..., 0] if one else array for array in found))
