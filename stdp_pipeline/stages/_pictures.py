"""What draws the figures of one run, on the screen or for print, and from which results."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.config.plan import Run
from stdp_pipeline.figures import fields, learning, results
from stdp_pipeline.figures._style import picture
from stdp_pipeline.figures.arrangement import mosaic_shape, order_by_similarity
from stdp_pipeline.io import read_arrays, read_json
from stdp_pipeline.plasticity._device import specimen
from stdp_pipeline.random import Draws
from stdp_pipeline.stages._drawings import Drawings
from stdp_pipeline.stages._history import read_history
from stdp_pipeline.stages._inputs import input_arrays, model_of
from stdp_pipeline.stages._network import read_network, weights_in
from stdp_pipeline.stages._raster import first_raster
from stdp_pipeline.stages._reading import reading
from stdp_pipeline.stages.respond import read_responses

__all__ = ["of_run", "only_for_print"]


def of_run(root: Path, one: Run) -> Drawings:
    """Return what draws the figures of one run.

    Parameters
    ----------
    root : Path
        Of the results.
    one : Run
    """
    ids = one.ids
    data = read_arrays(
        root / "prepare" / ids["prepare"] / "data.npz",
        *("train_labels", "test_labels", "n_classes", "class_names"),
        also=(),
    )
    encode = root / "encode" / ids["encode"]
    levels = input_arrays(encode / "levels.npz", "train")
    levels |= read_arrays(encode / "levels.npz", "image_shape", also=())
    weights, theta_mv, label, shape, stuck = _network(root, one)
    test = read_json(root / "test" / ids["test"] / "metrics.json")
    responses, _ = read_responses(root / "respond" / ids["respond_test"] / "responses.npz")
    best = next(iter(test["readouts"].values()))
    history = read_history(root / "train" / ids["train"] / "history.tsv")
    confusion = np.array(best["confusion"]), data["class_names"].tolist()
    drawings: Drawings = {
        "learning_curve.svg": partial(learning.learning_curve, history, best["accuracy"]),
        "confusion.svg": partial(results.confusion, *confusion),
        "receptive_fields.png": partial(fields.receptive_fields, weights, label, shape, stuck),
        "theta_histogram.svg": partial(learning.theta_histogram, theta_mv),
        "weight_histogram.svg": partial(learning.weight_histogram, weights),
        "spikes_per_image.svg": partial(learning.spikes_per_image, responses.n_spikes),
        "neurons_per_label.svg": partial(learning.neurons_per_label, label, int(data["n_classes"])),
        "raster.png": first_raster(read_json(encode / "encoder.json"), levels, data),
    }
    for embedding in one.analysis.of_first_features():
        rows = registry.load("feature", embedding.parents["features"].spec["feature"]["name"]).ROWS
        classes = label if rows == "neurons" else data["test_labels"]
        folder = root / "embed" / embedding.id
        points = read_arrays(folder / "embedding.npz", "coordinates")["coordinates"]
        with reading(folder):
            info = read_json(folder / "info.json")
            method, skipped = info.pop("method"), info.pop("skipped", None)
            left_out, _ = (info.pop(key) for key in ("n_left_out", "n_points")) if skipped is None else (0, 0)
        if skipped is None:
            info |= {"left_out": left_out} if left_out else {}
            drawings[f"map_{method}.png"] = partial(results.response_map, points, classes, method, info)
    return drawings


def only_for_print(root: Path, one: Run) -> Drawings:
    """Return what draws one more figure for print: receptive fields by similarity."""
    weights, _, label, shape, stuck = _network(root, one)
    height, width = picture(weights[:, 0], shape).shape
    order = order_by_similarity(weights, mosaic_shape(weights.shape[1], height / width)[1])
    return {
        "receptive_fields_by_similarity.png": partial(fields.receptive_fields, weights, label, shape, stuck, order),
    }


class _Network(NamedTuple):
    """The network that is tested.

    Weights are (n_input, n_exc), thresholds and labels (n_exc,). ``shape`` is that of an image; ``stuck`` tells which
    devices were while it learned, (n_input, n_exc) bool, None if none was.
    """

    weights: np.ndarray
    theta_mv: np.ndarray
    label: np.ndarray
    shape: tuple[int, ...]
    stuck: np.ndarray | None


def _network(root: Path, one: Run) -> _Network:
    ids = one.ids
    stage = "quantise" if "quantise" in ids else "train"
    with reading(root / "train" / ids["train"]):
        model = model_of(read_json(root / "train" / ids["train"] / "model.json"))
    state = read_network(root / stage / ids[stage] / "network.npz")
    label = read_arrays(root / "label" / ids["label"] / "labels.npz", "label", also=())["label"]
    shape = read_arrays(root / "encode" / ids["encode"] / "levels.npz", "image_shape", also=())["image_shape"]
    weights, device = weights_in(state, model), model.device
    stuck = None
    if device is not None and device.stuck_off + device.stuck_on > 0:
        stuck = ~np.isnan(specimen(device, weights.shape, Draws(one.seed)).stuck_at)
    return _Network(weights, state.theta_mv, label, tuple(int(n) for n in shape), stuck)
