"""Record the frozen network's answers to the images of one split.

Weights do not change, and thresholds neither, unless an experiment is to measure what that error of ports costs.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Frozen, Responses
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.io import read_arrays, read_json, write_arrays
from stdp_pipeline.stages._inputs import input_arrays, inputs_of, model_of, stored_events
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._monitor import ProgressReport
from stdp_pipeline.stages._network import read_network

__all__ = ["read_responses", "run"]


def run(job: StageJob) -> None:
    """Write ``responses.npz``: the spikes of both layers in AER form, see :class:`Responses`."""
    split, wanted = job.parameter("split"), job.parameter("n_images")
    trained: dict[str, Any] = read_json(job.input("model"))
    state = read_network(job.input("network"))
    arrays = input_arrays(job.input("levels"), split)
    levels = arrays[f"{split}_levels"]
    if wanted is not None and wanted > len(levels):
        raise ConfigError(f"labelling.n_images must be at most {len(levels)}, got {wanted}")
    images = np.arange(len(levels))[:wanted]

    model = model_of(trained)
    engine = registry.load("engine", trained["simulation"]["engine"])
    stored = stored_events(job.inputs.get("events_frozen"), model, *levels.shape)
    inputs = inputs_of(trained, arrays, split, trained["seed"], stored)
    report = ProgressReport(len(images), 0, job.output.name)
    frozen = Frozen(carry_over=job.parameter("carry_over"), theta_adapts=job.parameter("theta_adapts"))
    responses = engine.respond(model, state, inputs, images, job.threads, report.update, frozen)
    report.close()

    write_arrays(job.output / "responses.npz", {**vars(responses), "n_exc": state.n_exc}, compress=True)
    job.details["responses"] = {
        "images": responses.n_images,
        "spikes_per_image": float(responses.n_spikes.mean()),
        "presentations_per_image": float(responses.attempts.mean()),
        "silent_images": int(np.count_nonzero(responses.n_spikes == 0)),
    }


def read_responses(path: Any) -> tuple[Responses, int]:
    """Read ``responses.npz``: the responses and the number of excitatory neurons."""
    arrays = read_arrays(path, *(field.name for field in fields(Responses)), "n_exc")
    n_exc = int(arrays.pop("n_exc"))
    return Responses(**arrays), n_exc
