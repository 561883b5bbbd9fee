"""How well a map keeps the paths of units through time, or shatters them."""

from __future__ import annotations

import itertools

import numpy as np

from stdp_pipeline.analysis.measures._ranks import spearman
from stdp_pipeline.errors import DataError

__all__ = [
    "N_RANDOM_PAIRS",
    "largest_jump",
    "long_steps",
    "path_correlation",
    "time_neighbours",
    "trajectory_measures",
]

N_RANDOM_PAIRS = 100_000
"""Pairs of points whose median distance a step is compared with; the error of the median's place is below 0.002."""


def trajectory_measures(values: np.ndarray, coordinates: np.ndarray) -> dict[str, float]:
    """Compare paths among the features with those in a map.

    The features themselves may stand in for the map: that gives the values which a map that keeps all would have.

    Parameters
    ----------
    values : (n_times, n_units, d) float
        Features of the same units at several times.
    coordinates : (n_times, n_units, m) float
        Their places in the map.

    Returns
    -------
    dict
        ``path_correlation``, ``largest_jump``, ``long_steps``, ``time_neighbours``.

    Raises
    ------
    DataError
        If shapes do not fit, if there are fewer than three times or two units, or values that are not finite.
    """
    if values.ndim != 3 or coordinates.ndim != 3 or values.shape[:2] != coordinates.shape[:2]:
        raise DataError(
            "paths need features (n_times, n_units, d) and coordinates (n_times, n_units, 2) of the same times and "
            f"units, got {values.shape} and {coordinates.shape}"
        )
    n_times, n_units = values.shape[:2]
    if n_times < 3 or n_units < 2:
        raise DataError(f"paths need at least 3 times and 2 units, got {n_times} and {n_units}; save more snapshots")
    if not (np.isfinite(values).all() and np.isfinite(coordinates).all()):
        raise DataError("paths: features or coordinates hold values that are not finite; leave such units out")
    coordinates = coordinates.astype(np.float64)
    rng = np.random.default_rng(0)  # so many pairs are drawn that which ones makes no difference
    return {
        "path_correlation": path_correlation(values, coordinates),
        "largest_jump": largest_jump(coordinates),
        "long_steps": long_steps(coordinates, rng),
        "time_neighbours": time_neighbours(coordinates),
    }


def path_correlation(values: np.ndarray, coordinates: np.ndarray) -> float:
    """Return the mean over units of Spearman's correlation between distances along a unit's own path.

    All pairs of times are compared, so it tells whether a path bends, returns and halts in the map as it does among
    the features. The places of units towards each other do not count.

    Parameters
    ----------
    values : (n_times, n_units, d) float
    coordinates : (n_times, n_units, m) float

    Returns
    -------
    float
        0 by chance. Units that stay at one place, in either space, are left out; NaN if all do.
    """
    from scipy.spatial.distance import pdist

    own = np.array([spearman(pdist(values[:, u]), pdist(coordinates[:, u])) for u in range(values.shape[1])])
    return _mean(own)


def largest_jump(points: np.ndarray) -> float:
    """Return the mean over units of the share of a path's length that its longest step takes.

    Parameters
    ----------
    points : (n_times, n_units, m) float

    Returns
    -------
    float
        From 1 / (n_times - 1) for steady motion to 1 for a single jump. Units that never move are left out.
    """
    steps = _steps(points)
    length = steps.sum(axis=0)
    moves = length > 0
    return _mean(steps.max(axis=0)[moves] / length[moves])


def long_steps(points: np.ndarray, rng: np.random.Generator) -> float:
    """Return the share of steps longer than the median distance between two random points.

    Such a step does not show that both its ends belong to one path: it may as well lead to any other place. Paths
    that are shattered into pieces far from each other have many.

    Parameters
    ----------
    points : (n_times, n_units, m) float
    rng : numpy.random.Generator

    Returns
    -------
    float
        0 for smooth paths, 0.5 for places drawn at random.
    """
    every = points.reshape(-1, points.shape[2])
    one = rng.integers(0, len(every), N_RANDOM_PAIRS)
    other = (one + rng.integers(1, len(every), N_RANDOM_PAIRS)) % len(every)
    # In parts, since features of many dimensions would need gigabytes.
    parts = zip(np.array_split(one, 100), np.array_split(other, 100), strict=True)
    apart = np.concatenate([np.linalg.norm(every[a] - every[b], axis=1) for a, b in parts])
    return float((_steps(points) > np.median(apart)).mean())


def time_neighbours(points: np.ndarray) -> float:
    """Return the share of points whose nearest other point is the same unit just before or just after.

    Parameters
    ----------
    points : (n_times, n_units, m) float
        Equally near points count for the unit itself.

    Returns
    -------
    float
        1 for paths finely sampled and apart from each other; by chance 2 (n_times - 1) / (n_times (n_points - 1)).
    """
    from sklearn.neighbors import NearestNeighbors

    n_times, n_units = points.shape[:2]
    steps = _steps(points)
    never = np.full((1, n_units), np.inf)
    own = np.minimum(np.concatenate([never, steps]), np.concatenate([steps, never]))
    search = NearestNeighbors(n_neighbors=1).fit(points.reshape(n_times * n_units, -1))
    nearest, index = (found.reshape(n_times, n_units) for found in search.kneighbors())
    time, unit = np.indices((n_times, n_units))
    follows = (index % n_units == unit) & (abs(index // n_units - time) == 1)
    return float((follows | (own <= nearest)).mean())


def _steps(points: np.ndarray) -> np.ndarray:
    """Return lengths of all steps, (n_times - 1, n_units) float64."""
    pairs = itertools.pairwise(points)
    return np.stack([np.linalg.norm(after.astype(np.float64) - before, axis=1) for before, after in pairs])


def _mean(shares: np.ndarray) -> float:
    defined = shares[np.isfinite(shares)]
    return float(defined.mean()) if len(defined) else float("nan")
