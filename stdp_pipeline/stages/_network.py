"""The file of a trained network: as small as the bits of its synapses allow.

``network.npz`` holds the arrays of a :class:`NetworkState`. Weights that are real numbers are ``weights``. Synapses
that have a few states are ``states``, as many to a byte as fit, with ``shape`` and ``bits``; where the levels are not
the learning rule's, ``low`` and ``unit`` say what they weigh.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stdp_pipeline.engines._contract import Model
from stdp_pipeline.io import read_arrays
from stdp_pipeline.network.quantise import Quantised
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.plasticity._storage import packed, unpacked, weights_of

__all__ = ["file_arrays", "read_network", "state_from", "weights_in"]


def file_arrays(state: NetworkState, model: Model, quantised: Quantised | None = None) -> dict[str, np.ndarray]:
    """Return what to write of a network.

    Parameters
    ----------
    state : NetworkState
    model : Model
    quantised : Quantised, optional
        What its weights, real numbers, were rounded to.
    """
    arrays = {**state.arrays(), "step": np.array(state.step)}
    if quantised is not None:
        del arrays["weights"]
        bits = max(int(quantised.level.max()), 1).bit_length()
        return {**arrays, **_states(quantised.level, bits), "low": quantised.low, "unit": quantised.unit}
    if (storage := model.storage) is not None:
        states = _states(arrays.pop("weights"), storage.bits)
        return {**arrays, **states}
    return arrays


def _states(states: np.ndarray, bits: int) -> dict[str, np.ndarray]:
    return {"states": packed(states, bits), "shape": np.array(states.shape), "bits": np.array(bits)}


def state_from(arrays: dict[str, np.ndarray]) -> NetworkState:
    """Rebuild a state from :func:`file_arrays`; weights on levels of their own become real numbers again."""
    arrays = dict(arrays)
    if "states" in arrays:
        n_input, n_exc = (int(n) for n in arrays["shape"])
        states = unpacked(arrays["states"], int(arrays["bits"]), (n_input, n_exc))
        real = "unit" in arrays
        arrays["weights"] = Quantised(states, arrays["low"], arrays["unit"]).weights if real else states
    return NetworkState.from_arrays(arrays, int(arrays["step"]))


def read_network(path: Path) -> NetworkState:
    """Read a trained network.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or lacks an array.
    """
    arrays = read_arrays(path, "theta_mv", "step")
    needed = ("states", "shape", "bits") if "states" in arrays else ("weights",)
    return state_from(arrays if all(name in arrays for name in needed) else read_arrays(path, *needed))


def weights_in(state: NetworkState, model: Model) -> np.ndarray:
    """Return the weights of a network as real numbers, (n_input, n_exc) float32, however they are stored."""
    if state.weights.dtype != np.uint8:
        return state.weights
    return weights_of(state.weights, model.rule, model.rule_params, model.network)
