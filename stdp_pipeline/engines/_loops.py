"""The plain loops of the kernel: over neurons, over rows of weights, over events.

Like :mod:`stdp_pipeline.engines._kernel`, this is source that is compiled, not called. Loops over neurons are kept
small and without branches, so that the compiler turns them into vector instructions.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._slots import advance, advance_small, either
from stdp_pipeline.network.state import LONG_AGO

__all__ = [
    "any_nonzero",
    "decayed",
    "flush",
    "membranes",
    "membranes_small",
    "relax",
    "reset",
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
    """Set negligible conductances to zero. Those of an array with errors may be negative."""
    zero = limit - limit
    for j in range(g.shape[0]):
        g[j] = g[j] if abs(g[j]) > limit else zero


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
    s.clock[0] = 0
