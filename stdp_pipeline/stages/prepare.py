"""Read and check a data set, select from it, and store it in one form."""

from __future__ import annotations

from stdp_pipeline.datasets._base import checked, selected
from stdp_pipeline.io import write_arrays
from stdp_pipeline.stages._job import StageJob, component

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``data.npz``: images (n, height, width) uint8 and labels (n,) uint8 of both splits, and n_classes."""
    module, params = component("dataset", job.parameter("dataset"))
    data = checked(module.read(params), params.name)
    n_classes = int(max(data.train_labels.max(), data.test_labels.max())) + 1
    data = checked(selected(data, params), params.name)
    write_arrays(job.output / "data.npz", {**vars(data), "n_classes": n_classes})
