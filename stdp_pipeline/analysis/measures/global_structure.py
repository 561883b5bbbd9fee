"""How well a map keeps the large: order of distances of random triplets, of class centroids, and of geodesics."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.measures._ranks import spearman
from stdp_pipeline.analysis.measures._space import Space

__all__ = ["TRIPLETS_PER_POINT", "centroid_distances", "geodesics_kept", "global_measures", "random_triplets"]

TRIPLETS_PER_POINT = 100
"""Drawn at random for each point; of 2000 points, they leave a standard error below 0.0012."""


def global_measures(
    space: Space, coordinates: np.ndarray, map_distance: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """Compare distances among the features and in the map.

    Parameters
    ----------
    space : Space
    coordinates : (n, m) float64
    map_distance : (n, n) float64
        Euclidean.
    rng : numpy.random.Generator
        Draws triplets.

    Returns
    -------
    dict
        ``random_triplets``, ``centroid_distances``, ``geodesics_kept``.
    """
    return {
        "random_triplets": random_triplets(space.distance, map_distance, rng),
        "centroid_distances": centroid_distances(space.features, coordinates, space.labels),
        "geodesics_kept": geodesics_kept(space.geodesic, map_distance),
    }


def random_triplets(distance: np.ndarray, map_distance: np.ndarray, rng: np.random.Generator) -> float:
    """Return the share of random triplets whose order of distances the map keeps: which of two points is nearer [1]_.

    Parameters
    ----------
    distance, map_distance : (n, n) float
        At least 3 points.
    rng : numpy.random.Generator

    Returns
    -------
    float
        0.5 by chance. Triplets with equal distances among the features have no order to keep and are left out; those
        with equal distances in the map count half. NaN if all are left out.

    References
    ----------
    .. [1] Wang, Huang, Rudin & Shaposhnik (2021), "Understanding how dimension reduction tools work", JMLR 22:201.
    """
    n = len(distance)
    point = np.repeat(np.arange(n), TRIPLETS_PER_POINT)
    # Two different others: steps of 1 to n - 1 from the point, around the end.
    one = rng.integers(1, n, len(point))
    other = 1 + (one - 1 + rng.integers(1, n - 1, len(point))) % (n - 1)
    one, other = (point + one) % n, (point + other) % n
    order = np.sign(distance[point, one] - distance[point, other])
    map_order = np.sign(map_distance[point, one] - map_distance[point, other])
    told = order != 0
    return float((1 + order * map_order)[told].mean() / 2) if told.any() else float("nan")


def centroid_distances(features: np.ndarray, coordinates: np.ndarray, labels: np.ndarray) -> float:
    """Return Spearman's correlation between distances of class means among the features and in the map.

    Parameters
    ----------
    features : (n, d) float
    coordinates : (n, m) float
    labels : (n,) int
        -1 for none; such rows are left out.

    Returns
    -------
    float
        0 by chance; NaN for fewer than three classes.
    """
    from scipy.spatial.distance import pdist

    classes = np.unique(labels[labels >= 0])
    if len(classes) < 3:
        return float("nan")
    means, map_means = (
        np.stack([x[labels == c].mean(axis=0, dtype=np.float64) for c in classes]) for x in (features, coordinates)
    )
    return spearman(pdist(means), pdist(map_means))


def geodesics_kept(geodesic: np.ndarray, map_distance: np.ndarray) -> float:
    """Return Spearman's correlation between geodesics among the features and distances in the map.

    This is not DEMaP, whose geodesics are those of noiseless data (see :mod:`~.demap`): here they carry the noise of
    the features themselves. What a map leaves out as noise counts against it.

    Parameters
    ----------
    geodesic : (n, n) float
        Infinite where no path joins two points; such pairs are left out.
    map_distance : (n, n) float

    Returns
    -------
    float
        0 by chance.
    """
    pairs = np.triu_indices(len(geodesic), 1)
    lengths, apart = geodesic[pairs], map_distance[pairs]
    joined = np.isfinite(lengths)
    return spearman(lengths[joined], apart[joined])
