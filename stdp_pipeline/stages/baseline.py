"""Classify the test images by their pixels alone, to show what a network adds."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.io import read_arrays, write_json
from stdp_pipeline.readout._labels import predictions
from stdp_pipeline.readout._metrics import score
from stdp_pipeline.stages._job import StageJob, component

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``metrics.json``: the accuracy of each baseline, trained on all training images.

    Pixels are scaled to 0 to 1. Of recordings, it is the events of each input that are counted, up to 255.
    """
    data = read_arrays(
        job.input("data"), "train_images", "train_labels", "test_images", "test_labels", "n_classes", also=()
    )
    known, test = (_pixels(data[f"{split}_images"]) for split in ("train", "test"))
    n_classes = int(data["n_classes"])
    found = {}
    for section in job.parameter("baselines"):
        module, params = component("readout", section)
        votes = module.scores(params, known, data["train_labels"], test, n_classes)
        result = score(data["test_labels"], predictions(votes), n_classes)
        found[params.name] = {"supervised": module.SUPERVISED, **result}
    write_json(job.output / "metrics.json", {"n_train": len(known), "n_test": len(test), "baselines": found})


def _pixels(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1)
    return flat / np.float32(255) if flat.dtype == np.uint8 else flat
