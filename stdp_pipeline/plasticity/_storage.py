"""How the weights of a network are stored: as real numbers, or as states of synapses that have only a few.

States are bytes. Those of a continuous rule with ``levels`` are these levels; those of a switching rule are what the
rule says. :class:`Storage` knows the weight of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.random import uniforms

__all__ = ["Storage", "packed", "storage_of", "unpacked", "weights_of"]


@dataclass(frozen=True)
class Storage:
    """States of a synapse and their weights.

    Attributes
    ----------
    level : (n_states,) uint8
        Level of each state.
    n_levels : int
    w_low, unit : float
        The weight of level m is w_low + unit * m.
    """

    level: np.ndarray
    n_levels: int
    w_low: float
    unit: float

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.level)

    @property
    def bits(self) -> int:
        """Bits that tell all states of a synapse apart."""
        return max(self.n_states - 1, 1).bit_length()

    def weights(self, states: np.ndarray) -> np.ndarray:
        """Return the weights of some states, same shape, float32."""
        table = self.w_low + self.unit * self.level.astype(np.float64)
        return table.astype(np.float32)[states]

    def drawn(self, weights: np.ndarray, seed: int) -> np.ndarray:
        """Return states, uint8, for wanted weights: each at random one of the two nearest, so that the mean is kept."""
        levels, states = np.unique(self.level, return_index=True)
        place = np.clip((weights - self.w_low) / self.unit, levels[0], levels[-1])
        above = np.clip(np.searchsorted(levels, place, side="right"), 1, len(levels) - 1)
        low, high = levels[above - 1].astype(float), levels[above].astype(float)
        u = uniforms(seed, "levels", weights.size).reshape(weights.shape)
        return states[above - 1 + (u < (place - low) / (high - low))].astype(np.uint8)


def storage_of(rule: ModuleType, params: Any, network: NetworkParams) -> Storage | None:
    """Return how a rule's synapses are stored, or None for real numbers."""
    if hasattr(rule, "n_states"):
        constants = rule.constants(params, network)
        level = np.asarray(rule.level(np.arange(rule.n_states(params)), constants)).astype(np.uint8)
        n_levels = int(rule.n_levels(params))
    elif params.levels is not None:
        level, n_levels = np.arange(params.levels, dtype=np.uint8), params.levels
    else:
        return None
    return Storage(level, n_levels, network.w_min, (network.w_max - network.w_min) / (n_levels - 1))


def weights_of(stored: np.ndarray, rule: ModuleType, params: Any, network: NetworkParams) -> np.ndarray:
    """Return weights as real numbers, however they are stored."""
    storage = storage_of(rule, params, network)
    return stored if storage is None else storage.weights(stored)


def packed(states: np.ndarray, bits: int) -> np.ndarray:
    """Return states of 1, 2 or 4 bits with as many as fit to a byte, (n,) uint8; wider ones as they are.

    3-bit states take 4 bits each and those above 4 bits a byte each, so that none crosses a byte.
    """
    if bits > 4:
        return states.ravel()
    width = {1: 1, 2: 2, 3: 4, 4: 4}[bits]
    planes = np.unpackbits(states.reshape(-1, 1), axis=1)[:, 8 - width :]
    return np.packbits(planes)


def unpacked(data: np.ndarray, bits: int, shape: tuple[int, int]) -> np.ndarray:
    """Return the states, ``shape`` uint8, that :func:`packed` packed."""
    if bits > 4:
        return data.reshape(shape)
    width = {1: 1, 2: 2, 3: 4, 4: 4}[bits]
    planes = np.unpackbits(data, count=shape[0] * shape[1] * width).reshape(-1, width)
    full = np.zeros((len(planes), 8), np.uint8)
    full[:, 8 - width :] = planes
    return np.packbits(full, axis=1).reshape(shape)
