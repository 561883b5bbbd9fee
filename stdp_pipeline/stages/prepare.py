"""Read and check a data set, select from it, and store it in one form."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.datasets._base import Dataset, Recordings
from stdp_pipeline.datasets._read import read
from stdp_pipeline.io import write_arrays
from stdp_pipeline.stages._job import StageJob, component

__all__ = ["arrays_of", "run"]


def run(job: StageJob) -> None:
    """Write ``data.npz``: images (n, *shape) and labels (n,) uint8 of both splits, n_classes and class_names.

    Of recordings also ``train_time_us``, ``train_channel``, ``train_offsets`` and the same of the test split, see
    :class:`stdp_pipeline.datasets._base.Recordings`.
    """
    write_arrays(job.output / "data.npz", arrays_of(*read(*component("dataset", job.parameter("dataset")))))


def arrays_of(data: Dataset, n_classes: int) -> dict[str, Any]:
    """Return what ``data.npz`` holds of a data set."""
    arrays: dict[str, Any] = {"n_classes": n_classes, "class_names": np.array(data.class_names, dtype=np.str_)}
    for name, value in vars(data).items():
        if isinstance(value, Recordings):
            split = name.removesuffix("_events")
            arrays |= {f"{split}_{part}": array for part, array in vars(value).items()}
        elif isinstance(value, np.ndarray):
            arrays[name] = value
    return arrays
