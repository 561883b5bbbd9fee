"""The slots of the kernel: functions that it takes from a code, a rule, an integrator and a precision.

They have no body. :mod:`stdp_pipeline.engines._compile` puts the chosen function in the place of each; that it does
is checked by a test. They stand here so that the kernel's source reads, and is checked, as ordinary Python.
"""

from __future__ import annotations

from typing import Any

__all__ = ["SLOTS", "advance", "advance_small", "draw", "exp_neg", "on_post", "on_pre"]

SLOTS = ("advance", "advance_small", "draw", "exp_neg", "on_post", "on_pre")


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
