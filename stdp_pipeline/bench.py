"""Measure what training costs, on real images."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.config.load import validated
from stdp_pipeline.datasets import mnist
from stdp_pipeline.engines._contract import Inputs, Model, StoredEvents
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.provenance import cpu_model, version

__all__ = ["measure"]


def measure(
    engine: str, n_exc: int, rule: str, n_images: int, n_warmup: int, n_repeats: int, seed: int
) -> dict[str, Any]:
    """Train on MNIST images in order and return CPU seconds per image.

    Parameters
    ----------
    engine, rule : str
        Names of components.
    n_exc : int
        Excitatory neurons.
    n_images : int
        Images per repetition; repetitions follow each other in the data set.
    n_warmup : int
        Images trained before, among them those that compile the engine.
    n_repeats : int
    seed : int

    Returns
    -------
    dict
        ``cpu_s_min``, ``cpu_s_median``, ``cpu_s_max`` per training image (retries included), and what was measured.
    """
    overrides = {"network": {"n_exc": n_exc}, "plasticity": {"name": rule}, "simulation": {"engine": engine}}
    experiment: Any = validated(overrides, "bench")
    module = registry.load("engine", engine)
    encoding = registry.load("encoding", experiment.encoding.name)
    levels = mnist.read(mnist.Params()).train_images.reshape(60_000, -1)
    options = experiment.simulation.model_dump(exclude={"engine"})
    model = Model(experiment.network, registry.load("rule", rule), experiment.plasticity, **options)
    inputs = Inputs(levels, encoding, experiment.encoding, seed, "train", StoredEvents.none())
    state = initial_state(experiment.network, levels.shape[1], seed, model.precision)

    def images(start: int, n: int) -> np.ndarray:
        return np.arange(start, start + n) % len(levels)

    if n_warmup:
        state, _ = module.train(model, state, inputs, images(0, n_warmup), 0)
    seconds, presentations, spikes = [], [], []
    for k in range(n_repeats):
        chosen = images(n_warmup + k * n_images, n_images)
        start = time.process_time()
        state, responses = module.train(model, state, inputs, chosen, 0)
        seconds.append((time.process_time() - start) / n_images)
        presentations.append(float(responses.attempts.mean()))
        spikes.append(float(responses.n_spikes.mean()))
    return {
        "engine": engine,
        "rule": rule,
        "n_exc": n_exc,
        "dataset": "mnist",
        "images": n_images,
        "repeats": n_repeats,
        "seed": seed,
        "cpu_s_median": float(np.median(seconds)),
        "cpu_s_min": min(seconds),
        "cpu_s_max": max(seconds),
        "presentations_per_image": float(np.mean(presentations)),
        "spikes_per_image": float(np.mean(spikes)),
        "cpu": cpu_model(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in ("stdp_pipeline", "numpy", "numba")},
    }
