"""Lay out receptive fields at all snapshots of training together."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.measures.trajectories import trajectory_measures
from stdp_pipeline.analysis.packages import missing
from stdp_pipeline.analysis.points import Trajectories
from stdp_pipeline.errors import DataError
from stdp_pipeline.io import nullable, read_arrays, read_json, write_arrays, write_json
from stdp_pipeline.random import uniforms
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages._network import weights_in
from stdp_pipeline.stages._snapshots import read_snapshots

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``trajectory.npz`` and ``info.json``, which also holds measures of the trajectories.

    ``coordinates`` (n_times, n_neurons, 2), NaN where the method was skipped; ``neurons`` (n_neurons,), which ones are
    followed; their ``labels``; ``images_seen`` (n_times,).
    """
    module, params = component("embedding", job.parameter("embedding"))
    model = model_of(read_json(job.input("model")))
    images_seen, states = read_snapshots(job.input("network"))
    labels = read_arrays(job.input("labels"), "label", also=())["label"].astype(np.int64)
    neurons = _followed(labels, job.parameter("n_neurons"), job.parameter("seed"))
    values = np.stack([weights_in(state, model).T[neurons] for state in states])
    found = Trajectories(values.astype(np.float32), labels[neurons], images_seen, job.parameter("seed"))
    coordinates = np.full((*values.shape[:2], 2), np.nan)
    info = {"method": params.name, "n_times": len(states), "n_neurons": len(neurons)}
    if skipped := missing(module.PACKAGES):
        info["skipped"] = skipped
    else:
        if hasattr(module, "embed_trajectories"):
            coordinates, chosen = module.embed_trajectories(params, found)
        else:
            flat, chosen = module.embed(params, found.stacked())
            coordinates = flat.reshape(coordinates.shape)
        info |= chosen | {"measures": nullable(trajectory_measures(found.values, coordinates))}
    info["measures_of_fields"] = nullable(trajectory_measures(found.values, found.values))
    arrays = {"coordinates": coordinates, "neurons": neurons, "labels": labels[neurons], "images_seen": images_seen}
    write_arrays(job.output / "trajectory.npz", arrays)
    write_json(job.output / "info.json", info)


def _followed(labels: np.ndarray, n_neurons: int, seed: int) -> np.ndarray:
    """Draw neurons among those that have a label: the others have hardly learned."""
    named = np.flatnonzero(labels >= 0)
    if len(named) < 2:
        raise DataError(f"trajectories: {len(named)} neurons have a label, at least 2 are needed; train for longer")
    drawn = np.argsort(uniforms(seed, "embedding", len(named)), kind="stable")[:n_neurons]
    return np.sort(named[drawn])
