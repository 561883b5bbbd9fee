"""Classify the test images by the trained network's answers, with each of the readouts."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import read_arrays, write_arrays, write_json
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import UNLABELLED, NeuronLabels, predictions
from stdp_pipeline.readout._latency import decision_steps
from stdp_pipeline.readout._metrics import score, spikes_by_label
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages.respond import read_responses

__all__ = ["run"]


def run(job: StageJob) -> None:
    """Write ``predictions.npz`` (an array for each readout) and ``metrics.json``."""
    test = Answers(*read_responses(job.input("responses")))
    split = job.parameter("label_split")
    data = read_arrays(job.input("data"), "test_labels", f"{split}_labels", also=())
    if test.n_images != len(data["test_labels"]):
        raise ResultsError(
            f"'{job.input('responses')}' answers {test.n_images} images, the test split has "
            f"{len(data['test_labels'])}; were these the responses to the training images?"
        )
    neurons = NeuronLabels(**read_arrays(job.input("labels"), "label", "mean_counts"))
    answers = Answers(*read_responses(job.input("training")))
    training = Training(neurons, answers, data[f"{split}_labels"][: answers.n_images])
    silent = test.responses.n_spikes == 0
    predicted, scores = {}, {}
    for section in job.parameter("readouts"):
        module, params = component("readout", section)
        name = params.name
        predicted[name] = np.where(silent, UNLABELLED, predictions(module.votes(params, training, test)))
        found = score(data["test_labels"], predicted[name], training.n_classes)
        spikes = spikes_by_label(test.counts, neurons.label, data["test_labels"], predicted[name])
        scores[name] = {"supervised": module.SUPERVISED, **found, "spikes": spikes}
    write_arrays(job.output / "predictions.npz", predicted, compress=True)
    write_json(
        job.output / "metrics.json",
        {
            "n_test": test.n_images,
            "n_silent_images": int(np.count_nonzero(silent)),
            "spikes_per_image": float(test.responses.n_spikes.mean()),
            "input_spikes_per_image": float(test.responses.n_input_spikes.mean()),
            "sops_per_image": float(test.responses.n_sops(test.n_exc).mean()),
            "presentations_per_image": float(test.responses.attempts.mean()),
            "decision_steps": _quartiles(decision_steps(test.responses, neurons)),
            "readouts": scores,
        },
    )


def _quartiles(values: np.ndarray) -> dict[str, float] | None:
    """Return median and quartiles over the images that have a value."""
    there = values[np.isfinite(values)]
    if len(there) == 0:
        return None
    low, middle, high = np.percentile(there, [25, 50, 75])
    return {"median": float(middle), "q1": float(low), "q3": float(high)}
