"""The inner loops of the fast engine, in the subset of Python that Numba compiles.

Never called from here: :mod:`stdp_pipeline.engines._compile` joins this source with that of one code, one rule and one
integrator into a module of its own, and compiles that. The names imported below are the slots it fills.

What makes it fast, without changing the model:

* A presentation's cost is one vectorised pass over the excitatory neurons per step, plus one row of weights per input
  spike. Everything else happens only where there are spikes.
* Traces and theta are stored with the step of their last change and decayed when read.
* Depression visits only the neurons whose postsynaptic trace is not negligible; only their columns, and those of
  neurons that fired, are scaled to the fixed sum again.
* Inhibitory neurons are simulated only while they are away from their fixed point.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._slots import advance, draw, on_post, on_pre

OK, EXPLODED, TOO_MANY, NOT_FINITE, INPUT_FULL, OUTPUT_FULL = 0, 1, 2, 3, 4, 5


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


def normalise(weights, total, w_max, changed, over):
    """Scale the columns that changed since they were last scaled to a fixed sum; mark those that exceed ``w_max``."""
    n_input, n_exc = weights.shape
    for j in range(n_exc):
        if changed[j]:
            column = 0.0
            for i in range(n_input):
                column += weights[i, j]
            if column > 0.0:
                factor = total / column
                largest = w_max
                for i in range(n_input):
                    weights[i, j] *= factor
                    largest = max(largest, weights[i, j])
                over[j] = largest > w_max


def membranes(v, g_exc, g_inh, low, above, c):
    """Advance all excitatory neurons by one step and mark those that may be above threshold."""
    for j in range(v.shape[0]):
        x = advance(v[j], g_exc[j], g_inh[j], c)
        v[j] = x
        above[j] = x > low[j]


def decay(g, keep, flush):
    """Decay a conductance by one step; what is negligible becomes zero."""
    zero = flush - flush
    for j in range(g.shape[0]):
        x = g[j] * keep
        g[j] = x if x > flush else zero


def add_rows(weights, sources, begin, end, g_exc):
    """Add the weights of the spiking inputs to the excitatory conductances."""
    for e in range(begin, end):
        row = weights[sources[e]]
        for j in range(g_exc.shape[0]):
            g_exc[j] += row[j]


def decayed(value, lag, table):
    """Value of a trace ``lag`` steps after its last change."""
    return value * table[lag] if lag < table.shape[0] else value - value


def is_over(s, exc, work, n_awake):
    """Whether no neuron can fire any more: no drive is left, and rest is below threshold."""
    for j in range(s.g_exc.shape[0]):
        if s.g_exc[j] != 0 or work.low[j] < exc.e_rest:
            return False
    left = 0
    for a in range(n_awake):
        left += s.g_inh_exc[work.awake[a]] != 0
    return left == 0


def present(s, exc, inh, run, tr, rule, first, sources, learn, work, out_step, out_neuron, n_out, fault):
    """Simulate one presentation. Return the new ``n_out``, or -1 after a fault."""
    n_exc = s.v_exc.shape[0]
    n_input = s.trace_pre.shape[0]
    begin_out = n_out
    t0 = s.step[0]
    n_awake, n_recent = wake(s, inh, tr, work)
    if learn:
        # Whose weights this presentation may change: neurons with a living trace, and below those that fire.
        s.changed[:] = work.is_recent
    n_words = work.above_words.shape[0]
    silent_inhibition = True
    # Theta only falls between spikes, so its value at the end of the presentation gives a bound that is compared in
    # the vectorised pass; a neuron above it is then compared with the exact threshold.
    keep_all = run.keep_theta**run.n_steps if learn else 1.0
    for j in range(n_exc):
        work.low[j] = s.theta[j] * keep_all + exc.v_thresh - 1e-3
        if s.g_inh[j] != 0:
            silent_inhibition = False

    for k in range(run.n_steps):
        t = t0 + k
        # 1. Membranes, then conductances (both from the values at the start of the step).
        membranes(s.v_exc, s.g_exc, s.g_inh, work.low, work.above, exc)
        decay(s.g_exc, exc.keep_exc, exc.flush)
        if not silent_inhibition:
            decay(s.g_inh, exc.keep_inh, exc.flush)

        # 2. Thresholds of the excitatory neurons.
        n_fired = 0
        for word in range(n_words):
            if work.above_words[word] != 0:
                for j in range(8 * word, min(8 * word + 8, n_exc)):
                    if work.above[j] and t - s.last_exc[j] >= exc.refractory:
                        theta = s.theta[j] * run.keep_theta ** (k + 1) if learn else s.theta[j]
                        if s.v_exc[j] > theta + exc.v_thresh:
                            if s.v_exc[j] > run.v_limit:
                                fault[0], fault[1], fault[2] = EXPLODED, k, j
                                fault[3] = s.v_exc[j]
                                return -1
                            work.fired[n_fired] = j
                            n_fired += 1

        # 3. Inhibitory neurons that are not at their fixed point.
        n_inh_fired = 0
        kept = 0
        for a in range(n_awake):
            j = work.awake[a]
            before = s.v_inh[j]
            asleep = False
            if t - s.last_inh[j] > inh.refractory:
                x = advance(before, s.g_inh_exc[j], inh.flush - inh.flush, inh)
                s.v_inh[j] = x
                if x > inh.v_thresh:
                    work.inh_fired[j] = 1
                    n_inh_fired += 1
                asleep = x == before and s.g_inh_exc[j] == 0
            g = s.g_inh_exc[j] * inh.keep_exc
            s.g_inh_exc[j] = g if g > inh.flush else inh.flush - inh.flush
            if asleep:
                work.is_awake[j] = 0
            else:
                work.awake[kept] = j
                kept += 1
        n_awake = kept

        # 4. Propagation: input, excitatory to inhibitory, inhibitory to excitatory.
        begin, end = 0, 0
        if k < run.n_image_steps:
            begin, end = first[k], first[k + 1]
            add_rows(s.weights, sources, begin, end, s.g_exc)
        for f in range(n_fired):
            j = work.fired[f]
            s.g_inh_exc[j] += run.w_exc_inh
            if not work.is_awake[j]:
                work.is_awake[j] = 1
                work.awake[n_awake] = j
                n_awake += 1
        if n_inh_fired > 0:
            silent_inhibition = False
            for j in range(n_exc):
                s.g_inh[j] += run.w_inh_exc * (n_inh_fired - work.inh_fired[j])
            for a in range(n_awake):
                j = work.awake[a]
                if work.inh_fired[j]:
                    work.inh_fired[j] = 0
                    s.v_inh[j] = inh.v_reset
                    s.last_inh[j] = t

        # 5. Plasticity: presynaptic spikes, then postsynaptic ones.
        if learn:
            if end > begin and n_recent > 0:
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
                n_recent = kept
            for e in range(begin, end):
                i = sources[e]
                if run.additive:
                    s.trace_pre[i] = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre) + exc.one
                else:
                    s.trace_pre[i] = exc.one
                s.last_pre[i] = t
                for a in range(n_recent):
                    j = work.recent[a]
                    w = on_pre(s.weights[i, j], s.trace_pre[i], work.fast[a], work.slow[a], rule)
                    s.weights[i, j] = min(max(w, run.w_min), run.w_max)
            if n_fired > 0:
                for i in range(n_input):
                    work.pre[i] = decayed(s.trace_pre[i], t - s.last_pre[i], tr.pre)
            for f in range(n_fired):
                j = work.fired[f]
                lag = t - s.last_exc[j]
                fast = decayed(s.trace_post[0, j], lag, tr.post_fast)
                slow = decayed(s.trace_post[1, j], lag, tr.post_slow)
                for i in range(n_input):
                    w = on_post(s.weights[i, j], work.pre[i], fast, slow, rule)
                    s.weights[i, j] = min(max(w, run.w_min), run.w_max)
                s.trace_post[0, j] = fast + exc.one if run.additive else exc.one
                s.trace_post[1, j] = slow + exc.one if run.additive else exc.one
                s.changed[j] = 1
                if not work.is_recent[j]:
                    work.is_recent[j] = 1
                    work.recent[n_recent] = j
                    n_recent += 1

        # 6. Resets.
        for f in range(n_fired):
            j = work.fired[f]
            s.v_exc[j] = exc.v_reset
            s.last_exc[j] = t
            if learn:
                # Stored as its value at the start of the presentation that decays to the right value now.
                s.theta[j] += run.theta_plus / run.keep_theta ** (k + 1)
                work.low[j] = s.theta[j] * keep_all + exc.v_thresh - 1e-3
            if n_out - begin_out == run.spike_limit:
                fault[0], fault[1], fault[2], fault[3] = TOO_MANY, k, j, n_out - begin_out
                return -1
            out_step[n_out] = k
            out_neuron[n_out] = j
            n_out += 1

        if not learn and k >= run.n_image_steps and is_over(s, exc, work, n_awake):
            break

    for j in range(n_exc):
        if not np.isfinite(s.v_exc[j]):
            fault[0], fault[1], fault[2] = NOT_FINITE, run.n_steps - 1, j
            return -1
        if learn:
            s.theta[j] *= keep_all
    s.step[0] = t0 + run.n_steps
    return n_out


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
        # Scaling may lift weights above w_max; the next spike of their input clips them, so those columns are visited.
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


def run_images(s, exc, inh, run, tr, rule, inp, images, pass_index, min_spikes, max_attempts, learn, work, out, fault):
    """Present images in order, again and brighter where they cause too few spikes. Return how many were done."""
    n_out = 0
    for m in range(images.shape[0]):
        image = images[m]
        if out.step.shape[0] - n_out < run.spike_limit:
            fault[0] = OUTPUT_FULL
            return m
        begin_out = n_out
        for attempt in range(max_attempts):
            n_out = begin_out
            if learn:
                if run.norm_total > 0.0:
                    normalise(s.weights, run.norm_total, run.w_max, s.changed, work.over)
            else:
                reset(s, exc, inh)
            if attempt == 0 and inp.offsets.shape[0] > 0:
                begin = inp.offsets[image]
                n = inp.offsets[image + 1] - begin
                sort_by_step(n, run.n_image_steps, inp.step[begin:], inp.source[begin:], work.first, work.sources)
            else:
                n = draw(
                    inp.levels[image],
                    attempt,
                    run.n_image_steps,
                    inp.dt_ms,
                    inp.constants,
                    inp.k0,
                    inp.k1,
                    np.uint64(image),
                    (np.uint64(pass_index) << np.uint64(16)) | np.uint64(attempt),
                    inp.split,
                    work.event_step,
                    work.event_source,
                )
                if n < 0:
                    fault[0] = INPUT_FULL
                    return m
                sort_by_step(n, run.n_image_steps, work.event_step, work.event_source, work.first, work.sources)
            n_out = present(
                s, exc, inh, run, tr, rule, work.first, work.sources, learn, work, out.step, out.neuron, n_out, fault
            )
            if n_out < 0:
                fault[4] = attempt
                return m
            out.attempts[m] = attempt + 1
            out.n_input_spikes[m] = n
            if n_out - begin_out >= min_spikes:
                break
        out.offsets[m + 1] = n_out
    return images.shape[0]
