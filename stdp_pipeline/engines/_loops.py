"""The plain loops of the kernel: over neurons, over rows of weights, over events.

Like :mod:`stdp_pipeline.engines._kernel`, this is source that is compiled, not called. Loops over neurons are kept
small and without branches, so that the compiler turns them into vector instructions.
"""

from __future__ import annotations

from stdp_pipeline.engines._slots import advance, advance_small, place


def membranes(v, g_exc, g_inh, low, c):
    """Advance all excitatory neurons by one step; return whether any may be above threshold.

    "Or" does not depend on the order, so the loop vectorises; a maximum of floats or a 64-bit count would prevent it.
    """
    found = False
    for j in range(v.shape[0]):
        x = advance(v[j], g_exc[j], g_inh[j], c)
        v[j] = x
        found = found | (x > low[j])
    return found


def membranes_small(v, g_exc, g_inh, low, c):
    """Do the same where all conductances are weak."""
    found = False
    for j in range(v.shape[0]):
        x = advance_small(v[j], g_exc[j], g_inh[j], c)
        v[j] = x
        found = found | (x > low[j])
    return found


def decay(g, keep, flush):
    """Decay a conductance by one step; what is negligible becomes zero."""
    zero = flush - flush
    for j in range(g.shape[0]):
        x = g[j] * keep
        g[j] = x if x > flush else zero


def add_rows(weights, sources, begin, end, g_exc):
    """Add the weights of the spiking inputs to the excitatory conductances, in the order of the inputs."""
    e = begin
    while e + 1 < end:  # two rows at a time: half the traffic on g_exc
        row, next_row = weights[sources[e]], weights[sources[e + 1]]
        for j in range(g_exc.shape[0]):
            g_exc[j] = (g_exc[j] + row[j]) + next_row[j]
        e += 2
    if e < end:
        row = weights[sources[e]]
        for j in range(g_exc.shape[0]):
            g_exc[j] += row[j]


def any_above(g, limit):
    """Whether any value is above the limit."""
    found = False
    for j in range(g.shape[0]):
        found = found | (g[j] > limit)
    return found


def normalise(s, run, work):
    """Scale the columns that changed since they were last scaled to a fixed sum; mark those that leave the bounds.

    Return a bound of all weights.
    """
    n_input, n_exc = work.weights.shape
    most = run.w_max
    for j in range(n_exc):
        if s.changed[j]:
            column = 0.0
            for i in range(n_input):
                column += work.weights[i, place(work, i, j)]
            if column > 0.0:
                factor = run.norm_total / column
                smallest, largest = run.w_min, run.w_max
                for i in range(n_input):
                    q = place(work, i, j)
                    work.weights[i, q] *= factor
                    smallest = min(smallest, work.weights[i, q])
                    largest = max(largest, work.weights[i, q])
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
    return value * table[lag] if lag < table.shape[0] else value - value


def recent_traces(s, tr, work, n_recent, t):
    """Read the postsynaptic traces of the recently active neurons, dropping those whose traces have died."""
    kept = 0
    for a in range(n_recent):
        j = work.recent[a]
        lag = t - s.last_exc[j]
        if work.over[j] or lag < tr.post_fast.shape[0] or lag < tr.post_slow.shape[0]:
            work.recent[kept] = j
            work.fast[kept] = decayed(s.trace_post[0, j], lag, tr.post_fast)
            work.slow[kept] = decayed(s.trace_post[1, j], lag, tr.post_slow)
            kept += 1
        else:
            work.is_recent[j] = 0
    return kept


def wake(s, inh, tr, work):
    """Fill the lists of inhibitory neurons to simulate and of neurons with a living trace; return their lengths."""
    n_awake = 0
    n_recent = 0
    for j in range(s.v_exc.shape[0]):
        moves = advance(s.v_inh[j], s.g_inh_exc[j], inh.flush - inh.flush, inh) != s.v_inh[j]
        work.is_awake[j] = 0
        if moves or s.g_inh_exc[j] != 0 or s.step[0] - s.last_inh[j] <= inh.refractory:
            work.is_awake[j] = 1
            work.awake[n_awake] = j
            n_awake += 1
        lag = s.step[0] - s.last_exc[j]
        work.is_recent[j] = 0
        # Scaling may move weights out of their bounds; the next spike of their input clips them, so these are visited.
        if work.over[j] or lag < tr.post_fast.shape[0] or lag < tr.post_slow.shape[0]:
            work.is_recent[j] = 1
            work.recent[n_recent] = j
            n_recent += 1
    return n_awake, n_recent


def reset(s, exc, inh):
    """Put every neuron to rest and forget past spikes."""
    s.v_exc[:] = exc.e_rest
    s.g_exc[:] = 0
    s.g_inh[:] = 0
    s.v_inh[:] = inh.e_rest
    s.g_inh_exc[:] = 0
    s.last_exc[:] = -(2**40)
    s.last_inh[:] = -(2**40)
    s.step[0] = 0


def is_over(s, exc, work, n_awake):
    """Whether no neuron can fire any more: no drive is left, and rest is below threshold."""
    for j in range(s.g_exc.shape[0]):
        if s.g_exc[j] != 0 or work.low[j] < exc.e_rest:
            return False
    left = 0
    for a in range(n_awake):
        left += s.g_inh_exc[work.awake[a]] != 0
    return left == 0
