"""What learning rules share: traces and weight normalisation."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict

__all__ = ["RuleParams", "TraceMode", "exp_neg", "normalise", "power", "unchanged"]

TraceMode = Literal["set", "add"]


class RuleParams(Strict):
    """Fields that every rule's ``Params`` has."""

    tau_pre_ms: Annotated[float, Field(gt=0)] = 20.0
    """Time constant of the presynaptic trace, ms (code)."""
    tau_post_fast_ms: Annotated[float, Field(gt=0)] = 20.0
    """Time constant of the fast postsynaptic trace, ms (code)."""
    tau_post_slow_ms: Annotated[float, Field(gt=0)] = 40.0
    """Time constant of the slow postsynaptic trace, ms (code)."""
    trace: TraceMode = "set"
    """A spike sets its trace to 1 ("set", nearest-spike; the released code) or adds 1 to it ("add"; the paper)."""
    norm_total: Annotated[float, Field(gt=0)] | None = 78.0
    """Sum to which the weights of each excitatory neuron are scaled before every training presentation (code: 78
    for 784 inputs), or null for no normalisation."""


def normalise(total, norm_total, n_input):
    """Return factor and summand of divisive normalisation: w becomes w * norm_total / total."""
    return norm_total / total, 0.0


def power(base, exponent):
    """Return base**exponent for base >= 0. The fast engine puts a faster function in its place."""
    return base**exponent


def exp_neg(x):
    """Return exp(-x) for x >= 0. The fast engine puts a faster function in its place."""
    return np.exp(-x)


def unchanged(w, x_pre, y_fast, y_slow, u, c):
    """Leave the weight alone: ``on_pre`` of the rules that act at postsynaptic spikes only."""
    return w
