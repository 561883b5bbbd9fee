"""Labels, votes, metrics."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Responses
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.readout import all_activity, confidence, knn, logistic, ngram, proportion, svm
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import UNLABELLED, assign_labels, labels_from_sums, predictions
from stdp_pipeline.readout._metrics import accuracy_interval, confusion_matrix, score, spikes_by_label

COUNTS = np.array([[4, 0, 1, 0], [2, 0, 1, 0], [0, 3, 1, 0], [0, 0, 1, 0]], np.float32)
CLASSES = np.array([0, 0, 1, 1])


def test_labels_follow_the_mean_count_not_the_sum():
    labels = assign_labels(COUNTS, CLASSES, 3)
    assert labels.label.tolist() == [0, 1, 0, UNLABELLED]  # the tie of neuron 2 goes to the lower class
    assert labels.mean_counts[:2].tolist() == [[3, 0, 1, 0], [0, 1.5, 1, 0]]
    # A class with many images does not win by their number.
    many = assign_labels(np.array([[1], [1], [1], [2]], np.float32), np.array([0, 0, 0, 1]), 2)
    assert many.label.tolist() == [1]


def answers(spikes, n_exc):
    """Build answers from a list of (step, neuron) for each image."""
    flat = [spike for image in spikes for spike in sorted(image)]
    step, neuron = np.array(flat, np.uint16).reshape(-1, 2).T
    counts = np.zeros(len(spikes), np.int32)
    responses = replace(
        Responses.none(),
        step=step,
        neuron=neuron,
        offsets=np.cumsum([0] + [len(image) for image in spikes]),
        attempts=counts + 1,
        n_input_spikes=counts,
    )
    return Answers(responses, n_exc)


def answers_with(counts):
    """Build answers with these spike counts; each neuron fires in steps of its own."""
    n_exc = counts.shape[1]
    return answers([[(k * n_exc + j, j) for j in range(n_exc) for k in range(int(row[j]))] for row in counts], n_exc)


def training_of(given, classes, n_classes):
    return Training(assign_labels(given.counts.toarray(), classes, n_classes), given, classes)


def test_all_activity_is_the_mean_over_the_neurons_of_a_class():
    training = Training(assign_labels(COUNTS, CLASSES, 3))
    votes = all_activity.votes(all_activity.Params(), training, answers_with(np.array([[6, 4, 0, 9], [0, 0, 0, 9]])))
    assert votes.tolist() == [[3, 4, 0], [0, 0, 0]]  # class 0 has neurons 0 and 2; neuron 3 has no vote
    assert predictions(votes).tolist() == [1, UNLABELLED]


def test_weighted_votes_divide_by_the_sum_over_classes_or_over_neurons():
    training = Training(assign_labels(COUNTS, CLASSES, 2))  # rates: class 0: 3, 0, 1, 0; class 1: 0, 1.5, 1, 0
    test = answers_with(np.array([[2, 1, 4, 0]]))
    by_class = proportion.votes(proportion.Params(), training, test)
    assert by_class == pytest.approx(np.array([[(2 * 3 / 3 + 4 * 1 / 2) / 2, 1 * 1.5 / 1.5]]))
    by_neuron = confidence.votes(confidence.Params(), training, test)
    assert by_neuron == pytest.approx(np.array([[(2 * 3 / 4 + 4 * 1 / 4) / 2, 1 * 1.5 / 2.5]]))


def test_ngrams_follow_the_steps_in_which_anything_fires_and_pair_all_neurons_of_a_step():
    test = answers([[(3, 0), (3, 1), (9, 2), (20, 1)], [], [(1, 2), (2, 2)], [(5, 0)]], 4)
    image, gram = ngram.ngrams(test, 2)
    found = sorted(zip(image.tolist(), (gram // 4).tolist(), (gram % 4).tolist(), strict=True))
    assert found == [(0, 0, 2), (0, 1, 2), (0, 2, 1), (2, 2, 2)]
    image, gram = ngram.ngrams(test, 3)
    assert sorted(zip(image.tolist(), gram.tolist(), strict=True)) == [(0, 0 * 16 + 2 * 4 + 1), (0, 16 + 2 * 4 + 1)]
    assert ngram.ngrams(test, 1)[1].tolist() == [0, 1, 2, 1, 2, 2, 0]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4))
def test_ngrams_equal_those_found_one_by_one(seed, n):
    rng = np.random.default_rng(seed)
    spikes = [list({(int(rng.integers(6)), int(rng.integers(3))) for _ in range(rng.integers(7))}) for _ in range(4)]
    expected = []
    for m, image in enumerate(spikes):
        groups = [sorted(j for k, j in image if k == step) for step in sorted({k for k, _ in image})]
        chains = [[j] for group in groups for j in group] if n == 1 else []
        for start in range(len(groups) - n + 1 if n > 1 else 0):
            chains += [list(chain) for chain in itertools.product(*groups[start : start + n])]
        expected += [(m, sum(j * 3 ** (n - 1 - d) for d, j in enumerate(chain))) for chain in chains]
    image, gram = ngram.ngrams(answers(spikes, 3), n)
    assert sorted(zip(image.tolist(), gram.tolist(), strict=True)) == sorted(expected)


def test_the_ngram_vote_is_the_mean_number_of_occurrences():
    given = answers([[(1, 0), (2, 1)], [(1, 0), (2, 1), (3, 0)], [(1, 1), (2, 0)], [(1, 2)]], 3)
    training = training_of(given, np.array([0, 0, 1, 1]), 2)
    votes = ngram.votes(ngram.Params(), training, answers([[(4, 0), (7, 1)], [(1, 1), (2, 0)], [(1, 2), (2, 2)]], 3))
    assert votes.tolist() == [[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]]


def test_neighbours_vote_by_their_cosine():
    training = training_of(answers_with(np.array([[2, 0], [0, 3], [1, 1]])), np.array([0, 1, 1]), 2)
    votes = knn.votes(knn.Params(n_neighbors=2), training, answers_with(np.array([[4, 0], [2, 1]])))
    assert votes == pytest.approx(np.array([[1.0, 0.5**0.5], [2 / 5**0.5, 3 / 10**0.5]]), abs=1e-6)


def test_euclidean_neighbours_see_size_where_the_cosine_does_not():
    known, classes = np.array([[1.0, 0.0], [4.0, 0.0]]), np.array([0, 1])
    votes = knn.scores(knn.Params(n_neighbors=1, metric="euclidean"), known, classes, np.array([[3.0, 0.0]]), 2)
    assert votes.tolist() == [[0.0, 0.5]]  # distance 1
    votes = knn.scores(knn.Params(n_neighbors=2), known, classes, np.array([[3.0, 0.0]]), 2)
    assert votes.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("module", [logistic, svm], ids=["logistic", "svm"])
@pytest.mark.parametrize("classes", [[0, 2], [0, 1, 2], [1]], ids=str)
def test_a_supervised_readout_learns_what_can_be_separated_and_leaves_absent_classes_out(module, classes):
    rng = np.random.default_rng(0)
    labels = np.repeat(classes, 30)
    counts = rng.poisson(0.2, (len(labels), 5))
    counts[np.arange(len(labels)), labels] += 8
    training = training_of(answers_with(counts), labels, 4)
    votes = module.votes(module.Params(inverse_penalty=1.0), training, answers_with(np.eye(5, dtype=int)[classes] * 8))
    assert predictions(votes).tolist() == classes
    assert votes.shape == (len(classes), 4)
    assert not votes[:, [c for c in range(4) if c not in classes]].any()


@pytest.mark.parametrize("name", registry.names("readout"))
def test_a_readout_says_what_it_reads_and_refuses_to_do_without(name):
    module = registry.load("readout", name)
    test = answers_with(COUNTS)
    only_labels = Training(assign_labels(COUNTS, CLASSES, 3))
    if module.READS == "labels":
        assert not module.SUPERVISED
        assert module.votes(module.Params(), only_labels, test).shape == (4, 3)
    else:
        assert module.READS == "answers"
        with pytest.raises(ConfigError, match="answers to the training images"):
            module.votes(module.Params(), only_labels, test)


@pytest.mark.parametrize(
    "name", [name for name in registry.names("readout") if hasattr(registry.load("readout", name), "scores")]
)
def test_a_baseline_gives_dense_features_the_votes_of_sparse_counts(name, rng):
    module = registry.load("readout", name)
    train, test = rng.poisson(1.0, (40, 12)), rng.poisson(1.0, (20, 12))
    classes = rng.integers(0, 4, 40)
    votes = module.votes(module.Params(), training_of(answers_with(train), classes, 4), answers_with(test))
    found = module.scores(module.Params(), train.astype(np.float32), classes, test.astype(np.float32), 4)
    # Iterations may take another way to the optimum; the sums of neighbours may be rounded differently.
    assert np.allclose(votes, found, atol=1e-2 if module.SUPERVISED else 1e-5)


@pytest.mark.parametrize("name", registry.names("readout"))
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_readout_ignores_the_order_of_neurons_and_follows_the_names_of_classes(name, seed):
    module = registry.load("readout", name)
    rng = np.random.default_rng(seed)
    train = rng.poisson(1.0, (40, 12))
    test = rng.poisson(1.0, (20, 12))
    classes = rng.integers(0, 4, 40)

    def votes(order, names):
        given = answers_with(train)  # all neurons in steps of their own, which stay what they are
        asked = answers_with(test)
        place = np.argsort(order).astype(np.uint16)
        for one in (given, asked):
            one.responses.neuron[:] = place[one.responses.neuron]
        # With all images as neighbours, since rounding decides which of several equally distant ones is near.
        params = module.Params(n_neighbors=40) if name == "knn" else module.Params()
        return module.votes(params, training_of(given, names[classes], 4), asked)

    base = votes(np.arange(12), np.arange(4))
    assert base.shape == (20, 4)
    tolerance = 1e-2 if module.SUPERVISED else 1e-6  # of an iteration that ends near the optimum
    assert np.allclose(base, votes(rng.permutation(12), np.arange(4)), atol=tolerance)
    rates = np.sort(assign_labels(train.astype(np.float32), classes, 4).mean_counts, axis=0)
    if np.all(rates[-1] > rates[-2]):
        names = rng.permutation(4)
        assert np.allclose(base, votes(np.arange(12), names)[:, names], atol=tolerance)


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


def test_spikes_are_told_apart_by_label_and_by_whether_the_answer_is_right():
    counts = answers_with(np.array([[5, 1, 0], [0, 2, 3], [4, 0, 2]])).counts
    found = spikes_by_label(counts, np.array([0, 1, UNLABELLED]), np.array([0, 1, 1]), np.array([0, 1, 0]))
    assert found == {"right_own": 3.5, "right_other": 2.0, "wrong_own": 0.0, "wrong_other": 6.0}
    assert spikes_by_label(counts, np.array([0, 1, 1]), np.zeros(3, int), np.zeros(3, int))["wrong_own"] is None
