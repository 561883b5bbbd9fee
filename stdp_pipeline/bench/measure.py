"""CPU time per image of training, and of frozen passes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from stdp_pipeline.bench.case import Case
from stdp_pipeline.provenance import cpu_seconds

__all__ = ["frozen", "training"]


def _summary(case: Case, seconds: list[float], walls: list[float], n_images: int, threads: int) -> dict[str, Any]:
    return {
        **case.describe(),
        "threads": threads,
        "wall_s_median": float(np.median(walls)),
        "images": n_images,
        "repeats": len(seconds),
        "cpu_s_median": float(np.median(seconds)),
        "cpu_s_min": min(seconds),
        "cpu_s_max": max(seconds),
    }


def training(case: Case, n_images: int, n_repeats: int, threads: int = 1) -> dict[str, Any]:
    """Train on images in the data set's order and return CPU seconds per image.

    Parameters
    ----------
    case : Case
    n_images : int
        Images per repetition; repetitions follow each other in the data set.
    n_repeats : int
    threads : int, default 1

    Returns
    -------
    dict
        ``cpu_s_min``, ``cpu_s_median``, ``cpu_s_max`` and ``wall_s_median`` per training image (retries included), and
        what was measured.
    """
    state = case.state
    seconds, walls, presentations, spikes, input_spikes = [], [], [], [], []
    if threads > 1:  # another kernel than that of the warm-up
        case.engine.train(case.model, state, case.inputs, case.images(0, 1), 0, threads)
    for k in range(n_repeats):
        images = case.images(k * n_images, n_images)
        cpu, wall = cpu_seconds(), time.perf_counter()
        state, responses = case.engine.train(case.model, state, case.inputs, images, 0, threads)
        seconds.append((cpu_seconds() - cpu) / n_images)
        walls.append((time.perf_counter() - wall) / n_images)
        presentations.append(float(responses.attempts.mean()))
        spikes.append(float(responses.n_spikes.mean()))
        input_spikes.append(float(responses.n_input_spikes.mean()))
    return _summary(case, seconds, walls, n_images, threads) | {
        "presentations_per_image": float(np.mean(presentations)),
        "spikes_per_image": float(np.mean(spikes)),
        "input_spikes_per_image": float(np.mean(input_spikes)),
    }


def frozen(case: Case, n_images: int, n_repeats: int, threads: int) -> dict[str, Any]:
    """Present images to the frozen network and return CPU seconds per image, and wall-clock seconds.

    Parameters
    ----------
    case : Case
    n_images : int
        Images per repetition, the same in each.
    n_repeats : int
    threads : int

    Returns
    -------
    dict
        As from :func:`training`.
    """
    seconds, walls, responses = [], [], None
    # Not timed: a network that does not learn may be another program.
    case.engine.respond(case.model, case.state, case.inputs, case.images(0, 1), threads, lambda done: None)
    for _ in range(n_repeats):
        cpu, wall = cpu_seconds(), time.perf_counter()
        responses = case.engine.respond(
            case.model, case.state, case.inputs, case.images(0, n_images), threads, lambda done: None
        )
        seconds.append((cpu_seconds() - cpu) / n_images)
        walls.append((time.perf_counter() - wall) / n_images)
    assert responses is not None
    return _summary(case, seconds, walls, n_images, threads) | {
        "presentations_per_image": float(responses.attempts.mean()),
        "spikes_per_image": float(responses.n_spikes.mean()),
        "input_spikes_per_image": float(responses.n_input_spikes.mean()),
    }
