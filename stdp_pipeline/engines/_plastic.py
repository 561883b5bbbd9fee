"""Plastic weights in plain NumPy: the specification of how spikes change real numbers, levels and states."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from stdp_pipeline.engines._contract import Model, check_storage
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.plasticity._device import device_constants, moved, specimen
from stdp_pipeline.random import ROUNDING, Draws, chances_of, device_normals, seed_words, synapse_words

__all__ = ["PlasticWeights"]


class PlasticWeights:
    """The plastic weights of a network, as real numbers or as states, and how a spike changes them.

    Parameters
    ----------
    model : Model
    state : NetworkState
        Left as it is.
    seed : int
        Of the rule's random numbers.

    Attributes
    ----------
    stored : (n_input, n_exc)
        As in the state.
    weights : (n_input, n_exc)
        The weights themselves, whatever is stored.
    """

    def __init__(self, model: Model, state: NetworkState, seed: int) -> None:
        check_storage(model, state)
        self.model, self.storage, self.key = model, model.storage, seed_words(seed)
        self.draws = model.rule.draws(model.rule_params)
        self.constants = model.rule.constants(model.rule_params, model.network)
        self.stored = state.weights.copy()
        self.weights = self.stored if self.storage is None else self._weights(self.stored)
        self.device = model.device
        if self.device is not None:
            self.specimen = specimen(self.device, (state.n_input, state.n_exc), Draws(seed))
            self.device_constants = device_constants(self.device)
        self.changed, self.gain = state.changed.copy(), state.gain.copy()
        self.neuron_switches, self.synapse_switches = state.neuron_switches.copy(), state.synapse_switches.copy()

    def _weights(self, states: np.ndarray) -> np.ndarray:
        assert self.storage is not None
        weights = self.storage.w_low + self.storage.unit * self.storage.level[states].astype(np.float64)
        return weights.astype(self.model.precision)

    def _chances(self, t: int, kind: int, i: Any, j: Any) -> np.ndarray:
        """Uniform numbers of the synapses from i to j, one of which is an array, at a spike in step t."""
        return chances_of(synapse_words(self.key, t, kind, i, j), np.broadcast_arrays(i, j)[0])

    def _numbers(self, t: int, kind: int, i: Any, j: Any) -> Any:
        """Return what the rule gets as its random numbers."""
        if self.draws == "spike":
            return self._chances(t, kind, i, j)
        if self.draws == "device":
            return device_normals(self.key, i, j)
        return (0.0, 0.0, 0.0, 0.0) if self.draws == "alike" else 0.0

    def _on_levels(self, states: np.ndarray, w: np.ndarray, t: int, kind: int, i: Any, j: Any) -> np.ndarray:
        """Round weights to levels, as moves from the present ones so that no move is none."""
        assert self.storage is not None
        storage = self.storage
        place = states + (w - self._weights(states)) / storage.unit
        u: Any = 0.5
        if self.model.rule_params.rounding == "stochastic":
            u = self._chances(t, kind, i, j)
        return np.floor(np.clip(place, 0, storage.n_levels - 1) + u).astype(np.uint8)

    def _put(self, where: Any, value: np.ndarray, t: int, kind: int, i: Any, j: Any) -> None:
        """Store new weights, or new states of a switching rule, of the synapses ``stored[where]`` from i to j."""
        old = self.stored[where]
        if self.device is not None:
            value = self._realised(where, value, self._chances(t, kind, i, j))
            self._count(where, value != old, j)
        if self.storage is None:
            self.stored[where] = value
            return
        if hasattr(self.model.rule, "n_states"):
            new = np.asarray(value).astype(np.uint8)
        else:
            new = self._on_levels(old, value, t, kind, i, j)
        moved = new != old
        self.stored[where] = new
        self.weights[where] = self._weights(new)
        self._count(where, moved, j)

    def _count(self, where: Any, moved: np.ndarray, j: Any) -> None:
        """Count the synapses that have changed."""
        neurons = np.broadcast_to(j, moved.shape)[moved]
        self.changed[neurons] = 1
        np.add.at(self.neuron_switches, neurons, 1)
        if self.synapse_switches.size:
            counts = self.synapse_switches[where]
            self.synapse_switches[where] = counts + (moved & (counts < np.iinfo(np.uint16).max))

    def _realised(self, where: Any, wanted: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return what devices make of the weights that a rule wants."""
        low, whole = self.model.network.w_min, self.model.network.w_max - self.model.network.w_min
        place = (self.stored[where] - low) / whole
        s = self.specimen
        up, down, bottom, top = (array[where].astype(np.float64) for array in (s.up, s.down, s.low, s.high))
        change = (wanted - self.stored[where]) / whole
        return np.asarray(low + whole * moved(place, change, u, up, down, bottom, top, self.device_constants))

    def scale(self, j: int, factor: float, summand: float, t: int) -> None:
        """Scale the weights of one neuron, or its gain; as real numbers they may leave their bounds."""
        column = (slice(None), j)
        w = self.weights[column] * factor + summand
        self.changed[j] = 0
        if self.model.rule_params.normalise_by == "gain":
            self.gain[j] = factor
            return
        self._put(column, w, t, 2 * ROUNDING, np.arange(len(w)), j)

    def _clipped(self, w: np.ndarray) -> np.ndarray:
        net = self.model.network
        return w if hasattr(self.model.rule, "n_states") else np.clip(w, net.w_min, net.w_max)

    def _before(self, where: Any) -> np.ndarray:
        """Return a rule's first argument: states of a switching rule, else weights."""
        return self.stored[where].astype(np.int64) if hasattr(self.model.rule, "n_states") else self.weights[where]

    def on_pre(self, i: int, neurons: np.ndarray, x: Any, fast: np.ndarray, slow: np.ndarray, t: int) -> None:
        """Change the weights from input i to some neurons at a presynaptic spike."""
        u = self._numbers(t, 0, i, neurons)
        value = self.model.rule.on_pre(self._before((i, neurons)), x, fast, slow, u, self.constants)
        self._put((i, neurons), self._clipped(value), t, ROUNDING, i, neurons)

    def on_post(self, j: int, x: np.ndarray, fast: float, slow: float, t: int) -> None:
        """Change all weights of neuron j at its spike."""
        inputs, column = np.arange(len(self.stored)), (slice(None), j)
        u = self._numbers(t, 1, inputs, j)
        value = self.model.rule.on_post(self._before(column), x, fast, slow, u, self.constants)
        self._put(column, self._clipped(value), t, 1 + ROUNDING, inputs, j)

    def into(self, state: NetworkState) -> NetworkState:
        """Return the state with these weights."""
        real = self.storage is None
        return replace(
            state,
            weights=self.stored,
            changed=state.changed if real else self.changed,
            gain=self.gain,
            neuron_switches=self.neuron_switches,
            synapse_switches=self.synapse_switches,
        )
