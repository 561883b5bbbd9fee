"""Comparisons of conditions that share seeds, and of networks that share images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_rel

from stdp_pipeline.analysis.paired import holm, mcnemar, paired
from stdp_pipeline.errors import DataError

accuracies = st.lists(st.tuples(st.floats(0.5, 1), st.floats(0.5, 1)), min_size=3, max_size=20)


@given(accuracies)
def test_the_test_is_that_of_scipy_and_turns_with_the_order(pairs):
    a, b = np.array(pairs).T
    found, turned = paired(a, b), paired(b, a)
    assert turned.p == pytest.approx(found.p)
    assert turned.difference.mean == pytest.approx(-found.difference.mean)
    if np.std(a - b, ddof=1) > 1e-9:
        assert found.p == pytest.approx(ttest_rel(a, b).pvalue, rel=1e-6, abs=1e-12)
        # What a test at 5 % rejects is what the 95 % interval leaves out.
        assert (found.p < 0.05) == (found.difference.low > 0 or found.difference.high < 0)
        assert np.sign(found.effect) == np.sign(found.difference.mean)


def test_the_effect_is_corrected_for_few_seeds():
    # Hedges' factor for n - 1 = 4 degrees of freedom is 0.7979 (his table 1 gives .798).
    a = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert paired(a, np.zeros(5)).effect == pytest.approx(0.7979 * 2 / np.std(a, ddof=1), rel=1e-3)


def test_few_and_equal_values():
    one = paired(np.array([0.9]), np.array([0.8]))
    assert (one.n, one.p, one.effect, one.difference.low) == (1, None, None, None)
    same = paired(np.array([0.9, 0.8]), np.array([0.9, 0.8]))
    assert (same.p, same.effect) == (1.0, None)
    other = paired(np.array([0.75, 0.5]), np.array([0.5, 0.25]))  # no spread to judge the difference by
    assert (other.p, other.effect, other.difference.low, other.difference.mean) == (None, None, None, 0.25)
    with pytest.raises(DataError, match="got 2 and 3"):
        paired(np.zeros(2), np.zeros(3))
    with pytest.raises(DataError, match="got 0 and 0"):
        paired(np.zeros(0), np.zeros(0))


def test_holm_of_a_worked_example():
    # 0.01 x 4, 0.015 x 3, then 0.02 x 2 = 0.04, which is not smaller than the one before.
    assert holm([0.02, 0.01, None, 0.3, 0.015]) == pytest.approx([0.045, 0.04, None, 0.3, 0.045])
    assert holm([]) == []
    assert holm([0.6, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_lies_between_the_value_and_bonferroni(p):
    corrected = holm(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(corrected)[order]) >= 0).all()
    assert all(q - 1e-12 <= c <= min(1, len(p) * q) + 1e-12 for q, c in zip(p, corrected, strict=True))


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_mcnemar_counts_disagreements_and_is_the_exact_binomial_test(only_a, only_b, both):
    right_a = np.repeat([True, False, True, False], [only_a, only_b, both, 5])
    right_b = np.repeat([False, True, True, False], [only_a, only_b, both, 5])
    found = mcnemar(right_a, right_b)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    n = only_a + only_b
    assert found.p == pytest.approx(min(1, 2 * binom.cdf(min(only_a, only_b), n, 0.5)) if n else 1.0)


def test_mcnemar_needs_the_same_images():
    with pytest.raises(DataError, match="same images, got 3 and 4"):
        mcnemar(np.ones(3, bool), np.ones(4, bool))


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_the_interval_of_a_difference_over_images_holds_it_and_turns_with_the_order(only_a, only_b, both):
    right_a = np.repeat([True, False, True, False], [only_a, only_b, both, 5])
    right_b = np.repeat([False, True, True, False], [only_a, only_b, both, 5])
    found, turned = mcnemar(right_a, right_b).difference, mcnemar(right_b, right_a).difference
    assert found.mean == pytest.approx(right_a.mean() - right_b.mean())
    assert -1 <= found.low < found.mean < found.high <= 1
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_the_interval_over_images_covers_as_often_as_it_should():
    # 400 images, of which 8 % only one network knows, and 5 % only the other one.
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        kind = rng.choice(4, 400, p=[0.08, 0.05, 0.8, 0.07])
        ends = mcnemar(np.isin(kind, (0, 2)), np.isin(kind, (1, 2))).difference
        inside += ends.low <= 0.03 <= ends.high
    # Of 400 trials at 95 %, fewer than 360 or more than 397 come up once in ten thousand.
    assert 360 <= inside <= 397
