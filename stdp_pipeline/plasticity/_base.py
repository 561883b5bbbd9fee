"""What the functions of learning rules share."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from stdp_pipeline.errors import ConfigError

__all__ = [
    "Draws",
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

Draws = Literal["none", "spike", "device", "alike"]
"""Random numbers that a rule's functions get as ``u``; see :mod:`stdp_pipeline.plasticity`."""


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


def window_trace(window_ms, tau_ms, window="window_ms", tau="tau_pre_ms"):
    """Return the trace that a spike leaves after ``window_ms``: a trace at least as large is of a spike in the window.

    Less by a little, so that rounding does not put a spike exactly at its end outside. Traces in steps of 0.01 ms with
    a time constant of 100 ms still differ by ten times as much.

    Raises
    ------
    ConfigError
        If a trace cannot tell such times: it is lost in single precision after 80 time constants, and with a time
        constant of 10 s what is subtracted is 0.1 ms.
    """
    if window_ms > 80 * tau_ms:
        raise ConfigError(
            f"plasticity.{window} must be at most 80 times plasticity.{tau} ({tau_ms:g}), whose trace tells the time "
            f"since a spike, got {window_ms:g}"
        )
    if tau_ms > 10_000:
        raise ConfigError(
            f"plasticity.{tau} must be at most 10000 with a window, since its trace tells the time since a spike, got "
            f"{tau_ms:g}"
        )
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
