"""The slots of the kernel: functions that it takes from a code, a rule, an integrator and a precision.

They have no body. :mod:`stdp_pipeline.engines._compile` puts the chosen function in the place of each; that it does
is checked by a test. They stand here so that the kernel's source reads, and is checked, as ordinary Python.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "SLOTS",
    "advance",
    "advance_small",
    "deliver",
    "draw",
    "exp_neg",
    "hear",
    "on_post",
    "on_pre",
    "place",
    "pre_spikes",
    "remember",
]

SLOTS = tuple(name for name in __all__ if name != "SLOTS")


def advance(v: Any, g_exc: Any, g_inh: Any, c: Any) -> Any:
    """Potential one step later; one of :mod:`stdp_pipeline.engines._integrators`."""


def advance_small(v: Any, g_exc: Any, g_inh: Any, c: Any) -> Any:
    """``advance`` for weak conductances: ``leak`` times the total conductance is at most 0.25."""


def exp_neg(x: Any) -> Any:
    """exp(-x) in the precision of the run; one of :mod:`stdp_pipeline.engines._integrators`."""


def on_pre(w: Any, x_pre: Any, y_fast: Any, y_slow: Any, c: Any) -> Any:
    """Weight after a presynaptic spike; see :mod:`stdp_pipeline.plasticity`."""


def on_post(w: Any, x_pre: Any, y_fast: Any, y_slow: Any, c: Any) -> Any:
    """Weight after a postsynaptic spike; see :mod:`stdp_pipeline.plasticity`."""


def draw(
    levels: Any,
    attempt: Any,
    n_steps: Any,
    dt_ms: Any,
    constants: Any,
    k0: Any,
    k1: Any,
    c1: Any,
    c2: Any,
    c3: Any,
    step: Any,
    source: Any,
) -> Any:
    """Write the input spikes of a presentation and return their number; see :mod:`stdp_pipeline.encoding`."""


# The rest are one of the two sets of functions in :mod:`stdp_pipeline.engines._arrivals`.


def place(work: Any, i: Any, j: Any) -> Any:
    """Where the weight of the synapse from input i to neuron j is in row i of the weights."""


def deliver(s: Any, work: Any, run: Any, w_most: Any, k: Any, exc_most: Any) -> Any:
    """Add the spikes that arrive in step k to the conductances; return a bound of these."""


def remember(s: Any, work: Any, run: Any, tr: Any) -> Any:
    """Prepare the presynaptic traces for a presentation."""


def pre_spikes(s: Any, exc: Any, run: Any, tr: Any, rule: Any, work: Any, n_recent: Any, k: Any, t: Any) -> Any:
    """Update traces and weights for the input spikes of step k; return how many neurons are recently active."""


def hear(s: Any, run: Any, tr: Any, work: Any, j: Any, t: Any) -> Any:
    """List the inputs whose trace neuron j meets in step t; return how many."""
