"""The inner loops of the fast engine, in the subset of Python that Numba compiles.

Never called from here: :mod:`stdp_pipeline.engines._compile` joins this source with that of one code, one rule and one
integrator into a module of its own, and compiles that. :mod:`stdp_pipeline.engines._slots` lists the slots it fills.

What makes it fast, without changing the model (``docs/performance.md`` tells the story with figures):

* A presentation's cost is one vectorised pass over the excitatory neurons per step, plus one row of weights per input
  spike. Everything else happens only where there are spikes.
* Traces and theta are stored with the step of their last change and decayed when read.
* Depression visits only the neurons whose postsynaptic trace is not negligible; only their columns, and those of
  neurons that fired, are scaled to the fixed sum again.
* Inhibitory neurons are simulated only while they are driven; between, their potential has a closed form.
* Once nothing drives any neuron any more, the rest of the presentation has a closed form, too.

Functions that take ``work`` are inlined where they are called, since a call would copy its many arrays.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._layout import FLUSH_EVERY, WEAK
from stdp_pipeline.engines._loops import (
    any_nonzero,
    decayed,
    flush,
    membranes,
    membranes_small,
    relax,
)
from stdp_pipeline.engines._recent import forget, recall, track
from stdp_pipeline.engines._slots import (
    advance,
    begin,
    change_post,
    deliver,
    draw_chances,
    drawn,
    fires,
    hear,
    jolt,
    load_column,
    max_of_threads,
    pre_spikes,
    redo,
    roll,
    rolled,
    store_column,
    sum_of_threads,
    undo,
)

OK, EXPLODED, TOO_MANY, NOT_FINITE, INPUT_FULL, OUTPUT_FULL, PAST_FULL = range(7)
INHIBITORY = 2**20  # counts of excitatory and inhibitory spikes in one word: above all excitatory ones


def thresholds(s, exc, run, adapt, work, team, k, t, fault):
    """List the excitatory neurons that fire in step k; return how many, or -1 if the step is unstable."""
    n_fired = 0
    keep = run.keep_theta ** (k + 1) if adapt else 1.0
    for j in range(s.v_exc.shape[0]):
        if s.v_exc[j] > work.low[j] and t - s.last_exc[j] >= exc.refractory:
            threshold = s.theta[j] * keep + exc.v_thresh
            if fires(s.v_exc[j], threshold, exc, work, team, k, j):
                if s.v_exc[j] > run.v_limit:
                    fault[0], fault[1], fault[2], fault[3] = EXPLODED, k, j, s.v_exc[j]
                    return -1
                work.fired[n_fired] = j
                n_fired += 1
    return n_fired


def wake(s, inh, work):
    """List the inhibitory neurons that are driven or held at reset; return how many."""
    n_awake = 0
    for j in range(s.v_inh.shape[0]):
        work.is_awake[j] = s.g_inh_exc[j] != 0 or s.clock[0] - s.last_inh[j] <= inh.refractory
        work.slept[j] = s.clock[0] - 1
        if work.is_awake[j]:
            work.awake[n_awake] = j
            n_awake += 1
    return n_awake


def rouse(s, inh, work, j, t):
    """Bring the potential of a sleeping inhibitory neuron, which has only relaxed since, to step t."""
    if s.v_inh[j] != inh.e_rest:
        s.v_inh[j] = inh.e_rest + (s.v_inh[j] - inh.e_rest) * inh.keep_v ** (t - work.slept[j])


def inhibitory(s, inh, work, n_awake, t):
    """Advance the inhibitory neurons that are awake; return how many fire and how many stay awake."""
    n_fired = 0
    kept = 0
    zero = inh.flush - inh.flush
    for a in range(n_awake):
        j = work.awake[a]
        held = t - s.last_inh[j] <= inh.refractory
        if not held:
            x = advance(s.v_inh[j], s.g_inh_exc[j], zero, inh)
            s.v_inh[j] = x
            if x > inh.v_thresh:
                work.inh_fired[j] = 1
                n_fired += 1
                held = True
        g = s.g_inh_exc[j] * inh.keep_exc
        s.g_inh_exc[j] = g if g > inh.flush else zero
        if held or s.g_inh_exc[j] != 0:
            work.awake[kept] = j
            kept += 1
        else:
            work.is_awake[j] = 0
            work.slept[j] = t
    return n_fired, kept


def excite_partners(s, inh, run, work, n_fired, n_awake, t):
    """Pass excitatory spikes on to the inhibitory partners; return how many are awake."""
    for f in range(n_fired):
        j = work.fired[f]
        if not work.is_awake[j]:
            rouse(s, inh, work, j, t)
            work.is_awake[j] = 1
            work.awake[n_awake] = j
            n_awake += 1
        s.g_inh_exc[j] += run.w_exc_inh
    return n_awake


def inhibit_others(s, inh, run, work, out, n_inh_fired, n_awake, k, t):
    """Pass inhibitory spikes on to all excitatory neurons but the partners; record and reset the neurons that fired."""
    n = out.inh_end[0]
    for j in range(s.g_inh.shape[0]):
        s.g_inh[j] += run.w_inh_exc * (n_inh_fired - work.inh_fired[j])
    for a in range(n_awake):
        j = work.awake[a]
        if work.inh_fired[j]:
            work.inh_fired[j] = 0
            s.v_inh[j] = inh.v_reset
            s.last_inh[j] = t
            out.inh_step[n] = k
            out.inh_neuron[n] = j
            n += 1
    out.inh_end[0] = n


def hold(s, exc, work, n_held, t):
    """Keep neurons that fired a moment ago at reset; return how many of them go on being held."""
    kept = 0
    for h in range(n_held):
        j = work.held[h]
        if t - s.last_exc[j] < exc.clamp:
            s.v_exc[j] = exc.v_reset
            work.held[kept] = j
            kept += 1
    return kept


def held_at_start(s, exc, work):
    """List the neurons that are held at reset when a presentation begins; return how many."""
    n_held = 0
    for j in range(s.v_exc.shape[0]):
        if s.clock[0] - s.last_exc[j] < exc.clamp:
            work.held[n_held] = j
            n_held += 1
    return n_held


def post_spikes(s, exc, run, tr, rule, work, team, past, n_fired, n_recent, k, t):
    """Let the neurons that fire change their weights and update their traces; return how many are recently active."""
    for f in range(n_fired):
        j = work.fired[f]
        lag = t - s.last_exc[j]
        fast = decayed(s.trace_post[0, j], lag, tr.post_fast)
        slow = decayed(s.trace_post[1, j], lag, tr.post_slow)
        undo(s, run, work, past, j, k)
        n_heard = hear(s, run, tr, work, j, k, t)
        # The weights of a neuron, gathered, are changed by vector instructions.
        column, fresh = work.column[:n_heard], work.fresh[:n_heard]
        pre, heard = work.pre[:n_heard], work.heard[:n_heard]
        load_column(s, heard, column, n_heard, j)
        draw_chances(work, n_heard, t, 1, team.first + j)
        roll(work, n_heard, t, 3, team.first + j)
        for h in range(n_heard):
            fresh[h] = change_post(column[h], pre[h], fast, slow, drawn(work, h), rolled(work, h), run, rule)
        store_column(s, work, run, heard, column, fresh, n_heard, j)
        if work.over[j]:
            for i in range(s.trace_pre.shape[0]):
                s.weights[i, j] = min(max(s.weights[i, j], run.w_min), run.w_max)
        s.trace_post[0, j] = fast + exc.one if run.additive else exc.one
        s.trace_post[1, j] = slow + exc.one if run.additive else exc.one
        if run.depresses:
            n_recent = track(s, work, j, n_recent, t)
        redo(s, run, tr, rule, work, team, past, j, k, t)
    return n_recent


def is_over(s, exc, work, n_awake, n_held):
    """Whether no neuron can fire any more: nothing drives or holds any, and all are and rest below threshold."""
    if n_awake > 0 or n_held > 0 or any_nonzero(s.g_exc) or any_nonzero(s.g_inh):
        return False
    may_fire = False
    for j in range(s.v_exc.shape[0]):
        may_fire = may_fire | (s.v_exc[j] > work.low[j]) | (exc.e_rest > work.low[j])
    return not may_fire


def present(s, exc, inh, run, tr, rule, w_most, learn, adapt, work, team, past, out, n_out, fault):
    """Simulate one presentation, whose input spikes are in ``work``. Return the new ``n_out``, or -1 after a fault."""
    n_exc = s.v_exc.shape[0]
    n_spikes = 0  # of all threads
    t0 = s.clock[0]
    n_awake = wake(s, inh, work)
    n_held = held_at_start(s, exc, work) if exc.clamp > 0 else 0
    begin(s, run, work)
    n_recent = recall(s, run, work) if learn else 0
    # Bounds of the conductances, to tell the steps in which all of them are weak.
    exc_most = 0.0
    inh_most = 0.0
    # Theta only falls between spikes, so its value at the end of the presentation gives a bound that is compared in
    # the vectorised pass; a neuron above it is then compared with the exact threshold.
    keep_all = run.keep_theta**run.n_steps if adapt else 1.0
    for j in range(n_exc):
        work.low[j] = s.theta[j] * keep_all + exc.v_thresh + exc.reach - 1e-3
        exc_most = max(exc_most, s.g_exc[j])
        inh_most = max(inh_most, s.g_inh[j])
    exc_most, inh_most = max_of_threads(team, exc_most), max_of_threads(team, inh_most)

    for k in range(run.n_steps):
        t = t0 + k
        # 1. Membranes and conductances (both from the values at the start of the step).
        if exc.leak + exc.leak_exc * exc_most + exc.leak_inh * inh_most <= WEAK:
            candidates = membranes_small(s.v_exc, s.g_exc, s.g_inh, work.low, exc)
        else:
            candidates = membranes(s.v_exc, s.g_exc, s.g_inh, work.low, exc)
        candidates = jolt(s.v_exc, exc, work, team, k, candidates)
        if n_held > 0:
            n_held = hold(s, exc, work, n_held, t)
        exc_most *= exc.keep_exc
        inh_most *= exc.keep_inh

        # 2. Thresholds.
        n_fired = thresholds(s, exc, run, adapt, work, team, k, t, fault) if candidates else 0
        n_inh_fired = 0
        if n_awake > 0:
            n_inh_fired, n_awake = inhibitory(s, inh, work, n_awake, t)
        # Both numbers of all threads in one word, negative if one of them has found a fault.
        all_fired = sum_of_threads(team, n_fired + n_inh_fired * INHIBITORY if n_fired >= 0 else -(INHIBITORY**2))
        if all_fired < 0:
            return -1
        n_inh_fired = all_fired // INHIBITORY
        n_spikes += all_fired % INHIBITORY
        if n_spikes > run.spike_limit:
            fault[0], fault[1] = TOO_MANY, k
            return -1

        # 3. Propagation: input, excitatory to inhibitory, inhibitory to excitatory.
        exc_most = deliver(s, run, rule, work, team, w_most, exc_most, k)
        if n_fired > 0:
            n_awake = excite_partners(s, inh, run, work, n_fired, n_awake, t)
        if n_inh_fired > 0:
            inhibit_others(s, inh, run, work, out, n_inh_fired, n_awake, k, t)
            inh_most += run.w_inh_exc * n_inh_fired

        # 4. Plasticity: presynaptic spikes, then postsynaptic ones.
        if learn:
            pre_spikes(s, exc, run, tr, rule, work, team, past, n_recent, k, t)
            if n_fired > 0:
                n_recent = post_spikes(s, exc, run, tr, rule, work, team, past, n_fired, n_recent, k, t)

        # 5. Resets.
        for f in range(n_fired):
            j = work.fired[f]
            s.v_exc[j] = exc.v_reset
            s.last_exc[j] = t
            if exc.clamp > 0:
                work.held[n_held] = j
                n_held += 1
            if adapt:
                # Stored as its value at the start of the presentation that decays to the right value now.
                s.theta[j] += run.theta_plus / run.keep_theta ** (k + 1)
                work.low[j] = s.theta[j] * keep_all + exc.v_thresh + exc.reach - 1e-3
            out.step[n_out] = k
            out.neuron[n_out] = j
            n_out += 1

        # 6. Now and then, tidy up.
        if k % FLUSH_EVERY == FLUSH_EVERY - 1:
            flush(s.g_exc, exc.flush)
            flush(s.g_inh, exc.flush)
            if n_recent > 0:
                n_recent = forget(run, work, n_recent, t)
            late = k >= run.n_image_steps + run.n_delays and not run.noisy
            if late and sum_of_threads(team, int(is_over(s, exc, work, n_awake, n_held))) == team.n:
                relax(s.v_exc, exc.e_rest, exc.keep_v ** (run.n_steps - 1 - k))
                break

    finite = 1
    for j in range(n_exc):
        if finite and not np.isfinite(s.v_exc[j]):
            fault[0], fault[1], fault[2] = NOT_FINITE, run.n_steps - 1, j
            finite = 0
        if not work.is_awake[j]:
            rouse(s, inh, work, j, t0 + run.n_steps - 1)
        if adapt:
            s.theta[j] *= keep_all
    s.clock[0] = t0 + run.n_steps
    return n_out if sum_of_threads(team, finite) == team.n else -1
