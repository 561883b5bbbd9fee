"""How input spikes reach the neurons: all at once, or each synapse after its own delay.

Source that is compiled, see :mod:`stdp_pipeline.engines._kernel`. There are two sets of the same functions; the engine
puts one of them into the slots.

*together*: every spike of an input arrives at all neurons in the same step. That is a network without delays, and one
with axonal delays too, since there only the times of the input spikes are shifted, before the presentation.

*apart*: every synapse has its own delay. A spike adds its weights right away to the conductances that its neurons will
get in the steps of arrival (``future``), and depresses them at once by what the postsynaptic traces will be at arrival.
Both are exact unless a neuron fires while the spike is on its way. So when a neuron fires, what was done ahead to its
weights is undone from a record (``past``), and done again after potentiation.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._loops import decayed
from stdp_pipeline.engines._recent import read_traces
from stdp_pipeline.engines._slots import (
    add_rows,
    chance,
    change_pre,
    dice,
    max_of_threads,
    restore,
    store,
    weight,
)

STRONG = 10.0
"""Bound of the excitatory conductance up to which a step may count as weak when delays are synaptic."""


def begin_together(s, run, work):
    """Prepare for a presentation: nothing to do, traces are decayed when they are read."""
    return


def room_together(run, work):
    """Entries of ``past`` that a neuron needs in this presentation."""
    return 0


def undo_together(s, run, work, past, j, k):
    """Undo what was done ahead of time to the weights of a neuron that fires: nothing was."""
    return


def redo_together(s, run, tr, rule, work, team, past, j, k, t):
    """Do ahead of time what spikes on their way to a neuron will do: nothing is on its way."""
    return


def deliver_together(s, run, rule, work, team, w_most, exc_most, k):
    """Add the spikes that arrive in step k to the conductances; return a bound of these."""
    begin, end = work.first[k], work.first[k + 1]
    add_rows(s, work, begin, end, run, rule)
    return exc_most + (end - begin) * w_most


def pre_spikes_together(s, exc, run, tr, rule, work, team, past, n_recent, k, t):
    """Let the spikes that arrive in step k update their traces and change weights of recently active neurons."""
    begin, end = work.first[k], work.first[k + 1]
    if begin < end and n_recent > 0:
        read_traces(tr, work, n_recent, t)
    for e in range(begin, end):
        i = work.sources[e]
        x = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre) + exc.one if run.additive else exc.one
        s.trace_pre[i] = x
        s.last_pre[i] = t
        for a in range(n_recent):
            j = work.recent[a]
            n = team.first + j
            u, r = chance(work, t, 0, i, n), dice(work, t, 2, i, n)
            new = change_pre(s.weights[i, j], x, work.fast[a], work.slow[a], u, r, run, rule)
            store(s, work, run, i, j, new, r)


def hear_together(s, run, tr, work, j, k, t):
    """List the inputs whose trace neuron j meets in step t, with their traces; return how many."""
    n_input = s.trace_pre.shape[0]
    if run.all_inputs:
        for i in range(n_input):
            work.pre[i] = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre)
            work.heard[i] = i
        return n_input
    n_heard = 0
    for i in range(n_input):
        x = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre)
        if x > 0:
            work.pre[n_heard] = x
            work.heard[n_heard] = i
            n_heard += 1
    return n_heard


def begin_apart(s, run, work):
    """Prepare for a presentation: nothing is on its way, and the past is what the state says."""
    work.future[:] = 0
    for i in range(s.trace_pre.shape[0]):
        work.latest[i] = -1
        work.old_trace[i] = s.trace_pre[i]
        work.old_last[i] = s.last_pre[i]


def on_their_way(run, work, k):
    """Range of the spikes that may still have to arrive after step k."""
    return work.first[max(k - run.n_delays + 1, 0)], work.first[k + 1]


def room_apart(run, work):
    """Entries of ``past`` that a neuron needs: a power of two, at least the number of spikes on their way."""
    most = 0
    for k in range(run.n_steps):
        begin, end = on_their_way(run, work, k)
        most = max(most, end - begin)
    need = 1
    while need < most:
        need *= 2
    return need


def scatter_rows(s, target, sources, begin, end, future, row, run, rule):
    """Add the weights of the spiking inputs to the coming conductances, each where its delay says.

    This loop takes most of the time when delays are synaptic, and is bound by its loads and stores. So ``target`` holds
    four 16-bit places in each word, and all indices are unsigned: one that may be negative would cost a comparison.
    """
    flat = future.reshape(future.size)
    low16, zero, one, two, three = np.uint64(0xFFFF), np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
    n_exc, width = np.uint64(s.v_exc.shape[0]), np.uint64(future.shape[2])
    for b in range(np.uint64(future.shape[0])):
        ahead = (b * np.uint64(future.shape[1]) + np.uint64(row)) * width
        first = b * width
        n = min(width, n_exc - first)
        for e in range(begin, end):
            i = sources[e]
            for q in range(first >> two, (first + n) >> two):
                places = target[i, q]
                j = q << two
                flat[ahead + (places & low16)] += weight(s, i, j, run, rule)
                flat[ahead + ((places >> np.uint64(16)) & low16)] += weight(s, i, j + one, run, rule)
                flat[ahead + ((places >> np.uint64(32)) & low16)] += weight(s, i, j + two, run, rule)
                flat[ahead + (places >> np.uint64(48))] += weight(s, i, j + three, run, rule)
            for r in range(zero, n & three):
                j = first + (n & ~three) + r
                places = target[i, j >> two] >> (r << np.uint64(4))
                flat[ahead + (places & low16)] += weight(s, i, j, run, rule)


def take(g, arriving, limit):
    """Add what arrives to the conductances; return whether any is above a limit."""
    above = False
    for j in range(g.shape[0]):
        x = g[j] + arriving[j]
        g[j] = x
        above = above | (x > limit)
    return above


def turn(future, n_delays):
    """Make the second half of the coming steps the first one, all of whose steps have passed."""
    for b in range(future.shape[0]):
        passed, coming = future[b, :n_delays].reshape(-1), future[b, n_delays:].reshape(-1)
        for q in range(passed.shape[0]):
            passed[q] = coming[q]
            coming[q] = 0


def deliver_apart(s, run, rule, work, team, w_most, exc_most, k):
    """Send off the spikes of step k, and add those that arrive in it to the conductances; return a bound of these."""
    now = k % run.n_delays
    if now == 0:
        turn(work.future, run.n_delays)
    begin, end = work.first[k], work.first[k + 1]
    scatter_rows(s, work.target, work.sources, begin, end, work.future, now, run, rule)
    # Many spikes are under way, so a bound from their number would be far too high; look at the conductances instead.
    strong = False
    width = work.future.shape[2]
    for b in range(work.future.shape[0]):
        strong |= take(s.g_exc[b * width : (b + 1) * width], work.future[b, now], np.float32(STRONG))
    return max_of_threads(team, 1e30 if strong else STRONG)


def depress(s, run, tr, rule, work, team, past, a, e, due):
    """Record the weight from the input of spike e to recently active neuron a, and depress it as of step ``due``."""
    i, j = work.sources[e], work.recent[a]
    lag = due - work.recent_last[a]
    y_fast, y_slow = decayed(work.peak_fast[a], lag, tr.post_fast), decayed(work.peak_slow[a], lag, tr.post_slow)
    past[work.row[a], np.uint64(e & (past.shape[1] - 1))] = s.weights[i, j]
    u, r = chance(work, due, 0, i, team.first + j), dice(work, due, 2, i, team.first + j)
    new = change_pre(s.weights[i, j], work.x_at[e], y_fast, y_slow, u, r, run, rule)
    store(s, work, run, i, j, new, r)


def pre_spikes_apart(s, exc, run, tr, rule, work, team, past, n_recent, k, t):
    """Let the spikes of step k update their traces, and change weights of recently active neurons ahead of time."""
    for e in range(work.first[k], work.first[k + 1]):
        i = work.sources[e]
        x = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre) + exc.one if run.additive else exc.one
        s.trace_pre[i] = x
        s.last_pre[i] = t
        work.when[e] = k
        work.x_at[e] = x
        work.before[e] = work.latest[i]
        work.latest[i] = e
        if run.depresses:
            for a in range(n_recent):
                depress(s, run, tr, rule, work, team, past, a, e, t + s.delays[i, work.recent[a]])


def undo_apart(s, run, work, past, j, k):
    """Undo what was done ahead of time to the weights of a neuron that fires in step k."""
    a = work.at[j]
    if run.depresses and a >= 0:
        begin, end = on_their_way(run, work, k)
        for e in range(end - 1, begin - 1, -1):
            i = work.sources[e]
            if work.when[e] + s.delays[i, j] > k:
                restore(s, i, j, past[work.row[a], np.uint64(e & (past.shape[1] - 1))])


def redo_apart(s, run, tr, rule, work, team, past, j, k, t):
    """Do ahead of time, with the weights and traces after step k, what spikes on their way to neuron j will do."""
    width = work.future.shape[2]
    b, q, now = j // width, j % width, k % run.n_delays
    for ahead in range(1, run.n_delays):
        work.future[b, now + ahead, q] = 0
    begin, end = on_their_way(run, work, k)
    for e in range(begin, end):
        i = work.sources[e]
        ahead = work.when[e] + s.delays[i, j] - k
        if ahead > 0:
            work.future[b, now + ahead, q] += weight(s, i, j, run, rule)
            if run.depresses:
                depress(s, run, tr, rule, work, team, past, work.at[j], e, t + ahead)


def hear_apart(s, run, tr, work, j, k, t):
    """List the inputs whose delayed trace neuron j meets in step t, with their traces; return how many."""
    n_heard = 0
    silence = tr.pre.shape[0] + run.n_delays  # steps after which a spike is forgotten, however long it takes
    for i in range(s.trace_pre.shape[0]):
        x = tr.pre[-1]
        if t - s.last_pre[i] < silence:
            d = s.delays[i, j]
            e = work.latest[i]
            while e >= 0 and work.when[e] + d > k:  # this one is still on its way
                e = work.before[e]
            if e >= 0:
                x = decayed(work.x_at[e], k - d - work.when[e], tr.pre)
            else:
                x = decayed(work.old_trace[i], t - d - work.old_last[i], tr.pre)
        if run.all_inputs or x > 0:
            work.pre[n_heard] = x
            work.heard[n_heard] = i
            n_heard += 1
    return n_heard


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
