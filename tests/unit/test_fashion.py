"""Training on the real Fashion-MNIST, where Debian's package has put it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from stdp_pipeline import registry
from stdp_pipeline.datasets._read import read
from stdp_pipeline.engines._contract import Inputs, Model, StoredEvents
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import assign_labels, predictions

FOLDER = Path("/usr/share/datasets/fashion-mnist")
N_TRAIN, N_TEST = 3000, 500


@pytest.mark.skipif(
    not FOLDER.is_dir() and not os.environ.get("STDP_REQUIRE_FASHION_MNIST"),
    reason="needs Debian's package dataset-fashion-mnist",
)
def test_a_network_learns_clothes(monkeypatch, tmp_path, seed):
    monkeypatch.delenv("STDP_DATA_DIR", raising=False)
    monkeypatch.setenv("STDP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STDP_OFFLINE", "1")
    module = registry.load("dataset", "fashion_mnist")
    image = {"on_off": {}, "normalise": "total"}
    data, n_classes = read(module, module.Params(n_train=N_TRAIN, n_test=N_TEST, image=image))
    assert np.all(np.bincount(data.train_labels, minlength=10) > N_TRAIN / 20)  # 300 each, more or less
    train, test = (images.reshape(len(images), -1) for images in (data.train_images, data.test_images))
    rule = registry.load("rule", "power_law")
    network = NetworkParams.model_validate({"n_exc": 50, "exc": {"theta_plus_mv": 0.3}})
    model = Model(network, rule, rule.Params(eta=0.02))
    encoding = registry.load("encoding", "poisson")
    engine = registry.load("engine", "fast")
    state = initial_state(network, train.shape[1], seed, model.precision, model.dt_ms)

    def inputs(levels, split):
        return Inputs(levels, encoding, encoding.Params(), seed, split, StoredEvents.none())

    state, _ = engine.train(model, state, inputs(train, "train"), np.arange(N_TRAIN), 0)
    known, asked = (
        Answers(engine.respond(model, state, inputs(levels, split), np.arange(n), 2, lambda done: None), 50)
        for levels, split, n in ((train, "train", 1000), (test, "test", N_TEST))
    )
    neurons = assign_labels(known.counts.toarray(), data.train_labels[:1000], n_classes)
    votes = registry.load("readout", "all_activity").votes(None, Training(neurons), asked)
    n_right = int((predictions(votes) == data.test_labels).sum())
    # About 60 % are right; of 500 guesses, more than this are right once in a million times.
    assert n_right > stats.binom.isf(1e-6, N_TEST, 0.1)
