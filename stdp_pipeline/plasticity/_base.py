"""What learning rules share: traces and weight normalisation."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict

__all__ = [
    "ContinuousParams",
    "Draws",
    "RuleParams",
    "SwitchingParams",
    "TraceMode",
    "a_number_of_its_devices",
    "a_number_of_the_spike",
    "exp_neg",
    "is_its_state",
    "no_numbers",
    "normalise",
    "number_that_switch",
    "power",
    "two",
    "unchanged",
    "window_trace",
]

TraceMode = Literal["set", "add"]

Draws = Literal["none", "spike", "device", "alike"]
"""Random numbers that a rule's functions get as ``u``; see :mod:`stdp_pipeline.plasticity`."""


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


class ContinuousParams(RuleParams):
    """Fields of rules whose weights are real numbers, which may be put on a few levels."""

    levels: Annotated[int, Field(ge=2, le=256)] | None = None
    """Keep each weight on one of so many levels, equally spaced from network.w_min to network.w_max (2 is 1 bit, 3
    ternary, 256 8 bits), or null for real numbers. Each change, and each scaling to norm_total, is rounded."""
    rounding: Literal["stochastic", "nearest"] = "stochastic"
    """How a weight is put on its levels: at random to one of the two neighbours, so that the mean is kept
    ('stochastic'), or to the nearest, where changes of less than half a level are lost ('nearest')."""
    normalise_by: Literal["weights", "gain"] = "weights"
    """What brings the weights of a neuron to norm_total: the weights themselves, which on levels are rounded again, or,
    with levels only, a gain of the neuron, which its synapses know nothing of."""

    @model_validator(mode="after")
    def _gain_for_levels(self) -> ContinuousParams:
        if self.normalise_by == "gain" and self.levels is None:
            raise ValueError("normalise_by 'gain' is for weights on levels: give levels, or leave it out")
        return self


class SwitchingParams(RuleParams):
    """Fields of rules whose synapses switch at random between a few states."""

    trace: Literal["set"] = "set"
    """A spike sets its trace to 1, so that a trace tells the time since the last spike."""
    norm_total: Annotated[float, Field(gt=0)] | None = 78.0
    """Sum to which a gain of each neuron brings its weights before every training presentation, or null for none. The
    synapses keep their states: a synapse that has two of them cannot be scaled, a neuron's input can."""
    normalise_by: Literal["gain"] = "gain"
    """It is always the gain of the neuron."""


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


def no_numbers(params) -> Draws:
    """``draws`` of deterministic rules."""
    return "none"


def a_number_of_the_spike(params) -> Draws:
    """``draws`` of rules that change weights at random."""
    return "spike"


def a_number_of_its_devices(params) -> Draws:
    """``draws`` of rules whose devices differ from each other by ``params.spread``."""
    return "device" if params.spread > 0 else "alike"


def two(params):
    """``n_states`` and ``n_levels`` of a synapse that is off or on."""
    return 2


def is_its_state(s, c):
    """``level`` of synapses whose states are their levels."""
    return s


def window_trace(window_ms, tau_ms):
    """Return the trace that a spike leaves after ``window_ms``: a trace at least as large is of a spike in the window.

    Less by a little, so that rounding does not put a spike exactly at its end outside. Traces in steps of 0.01 ms with
    a time constant of 100 ms still differ by ten times as much.
    """
    return math.exp(-window_ms / tau_ms) * (1 - 1e-5)


def number_that_switch(n, stay, u, most):
    """Return how many of n devices switch if each does so with the same probability: the binomial quantile of u.

    Parameters
    ----------
    n : int or array of int
        Devices that can switch, 0 to ``most``.
    stay : float or array
        Probability, above 0, that a device does not switch.
    u : float or array
        Uniform on (0, 1).
    most : int
        Bound of n; given as a literal where that can be, since then compiled code has no loop.

    Returns
    -------
    int or array of int

    Notes
    -----
    The k-th term of the binomial law follows from the one before, and terms beyond n are 0. Written without branches
    and with whole numbers in the place of booleans: then it is compiled to vector instructions, ten times as fast.
    """
    term = 1.0 + (n > 0) * (stay - 1.0)
    for k in range(1, most):
        term = term * (1.0 + (n > k) * (stay - 1.0))
    odds = 1.0 / stay - 1.0
    below = term
    count = n * 0
    for k in range(most):
        count = count + (u >= below) * (n > k)
        term = term * odds * (n - k) * (1.0 / (k + 1.0))
        below = below + term
    return count
