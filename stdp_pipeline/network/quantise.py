"""Put the weights of a trained network on a few levels, with fewer bits and, if asked for, fewer synapses.

Two levels are made by a threshold: above it a synapse is on, else it is off. Several ways to choose the threshold are
offered, since no one is best for all rules. More levels are equally spaced.

References
----------
.. [1] Rathi, Panda & Roy (2018), "STDP-based pruning of connections and weight quantization in spiking neural networks
   for energy-efficient recognition", IEEE Trans. Comput.-Aided Design 38:668, doi:10.1109/TCAD.2018.2819366.
.. [2] Otsu (1979), "A threshold selection method from gray-level histograms", IEEE Trans. Syst. Man Cybern. 9:62,
   doi:10.1109/TSMC.1979.4310076.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict

__all__ = ["QuantisationParams", "Quantised", "binarised", "on_levels", "otsu_threshold", "pruned", "quantised"]

Share = Annotated[float, Field(gt=0, lt=1)]


class QuantisationParams(Strict):
    """Fewer levels for the weights of a network that was trained with real numbers."""

    levels: Annotated[int, Field(ge=2, le=256)] = 2
    """Number of levels: 2 is 1 bit, 3 ternary, 256 8 bits."""
    prune_below: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Weights below this share of the largest weight of their neuron are put to network.w_min first."""
    every: Annotated[int, Field(ge=1)] | None = None
    """Images from one time to the next during training [1], and once more at its end: in between, weights learn as
    real numbers, and pruned ones may grow again. Null: only the trained network is put on levels, before neurons are
    labelled."""
    threshold: Literal["fixed", "neuron", "otsu", "quantile", "chosen"] = "otsu"
    """For two levels, what divides on from off: 'fixed', a share of network.w_max; 'neuron', a share of the neuron's
    largest weight; 'otsu', the value that separates all weights best into two groups; 'quantile', the share of each
    neuron's synapses that are off; 'chosen', that one of several quantiles with the best accuracy on training
    images."""
    share: Share = 0.5
    """The share that 'fixed', 'neuron' and 'quantile' mean."""
    candidates: Annotated[list[Share], Field(min_length=1)] = [0.75, 0.8, 0.85, 0.875, 0.9, 0.925]  # noqa: RUF012 (pydantic copies it)
    """Quantiles among which 'chosen' chooses."""
    choose_on: Annotated[int, Field(ge=100)] = 5000
    """Training images, the first ones, on which it does: the first half labels neurons, the second is classified."""
    scale: Literal["one", "neuron"] = "one"
    """'one': all synapses that are on have the same weight, the mean of what they had; 'neuron': the synapses of each
    neuron have one of their own, which keeps the neuron's sum."""

    @model_validator(mode="after")
    def _fits(self) -> QuantisationParams:
        if self.every is not None and self.threshold == "chosen":
            raise ValueError("threshold 'chosen' is for the trained network: give another one, or leave 'every' out")
        names = ("threshold", "share", "candidates", "choose_on", "scale")
        given = [name for name in names if getattr(self, name) != type(self).model_fields[name].default]
        if self.levels > 2 and given:
            raise ValueError(f"{', '.join(sorted(given))}: only with levels 2, got levels {self.levels}")
        readers = {"share": ("fixed", "neuron", "quantile"), "candidates": ("chosen",), "choose_on": ("chosen",)}
        for name, thresholds in readers.items():
            if name in given and self.threshold not in thresholds:
                raise ValueError(f"{name}: only with threshold {' or '.join(thresholds)}, got {self.threshold}")
        return self


@dataclass(frozen=True)
class Quantised:
    """Weights on levels.

    Attributes
    ----------
    level : (n_input, n_exc) uint8
    low, unit : (1,) or (n_exc,) float32
        The weight of level m is low + unit * m, the same for all neurons or one for each.
    """

    level: np.ndarray
    low: np.ndarray
    unit: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """The weights, (n_input, n_exc) float32."""
        return self.low + self.unit * self.level.astype(np.float32)


def on_levels(weights: np.ndarray, levels: int, w_min: float) -> Quantised:
    """Round weights to the nearest of equally spaced levels, from ``w_min`` to the largest weight.

    Parameters
    ----------
    weights : (n_input, n_exc)
    levels : int
    w_min : float

    Returns
    -------
    Quantised
        No weight moves by more than half a step.
    """
    unit = max(float(weights.max()) - w_min, 0.0) / (levels - 1)
    level = np.rint((weights.astype(np.float64) - w_min) / unit) if unit > 0 else np.zeros(weights.shape)
    low = np.array([w_min], np.float32)
    return Quantised(np.clip(level, 0, levels - 1).astype(np.uint8), low, np.array([unit], np.float32))


def pruned(weights: np.ndarray, prune_below: float, w_min: float) -> np.ndarray:
    """Return weights whose small ones, below a share of the largest of their neuron, are put to ``w_min``."""
    return np.where(weights < prune_below * weights.max(axis=0), weights.dtype.type(w_min), weights)


def otsu_threshold(values: np.ndarray) -> float:
    """Return the threshold that makes the variance between the values above it and the others largest [2].

    Parameters
    ----------
    values : array
        At least two different ones, else the one there is.

    Returns
    -------
    float
        Half-way between two of the values.
    """
    ordered = np.sort(values, axis=None).astype(np.float64)
    n_below = np.arange(1, len(ordered))
    sum_below = np.cumsum(ordered)[:-1]
    n_above, sum_above = len(ordered) - n_below, ordered.sum() - sum_below
    between = n_below * n_above * (sum_above / n_above - sum_below / n_below) ** 2
    between[ordered[1:] == ordered[:-1]] = -1.0  # equal values stay together
    if not len(between) or between.max() < 0:
        return float(ordered[0])
    best = int(between.argmax())
    return float((ordered[best] + ordered[best + 1]) / 2)


def binarised(weights: np.ndarray, params: QuantisationParams, share: float, w_min: float, w_max: float) -> Quantised:
    """Turn each synapse on or off by a threshold.

    Parameters
    ----------
    weights : (n_input, n_exc)
    params : QuantisationParams
    share : float
        What the threshold means; 'chosen' is tried as 'quantile' with each of its candidates.
    w_min, w_max : float

    Returns
    -------
    Quantised
        Off is ``w_min``.
    """
    if params.threshold == "fixed":
        threshold: np.ndarray | float = share * w_max
    elif params.threshold == "neuron":
        threshold = share * weights.max(axis=0)
    elif params.threshold == "otsu":
        threshold = otsu_threshold(weights)
    else:
        threshold = np.quantile(weights, share, axis=0)
    on = weights > threshold
    n_on = np.maximum(on.sum(axis=0), 1)
    if params.scale == "neuron":
        unit = (weights - w_min).sum(axis=0, dtype=np.float64) / n_on
    else:
        unit = np.array([(weights - w_min).mean(where=on, dtype=np.float64) if on.any() else 0.0])
    return Quantised(on.astype(np.uint8), np.array([w_min], np.float32), unit.astype(np.float32))


def quantised(
    weights: np.ndarray, params: QuantisationParams, w_min: float, w_max: float, share: float | None = None
) -> Quantised:
    """Prune weights and put them on levels.

    Parameters
    ----------
    weights : (n_input, n_exc)
    params : QuantisationParams
    w_min, w_max : float
        The network's.
    share : float, optional
        What the threshold of two levels means; ``params.share`` by default.

    Returns
    -------
    Quantised
    """
    left = pruned(weights, params.prune_below, w_min)
    if params.levels > 2:
        return on_levels(left, params.levels, w_min)
    return binarised(left, params, params.share if share is None else share, w_min, w_max)
