"""Lay out the test responses in two dimensions."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.io import write_arrays, write_json
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages.respond import read_responses

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``embedding.npz`` (coordinates (n_images, 2), NaN for silent images) and ``info.json``.

    The features are the spike counts, (n_images, n_exc). Silent images are all equal and have no place on a map; they
    are left out and counted.
    """
    module, params = component("embedding", job.parameter("embedding"))
    responses, n_exc = read_responses(job.input("responses"))
    counts = responses.counts(n_exc)
    answered = responses.n_spikes > 0
    coordinates = np.full((len(counts), 2), np.nan)
    coordinates[answered], found = module.embed(params, counts[answered], job.parameter("seed"))
    write_arrays(job.output / "embedding.npz", {"coordinates": coordinates})
    info = {"method": params.name, "n_points": int(answered.sum()), "n_silent": int((~answered).sum()), **found}
    write_json(job.output / "info.json", info)
