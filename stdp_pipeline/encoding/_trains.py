"""Spike trains of one input, which several codes are made of: source that is compiled, not called.

All of them write into ``step`` and ``source`` from place ``n`` on and return the next free place, or -1 if there is no
room.
"""

from __future__ import annotations

import math

import numpy as np

from stdp_pipeline.random import philox4x32

__all__ = ["bernoulli_train", "put", "replay"]


def put(s, copies, n_steps, i, n, step, source):
    """Write a spike of input i at step s and at the steps that follow, ``copies`` in all, each step once."""
    if n > 0 and source[n - 1] == i and int(step[n - 1]) >= s:
        copies -= int(step[n - 1]) + 1 - s
        s = int(step[n - 1]) + 1
    for _ in range(copies):
        if s >= n_steps:
            break
        if n == step.shape[0]:
            return -1
        step[n] = s
        source[n] = i
        n += 1
        s += 1
    return n


def replay(event_step, event_source, begin, end, copies, n_steps, step, source):
    """Write recorded events ``begin`` to ``end``, ordered by source and step, each ``copies`` times."""
    n = 0
    for e in range(begin, end):
        n = put(int(event_step[e]), copies, n_steps, event_source[e], n, step, source)
        if n < 0:
            break
    return n


def bernoulli_train(p, stride, n_steps, k0, k1, c1, c2, c3, i, n, step, source):
    """Write the spikes of input i, which fires in every ``stride``-th step with probability p.

    They are drawn as the geometric gaps between them [1]_: the same law, and one draw for each spike instead of one for
    each step.

    References
    ----------
    .. [1] Devroye (1986), "Non-uniform random variate generation", chapter X.2: geometric variates by inversion.
    """
    n_slots = (n_steps + stride - 1) // stride
    # log(1 - p) = -inf at p = 1 makes every gap 0, as it should: a spike in every slot.
    per_log = 1.0 / math.log1p(-p) if p < 1.0 else -0.0
    high = np.uint64(i) << np.uint64(16)
    block = np.uint64(0)
    slot = -1
    while slot < n_slots:
        words = philox4x32(k0, k1, high | block, c1, c2, c3)
        block += np.uint64(1)
        for word in words:
            # The middle of one of 2**32 equal cells: never 0, so the logarithm is finite.
            gap = math.floor(math.log((word + 0.5) * 2.0**-32) * per_log)
            slot += 1 + int(min(gap, 1e9))
            if slot >= n_slots:
                break
            if n == step.shape[0]:
                return -1
            step[n] = slot * stride
            source[n] = i
            n += 1
    return n
