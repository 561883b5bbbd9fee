"""Accuracy with a reset before each image of a frozen pass, and with the state carried over from image to image.

    stdp run quickstart
    python benchmarks/carry_over.py results/train/ID [ID ...]

Labels come from the training images, accuracy from the test images, both presented in the same way. Carrying over is
training with a rule that changes nothing and a threshold that does not move.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.datasets import mnist
from stdp_pipeline.engines import fast
from stdp_pipeline.engines._contract import Inputs, Model, Responses, StoredEvents
from stdp_pipeline.io import read_json
from stdp_pipeline.network.state import rested
from stdp_pipeline.plasticity import triplet
from stdp_pipeline.random import FROZEN_PASS
from stdp_pipeline.readout import all_activity
from stdp_pipeline.readout._labels import labels_from_sums
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._network import read_network


def still(model: Model) -> Model:
    """Return the model with a network that does not learn."""
    exc = model.network.exc.model_copy(update={"theta_plus_mv": 0.0, "tau_theta_ms": 1e30})
    # Scaling may have left weights above w_max, which a spike would clip.
    nothing = triplet.Params(eta_pre=0.0, eta_post=0.0, norm_total=None)
    network = model.network.model_copy(update={"exc": exc, "w_max": 1e3})
    return replace(model, network=network, rule=triplet, rule_params=nothing)


def accuracy(answers: dict[str, Responses], data: Any, n_exc: int) -> float:
    """Label neurons by the answers to training images and classify the test images, in percent."""
    labels = labels_from_sums(answers["train"].class_counts(data.train_labels, 10, n_exc), data.train_labels)
    votes = all_activity.votes(all_activity.Params(), answers["test"].counts(n_exc), labels)
    return 100 * float(np.mean(votes.argmax(axis=1) == data.test_labels))


def main(folders: list[Path]) -> None:
    """Print one line for each trained network."""
    data = mnist.read(mnist.Params())
    for folder in folders:
        trained: dict[str, Any] = read_json(folder / "model.json")
        state = read_network(folder / "network.npz")
        model = model_of(trained)
        encoding = registry.load("encoding", trained["encoding"]["name"])
        params = encoding.Params.model_validate(trained["encoding"])
        reset, carried = {}, {}
        for split, images in (("train", data.train_images), ("test", data.test_images)):
            levels = images.reshape(len(images), -1)
            inputs = Inputs(levels, encoding, params, trained["seed"], split, StoredEvents.none())
            order = np.arange(len(levels))
            reset[split] = fast.respond(model, state, inputs, order, 1, lambda done: None)
            after, carried[split] = fast.train(still(model), rested(state, model.network), inputs, order, FROZEN_PASS)
            assert np.array_equal(after.weights, state.weights)
        same = np.mean(reset["test"].n_spikes == carried["test"].n_spikes)
        found = [accuracy(answers, data, state.n_exc) for answers in (reset, carried)]
        print(
            f"{folder.name}: reset {found[0]:.2f} %, carried over {found[1]:.2f} %, difference "
            f"{found[1] - found[0]:+.2f}; spikes per test image {reset['test'].n_spikes.mean():.2f} and "
            f"{carried['test'].n_spikes.mean():.2f}, equal in {100 * same:.0f} % of the images",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", type=Path, nargs="+", help="folders of trained networks, results/train/ID")
    main(parser.parse_args().networks)
