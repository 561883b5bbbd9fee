"""The plain loops of the kernel: over neurons, over rows of weights, over events.

Like :mod:`stdp_pipeline.engines._kernel`, this is source that is compiled, not called. Loops over neurons are kept
small and without branches, so that the compiler turns them into vector instructions.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._slots import advance, advance_small, either, normalise
from stdp_pipeline.network.state import LONG_AGO

__all__ = [
    "add_rows",
    "any_nonzero",
    "decayed",
    "find_out_of_bounds",
    "flush",
    "membranes",
    "membranes_small",
    "relax",
    "reset",
    "scale_columns",
    "sort_by_step",
]


def membranes(v, g_exc, g_inh, low, c):
    """Advance all excitatory neurons and their conductances by one step; return whether any may be above threshold."""
    found = either(0, c.one)
    for j in range(v.shape[0]):
        e, i = g_exc[j], g_inh[j]
        x = advance(v[j], e, i, c)
        v[j] = x
        found = either(found, low[j] - x)
        g_exc[j] = e * c.keep_exc
        g_inh[j] = i * c.keep_inh
    return found < 0


def membranes_small(v, g_exc, g_inh, low, c):
    """Do the same where all conductances are weak."""
    found = either(0, c.one)
    for j in range(v.shape[0]):
        e, i = g_exc[j], g_inh[j]
        x = advance_small(v[j], e, i, c)
        v[j] = x
        found = either(found, low[j] - x)
        g_exc[j] = e * c.keep_exc
        g_inh[j] = i * c.keep_inh
    return found < 0


def flush(g, limit):
    """Set negligible conductances to zero."""
    zero = limit - limit
    for j in range(g.shape[0]):
        g[j] = g[j] if g[j] > limit else zero


def any_nonzero(g):
    """Whether any value differs from zero."""
    found = False
    for j in range(g.shape[0]):
        found = found | (g[j] != 0)
    return found


def relax(v, rest, keep):
    """Let potentials without conductances approach rest; ``keep`` is the factor of their distance."""
    for j in range(v.shape[0]):
        v[j] = rest + (v[j] - rest) * keep


def add_rows(weights, sources, begin, end, g_exc):
    """Add the weights of the spiking inputs to the excitatory conductances, in the order of the inputs."""
    e = begin
    while e + 3 < end:  # several rows at a time: less traffic on g_exc
        a, b, c, d = sources[e], sources[e + 1], sources[e + 2], sources[e + 3]
        for j in range(g_exc.shape[0]):
            g_exc[j] = (((g_exc[j] + weights[a, j]) + weights[b, j]) + weights[c, j]) + weights[d, j]
        e += 4
    if e + 1 < end:
        a, b = sources[e], sources[e + 1]
        for j in range(g_exc.shape[0]):
            g_exc[j] = (g_exc[j] + weights[a, j]) + weights[b, j]
        e += 2
    if e < end:
        a = sources[e]
        for j in range(g_exc.shape[0]):
            g_exc[j] += weights[a, j]


def find_out_of_bounds(s, run, work):
    """Mark the neurons that have a weight out of its bounds; return a bound of all weights."""
    most = run.w_max
    work.over[:] = 0
    for i in range(s.weights.shape[0]):
        for j in range(s.weights.shape[1]):
            w = s.weights[i, j]
            most = max(most, w)
            work.over[j] |= (w > run.w_max) | (w < run.w_min)
    return most


def scale_columns(s, run, work):
    """Scale the weights of the neurons that changed since they were last scaled; mark those that leave the bounds.

    Return a bound of all weights.
    """
    n_input, n_exc = s.weights.shape
    most = run.w_max
    for j in range(n_exc):
        if s.changed[j]:
            total = 0.0
            for i in range(n_input):
                total += s.weights[i, j]
            if total > 0.0:
                scale, shift = normalise(total, run.norm_total, n_input)
                smallest, largest = run.w_min, run.w_max
                for i in range(n_input):
                    w = s.weights[i, j] * scale + shift
                    s.weights[i, j] = w
                    smallest = min(smallest, s.weights[i, j])
                    largest = max(largest, s.weights[i, j])
                work.over[j] = largest > run.w_max or smallest < run.w_min
                most = max(most, largest)
    return most


def sort_by_step(n, n_steps, step, source, first, sorted_source):
    """Order events by step (stable counting sort); step s holds ``sorted_source[first[s]:first[s + 1]]``."""
    first[:] = 0
    for e in range(n):
        first[step[e] + 1] += 1
    for s in range(n_steps):
        first[s + 1] += first[s]
    for e in range(n):
        at = first[step[e]]
        sorted_source[at] = source[e]
        first[step[e]] = at + 1
    for s in range(n_steps, 0, -1):
        first[s] = first[s - 1]
    first[0] = 0


def decayed(value, lag, table):
    """Value of a trace ``lag`` steps after its last change."""
    return value * table[np.uint64(min(lag, table.shape[0] - 1))]


def reset(s, exc, inh):
    """Put every neuron to rest and forget past spikes."""
    s.v_exc[:] = exc.e_rest
    s.g_exc[:] = 0
    s.g_inh[:] = 0
    s.v_inh[:] = inh.e_rest
    s.g_inh_exc[:] = 0
    s.last_exc[:] = LONG_AGO
    s.last_inh[:] = LONG_AGO
    s.step[0] = 0
