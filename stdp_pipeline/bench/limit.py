"""The least time that a step-by-step simulation can take on this machine: bare loops over the same memory.

Two loops are timed on the input spikes of real images: adding one row of weights per input spike, and one vectorised
pass over the neurons' state per step, in the cheapest form that there is (forward Euler, no threshold, no flushing, no
exponential, multiplications and additions fused as the compiler likes). There are no spikes, no traces, no learning,
and the input spikes are drawn and sorted before the clock starts. A simulator that takes every step cannot be faster;
one that skips steps, as the fast engine does at the end of a presentation, could.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from stdp_pipeline.bench.case import Case
from stdp_pipeline.engines._protocol import draw_events

__all__ = ["bare_loops"]


def _compiled() -> tuple[Any, Any]:
    import numba

    @numba.njit(fastmath=True, error_model="numpy")
    def rows(weights, sources, first, g):  # type: ignore[no-untyped-def]
        for k in range(first.shape[0] - 1):
            e, end = first[k], first[k + 1]
            while e + 3 < end:
                a, b, c, d = sources[e], sources[e + 1], sources[e + 2], sources[e + 3]
                for j in range(g.shape[0]):
                    g[j] += (weights[a, j] + weights[b, j]) + (weights[c, j] + weights[d, j])
                e += 4
            while e < end:
                a = sources[e]
                for j in range(g.shape[0]):
                    g[j] += weights[a, j]
                e += 1

    @numba.njit(fastmath=True, error_model="numpy")
    def states(v, g_exc, g_inh, c, n_steps):  # type: ignore[no-untyped-def]
        leak, e_rest, e_exc, e_inh, keep_exc, keep_inh = c[0], c[1], c[2], c[3], c[4], c[5]
        for _ in range(n_steps):
            for j in range(v.shape[0]):
                e, i = g_exc[j], g_inh[j]
                v[j] += leak * ((e_rest - v[j]) + e * (e_exc - v[j]) + i * (e_inh - v[j]))
                g_exc[j] = e * keep_exc
                g_inh[j] = i * keep_inh

    return rows, states


def bare_loops(case: Case, n_images: int, n_repeats: int) -> dict[str, float]:
    """Time the two loops on the first presentations of images.

    Parameters
    ----------
    case : Case
    n_images : int
    n_repeats : int

    Returns
    -------
    dict
        ``rows_s`` and ``states_s`` per image, each the median over the repetitions, and their sum ``limit_s``.
    """
    rows, states = _compiled()
    n_steps = case.model.n_image_steps + case.model.n_rest_steps
    n_exc = case.model.network.n_exc
    exc = case.model.network.exc
    weights = case.state.weights
    events = []
    for image in case.images(0, n_images):
        step, source = draw_events(case.model, case.inputs, int(image), 0, 0)
        events.append((source, np.searchsorted(step, np.arange(n_steps + 1))))
    g, v = np.zeros(n_exc, weights.dtype), np.full(n_exc, exc.e_rest_mv, weights.dtype)
    g_exc, g_inh = np.full(n_exc, 0.1, weights.dtype), np.full(n_exc, 0.1, weights.dtype)
    # No decay: the numbers stay as they are, so that none becomes denormal and slow.
    constants = (case.model.dt_ms / exc.tau_mem_ms, exc.e_rest_mv, exc.e_exc_mv, exc.e_inh_mv, 1.0, 1.0)
    c = np.array(constants, weights.dtype)
    rows(weights, *events[0], g)
    states(v, g_exc, g_inh, c, 1)
    rows_s, states_s = [], []
    for _ in range(n_repeats):
        start = time.process_time()
        for source, first in events:
            rows(weights, source, first, g)
        rows_s.append((time.process_time() - start) / n_images)
        g[:] = 0
        start = time.process_time()
        states(v, g_exc, g_inh, c, n_steps * n_images)
        states_s.append((time.process_time() - start) / n_images)
    row, state = float(np.median(rows_s)), float(np.median(states_s))
    return {"rows_s": row, "states_s": state, "limit_s": row + state}
