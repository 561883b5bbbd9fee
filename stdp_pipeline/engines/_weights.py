"""How the kernel keeps plastic weights: as real numbers, levels of a continuous rule, or states of a switching one.

Source that is compiled, see :mod:`stdp_pipeline.engines._kernel`. There are three sets of the same functions; the
engine puts one of them into the slots. Levels and states are bytes: their row is a quarter of a row of real numbers,
and the spikes of a step are counted in whole numbers before they become a conductance. Bits, eight to a byte, were as
fast at 6400 neurons and half as fast at 400.

:class:`stdp_pipeline.engines._plastic.PlasticWeights` is the same in plain NumPy.
"""

from __future__ import annotations

import math

import numpy as np

from stdp_pipeline.engines._slots import dice, level, normalise, on_post, on_pre, real

MOST_SWITCHES = 65535

# ---- what a spike makes of a weight ----------------------------------------------------------------------------------


def change_pre_real(w, x_pre, y_fast, y_slow, u, roll, run, rule):
    """Weight after a presynaptic spike, within its bounds."""
    return min(max(on_pre(w, x_pre, y_fast, y_slow, u, rule), run.w_min), run.w_max)


def change_post_real(w, x_pre, y_fast, y_slow, u, roll, run, rule):
    """Weight after a postsynaptic spike, within its bounds."""
    return min(max(on_post(w, x_pre, y_fast, y_slow, u, rule), run.w_min), run.w_max)


def change_pre_states(s, x_pre, y_fast, y_slow, u, roll, run, rule):
    """State after a presynaptic spike."""
    return on_pre(np.int64(s), x_pre, y_fast, y_slow, u, rule)


def change_post_states(s, x_pre, y_fast, y_slow, u, roll, run, rule):
    """State after a postsynaptic spike."""
    return on_post(np.int64(s), x_pre, y_fast, y_slow, u, rule)


def change_pre_levels(s, x_pre, y_fast, y_slow, u, roll, run, rule):
    """Level after a presynaptic spike."""
    w = run.w_min + run.unit * s
    return rounded(s, w, min(max(on_pre(w, x_pre, y_fast, y_slow, u, rule), run.w_min), run.w_max), roll, run)


def change_post_levels(s, x_pre, y_fast, y_slow, u, roll, run, rule):
    """Level after a postsynaptic spike."""
    w = run.w_min + run.unit * s
    return rounded(s, w, min(max(on_post(w, x_pre, y_fast, y_slow, u, rule), run.w_min), run.w_max), roll, run)


def rounded(s, w, new, roll, run):
    """Level for a new weight, by a number from 0 to 1: as a move from level s, so that no move is none."""
    place = s + (new - w) / run.unit
    return math.floor(min(max(place, 0.0), run.n_levels - 1.0) + roll)


def weight_real(s, i, j, run, rule):
    """Weight of a synapse as its neuron receives it."""
    return s.weights[i, j]


def weight_states(s, i, j, run, rule):
    """Weight of a synapse in a state, or on a level, as its neuron receives it."""
    return s.gain[j] * (run.w_min + run.unit * real(level(s.weights[i, j], rule)))


def is_its_level(s, rule):
    """Level of a synapse that has a level for a state."""
    return s


# ---- storing it ------------------------------------------------------------------------------------------------------


def store_real(s, work, run, i, j, new, roll):
    """Store a weight."""
    s.weights[i, j] = new


def store_states(s, work, run, i, j, new, roll):
    """Store a state, and count it if it is another one."""
    exchange(s, i, j, new)


def exchange(s, i, j, new):
    """Store a state, and count it if it is another one."""
    if new != s.weights[i, j]:
        put(s, i, j, new)
        s.changed[j] = 1
        count_switch(s, i, j, 1)


def put(s, i, j, state):
    """Store a state at both places."""
    s.weights[i, j] = state
    s.columns[j, i] = state


def count_switch(s, i, j, by):
    """Count a change of state; by -1 one that is undone."""
    s.neuron_switches[j] += by
    if s.synapse_switches.shape[0] > 0 and s.synapse_switches[i, j] < MOST_SWITCHES:
        s.synapse_switches[i, j] += by


def load_column_real(s, heard, column, n_heard, j):
    """Gather the weights of neuron j from the inputs ``heard``, which are scattered in memory."""
    for h in range(n_heard):
        column[h] = s.weights[heard[h], j]


def load_column_states(s, heard, column, n_heard, j):
    """Gather the states of neuron j from the inputs ``heard``: all of them, or some."""
    if n_heard == s.columns.shape[1]:
        for i in range(n_heard):
            column[i] = s.columns[j, i]
    else:
        for h in range(n_heard):
            column[h] = s.columns[j, heard[h]]


def store_column_real(s, work, run, heard, column, fresh, n_heard, j):
    """Store weights of neuron j: ``fresh`` in the place of ``column``, of the inputs ``heard``."""
    for h in range(n_heard):
        s.weights[heard[h], j] = fresh[h]
    s.changed[j] = 1


def store_column_states(s, work, run, heard, column, fresh, n_heard, j):
    """Store states of neuron j, and count those that are others: few, so that most blocks of 64 are passed over."""
    for first in range(0, n_heard, 64):
        end = min(first + 64, n_heard)
        if differ(fresh[first:end], column[first:end]):
            for h in range(first, end):
                if fresh[h] != column[h]:
                    put(s, heard[h], j, fresh[h])
                    s.changed[j] = 1
                    count_switch(s, heard[h], j, 1)


def differ(a, b):
    """Whether two arrays of states differ anywhere."""
    found = np.uint8(0)
    for h in range(a.shape[0]):
        found |= a[h] ^ b[h]
    return found != 0


def restore_real(s, i, j, old):
    """Put back a weight whose change is undone."""
    s.weights[i, j] = old


def restore_states(s, i, j, old):
    """Put back a state whose change is undone."""
    if s.weights[i, j] != old:
        count_switch(s, i, j, -1)
        put(s, i, j, old)


# ---- all weights -----------------------------------------------------------------------------------------------------


def add_rows_real(s, work, begin, end, run, rule):
    """Add the weights of the spiking inputs to the excitatory conductances, in the order of the inputs."""
    weights, sources, g_exc = s.weights, work.sources, s.g_exc
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


def row_of(s, work, e, end):
    """Return the states of the synapses of spike e, or a row of zeros if there is no such spike in this step."""
    return s.weights[work.sources[e]] if e < end else work.nothing


def add_rows_states(s, work, begin, end, run, rule):
    """Add the weights of the spiking inputs to the excitatory conductances, levels of up to eight rows summed first.

    In 16 bits, eight levels of at most 255: so the compiler makes it one instruction for many neurons. What costs is
    the pass over conductances and gains, so a row of zeros, at hand in the nearest memory, is better than two passes.
    """
    g_exc, gain = s.g_exc, s.gain
    e = begin
    while e < end:
        a, b = row_of(s, work, e, end), row_of(s, work, e + 1, end)
        c, d = row_of(s, work, e + 2, end), row_of(s, work, e + 3, end)
        low = run.w_min * real(min(end - e, 8))
        if e + 4 < end:
            p, q = row_of(s, work, e + 4, end), row_of(s, work, e + 5, end)
            r, t = row_of(s, work, e + 6, end), row_of(s, work, e + 7, end)
            for j in range(g_exc.shape[0]):
                first = four_levels(a[j], b[j], c[j], d[j], rule)
                second = four_levels(p[j], q[j], r[j], t[j], rule)
                g_exc[j] += gain[j] * (low + run.unit * real(np.uint16(first + second)))
        else:
            for j in range(g_exc.shape[0]):
                g_exc[j] += gain[j] * (low + run.unit * real(four_levels(a[j], b[j], c[j], d[j], rule)))
        e += 8


def four_levels(a, b, c, d, rule):
    """Sum of the levels of four synapses, in 16 bits."""
    first = np.uint16(np.uint16(level(a, rule)) + np.uint16(level(b, rule)))
    return np.uint16(first + np.uint16(np.uint16(level(c, rule)) + np.uint16(level(d, rule))))


def find_out_of_bounds_real(s, run, work):
    """Mark the neurons that have a weight out of its bounds; return a bound of all weights."""
    most = run.w_max
    work.over[:] = 0
    for i in range(s.weights.shape[0]):
        for j in range(s.weights.shape[1]):
            w = s.weights[i, j]
            most = max(most, w)
            work.over[j] |= (w > run.w_max) | (w < run.w_min)
    return most


def find_out_of_bounds_states(s, run, work):
    """Return a bound of all weights; no state is out of bounds."""
    work.over[:] = 0
    return most_weight(s, run)


def most_weight(s, run):
    """Return a bound of the weights as neurons receive them."""
    most = 0.0
    for j in range(s.gain.shape[0]):
        most = max(most, s.gain[j])
    return most * run.w_max


def scale_columns_real(s, run, rule, work, team):
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


def scale_columns_states(s, run, rule, work, team):
    """Scale the levels of the neurons that changed since they were last scaled, and round them to levels again.

    Return a bound of all weights.
    """
    n_input, n_exc = s.weights.shape
    for j in range(n_exc):
        if s.changed[j]:
            s.changed[j] = 0
            total = 0.0
            for i in range(n_input):
                total += run.w_min + run.unit * s.weights[i, j]
            if total > 0.0:
                factor, summand = normalise(total, run.norm_total, n_input)
                for i in range(n_input):
                    old = s.weights[i, j]
                    w = run.w_min + run.unit * old
                    new = rounded(old, w, w * factor + summand, dice(work, s.clock[0], 4, i, team.first + j), run)
                    exchange(s, i, j, new)
    return most_weight(s, run)


def scale_columns_gain(s, run, rule, work, team):
    """Choose the gain of the neurons that changed since then so that their weights have the fixed sum.

    Return a bound of all weights.
    """
    for j in range(s.weights.shape[1]):
        if s.changed[j]:
            s.changed[j] = 0
            # In whole numbers, by vector instructions: a sum of real ones would wait for each addition.
            levels = 0
            for i in range(s.weights.shape[0]):
                levels += np.int64(level(s.columns[j, i], rule))
            total = run.w_min * s.weights.shape[0] + run.unit * levels
            if total > 0.0:
                s.gain[j], _ = normalise(total, run.norm_total, s.weights.shape[0])
    return most_weight(s, run)
