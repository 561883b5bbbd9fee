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

from stdp_pipeline.engines._loops import (
    add_rows,
    decay,
    decayed,
    is_over,
    membranes,
    membranes_small,
    normalise,
    reset,
    sort_by_step,
    wake,
)
from stdp_pipeline.engines._slots import advance, draw, on_post, on_pre

OK, EXPLODED, TOO_MANY, NOT_FINITE, INPUT_FULL, OUTPUT_FULL = 0, 1, 2, 3, 4, 5


def present(s, exc, inh, run, tr, rule, w_most, first, sources, learn, work, out_step, out_neuron, n_out, fault):
    """Simulate one presentation. Return the new ``n_out``, or -1 after a fault."""
    n_exc = s.v_exc.shape[0]
    n_input = s.trace_pre.shape[0]
    begin_out = n_out
    t0 = s.step[0]
    n_awake, n_recent = wake(s, inh, tr, work)
    if learn:
        # Whose weights this presentation may change: neurons with a living trace, and below those that fire.
        s.changed[:] = work.is_recent
    silent_inhibition = True
    # Bounds of the conductances, to tell the steps in which all of them are weak.
    exc_most = exc.one - exc.one
    inh_most = exc.one - exc.one
    # Theta only falls between spikes, so its value at the end of the presentation gives a bound that is compared in
    # the vectorised pass; a neuron above it is then compared with the exact threshold.
    keep_all = run.keep_theta**run.n_steps if learn else 1.0
    for j in range(n_exc):
        work.low[j] = s.theta[j] * keep_all + exc.v_thresh - 1e-3
        exc_most = max(exc_most, s.g_exc[j])
        inh_most = max(inh_most, s.g_inh[j])
    silent_inhibition = inh_most == 0

    for k in range(run.n_steps):
        t = t0 + k
        # 1. Membranes, then conductances (both from the values at the start of the step).
        if exc.leak * (exc.one + exc.mean_exc * exc_most + exc.mean_inh * inh_most) <= 0.25:
            candidates = membranes_small(s.v_exc, s.g_exc, s.g_inh, work.low, exc)
        else:
            candidates = membranes(s.v_exc, s.g_exc, s.g_inh, work.low, exc)
        decay(s.g_exc, exc.keep_exc, exc.flush)
        exc_most *= exc.keep_exc
        if not silent_inhibition:
            decay(s.g_inh, exc.keep_inh, exc.flush)
            inh_most *= exc.keep_inh
            silent_inhibition = inh_most < exc.flush

        # 2. Thresholds of the excitatory neurons.
        n_fired = 0
        if candidates:
            for j in range(n_exc):
                if s.v_exc[j] > work.low[j] and t - s.last_exc[j] >= exc.refractory:
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
            exc_most += (end - begin) * w_most
        for f in range(n_fired):
            j = work.fired[f]
            s.g_inh_exc[j] += run.w_exc_inh
            if not work.is_awake[j]:
                work.is_awake[j] = 1
                work.awake[n_awake] = j
                n_awake += 1
        if n_inh_fired > 0:
            silent_inhibition = False
            inh_most += run.w_inh_exc * n_inh_fired
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
            n_heard = 0
            if n_fired > 0:
                for i in range(n_input):
                    lag = t - s.last_pre[i]
                    if run.all_inputs or lag < tr.pre.shape[0]:
                        work.pre[n_heard] = decayed(s.trace_pre[i], lag, tr.pre)
                        work.heard[n_heard] = i
                        n_heard += 1
            for f in range(n_fired):
                j = work.fired[f]
                lag = t - s.last_exc[j]
                fast = decayed(s.trace_post[0, j], lag, tr.post_fast)
                slow = decayed(s.trace_post[1, j], lag, tr.post_slow)
                for h in range(n_heard):
                    i = work.heard[h]
                    w = on_post(s.weights[i, j], work.pre[h], fast, slow, rule)
                    s.weights[i, j] = min(max(w, run.w_min), run.w_max)
                if work.over[j]:
                    for i in range(n_input):
                        s.weights[i, j] = min(s.weights[i, j], run.w_max)
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


def run_images(s, exc, inh, run, tr, rule, inp, images, pass_index, min_spikes, max_attempts, learn, work, out, fault):
    """Present images in order, again and brighter where they cause too few spikes. Return how many were done."""
    n_out = 0
    w_most = run.w_max
    for i in range(s.weights.shape[0]):
        for j in range(s.weights.shape[1]):
            w_most = max(w_most, s.weights[i, j])
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
                    w_most = normalise(s.weights, run.norm_total, run.w_max, s.changed, work.over)
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
                s,
                exc,
                inh,
                run,
                tr,
                rule,
                w_most,
                work.first,
                work.sources,
                learn,
                work,
                out.step,
                out.neuron,
                n_out,
                fault,
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
