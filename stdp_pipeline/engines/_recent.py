"""The neurons whose postsynaptic trace is alive: only their weights can change at a presynaptic spike.

Like :mod:`stdp_pipeline.engines._kernel`, this is source that is compiled, not called. Entry a of the lists in ``work``
belongs to neuron ``recent[a]``: ``recent_last`` the step of its last spike, ``peak_fast`` and ``peak_slow`` its traces
just after it, ``fast`` and ``slow`` their values now, ``row`` the row of scratch memory that is its own. ``at`` gives a
neuron's entry, or -1.
"""

from __future__ import annotations

from stdp_pipeline.engines._loops import decayed

__all__ = ["forget", "read_traces", "recall", "track"]


def recall(s, run, work):
    """List the neurons whose trace is alive at the start of a presentation; return how many.

    Scaling may move weights out of their bounds; the next spike of their input clips them, so such neurons are listed,
    too.
    """
    n_recent = 0
    for j in range(s.v_exc.shape[0]):
        work.at[j] = -1
        work.row[j] = j
    for j in range(s.v_exc.shape[0]):
        if s.clock[0] - s.last_exc[j] < run.n_recent_steps or (run.depresses and work.over[j]):
            n_recent = track(s, work, j, n_recent, s.last_exc[j])
        # Whose weights this presentation may change: these, and those that will fire.
        if not run.coded:
            s.changed[j] = work.at[j] >= 0 or work.over[j]
    return n_recent


def track(s, work, j, n_recent, last):
    """List neuron j, or renew its entry, with the traces it has in ``s``; return how many are listed."""
    a = work.at[j]
    if a < 0:
        a = n_recent
        work.at[j] = a
        work.recent[a] = j
        n_recent += 1
    work.recent_last[a] = last
    work.peak_fast[a] = s.trace_post[0, j]
    work.peak_slow[a] = s.trace_post[1, j]
    return n_recent


def forget(run, work, n_recent, t):
    """Drop the neurons whose trace has died; return how many are left, in the same order."""
    kept = 0
    for a in range(n_recent):
        j = work.recent[a]
        if t - work.recent_last[a] < run.n_recent_steps or (run.depresses and work.over[j]):
            work.at[j] = kept
            work.recent[kept] = j
            work.recent_last[kept] = work.recent_last[a]
            work.peak_fast[kept] = work.peak_fast[a]
            work.peak_slow[kept] = work.peak_slow[a]
            work.row[kept], work.row[a] = work.row[a], work.row[kept]
            kept += 1
        else:
            work.at[j] = -1
    return kept


def read_traces(tr, work, n_recent, t):
    """Decay the traces of the listed neurons to step t."""
    for a in range(n_recent):
        lag = t - work.recent_last[a]
        work.fast[a] = decayed(work.peak_fast[a], lag, tr.post_fast)
        work.slow[a] = decayed(work.peak_slow[a], lag, tr.post_slow)
