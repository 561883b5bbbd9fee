"""Ranks: of each row's neighbours by distance, and the correlation of ranks."""

from __future__ import annotations

import numpy as np

__all__ = ["neighbour_ranks", "spearman"]


def neighbour_ranks(distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rank all rows by their distance from each row.

    Spike counts are whole numbers, so many of their distances are equal; so are those of a map that lays several
    points on one place. The order of equal distances is drawn. Were it that of the rows, in both spaces, two spaces
    would seem to agree where neither says anything.

    Parameters
    ----------
    distance : (n, n) float
    rng : numpy.random.Generator
        Orders equal distances.

    Returns
    -------
    (n, n) int32
        0 for the row itself, 1 for its nearest neighbour, n - 1 for the farthest row.
    """
    n = len(distance)
    columns = rng.permuted(np.tile(np.arange(n), (n, 1)), axis=1)
    shuffled = np.take_along_axis(distance, columns, axis=1)
    shuffled[columns == np.arange(n)[:, None]] = -1.0  # each row before all others, even those at the same place
    order = np.take_along_axis(columns, np.argsort(shuffled, axis=1, kind="stable"), axis=1)
    rank = np.empty((n, n), np.int32)
    np.put_along_axis(rank, order, np.arange(n, dtype=np.int32)[None, :], axis=1)
    return rank


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of their ranks.

    Unlike ``scipy.stats.spearmanr`` it works out no p-value, which means nothing for distances, as they share points,
    and is silent where there is no correlation.

    Parameters
    ----------
    a, b : (n,) float

    Returns
    -------
    float
        NaN for fewer than three values, or where all values of one are equal.
    """
    from scipy.stats import rankdata

    if len(a) < 3:
        return float("nan")
    # Twice a rank is a whole number, so sums of centred ranks are exactly zero where all are equal.
    x, y = (2 * rankdata(values) - (len(a) + 1) for values in (a, b))
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread else float("nan")
