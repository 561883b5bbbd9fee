"""Measure how well each map of the same features keeps what is near, what is far, and what belongs together."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.measures import N_NEIGHBORS, measures, space_of
from stdp_pipeline.analysis.measures.params import MeasuresParams
from stdp_pipeline.io import read_arrays, write_text
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages.features import read_points

__all__ = ["NO_MAP", "run"]

NO_MAP = "(no map)"
"""Stands for a method: what the features themselves score, in all their dimensions."""


def run(job: StageJob) -> None:
    """Write ``measures.tsv``: ``method``, ``draw``, ``measure``, ``value``.

    Methods that were skipped have no lines; :data:`NO_MAP` has.
    """
    params = MeasuresParams.model_validate(job.parameter("measures"))
    seed = job.parameter("seed")
    points, rows, _ = read_points(job.input("features"), seed)
    maps = {}
    for role, path in job.inputs.items():
        if role.startswith("map_"):
            coordinates = read_arrays(path, "coordinates")["coordinates"][rows]
            if np.isfinite(coordinates).all():
                maps[role.removeprefix("map_")] = coordinates
    lines = ["method\tdraw\tmeasure\tvalue"]
    # Of a handful of points no fifteen are near.
    near = min(N_NEIGHBORS, (min(len(rows), params.n_points) - 1) // 2)
    for draw in range(params.n_draws):
        rng = np.random.default_rng([seed, draw])
        space = space_of(points.features, points.labels, rng, params.n_points, near)
        for method, coordinates in {**maps, NO_MAP: points.features}.items():
            # The same triplets for all.
            found = measures(space, coordinates[space.rows], np.random.default_rng([seed, draw, 1]))
            lines += [f"{method}\t{draw}\t{name}\t{value:.8g}" for name, value in found.items()]
    write_text(job.output / "measures.tsv", "\n".join(lines) + "\n")
