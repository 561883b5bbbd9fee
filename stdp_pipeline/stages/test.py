"""Classify the test images by the labelled neurons' votes."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import read_arrays, write_arrays, write_json
from stdp_pipeline.readout._labels import NeuronLabels, predictions
from stdp_pipeline.readout._metrics import score
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages.respond import read_responses

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``predictions.npz`` (an array for each readout) and ``metrics.json``."""
    responses, n_exc = read_responses(job.input("responses"))
    data = read_arrays(job.input("data"), "test_labels")
    labels = NeuronLabels(**read_arrays(job.input("labels"), "label", "mean_counts"))
    if responses.n_images != len(data["test_labels"]):
        raise ResultsError(
            f"'{job.input('responses')}' answers {responses.n_images} images, the test split has "
            f"{len(data['test_labels'])}; were these the responses to the training images?"
        )
    counts = responses.counts(n_exc)
    predicted, scores = {}, {}
    for section in job.parameter("readouts"):
        module, params = component("readout", section)
        predicted[params.name] = predictions(module.votes(params, counts, labels))
        scores[params.name] = score(data["test_labels"], predicted[params.name], labels.n_classes)
    write_arrays(job.output / "predictions.npz", predicted, compress=True)
    write_json(
        job.output / "metrics.json",
        {
            "n_test": responses.n_images,
            "n_silent_images": int(np.count_nonzero(responses.n_spikes == 0)),
            "spikes_per_image": float(responses.n_spikes.mean()),
            "presentations_per_image": float(responses.attempts.mean()),
            "readouts": scores,
        },
    )
