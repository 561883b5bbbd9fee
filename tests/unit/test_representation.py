"""Representation of images by neurons: measures of counts, similarity of networks, statistics of spike trains."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist

from stdp_pipeline.analysis import activity, spike_statistics
from stdp_pipeline.analysis.activity import per_neuron, representation
from stdp_pipeline.analysis.activity._counts import checked, class_means, winners
from stdp_pipeline.analysis.activity.neurons import class_entropy_bits, nearest_cosine, selectivity, treves_rolls
from stdp_pipeline.analysis.activity.population import (
    covariance_spectrum,
    gini,
    n_components,
    participation_ratio,
    winner_entropy,
    winner_information,
)
from stdp_pipeline.analysis.similarity import cka, dissimilarities, rsa, similarity_matrix
from stdp_pipeline.analysis.spike_statistics import neuron_statistics, segments_of
from stdp_pipeline.errors import DataError, MissingPackageError

COUNTS = arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 6)), elements=st.integers(0, 4)).filter(np.any)


@pytest.fixture
def answers(rng):
    """Return spike counts of 12 neurons to 90 images of three classes, (90, 12), and the classes; two are silent."""
    classes = np.repeat(np.arange(3), 30)
    rates = np.full((3, 12), 0.3)
    rates[np.arange(10) % 3, np.arange(10)] = 5.0
    rates[:, 10:] = 0.0
    return rng.poisson(rates[classes]), classes


# ---- counts ----------------------------------------------------------------------------------------------------------


def test_dense_and_sparse_counts_give_the_same(answers, rng):
    counts, classes = answers
    weights = rng.random((20, 12))
    dense, sparse = (representation(x, classes, 3, weights) for x in (counts, csr_array(counts.astype(np.float32))))
    assert dense == sparse
    assert list(dense) == list(activity.DESCRIPTIONS)
    assert all(isinstance(value, float) and np.isfinite(value) for value in dense.values())
    of_each = per_neuron(counts, classes, 3, weights)
    assert all(values.shape == (12,) for values in of_each.values())
    assert np.array_equal(of_each["spikes"], counts.sum(axis=0))
    assert dense["dead_neurons"] == 2
    assert dense["spikes_per_image"] == pytest.approx(counts.sum() / 90)


def test_silent_neurons_have_no_selectivity_and_do_not_count_in_means(answers):
    counts, classes = answers
    of_each = per_neuron(counts, classes, 3)
    for name in ("selectivity", "class_entropy_bits", "lifetime_sparseness"):
        assert np.array_equal(np.isnan(of_each[name]), np.arange(12) >= 10), name
    assert np.array_equal(of_each["preferred_class"] == -1, np.arange(12) >= 10)
    found, without = (representation(x, classes, 3) for x in (counts, counts[:, :10]))
    for name in ("selectivity", "class_entropy_bits", "lifetime_sparseness", "participation_ratio"):
        assert found[name] == pytest.approx(without[name]), name
    assert np.isnan(found["field_redundancy"])


def test_counts_without_spikes_and_labels_that_do_not_fit_are_refused(answers):
    counts, classes = answers
    with pytest.raises(DataError, match="none of the 12 neurons answers any of the 90 images"):
        representation(np.zeros((90, 12)), classes, 3)
    with pytest.raises(DataError, match="label for each image"):
        representation(counts, classes[1:], 3)
    with pytest.raises(DataError, match="from 0 to 1, or -1 for none, got 0 to 2"):
        per_neuron(counts, classes, 2)
    with pytest.raises(DataError, match="finite and not negative"):
        representation(counts - 1.0, classes, 3)
    with pytest.raises(DataError, match=r"must be \(n_input, 12\), got \(4, 9\)"):
        representation(counts, classes, 3, np.ones((4, 9)))


def test_one_class_has_no_selectivity(answers):
    counts, _ = answers
    for labels in (np.zeros(90, int), np.full(90, -1)):
        found = representation(counts, labels, 3)
        assert np.isnan(found["selectivity"])
        assert np.isnan(found["class_entropy_bits"])
    assert representation(counts, np.zeros(90, int), 3)["winner_information_bits"] == 0
    assert np.isnan(found["winner_information_bits"])


@given(COUNTS, st.data())
def test_class_means_and_winners_are_those_of_brute_force(counts, data):
    labels = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=len(counts), max_size=len(counts))))
    sparse = checked(counts, labels, 3)
    means = class_means(sparse, labels, 3)
    for c in range(3):
        if (labels == c).any():
            assert np.allclose(means[c], counts[labels == c].mean(axis=0))
        else:
            assert np.isnan(means[c]).all()
    winner, tied = winners(sparse)
    for image, row in enumerate(counts):
        assert winner[image] == (row.argmax() if row.any() else -1)
        assert tied[image] == (row.any() and (row == row.max()).sum() > 1)


def test_input_counts_are_left_as_they_are():
    counts = csr_array((np.array([1.0, 0.0, 2.0]), np.array([1, 0, 1]), np.array([0, 3])), shape=(1, 2))
    checked(counts, np.zeros(1, int), 1)
    assert counts.nnz == 3


# ---- neurons ---------------------------------------------------------------------------------------------------------


def test_selectivity_and_entropy_have_known_values():
    means = np.array([[4.0, 2.0, 3.0, 0.0], [0.0, 2.0, 1.0, 0.0], [0.0, 2.0, 0.0, 0.0], [np.nan] * 4])
    assert selectivity(means)[:3] == pytest.approx([1, 0, (3 - 0.5) / (3 + 0.5)])
    assert class_entropy_bits(means)[:3] == pytest.approx([0, np.log2(3), stats.entropy([3, 1], base=2)])
    assert np.isnan([selectivity(means)[3], class_entropy_bits(means)[3]]).all()


@given(COUNTS)
def test_treves_rolls_is_that_of_its_definition_and_blind_to_scale(counts):
    sparse = csr_array(counts.astype(float))
    for axis in (0, 1):
        with np.errstate(invalid="ignore"):
            expected = counts.mean(axis=axis) ** 2 / (counts.astype(float) ** 2).mean(axis=axis)
        assert np.allclose(treves_rolls(sparse, axis), expected, equal_nan=True)
        assert np.allclose(treves_rolls(3 * sparse, axis), expected, equal_nan=True)


def test_treves_rolls_has_known_ends():
    assert treves_rolls(csr_array(np.ones((5, 2))), 0) == pytest.approx([1, 1])
    assert treves_rolls(csr_array(np.eye(5)), 0) == pytest.approx([0.2] * 5)


def test_the_nearest_field_is_found(rng):
    weights = rng.random((30, 6))
    weights[:, 4] = 2.5 * weights[:, 1]
    weights[:, 5] = 0
    found = nearest_cosine(weights)
    assert found[[1, 4]] == pytest.approx(1)
    assert np.isnan(found[5])
    cosine = 1 - pdist(weights[:, [0, 1, 2, 3]].T, "cosine")
    assert found[0] == pytest.approx(cosine[:3].max())
    assert np.isnan(nearest_cosine(weights[:, :1])).all()


# ---- population ------------------------------------------------------------------------------------------------------


@given(arrays(np.int64, st.integers(1, 12), elements=st.integers(0, 9)).filter(np.any))
def test_gini_is_half_the_relative_mean_difference(amounts):
    expected = abs(amounts[:, None] - amounts).mean() / (2 * amounts.mean())
    assert gini(amounts) == pytest.approx(expected, abs=1e-12)


def test_winner_entropy_has_known_values():
    assert winner_entropy(np.array([5, 5, 0, 5, 5])) == pytest.approx(2)
    assert winner_entropy(np.array([0, 7])) == 0


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 2)), min_size=1, max_size=60))
def test_information_is_that_of_scikit_learn_less_millers_bias(pairs):
    from sklearn.metrics import mutual_info_score

    winner, labels = np.array(pairs).T
    told = labels >= 0
    found = winner_information(winner, labels, 3, 5)
    if not told.any():
        assert np.isnan(found)
        return
    w, y = winner[told], labels[told]
    bias = (len(set(zip(w, y, strict=True))) - len(set(w)) - len(set(y)) + 1) / (2 * len(w) * np.log(2))
    entropy = stats.entropy(np.bincount(y), base=2) + (len(set(y)) - 1) / (2 * len(w) * np.log(2))
    assert found == pytest.approx(np.clip(mutual_info_score(w, y) / np.log(2) - bias, 0, entropy), abs=1e-9)


def test_information_of_independent_winners_is_none_and_of_perfect_ones_all(rng):
    n, n_exc, n_classes = 4000, 41, 5
    winner, labels = rng.integers(0, n_exc, n), rng.integers(0, n_classes, n)
    # 2 n ln 2 times the plug-in estimate is chi-squared; the correction takes its mean away.
    freedom = (n_exc - 1) * (n_classes - 1)
    deviation = np.sqrt(2 * freedom) / (2 * n * np.log(2))
    assert winner_information(winner, labels, n_classes, n_exc) < 6 * deviation
    assert freedom / (2 * n * np.log(2)) > 8 * deviation  # so that without the correction the test would fail
    perfect = winner_information(labels * 8 + rng.integers(0, 8, n), labels, n_classes, n_exc)
    assert perfect == pytest.approx(np.log2(n_classes), abs=0.02)


@given(COUNTS)
def test_the_spectrum_is_that_of_the_covariance(counts):
    spectrum = covariance_spectrum(csr_array(counts.astype(float)))
    n = min(counts.shape)
    assert spectrum.shape == (n,)
    expected = np.zeros(n)
    if len(counts) > 1:
        values = np.linalg.eigvalsh(np.cov(counts.T).reshape(counts.shape[1], -1))[::-1][:n]
        expected[: len(values)] = values
    assert np.allclose(spectrum, expected, atol=1e-9)
    if (counts == counts[0]).all():
        assert np.isnan([participation_ratio(spectrum), n_components(spectrum)]).all()


def test_dimensions_have_known_values():
    assert participation_ratio(np.full(7, 0.3)) == pytest.approx(7)
    assert participation_ratio(np.array([2.0, 0.0])) == 1
    assert n_components(np.full(10, 0.1)) == 9
    assert n_components(np.array([0.91, 0.09])) == 1
    assert n_components(np.array([0.5, 0.3, 0.2])) == 3


def test_the_order_of_images_and_neurons_does_not_matter(answers, rng):
    counts, classes = answers
    images, neurons = rng.permutation(90), rng.permutation(12)
    found = representation(counts, classes, 3)
    shuffled = representation(counts[images], classes[images], 3)
    assert shuffled == pytest.approx(found, nan_ok=True)
    shuffled = representation(counts[:, neurons], classes, 3)
    for name in found:
        if "winner" not in name and name != "used_neurons":  # of tied neurons the first is the winner
            assert shuffled[name] == pytest.approx(found[name], nan_ok=True), name


# ---- similarity ------------------------------------------------------------------------------------------------------


def brute_cka(x, y):
    """Song et al. (2012), equation 5, word by word."""

    def hsic(a, b):
        n = len(a)
        k, m = a @ a.T, b @ b.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        one = np.ones(n)
        ends = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        return (np.trace(k @ m) + ends - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3))

    return hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))


NUMBERS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(NUMBERS, st.integers(4, 12), st.integers(1, 15), st.integers(1, 15))
def test_cka_is_that_of_its_definition(numbers, n, p, q):
    x, y = numbers.normal(size=(n, p)), numbers.normal(size=(n, q))
    assert cka(x, y) == pytest.approx(brute_cka(x, y), abs=1e-9)


@given(NUMBERS, st.floats(0.01, 100))
def test_cka_and_rsa_do_not_see_rotations_factors_and_orders(numbers, factor):
    x, y = numbers.poisson(2, (20, 8)).astype(float), numbers.poisson(2, (20, 11))
    turn = np.linalg.qr(numbers.normal(size=(8, 8)))[0]
    order = numbers.permutation(8)
    for changed in (x @ turn, factor * x, x[:, order], csr_array(x)):
        assert cka(changed, y) == pytest.approx(cka(x, y), abs=1e-9)
        assert cka(changed, x) == pytest.approx(1)
    # Equal distances are parted by the rounding of rotations, so ranks may change there.
    x, y = numbers.normal(size=(20, 8)), numbers.normal(size=(20, 11))
    for changed in (x @ turn, factor * x, x[:, order], csr_array(x)):
        assert rsa(changed, y, "euclidean") == pytest.approx(rsa(x, y, "euclidean"), abs=1e-9)
    for changed in (factor * x + 3, x[:, order], csr_array(x)):
        assert rsa(changed, y) == pytest.approx(rsa(x, y), abs=1e-9)


def test_responses_that_have_nothing_to_do_with_each_other_are_not_alike(rng):
    n, p = 60, 400  # more neurons than images
    x, y = rng.poisson(0.5, (n, p)), rng.poisson(0.5, (n, p))
    shuffled = np.array([cka(x, y[rng.permutation(n)]) for _ in range(100)])
    least = 8 * shuffled.std()
    assert abs(cka(x, y)) < least
    assert least < 0.5
    # Without the correction it is far from zero.
    k, m = (z @ z.T for z in (x - x.mean(axis=0), y - y.mean(axis=0)))
    assert (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()) > least
    shuffled = np.array([rsa(x, y[rng.permutation(n)]) for _ in range(50)])
    assert abs(rsa(x, y)) < 8 * shuffled.std() < 0.8


@given(COUNTS, st.sampled_from(["correlation", "euclidean"]))
def test_dissimilarities_are_those_of_scipy(counts, metric):
    with np.errstate(invalid="ignore"):
        expected = pdist(counts.astype(float), metric)
    if metric == "correlation":  # scipy may give any number for rows of equal values
        flat = (counts == counts[:, :1]).all(axis=1)
        expected[(flat | flat[:, None])[np.triu_indices(len(counts), 1)]] = np.nan
    for given_as in (counts, csr_array(counts)):
        assert np.allclose(dissimilarities(given_as, metric), expected, atol=1e-9, equal_nan=True)


def test_representational_similarity_is_spearmans(rng):
    x, y = rng.poisson(2.0, (10, 7)), rng.poisson(2.0, (10, 9))
    x[4] = 0  # a silent image has no correlation with others
    told = np.arange(10) != 4
    expected = stats.spearmanr(pdist(x[told], "correlation"), pdist(y[told], "correlation")).statistic
    assert rsa(x, y) == pytest.approx(expected, abs=0.02)  # rounding parts distances that are equal
    assert rsa(x, x) == pytest.approx(1)
    assert np.isnan(rsa(np.zeros((10, 3)), y))


@pytest.mark.parametrize("kind", ["cka", "rsa"])
def test_the_matrix_is_symmetrical_with_ones(kind, rng):
    base = rng.poisson(2.0, (30, 9))
    networks = [base, csr_array(base[:, ::-1]), rng.poisson(2.0, (30, 5)), np.zeros((30, 4)), np.full((30, 4), 0.1)]
    found = similarity_matrix(networks, kind)
    assert np.array_equal(found, found.T, equal_nan=True)
    assert np.array_equal(np.diagonal(found)[:3], np.ones(3))
    assert np.isnan(found[3:]).all()  # silent, and the same for all images
    assert found[0, 1] == pytest.approx(1, abs=1e-3)  # rounding parts dissimilarities that are equal
    single = cka if kind == "cka" else rsa
    assert found[0, 2] == pytest.approx(single(networks[0], networks[2]))
    assert found[0, 2] < 0.9


def test_responses_to_different_or_few_images_are_refused(rng):
    x = rng.random((10, 3))
    with pytest.raises(DataError, match=r"same images, 4 or more, got responses to \[9, 10\] images"):
        cka(x, x[:9])
    with pytest.raises(DataError, match="3 or more"):
        rsa(x[:2], x[:2])
    with pytest.raises(DataError, match="same images"):
        similarity_matrix([])
    with pytest.raises(DataError, match="not finite"):
        cka(x, np.full((10, 2), np.inf))


# ---- spike trains ----------------------------------------------------------------------------------------------------


@pytest.fixture
def record():
    """Return a function that makes Neo segments of steps, given by presentation and neuron."""
    pytest.importorskip("elephant")

    def make(presentations, n_steps=1000, dt_ms=0.5):
        step, neuron, offsets = [], [], [0]
        for trains in presentations:
            pairs = sorted((int(s), n) for n, steps in trains.items() for s in steps)
            step += [s for s, _ in pairs]
            neuron += [n for _, n in pairs]
            offsets.append(len(step))
        arrays_ = (np.array(step, np.uint16), np.array(neuron, np.uint16), np.array(offsets))
        return segments_of(*arrays_, n_steps, dt_ms)

    return make


def test_segments_hold_the_trains_of_neurons_that_spike(record):
    (first, second) = record([{4: [10, 20], 2: [15, 1000, 1200]}, {}])
    assert [train.annotations["neuron"] for train in first.spiketrains] == [2, 4]
    assert np.array_equal(first.spiketrains[0].magnitude, [7.5])  # the rest after 1000 steps does not count
    assert np.array_equal(first.spiketrains[1].magnitude, [5, 10])
    assert float(first.spiketrains[0].t_stop.rescale("ms")) == 500
    assert len(second.spiketrains) == 0


def test_regular_trains_have_no_variation(record):
    segments = record([{0: range(5, 1000, 50), 1: range(5, 1000, 50)}] * 3)
    found = spike_statistics.spike_statistics(segments, 3)
    assert list(found) == list(spike_statistics.DESCRIPTIONS)
    assert found == pytest.approx(
        {"rate_hz": 80 / 3, "cv": 0, "cv2": 0, "lv": 0, "fano_factor": 0, "synchrony": 1}, abs=1e-9
    )
    of_each = neuron_statistics(segments, 3)
    assert of_each["rate_hz"] == pytest.approx([40, 40, 0])
    assert all(np.isnan(of_each[name][2]) for name in ("cv", "cv2", "lv", "fano_factor"))


def test_two_intervals_have_the_values_of_their_definitions(record):
    steps = np.cumsum([10, 20, 60, 20, 30])
    intervals = np.array([20, 60, 20, 30])
    contrast = np.diff(intervals) / (intervals[1:] + intervals[:-1])
    found = spike_statistics.spike_statistics(record([{0: steps}, {0: steps[:2]}]), 1)
    assert found["cv"] == pytest.approx(intervals.std() / intervals.mean())
    assert found["cv2"] == pytest.approx(2 * abs(contrast).mean())
    assert found["lv"] == pytest.approx(3 * (contrast**2).mean())
    assert found["fano_factor"] == pytest.approx(np.var([5, 2]) / 3.5)


def test_poisson_trains_have_the_values_of_poisson_processes(record, rng):
    n_neurons, n_presentations, n_steps, p = 6, 40, 1000, 0.02
    spikes = rng.random((n_presentations, n_neurons, n_steps)) < p
    segments = record([{k: np.flatnonzero(one[k]) for k in range(n_neurons)} for one in spikes])
    found = spike_statistics.spike_statistics(segments, n_neurons)
    n_trains = n_presentations * n_neurons
    rate, counts = 1000 * p / 0.5, n_trains * n_steps * p
    assert abs(found["rate_hz"] - rate) < 6 * rate / np.sqrt(counts)
    # One interval's CV2 varies by 0.58, its LV by 0.9 at most; neighbours share intervals, hence the factor 2. Spikes
    # of a clock are slightly more regular than those of a Poisson process, by about p.
    assert abs(found["cv2"] - 1) < p + 6 * 0.58 * np.sqrt(2 / counts)
    assert abs(found["lv"] - 1) < 2 * p + 6 * 0.9 * np.sqrt(2 / counts)
    assert 0.8 < found["cv"] < 1.05  # about 20 intervals in a window: below 1 by some percent
    # The variance of counts over n presentations, as a share of their mean, has a standard error of sqrt(2 / n).
    fano = (1 - p) * (1 - 1 / n_presentations)
    assert abs(found["fano_factor"] - fano) < 6 * np.sqrt(2 / (n_presentations * n_neurons))
    pairs = n_presentations * n_neurons * (n_neurons - 1) / 2
    assert abs(found["synchrony"]) < 6 / np.sqrt(pairs * n_steps / 10)


def test_too_few_spikes_have_no_value_and_rates_are_zero(record):
    found = spike_statistics.spike_statistics(record([{0: [3, 9, 20, 40]}, {}]), 2)
    assert np.isnan([found[name] for name in ("cv", "cv2", "lv", "synchrony")]).all()
    assert found["fano_factor"] == pytest.approx(np.var([4, 0]) / 2)
    silent = spike_statistics.spike_statistics(record([{}, {}]), 2)
    assert silent["rate_hz"] == 0
    assert np.isnan([value for name, value in silent.items() if name != "rate_hz"]).all()
    assert np.isnan(spike_statistics.spike_statistics(record([{0: [3, 9]}]), 1)["fano_factor"])


def test_a_train_that_fills_all_bins_has_no_synchrony(record):
    found = spike_statistics.spike_statistics(record([{0: range(0, 1000, 10), 1: [7, 300, 301]}]), 2)
    assert np.isnan(found["synchrony"])
    others = spike_statistics.spike_statistics(record([{0: [7, 300], 1: [7, 300], 2: range(0, 1000, 10)}]), 3, 7.0)
    assert np.isfinite(others["synchrony"])


def test_statistics_that_cannot_be_are_refused(record):
    segments = record([{0: [3, 9], 5: [4]}])
    with pytest.raises(DataError, match="neuron 5, but n_exc is 5"):
        neuron_statistics(segments, 5)
    with pytest.raises(DataError, match="at least one presentation"):
        neuron_statistics([], 5)
    with pytest.raises(DataError, match="min_spikes = 2"):
        neuron_statistics(segments, 6, min_spikes=2)
    with pytest.raises(DataError, match="at most half a presentation of 500 ms, got 300"):
        spike_statistics.spike_statistics(segments, 6, bin_ms=300)


@pytest.mark.parametrize(
    ("missing", "use"),
    [
        ("neo", lambda: segments_of(np.zeros(0), np.zeros(0), np.array([0, 0]), 10, 0.5)),
        ("elephant.statistics", lambda: neuron_statistics([], 1)),
    ],
)
def test_a_missing_package_is_named(missing, use, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingPackageError, match=rf"neo and elephant .*{missing}"):
        use()
