"""How input spikes reach the neurons: all at once, or each synapse after its own delay.

Source that is compiled, see :mod:`stdp_pipeline.engines._kernel`. There are two sets of the same functions; the engine
puts one of them into the slots.

*together*: every spike of an input arrives at all neurons in the same step. That is a network without delays, and one
with axonal delays too, since there only the times of the input spikes are shifted, before the presentation.

*apart*: every synapse has its own delay. The weights of an input are kept in the order of their delays, so that those
that arrive in one step lie side by side; ``position[i, j]`` tells where the synapse from i to j is.
"""

from __future__ import annotations

from stdp_pipeline.engines._loops import add_rows, any_above, decayed, recent_traces
from stdp_pipeline.engines._slots import on_pre

STRONG = 10.0  # bound of the excitatory conductance below which a step counts as weak when delays are synaptic


def place_together(work, i, j):
    """Column of the synapse from i to j."""
    return j


def deliver_together(s, work, run, w_most, k, exc_most):
    """Add the spikes that arrive in step k to the conductances; return a bound of these."""
    begin, end = work.first[k], work.first[k + 1]
    add_rows(work.weights, work.sources, begin, end, s.g_exc)
    return exc_most + (end - begin) * w_most


def remember_together(s, work, run, tr):
    """Prepare for a presentation: nothing to do, traces are decayed when they are read."""
    return


def pre_spikes_together(s, exc, run, tr, rule, work, n_recent, k, t):
    """Let the spikes that arrive in step k update their traces and change weights of recently active neurons.

    Return how many neurons are recently active.
    """
    begin, end = work.first[k], work.first[k + 1]
    if begin == end:
        return n_recent
    n_recent = recent_traces(s, tr, work, n_recent, t)
    for e in range(begin, end):
        i = work.sources[e]
        if run.additive:
            s.trace_pre[i] = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre) + exc.one
        else:
            s.trace_pre[i] = exc.one
        s.last_pre[i] = t
        for a in range(n_recent):
            j = work.recent[a]
            w = on_pre(work.weights[i, j], s.trace_pre[i], work.fast[a], work.slow[a], rule)
            work.weights[i, j] = min(max(w, run.w_min), run.w_max)
    return n_recent


def hear_together(s, run, tr, work, j, t):
    """List the inputs whose trace neuron j meets in step t, with their traces; return how many."""
    n_heard = 0
    for i in range(s.trace_pre.shape[0]):
        lag = t - s.last_pre[i]
        if run.all_inputs or lag < tr.pre.shape[0]:
            work.pre[n_heard] = decayed(s.trace_pre[i], lag, tr.pre)
            work.heard[n_heard] = i
            n_heard += 1
    return n_heard


def place_apart(work, i, j):
    """Place of the synapse from i to j in the order of delays."""
    return work.position[i, j]


def deliver_apart(s, work, run, w_most, k, exc_most):
    """Add the spikes that arrive in step k, oldest first, to the conductances; return a bound of these."""
    for d in range(min(k, run.n_delays - 1), -1, -1):
        for e in range(work.first[k - d], work.first[k - d + 1]):
            i = work.sources[e]
            for q in range(work.start[i, d], work.start[i, d + 1]):
                s.g_exc[work.order[i, q]] += work.weights[i, q]
    # Many spikes are under way, so a bound from their number would be far too high; look at the conductances instead.
    return 1e30 if any_above(s.g_exc, STRONG) else STRONG


def remember_apart(s, work, run, tr):
    """Lay down the presynaptic traces of the steps before a presentation, as far back as delays reach."""
    rows = work.ring.shape[0]
    for i in range(s.trace_pre.shape[0]):
        for back in range(1, run.n_delays + 1):
            t = s.step[0] - back
            work.ring[t % rows, i] = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre)


def pre_spikes_apart(s, exc, run, tr, rule, work, n_recent, k, t):
    """Let input spikes update their traces now, and change weights of recently active neurons where they arrive now.

    Return how many neurons are recently active.
    """
    rows = work.ring.shape[0]
    now, before = work.ring[t % rows], work.ring[(t - 1) % rows]
    for i in range(now.shape[0]):
        x = before[i] * tr.pre[1]
        now[i] = x if x > run.negligible else x - x
    for e in range(work.first[k], work.first[k + 1]):
        i = work.sources[e]
        now[i] = now[i] + exc.one if run.additive else exc.one
        s.trace_pre[i] = now[i]
        s.last_pre[i] = t
    if n_recent > 0:
        n_recent = recent_traces(s, tr, work, n_recent, t)
        for d in range(min(k, run.n_delays - 1), -1, -1):
            for e in range(work.first[k - d], work.first[k - d + 1]):
                i = work.sources[e]
                for a in range(n_recent):
                    j = work.recent[a]
                    if s.delays[i, j] == d:
                        q = work.position[i, j]
                        x = work.ring[(t - d) % rows, i]
                        w = on_pre(work.weights[i, q], x, work.fast[a], work.slow[a], rule)
                        work.weights[i, q] = min(max(w, run.w_min), run.w_max)
    return n_recent


def hear_apart(s, run, tr, work, j, t):
    """List the inputs whose delayed trace neuron j meets in step t, with their traces; return how many."""
    rows = work.ring.shape[0]
    n_heard = 0
    for i in range(s.trace_pre.shape[0]):
        x = work.ring[(t - s.delays[i, j]) % rows, i]
        if run.all_inputs or x > 0:
            work.pre[n_heard] = x
            work.heard[n_heard] = i
            n_heard += 1
    return n_heard


def arrange(weights, delays, arranged, order, position, start):
    """Put the weights of each input into the order of their delays (stable counting sort)."""
    n_input, n_exc = weights.shape
    n_bins = start.shape[1] - 1
    for i in range(n_input):
        start[i] = 0
        for j in range(n_exc):
            start[i, delays[i, j] + 1] += 1
        for d in range(n_bins):
            start[i, d + 1] += start[i, d]
        for j in range(n_exc):
            q = start[i, delays[i, j]]
            order[i, q] = j
            position[i, j] = q
            arranged[i, q] = weights[i, j]
            start[i, delays[i, j]] = q + 1
        for d in range(n_bins, 0, -1):
            start[i, d] = start[i, d - 1]
        start[i, 0] = 0


def restore(weights, arranged, position):
    """Put the weights back into the order of the neurons."""
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            weights[i, j] = arranged[i, position[i, j]]


def shift(n, event_step, event_source, delays, first, steps):
    """Delay events by the axonal delay of their source, and order them by source as a code draws them."""
    for i in range(first.shape[0]):
        first[i] = 0
    for e in range(n):
        first[event_source[e] + 1] += 1
    for i in range(first.shape[0] - 1):
        first[i + 1] += first[i]
    for e in range(n):
        i = event_source[e]
        steps[first[i]] = event_step[e] + delays[i]
        first[i] += 1
    begin = 0
    for i in range(first.shape[0] - 1):
        for e in range(begin, first[i]):
            event_step[e] = steps[e]
            event_source[e] = i
        begin = first[i]
