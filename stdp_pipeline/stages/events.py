"""Store the input spikes of all first presentations of one pass (only with ``encoding.materialize``)."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.io import write_arrays
from stdp_pipeline.random import FROZEN_PASS
from stdp_pipeline.stages._inputs import input_arrays, input_model, inputs_of
from stdp_pipeline.stages._job import StageJob

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``events.npz`` in AER form.

    ``step`` and ``source``, (n_events,) uint16, are ordered by image, step, source; image k's spikes start at
    ``offsets[k]``, (n_images + 1,) int64. Retries are not stored: they are drawn when they are needed, by the same
    generator.
    """
    split = job.parameter("split")
    arrays = input_arrays(job.input("levels"), split)
    pass_index = FROZEN_PASS if job.parameter("pass") == "frozen" else int(job.parameter("pass"))
    model = input_model(job.spec)
    inputs = inputs_of(job.spec, arrays, split, job.parameter("seed"))
    events = [draw_events(model, inputs, image, pass_index, 0) for image in range(len(inputs.levels))]
    stored = {
        "step": np.concatenate([step for step, _ in events]),
        "source": np.concatenate([source for _, source in events]),
        "offsets": np.cumsum([0] + [len(step) for step, _ in events]),
    }
    write_arrays(job.output / "events.npz", stored)
