"""Put the weights of a trained network on a few levels; thresholds are chosen on training images only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Inputs, Model
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.io import read_arrays, read_json, write_arrays, write_json
from stdp_pipeline.network.quantise import QuantisationParams, Quantised, quantised
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.readout import all_activity
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import labels_from_sums, predictions
from stdp_pipeline.stages._inputs import input_arrays, inputs_of, model_of
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._monitor import ProgressReport
from stdp_pipeline.stages._network import file_arrays, read_network

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``network.npz``, ``model.json`` (as it was trained) and ``quantisation.json`` (what was chosen and why)."""
    params = QuantisationParams.model_validate(job.parameter("quantisation"))
    spec: dict[str, Any] = read_json(job.input("model"))
    model, state = model_of(spec), read_network(job.input("network"))
    record: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "levels": params.levels}
    share = None
    if params.levels == 2 and params.threshold == "chosen":
        share, accuracies = _choose(job, params, spec, model, state)
        record |= {"chosen_share": share, "accuracies_on_training_images": accuracies}
    found = _quantised(state, params, model, share)
    error = found.weights - state.weights
    record |= {
        "used_levels": len(np.unique(found.level)),
        "share_at_lowest_level": float(np.mean(found.level == 0)),
        "rms_change": float(np.sqrt(np.mean(error.astype(np.float64) ** 2))),
        "mean_weight_before": float(state.weights.mean(dtype=np.float64)),
        "mean_weight_after": float(found.weights.mean(dtype=np.float64)),
    }
    write_arrays(job.output / "network.npz", file_arrays(state, model, found))
    write_json(job.output / "model.json", spec)
    write_json(job.output / "quantisation.json", record)
    job.details["quantisation"] = record


def _quantised(state: NetworkState, params: QuantisationParams, model: Model, share: float | None = None) -> Quantised:
    return quantised(state.weights, params, model.network.w_min, model.network.w_max, share)


def _choose(
    job: StageJob, params: QuantisationParams, spec: dict[str, Any], model: Model, state: NetworkState
) -> tuple[float, dict[str, float]]:
    """Try all candidates on training images; return the best one, and the accuracy of each."""
    arrays = input_arrays(job.input("levels"), "train")
    data = read_arrays(job.input("data"), "train_labels", "n_classes", also=())
    inputs = inputs_of(spec, arrays, "train", spec["seed"])
    n = params.choose_on
    if n > len(inputs.levels):
        raise ConfigError(
            f"quantisation.choose_on must be at most the number of training images ({len(inputs.levels)}), got {n}"
        )
    progress = ProgressReport(n * len(params.candidates), 0, job.output.name)
    found = {}
    for k, share in enumerate(params.candidates):
        weights = _quantised(state, params, model, share).weights
        tried = replace(state, weights=weights.astype(state.weights.dtype))
        found[f"{share:g}"] = _accuracy(
            spec, model, tried, inputs, data["train_labels"][:n], int(data["n_classes"]), job.threads,
            lambda done, before=k * n: progress.update(before + done),
        )  # fmt: skip
    progress.close()
    return params.candidates[int(np.argmax(list(found.values())))], found


def _accuracy(
    spec: dict[str, Any],
    model: Model,
    state: NetworkState,
    inputs: Inputs,
    labels: np.ndarray,
    n_classes: int,
    threads: int,
    progress: Any,
) -> float:
    """Label the neurons by the first half of some training images, and classify the second half."""
    engine = registry.load("engine", spec["simulation"]["engine"])
    half, n_exc = len(labels) // 2, state.n_exc
    first = engine.respond(model, state, inputs, np.arange(half), threads, progress)
    neurons = labels_from_sums(first.class_counts(labels[:half], n_classes, n_exc), labels[:half])
    second = engine.respond(
        model, state, inputs, np.arange(half, len(labels)), threads, lambda done: progress(half + done)
    )
    votes = all_activity.votes(all_activity.Params(), Training(neurons), Answers(second, n_exc))
    return float(np.mean(predictions(votes) == labels[half:]))
