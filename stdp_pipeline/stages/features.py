"""Make features of images or neurons, and look up their nearest neighbours, once for all maps and measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.analysis.features._source import Source
from stdp_pipeline.analysis.points import Points, points_of
from stdp_pipeline.errors import DataError
from stdp_pipeline.io import read_arrays, read_json, write_arrays, write_json
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages._network import read_network, weights_in
from stdp_pipeline.stages.respond import read_responses

__all__ = ["read_points", "run"]


def run(job: StageJob) -> None:
    """Write ``features.npz`` and ``info.json``.

    The arrays are those of :class:`stdp_pipeline.analysis.points.Points`, of the rows that have a place, with ``rows``,
    (n,) int32, their numbers among all ``n_rows``. Rows that do not (images without a spike) are counted.
    """
    module, params = component("feature", job.parameter("feature"))
    source, labels = _source(job, module)
    features = module.features(params, source)
    rows = np.flatnonzero(np.isfinite(features).all(axis=1))
    if len(rows) < 3:
        raise DataError(
            f"features '{params.name}': {len(rows)} of {len(features)} {module.ROWS} have any; the others caused no "
            "spikes. Look at the network's activity in the report, or leave these features out"
        )
    try:
        points = points_of(features[rows], labels[rows], 0)
    except DataError as error:
        raise DataError(f"features '{params.name}': {error}") from None
    arrays = {name: value for name, value in vars(points).items() if name != "seed"}
    write_arrays(job.output / "features.npz", {**arrays, "rows": rows.astype(np.int32), "n_rows": len(features)})
    n_different = len(np.unique(points.features, axis=0))
    write_json(
        job.output / "info.json",
        {
            "features": params.name,
            "rows": module.ROWS,
            "n_points": len(rows),
            "n_left_out": len(features) - len(rows),
            "n_duplicates": len(rows) - n_different,
            "n_dimensions": features.shape[1],
        },
    )


def _source(job: StageJob, module: Any) -> tuple[Source, np.ndarray]:
    """Return what the features are made of, and the classes of all rows."""
    parts: dict[str, Any] = {}
    if "responses" in module.NEEDS:
        responses, n_exc = read_responses(job.input("responses"))
        simulation = read_json(job.input("model"))["simulation"]
        parts |= {"responses": responses, "n_exc": n_exc}
        parts |= {name: float(simulation[name]) for name in ("dt_ms", "image_ms")}
    if "network" in module.NEEDS:
        state = read_network(job.input("network"))
        parts |= {"weights": weights_in(state, model_of(read_json(job.input("model")))), "n_exc": state.n_exc}
    if "pixels" in module.NEEDS:
        parts["pixels"] = read_arrays(job.input("data"), "test_images", also=())["test_images"]
    if module.ROWS == "neurons":
        labels = read_arrays(job.input("labels"), "label", also=())["label"]
    else:
        labels = read_arrays(job.input("data"), "test_labels", also=())["test_labels"]
    return Source(**parts), labels.astype(np.int64)


def read_points(path: Path, seed: int) -> tuple[Points, np.ndarray, int]:
    """Read ``features.npz``: the points, their numbers among all rows, (n,) int32, and the number of all rows."""
    arrays = read_arrays(path, "features", "index", "distance", "labels", "rows", "n_rows")
    rows, n_rows = arrays.pop("rows"), int(arrays.pop("n_rows"))
    return Points(**arrays, seed=seed), rows, n_rows
