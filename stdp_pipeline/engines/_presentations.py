"""Images one after the other, each again and brighter where it causes too few spikes: what the kernel is called for.

Like :mod:`stdp_pipeline.engines._kernel`, whose presentations these are, this is source that is compiled, not called.
The same protocol in plain Python is :func:`stdp_pipeline.engines._protocol.show`.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.encoding._trains import replay
from stdp_pipeline.engines._arrivals import shift
from stdp_pipeline.engines._kernel import INPUT_FULL, OUTPUT_FULL, PAST_FULL, present
from stdp_pipeline.engines._loops import reset, sort_by_step
from stdp_pipeline.engines._slots import (
    draw,
    find_out_of_bounds,
    first_spikes,
    max_of_threads,
    room,
    scale_columns,
    sum_of_threads,
)

__all__ = ["run_images"]


def drawn_spikes(run, inp, image, pass_index, attempt, work):
    """Draw the spikes of a presentation, or take them from the store if it is a first one and there is a store."""
    if attempt == 0 and inp.offsets.shape[0] > 0:
        start = inp.offsets[image]
        n = inp.offsets[image + 1] - start
        if n > work.event_step.shape[0]:
            return -1
        for e in range(n):
            work.event_step[e] = inp.step[start + e]
            work.event_source[e] = inp.source[start + e]
        return n
    return draw(
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


def replayed_spikes(run, inp, image, pass_index, attempt, work):
    """Repeat a recording, with more copies of each event in each retry."""
    copies = 1 + attempt * int(inp.constants[0])
    begin, end = inp.offsets[image], inp.offsets[image + 1]
    return replay(inp.step, inp.source, begin, end, copies, run.n_image_steps, work.event_step, work.event_source)


def gather_events(run, inp, image, pass_index, attempt, work):
    """Put the input spikes of one presentation into ``work``, by step of arrival; return their number, or -1."""
    work.occasion[0] = np.uint64(image)
    work.occasion[1] = (np.uint64(pass_index) << np.uint64(16)) | np.uint64(attempt)
    work.occasion[2] = inp.split
    n = first_spikes(run, inp, image, pass_index, attempt, work)
    if n > 0 and work.axonal.shape[0] > 0:
        shift(n, work.event_step, work.event_source, work.axonal, work.by_source, work.scratch)
    if n >= 0:
        sort_by_step(n, run.n_steps, work.event_step, work.event_source, work.first, work.sources)
    return n


def split_rest(run, out, begin, end):
    """Return where the spikes of the rest begin among those of a presentation, ``out[begin:end]``."""
    while end > begin and out.step[end - 1] >= run.n_image_steps:
        end -= 1
    return end


def move(out, begin, end, to):
    """Move recorded spikes to an earlier place; return their end there."""
    for n in range(begin, end):
        out.step[to + n - begin] = out.step[n]
        out.neuron[to + n - begin] = out.neuron[n]
    return to + end - begin


def run_images(
    s, exc, inh, run, tr, rule, inp, images, pass_index, protocol, first_attempt, work, team, past, out, fault
):
    """Present images in order, again and brighter where they cause too few spikes. Return how many were done.

    An image's spikes are ``out[offsets[m]:offsets[m + 1]]``. Where those of a rest count for the next image, they are
    left beyond that, so that the next image begins with them.
    """
    learn = protocol.learn
    n_out = out.end[0]
    room_inh = s.v_exc.shape[0] * protocol.inh_per_neuron
    # Not in the state: a neuron out of bounds counts as changed, so the next scaling finds it, too.
    w_most = find_out_of_bounds(s, run, work)
    w_most = max_of_threads(team, w_most)
    for m in range(images.shape[0]):
        # A presentation may add spike_limit spikes to as many of the rest before it.
        full = out.step.shape[0] - out.offsets[m] < 2 * run.spike_limit
        full = full or out.inh_step.shape[0] - out.inh_end[0] < room_inh
        if sum_of_threads(team, int(full)) > 0:
            fault[0] = OUTPUT_FULL
            return m
        begin_out = out.offsets[m]
        for attempt in range(first_attempt if m == 0 else 0, protocol.max_attempts):
            fault[4] = attempt
            out.end[0] = n_out
            out.inh_end[0] = out.inh_offsets[m]
            n = gather_events(run, inp, images[m], pass_index, attempt, work)
            if n < 0:
                fault[0] = INPUT_FULL
                return m
            if room(run, work) > past.shape[1]:
                fault[0], fault[1] = PAST_FULL, room(run, work)
                return m
            if protocol.from_rest:
                reset(s, exc, inh)
                n_out = begin_out
            if learn and run.norm_total > 0.0:
                w_most = max_of_threads(team, scale_columns(s, run, rule, work, team))
            begin_own = n_out
            n_out = present(
                s, exc, inh, run, tr, rule, w_most, learn, protocol.adapt, work, team, past, out, n_out, fault
            )
            if n_out < 0:
                return m
            out.attempts[m] = attempt + 1
            out.n_input_spikes[m] = n
            counted = split_rest(run, out, begin_own, n_out) if protocol.next_counts else n_out
            out.offsets[m + 1] = counted
            if sum_of_threads(team, counted - begin_out) >= protocol.min_spikes:
                break
            if attempt + 1 < protocol.max_attempts:
                n_out = move(out, counted, n_out, begin_out)
        out.inh_offsets[m + 1] = out.inh_end[0]
        out.end[0] = n_out
    return images.shape[0]
