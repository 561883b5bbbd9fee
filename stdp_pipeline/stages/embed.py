"""Lay out features in two dimensions."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.packages import missing
from stdp_pipeline.io import write_arrays, write_json
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages.features import read_points

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``embedding.npz`` (coordinates (n_rows, 2), NaN for rows without a place) and ``info.json``.

    A method whose package is not installed is skipped: all coordinates are NaN, and ``info.json`` says why.
    """
    module, params = component("embedding", job.parameter("embedding"))
    points, rows, n_rows = read_points(job.input("features"), job.parameter("seed"))
    coordinates = np.full((n_rows, 2), np.nan)
    info = {"method": params.name, "n_points": len(rows), "n_left_out": n_rows - len(rows)}
    if skipped := missing(module.PACKAGES):
        info["skipped"] = skipped
    else:
        coordinates[rows], found = module.embed(params, points)
        info |= found
    write_arrays(job.output / "embedding.npz", {"coordinates": coordinates})
    write_json(job.output / "info.json", info)
