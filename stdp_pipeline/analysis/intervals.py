"""Means, ratios of means, and their 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Interval", "interval", "ratio_interval"]


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


def interval(x: np.ndarray) -> Interval:
    """Return the mean and Student's interval."""
    mean, n = float(np.mean(x)), len(x)
    if n < 2:
        return Interval(mean, None, None)
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


def _quantile(n: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, n - 1))
