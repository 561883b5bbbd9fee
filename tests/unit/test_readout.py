"""Labels, votes, metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Responses
from stdp_pipeline.readout import all_activity
from stdp_pipeline.readout._labels import UNLABELLED, assign_labels, labels_from_sums, predictions
from stdp_pipeline.readout._metrics import accuracy_interval, confusion_matrix, score

COUNTS = np.array([[4, 0, 1, 0], [2, 0, 1, 0], [0, 3, 1, 0], [0, 0, 1, 0]], np.float32)
CLASSES = np.array([0, 0, 1, 1])


def test_labels_follow_the_mean_count_not_the_sum():
    labels = assign_labels(COUNTS, CLASSES, 3)
    assert labels.label.tolist() == [0, 1, 0, UNLABELLED]  # the tie of neuron 2 goes to the lower class
    assert labels.mean_counts[:2].tolist() == [[3, 0, 1, 0], [0, 1.5, 1, 0]]
    # A class with many images does not win by their number.
    many = assign_labels(np.array([[1], [1], [1], [2]], np.float32), np.array([0, 0, 0, 1]), 2)
    assert many.label.tolist() == [1]


def test_all_activity_is_the_mean_over_the_neurons_of_a_class():
    labels = assign_labels(COUNTS, CLASSES, 3)
    votes = all_activity.votes(all_activity.Params(), np.array([[6, 4, 0, 9], [0, 0, 0, 9]], np.float32), labels)
    assert votes.tolist() == [[3, 4, 0], [0, 0, 0]]  # class 0 has neurons 0 and 2; neuron 3 has no vote
    assert predictions(votes).tolist() == [1, UNLABELLED]


@pytest.mark.parametrize("name", registry.names("readout"))
@given(seed=st.integers(0, 2**32 - 1))
def test_every_readout_ignores_the_order_of_neurons_and_follows_the_names_of_classes(name, seed):
    module = registry.load("readout", name)
    rng = np.random.default_rng(seed)
    train = rng.poisson(1.0, (40, 12)).astype(np.float32)
    test = rng.poisson(1.0, (20, 12)).astype(np.float32)
    classes = rng.integers(0, 4, 40)

    def votes(order, names):
        labels = assign_labels(train[:, order], names[classes], 4)
        return module.votes(module.Params(), test[:, order], labels)

    base = votes(np.arange(12), np.arange(4))
    assert base.shape == (20, 4)
    assert np.allclose(base, votes(rng.permutation(12), np.arange(4)))
    labels = assign_labels(train, classes, 4)
    tied = np.any(np.sort(labels.mean_counts, axis=0)[-1] == np.sort(labels.mean_counts, axis=0)[-2])
    if not tied:
        names = rng.permutation(4)
        assert np.allclose(base, votes(np.arange(12), names)[:, names])


def test_confusion_counts_every_image_once_and_keeps_those_without_prediction_apart():
    matrix = confusion_matrix(np.array([0, 0, 1, 1]), np.array([0, 1, 1, UNLABELLED]), 2)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 1]]
    found = score(np.array([0, 0, 1, 1]), np.array([0, 1, 1, UNLABELLED]), 2)
    assert found["accuracy"] == 0.5
    assert found["n_without_prediction"] == 1


def test_interval_is_wilsons():
    low, high = accuracy_interval(90, 100)
    z = 1.959963984540054
    centre, half = (0.9 + z * z / 200) / (1 + z * z / 100), z * np.sqrt(0.09 / 100 + z * z / 40000) / (1 + z * z / 100)
    assert (low, high) == pytest.approx((centre - half, centre + half))
    assert accuracy_interval(10, 10)[1] == pytest.approx(1.0)


def test_counts_of_responses():
    responses = Responses(
        step=np.array([1, 2, 5], np.uint16),
        neuron=np.array([0, 0, 2], np.uint16),
        offsets=np.array([0, 2, 2, 3]),
        attempts=np.ones(3, np.int32),
        n_input_spikes=np.zeros(3, np.int32),
        inh_step=np.array([3], np.uint16),
        inh_neuron=np.array([1], np.uint16),
        inh_offsets=np.array([0, 0, 1, 1]),
    )
    assert responses.counts(3).tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 1]]
    twice = Responses.concatenate([responses, responses])
    assert twice.offsets.tolist() == [0, 2, 2, 3, 5, 5, 6]
    assert twice.inh_offsets.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert twice.inh_neuron.tolist() == [1, 1]
    assert twice.counts(3)[3:].tolist() == responses.counts(3).tolist()


@given(seed=st.integers(0, 2**32 - 1), n_images=st.integers(0, 40), n_exc=st.integers(1, 12))
def test_sums_by_class_equal_those_of_the_dense_counts_and_give_the_same_labels(seed, n_images, n_exc):
    rng = np.random.default_rng(seed)
    n_spikes = rng.poisson(3.0, n_images) * rng.integers(0, 2, n_images)  # some images are silent
    responses = replace(
        Responses.none(),
        step=np.zeros(n_spikes.sum(), np.uint16),
        neuron=rng.integers(0, n_exc, n_spikes.sum()).astype(np.uint16),
        offsets=np.cumsum([0, *n_spikes]),
        attempts=np.ones(n_images, np.int32),
        n_input_spikes=np.zeros(n_images, np.int32),
    )
    classes = rng.integers(0, 4, n_images).astype(np.uint8)  # as data sets hold them; class 4 has no image
    counts, sums = responses.counts(n_exc), responses.class_counts(classes, 5, n_exc)
    expected = np.array([counts[classes == c].sum(axis=0, dtype=np.float64) for c in range(5)])
    assert sums.dtype == np.float64
    assert np.array_equal(sums, expected)
    dense, direct = assign_labels(counts, classes, 5), labels_from_sums(sums, classes)
    assert np.array_equal(dense.label, direct.label)
    assert np.array_equal(dense.mean_counts, direct.mean_counts)
