"""Give each neuron a label, from the frozen network's answers to training images.

(Or to test images, if an experiment is to measure what that leak does.)
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.io import read_arrays, write_arrays, write_json
from stdp_pipeline.readout._labels import UNLABELLED, labels_from_sums
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages.respond import read_responses

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``labels.npz`` (label and mean counts, see :class:`NeuronLabels`) and ``metrics.json``."""
    responses, n_exc = read_responses(job.input("responses"))
    split = job.parameter("split")
    data = read_arrays(job.input("data"), f"{split}_labels", "n_classes", also=())
    classes = data[f"{split}_labels"][: responses.n_images]
    labels = labels_from_sums(responses.class_counts(classes, int(data["n_classes"]), n_exc), classes)
    write_arrays(job.output / "labels.npz", {"label": labels.label, "mean_counts": labels.mean_counts})
    write_json(
        job.output / "metrics.json",
        {
            "n_images": responses.n_images,
            "split": split,
            "n_silent_images": int(np.count_nonzero(responses.n_spikes == 0)),
            "n_silent_neurons": int(np.count_nonzero(labels.label == UNLABELLED)),
            "neurons_per_class": np.bincount(labels.label[labels.label >= 0], minlength=labels.n_classes).tolist(),
        },
    )
