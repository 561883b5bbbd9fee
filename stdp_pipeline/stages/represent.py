"""Tell how the neurons share the work: who fires, for what, how regularly, and how much that says about the class."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.activity import per_neuron, representation
from stdp_pipeline.analysis.spike_statistics import segments_of, spike_statistics
from stdp_pipeline.engines._contract import Model, Responses
from stdp_pipeline.errors import DataError, MissingPackageError
from stdp_pipeline.io import nullable, read_arrays, read_json, write_json, write_text
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._network import read_network, weights_in
from stdp_pipeline.stages.respond import read_responses

__all__ = ["run"]

_PRESENTATIONS = 100
"""Test images, the first ones, whose spike trains are looked at."""


def run(job: StageJob) -> None:
    """Write ``representation.json`` and ``neurons.tsv``.

    The first holds the measures of :mod:`stdp_pipeline.analysis.activity` as ``neurons``, those of
    :mod:`stdp_pipeline.analysis.spike_statistics` as ``spikes``, and ``notes`` on what could not be measured;
    the second a line for each neuron.
    """
    responses, n_exc = read_responses(job.input("responses"))
    model = model_of(read_json(job.input("model")))
    weights = weights_in(read_network(job.input("network")), model)
    data = read_arrays(job.input("data"), "test_labels", "n_classes", also=())
    label = read_arrays(job.input("labels"), "label", also=())["label"]
    labels, n_classes = data["test_labels"].astype(np.int64), int(data["n_classes"])
    notes = []
    counts = responses.sparse_counts(n_exc)
    try:
        neurons = representation(counts, labels, n_classes, weights)
        columns = {"neuron": np.arange(n_exc), "label": label, **per_neuron(counts, labels, n_classes, weights)}
    except DataError as error:  # a network may have died; the report says so
        neurons, columns = {}, {"neuron": np.arange(n_exc), "label": label}
        notes.append(str(error))
    try:
        spikes = _spikes(responses, model, n_exc)
    except MissingPackageError as error:
        spikes = {}
        notes.append(str(error))
    n_presentations = min(_PRESENTATIONS, responses.n_images)
    found = {"neurons": nullable(neurons), "spikes": nullable(spikes), "n_presentations": n_presentations}
    write_json(job.output / "representation.json", found | {"notes": notes})
    lines = ["\t".join(columns)]
    lines += ["\t".join(f"{x:.6g}" for x in row) for row in zip(*columns.values(), strict=True)]
    write_text(job.output / "neurons.tsv", "\n".join(lines) + "\n")


def _spikes(responses: Responses, model: Model, n_exc: int) -> dict[str, float]:
    offsets = responses.offsets[: _PRESENTATIONS + 1]
    step, neuron = responses.step[: offsets[-1]], responses.neuron[: offsets[-1]]
    return spike_statistics(segments_of(step, neuron, offsets, model.n_image_steps, model.dt_ms), n_exc)
