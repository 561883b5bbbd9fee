"""Is one condition better than another? Tests for conditions that share seeds, and for networks that share images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stdp_pipeline.analysis.intervals import Interval, interval
from stdp_pipeline.errors import DataError

__all__ = ["McNemar", "Paired", "holm", "mcnemar", "paired"]


@dataclass(frozen=True)
class Paired:
    """Two conditions, seed by seed.

    Attributes
    ----------
    n : int
        Seeds that both have.
    difference : Interval
        Mean of the differences and Student's 95 % interval; without ends for a single seed, or if all are equal.
    p : float or None
        Of the paired t-test, two-sided; None for a single seed, or if all differences are equal, but not zero: there
        is no spread to judge them by.
    effect : float or None
        Hedges' g of the differences: their mean over their standard deviation, corrected for few seeds; None for a
        single seed, or if all differences are equal.
    """

    n: int
    difference: Interval
    p: float | None
    effect: float | None


def paired(a: np.ndarray, b: np.ndarray) -> Paired:
    """Compare two conditions that share seeds by a paired t-test.

    Parameters
    ----------
    a, b : (n_seeds,) float64
        In the same order of seeds.

    Returns
    -------
    Paired
        Of ``a`` minus ``b``.

    Raises
    ------
    DataError
        If the lengths differ, or there is no seed.

    References
    ----------
    .. [1] Hedges (1981), "Distribution theory for Glass's estimator of effect size", J. Educ. Stat. 6:107,
       doi:10.3102/10769986006002107.
    """
    if len(a) != len(b) or not len(a):
        raise DataError(f"pairs need as many values of one as of the other, and some: got {len(a)} and {len(b)}")
    from scipy.stats import t

    found, n = np.asarray(a, np.float64) - np.asarray(b, np.float64), len(a)
    if n < 2:
        return Paired(n, interval(found), None, None)
    mean, sd = float(found.mean()), float(found.std(ddof=1))
    if sd <= 1e-12 * max(1.0, abs(mean)):
        return Paired(n, Interval(mean, None, None), 1.0 if abs(mean) <= 1e-12 else None, None)
    p = 2 * float(t.sf(abs(mean) / sd * math.sqrt(n), n - 1))
    corrected = math.exp(math.lgamma((n - 1) / 2) - math.lgamma((n - 2) / 2)) / math.sqrt((n - 1) / 2) if n > 2 else 0.0
    return Paired(n, interval(found), p, mean / sd * corrected if corrected else None)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for the number of comparisons; those that are None stay so and do not count.

    How: from the smallest to the largest, each is multiplied by the number of those not yet corrected, and none is
    smaller than the one before it. The chance of any false finding then is at most the level, whatever the tests have
    to do with each other.

    References
    ----------
    .. [1] Holm (1979), "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6:65.
    """
    order = sorted((value, k) for k, value in enumerate(p) if value is not None)
    corrected: list[float | None] = [None] * len(p)
    least = 0.0
    for place, (value, k) in enumerate(order):
        least = min(1.0, max(least, (len(order) - place) * value))
        corrected[k] = least
    return corrected


@dataclass(frozen=True)
class McNemar:
    """Two networks on the same images.

    Attributes
    ----------
    n : int
        Images.
    only_a, only_b : int
        Images that only one of them classified rightly.
    difference : Interval
        Share of right answers of the first minus that of the second, and its 95 % interval over test images.
    p : float
        Chance of a split as uneven as that, if both were equally good: exact, two-sided.
    """

    n: int
    only_a: int
    only_b: int
    difference: Interval
    p: float


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> McNemar:
    """Compare two networks on the same test images, by the images on which they disagree.

    Parameters
    ----------
    right_a, right_b : (n_images,) bool
        Whether each image was classified rightly.

    Raises
    ------
    DataError
        If the numbers of images differ.

    References
    ----------
    .. [1] McNemar (1947), "Note on the sampling error of the difference between correlated proportions or percentages",
       Psychometrika 12:153, doi:10.1007/BF02295996; the exact test on the binomial distribution.
    .. [2] Agresti & Min (2005), "Simple improved confidence intervals for comparing matched proportions", Stat. Med.
       24:729, doi:10.1002/sim.1781: the interval, Wald's with half an image more of each of the four kinds.
    """
    if len(right_a) != len(right_b):
        raise DataError(f"networks must have seen the same images, got {len(right_a)} and {len(right_b)}")
    from scipy.stats import binomtest

    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    p = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    n = len(right_a)
    return McNemar(n, only_a, only_b, _matched(only_a, only_b, n), p)


def _matched(only_a: int, only_b: int, n: int) -> Interval:
    a, b, total = only_a + 0.5, only_b + 0.5, n + 2
    middle = (a - b) / total
    half = 1.959964 * math.sqrt(a + b - (a - b) ** 2 / total) / total
    return Interval((only_a - only_b) / n if n else 0.0, max(middle - half, -1.0), min(middle + half, 1.0))
