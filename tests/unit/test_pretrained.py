"""Pretrained networks: small files that answer as the network did, and as their cards say."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from stdp_pipeline.cli import main
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.pretrained import store
from stdp_pipeline.pretrained.evaluate import evaluate
from stdp_pipeline.readout._labels import NeuronLabels

ROOT = store.FOLDER.parents[1]


@pytest.fixture
def small():
    """Return an untrained network for scikit-learn's digits, each neuron a template of one image."""
    from stdp_pipeline.datasets import digits

    config = load_experiment(ROOT / "config/experiments/tiny.yaml").model_dump(mode="json")
    spec = {key: config[key] for key in ("network", "plasticity", "simulation", "training", "encoding", "dataset")}
    data = digits.read(digits.Params())
    images = data.train_images[:25].reshape(25, 64).T.astype(np.float32)
    weights = images / images.sum(axis=0) * 9.0
    counts = np.zeros((10, 25))
    counts[data.train_labels[:25], np.arange(25)] = 1.0
    neurons = NeuronLabels(data.train_labels[:25].astype(np.int16), counts)
    return store.Pretrained(spec | {"seed": 3}, weights, np.full(25, 25.0), neurons)


def test_a_file_holds_the_weights_to_half_a_level_and_all_the_rest(tmp_path, small):
    store.write(tmp_path / "small.npz", small)
    again = store.read(tmp_path / "small.npz")
    assert np.all(np.abs(again.weights - small.weights) <= small.weights.max(axis=0) / 255 / 2 * 1.001)
    assert again.weights.dtype == np.float32
    assert np.array_equal(again.theta_mv, small.theta_mv)
    assert np.array_equal(again.neurons.label, small.neurons.label)
    assert again.spec == small.spec
    assert again.measured is None
    store.write(tmp_path / "twice.npz", again)
    assert np.allclose(store.read(tmp_path / "twice.npz").weights, again.weights, rtol=1e-6)


def test_templates_classify_digits_and_the_command_prints_it(tmp_path, small, capsys):
    store.write(tmp_path / "small.npz", small)
    found = evaluate(small, "all_activity", n_images=100)
    assert found["n_test"] == 100
    # Chance is 10 %: 25 right of 100 would be five standard deviations above it.
    assert found["n_right"] > 25
    assert main(["test", "--pretrained", str(tmp_path / "small.npz"), "--images", "100", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert abs(printed["n_right"] - found["n_right"]) <= 10  # its weights are rounded
    assert main(["test", "--pretrained", str(tmp_path / "small.npz"), "--images", "20"]) == 0
    assert "20 images" in capsys.readouterr().out


def test_what_a_pretrained_network_cannot_do_is_said(tmp_path, small, capsys):
    with pytest.raises(ConfigError, match=r"'svm' needs answers to training images.*all_activity"):
        evaluate(small, "svm")
    with pytest.raises(ConfigError, match=r"--images must be 1 to 200, got 0"):
        evaluate(small, "all_activity", n_images=0)
    assert main(["test", "--pretrained", "nothing"]) == 1
    assert "no pretrained network 'nothing'; known:" in capsys.readouterr().err
    assert main(["test", "--pretrained", "nothing", "--spec", "{}"]) == 1
    assert "takes neither --spec" in capsys.readouterr().err
    assert main(["test"]) == 1
    assert "needs --spec, --input and --output, or --pretrained NAME" in capsys.readouterr().err
    (tmp_path / "broken.npz").write_bytes(b"PK")
    assert main(["test", "--pretrained", str(tmp_path / "broken.npz")]) == 1
    assert "broken.npz" in capsys.readouterr().err


@pytest.mark.parametrize("name", store.names())
def test_a_network_of_the_package_reaches_what_its_card_says(name):
    network = store.read(store.find(name))
    claimed, n = network.measured["accuracy"], 500
    found = evaluate(network, network.measured["readout"], n_images=n)
    # The first 500 of the test images: a sample of those of the card.
    assert abs(found["accuracy"] - claimed) <= 5 * math.sqrt(claimed * (1 - claimed) / n)
    assert f"{claimed:.2%}" in store.card(name)


def test_the_networks_of_the_package_are_small():
    assert sum(path.stat().st_size for path in store.FOLDER.glob("*.npz")) < 8_000_000
