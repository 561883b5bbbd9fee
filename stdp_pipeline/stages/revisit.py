"""Show test images to the network as it was at each snapshot of its training, to compare its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline import registry
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.io import read_arrays, read_json, write_arrays
from stdp_pipeline.stages._inputs import input_arrays, inputs_of, model_of
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._monitor import ProgressReport
from stdp_pipeline.stages._snapshots import read_snapshots

__all__ = ["read_revisited", "run"]

_PARTS = ("data", "indices", "indptr")


def run(job: StageJob) -> None:
    """Write ``revisited.npz``: ``images_seen``, (n_times,), and the spike counts at each time as a sparse matrix.

    The matrix of time k is (n_images, n_exc) in the form of :class:`scipy.sparse.csr_array`: ``k.data``, ``k.indices``
    and ``k.indptr``.
    """
    spec: dict[str, Any] = read_json(job.input("model"))
    images_seen, states = read_snapshots(job.input("network"))
    arrays = input_arrays(job.input("levels"), "test")
    n_images = job.parameter("n_images")
    if n_images > len(arrays["test_levels"]):
        raise ConfigError(
            f"trajectories.n_images must be at most {len(arrays['test_levels'])}, the test images, got {n_images}"
        )
    model = model_of(spec)
    engine = registry.load("engine", spec["simulation"]["engine"])
    inputs = inputs_of(spec, arrays, "test", spec["seed"])
    report = ProgressReport(len(states), 0, job.output.name, "snapshots")
    found: dict[str, np.ndarray] = {"images_seen": images_seen, "shape": np.array([n_images, states[0].n_exc])}
    for k, state in enumerate(states):
        responses = engine.respond(model, state, inputs, np.arange(n_images), job.threads, lambda done: None)
        counts = responses.sparse_counts(state.n_exc)
        found |= {f"{k}.{part}": getattr(counts, part) for part in _PARTS}
        report.update(k + 1)
    report.close()
    write_arrays(job.output / "revisited.npz", found, compress=True)


def read_revisited(path: Path) -> tuple[np.ndarray, list[csr_array]]:
    """Read ``revisited.npz``: training images seen, (n_times,), and the spike counts at each time."""
    arrays = read_arrays(path, "images_seen", "shape")
    images_seen, shape = arrays["images_seen"], tuple(int(n) for n in arrays["shape"])
    parts = ([arrays[f"{k}.{part}"] for part in _PARTS] for k in range(len(images_seen)))
    return images_seen, [csr_array((data, indices, indptr), shape) for data, indices, indptr in parts]
