"""Test a pretrained network on the images of its data set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.datasets._read import read
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.plasticity import triplet
from stdp_pipeline.pretrained.store import Pretrained
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import UNLABELLED, predictions
from stdp_pipeline.readout._metrics import score
from stdp_pipeline.stages._inputs import inputs_of, model_of
from stdp_pipeline.stages._job import component
from stdp_pipeline.stages._monitor import ProgressReport

__all__ = ["evaluate"]


def evaluate(
    network: Pretrained,
    readout: str,
    n_images: int | None = None,
    seed: int | None = None,
    threads: int = 1,
    name: str = "pretrained",
) -> dict[str, Any]:
    """Show the network test images, without learning, and classify them.

    Parameters
    ----------
    network : Pretrained
    readout : str
        One that needs no more than the neurons' labels.
    n_images : int, optional
        Only the first so many test images.
    seed : int, optional
        Seed of the input spikes; that of the training, if none is given.
    threads : int
    name : str
        What the progress report calls it.

    Returns
    -------
    dict
        See :func:`stdp_pipeline.readout._metrics.score`; also ``n_test`` and ``spikes_per_image``.

    Raises
    ------
    ConfigError
        If the readout needs training images, or there are fewer test images.
    """
    module = registry.load("readout", readout)
    if module.READS != "labels":
        fitting = [name for name in registry.names("readout") if registry.load("readout", name).READS == "labels"]
        raise ConfigError(
            f"readout '{readout}' needs answers to training images, which a pretrained network does not carry; "
            f"readouts that do without: {', '.join(fitting)}"
        )
    data, _ = read(*component("dataset", network.spec["dataset"]))
    there = len(data.test_images)
    if n_images is not None and not 1 <= n_images <= there:
        raise ConfigError(f"--images must be 1 to {there}, got {n_images}")
    images = np.arange(there)[:n_images]
    encoding, encoding_params = component("encoding", network.spec["encoding"])
    levels = np.ascontiguousarray(encoding.to_levels(data.test_images, encoding_params).reshape(there, -1))
    seed = network.spec["seed"] if seed is None else seed

    model = model_of(network.spec)
    if model.storage is not None:  # the file has weights as real numbers, whatever the rule made them from
        model = replace(model, rule=triplet, rule_params=triplet.Params())
    # Delays are drawn from the training's seed; everything else of the initial state is replaced or put to rest.
    start = initial_state(model.network, levels.shape[1], network.spec["seed"], model.precision, model.dt_ms)
    start.weights[:] = network.weights
    start.theta_mv[:] = network.theta_mv
    engine = registry.load("engine", network.spec["simulation"]["engine"])
    inputs = inputs_of(network.spec, {"test_levels": levels}, "test", seed)
    report = ProgressReport(len(images), 0, name)
    answers = Answers(engine.respond(model, start, inputs, images, threads, report.update), model.network.n_exc)
    report.close()
    votes = module.votes(module.Params(), Training(network.neurons), answers)
    predicted = np.where(answers.responses.n_spikes == 0, UNLABELLED, predictions(votes))
    found = score(data.test_labels[images], predicted, network.neurons.n_classes)
    return {**found, "n_test": len(images), "spikes_per_image": float(answers.responses.n_spikes.mean())}
