"""The slots of the kernel: functions that it takes from a code, a rule, an integrator and a precision.

They have no body. :mod:`stdp_pipeline.engines._compile` puts the chosen function in the place of each; that it does
is checked by a test. They stand here so that the kernel's source reads, and is checked, as ordinary Python.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "SLOTS",
    "add_rows",
    "advance",
    "advance_small",
    "begin",
    "chance",
    "change_post",
    "change_pre",
    "deliver",
    "dice",
    "draw",
    "draw_chances",
    "drawn",
    "either",
    "exp_neg",
    "find_out_of_bounds",
    "fires",
    "first_spikes",
    "hear",
    "jolt",
    "level",
    "load_column",
    "max_of_threads",
    "normalise",
    "on_post",
    "on_pre",
    "power",
    "pre_spikes",
    "real",
    "redo",
    "restore",
    "roll",
    "rolled",
    "room",
    "scale_columns",
    "store",
    "store_column",
    "sum_of_threads",
    "undo",
    "weight",
]

SLOTS = tuple(name for name in __all__ if name != "SLOTS")


def advance(v: Any, g_exc: Any, g_inh: Any, c: Any) -> Any:
    """Potential one step later; one of :mod:`stdp_pipeline.engines._integrators`."""


def advance_small(v: Any, g_exc: Any, g_inh: Any, c: Any) -> Any:
    """``advance`` for weak conductances: ``leak`` times the total conductance is at most 0.25."""


def exp_neg(x: Any) -> Any:
    """exp(-x) in the precision of the run; one of :mod:`stdp_pipeline.engines._elementary`."""


def either(found: Any, x: Any) -> Any:
    """Integer that is negative if ``found`` or x is; one of :mod:`stdp_pipeline.engines._elementary`."""


def real(x: Any) -> Any:
    """Whole number as a real one in the precision of the run; one of :mod:`stdp_pipeline.engines._elementary`."""


def power(base: Any, exponent: Any) -> Any:
    """base**exponent in the precision of the run; one of :mod:`stdp_pipeline.engines._elementary`."""


def on_pre(w: Any, x_pre: Any, y_fast: Any, y_slow: Any, u: Any, c: Any) -> Any:
    """Weight after a presynaptic spike; see :mod:`stdp_pipeline.plasticity`."""


def on_post(w: Any, x_pre: Any, y_fast: Any, y_slow: Any, u: Any, c: Any) -> Any:
    """Weight after a postsynaptic spike; see :mod:`stdp_pipeline.plasticity`."""


def normalise(total: Any, norm_total: Any, n_input: Any) -> Any:
    """Factor and summand that scale a neuron's weights; see :mod:`stdp_pipeline.plasticity`."""


def level(s: Any, c: Any) -> Any:
    """Level of a state of a synapse; the rule's, or :func:`stdp_pipeline.engines._weights.is_its_level`."""


# How weights are stored: one of the sets of functions in :mod:`stdp_pipeline.engines._weights`.


def change_pre(w: Any, x_pre: Any, y_fast: Any, y_slow: Any, u: Any, roll: Any, run: Any, rule: Any) -> Any:
    """Return what is stored after a presynaptic spike."""


def change_post(w: Any, x_pre: Any, y_fast: Any, y_slow: Any, u: Any, roll: Any, run: Any, rule: Any) -> Any:
    """Return what is stored after a postsynaptic spike."""


def weight(s: Any, i: Any, j: Any, run: Any, rule: Any) -> Any:
    """Weight of one synapse as its neuron receives it."""


def store(s: Any, work: Any, run: Any, i: Any, j: Any, new: Any, roll: Any) -> Any:
    """Store what a spike made of one synapse; ``roll`` is the number that :func:`dice` gave."""


def load_column(s: Any, heard: Any, column: Any, n_heard: Any, j: Any) -> Any:
    """Gather what is stored for the synapses of one neuron."""


def store_column(s: Any, work: Any, run: Any, heard: Any, column: Any, fresh: Any, n_heard: Any, j: Any) -> Any:
    """Store what a postsynaptic spike made of the synapses of one neuron."""


def restore(s: Any, i: Any, j: Any, old: Any) -> Any:
    """Put back what was stored before a change that is undone."""


def add_rows(s: Any, work: Any, begin: Any, end: Any, run: Any, rule: Any) -> Any:
    """Add the weights of spiking inputs to the excitatory conductances."""


def find_out_of_bounds(s: Any, run: Any, work: Any) -> Any:
    """Mark the neurons that have a weight out of its bounds; return a bound of all weights."""


def scale_columns(s: Any, run: Any, rule: Any, work: Any, team: Any) -> Any:
    """Scale the weights of changed neurons to the fixed sum; return a bound of all weights."""


# Random numbers of synapses: some of the functions in :mod:`stdp_pipeline.engines._numbers`.


def chance(work: Any, t: Any, kind: Any, i: Any, j: Any) -> Any:
    """Return what a rule gets as its random numbers, for one synapse at one spike."""


def draw_chances(work: Any, n_heard: Any, t: Any, kind: Any, j: Any) -> Any:
    """Draw that for all inputs of neuron j."""


def drawn(work: Any, h: Any) -> Any:
    """Return what was drawn for the h-th of the inputs that the neuron hears."""


def dice(work: Any, t: Any, kind: Any, i: Any, j: Any) -> Any:
    """Return the number from 0 to 1 that rounds a weight to a level, for one synapse at one spike."""


def roll(work: Any, n_heard: Any, t: Any, kind: Any, j: Any) -> Any:
    """Draw that for all inputs of neuron j."""


def rolled(work: Any, h: Any) -> Any:
    """Return what was drawn for the h-th of the inputs that the neuron hears."""


def fires(v: Any, threshold: Any, exc: Any, work: Any, team: Any, k: Any, j: Any) -> Any:
    """Whether neuron j fires in step k; one of :mod:`stdp_pipeline.engines._escape`."""


def jolt(v: Any, exc: Any, work: Any, team: Any, k: Any, candidates: Any) -> Any:
    """Add the noise of a step; return whether any neuron may fire. One of :mod:`stdp_pipeline.engines._escape`."""


def first_spikes(run: Any, inp: Any, image: Any, pass_index: Any, attempt: Any, work: Any) -> Any:
    """Put the input spikes of a presentation into ``work`` in any order and return their number, or -1.

    One of :mod:`stdp_pipeline.engines._presentations`.
    """


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


def sum_of_threads(team: Any, value: Any) -> Any:
    """Sum of the threads' integers; one of :mod:`stdp_pipeline.engines._team`."""


def max_of_threads(team: Any, value: Any) -> Any:
    """Largest of the threads' values; one of :mod:`stdp_pipeline.engines._team`."""


# The rest are one of the two sets of functions in :mod:`stdp_pipeline.engines._arrivals`.


def begin(s: Any, run: Any, work: Any) -> Any:
    """Prepare for a presentation."""


def room(run: Any, work: Any) -> Any:
    """Entries of ``past`` that a neuron needs in this presentation."""


def deliver(s: Any, run: Any, rule: Any, work: Any, team: Any, w_most: Any, exc_most: Any, k: Any) -> Any:
    """Add the spikes that arrive in step k to the conductances; return a bound of these."""


def pre_spikes(
    s: Any, exc: Any, run: Any, tr: Any, rule: Any, work: Any, team: Any, past: Any, n_recent: Any, k: Any, t: Any
) -> Any:
    """Update traces and weights for the input spikes of step k."""


def undo(s: Any, run: Any, work: Any, past: Any, j: Any, k: Any) -> Any:
    """Undo what was done ahead of time to the weights of neuron j, which fires in step k."""


def redo(s: Any, run: Any, tr: Any, rule: Any, work: Any, team: Any, past: Any, j: Any, k: Any, t: Any) -> Any:
    """Do ahead of time, after step k, what spikes on their way to neuron j will do."""


def hear(s: Any, run: Any, tr: Any, work: Any, j: Any, k: Any, t: Any) -> Any:
    """List the inputs whose trace neuron j meets in step t; return how many."""
