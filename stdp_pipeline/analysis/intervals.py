"""Means, ratios of means, and their 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Interval", "Kind", "interval", "ratio_interval"]

Kind = Literal["t", "bootstrap"]
"""Kinds of intervals of a mean."""

_RESAMPLES = 9999


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval; the ends are None where there is none."""

    mean: float
    low: float | None
    high: float | None

    def cut(self) -> Interval:
        """Return the same with ends between 0 and 1, for means of fractions."""
        if self.low is None or self.high is None:
            return self
        return Interval(self.mean, max(self.low, 0.0), min(self.high, 1.0))


def interval(x: np.ndarray, kind: Kind = "t") -> Interval:
    """Return the mean and its 95 % interval.

    Parameters
    ----------
    x : (n,) float64
    kind : {"t", "bootstrap"}
        Student's, or the bootstrap's with correction for bias and skewness (BCa) from 9999 resamples, always the same.
        The bootstrap assumes no distribution, but of few values it is too narrow: it never leaves their range.

    Returns
    -------
    Interval
        Without ends for a single value, and by the bootstrap for equal ones.

    References
    ----------
    .. [1] Efron (1987), "Better bootstrap confidence intervals", J. Am. Stat. Assoc. 82:171,
       doi:10.1080/01621459.1987.10478410.
    """
    mean, n = float(np.mean(x)), len(x)
    if n < 2:
        return Interval(mean, None, None)
    if kind == "bootstrap":
        return Interval(mean, *_bootstrap(np.asarray(x, np.float64)))
    half = _quantile(n) * float(np.std(x, ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)


def ratio_interval(top: np.ndarray, bottom: np.ndarray) -> Interval:
    """Return the ratio of the means of pairs, and Fieller's interval.

    Parameters
    ----------
    top, bottom : (n,) float64

    Returns
    -------
    Interval
        Without ends where the bottom may as well be zero: then no ratio is excluded; NaN where its mean is zero.

    References
    ----------
    .. [1] Fieller (1954), "Some problems in interval estimation", J. R. Stat. Soc. B 16:175.
    """
    n, a, b = len(top), float(np.mean(top)), float(np.mean(bottom))
    ratio = a / b if b else math.nan
    if n < 2 or not b:
        return Interval(ratio, None, None)
    spread = np.cov(top, bottom) * _quantile(n) ** 2 / n
    # (a - r b)² <= spread_aa - 2 r spread_ab + r² spread_bb, solved for r.
    square, linear, constant = b * b - spread[1, 1], a * b - spread[0, 1], a * a - spread[0, 0]
    if square <= 0:
        return Interval(ratio, None, None)
    root = math.sqrt(max(linear * linear - square * constant, 0.0))
    return Interval(ratio, float((linear - root) / square), float((linear + root) / square))


def _bootstrap(x: np.ndarray) -> tuple[float | None, float | None]:
    from scipy.stats import bootstrap

    if np.ptp(x) <= 1e-12 * max(1.0, float(np.abs(x).max())):
        return None, None
    rng = np.random.Generator(np.random.PCG64(0))
    found = bootstrap((x,), np.mean, n_resamples=_RESAMPLES, method="BCa", rng=rng).confidence_interval
    return float(found.low), float(found.high)


def _quantile(n: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, n - 1))
