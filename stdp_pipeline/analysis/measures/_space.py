"""The space of features that maps are judged against: distances, neighbours and geodesics among a subsample of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stdp_pipeline.analysis.measures._ranks import neighbour_ranks
from stdp_pipeline.errors import DataError

__all__ = ["N_NEIGHBORS", "N_ROWS", "Space", "geodesics", "space_of"]

N_ROWS = 2000
"""Rows that maps are judged on: matrices of all pairs fit in 16 MB each, and standard errors stay below 0.02."""

N_NEIGHBORS = 15
"""Neighbours that count as near, and those of the graph of geodesics."""


@dataclass(frozen=True)
class Space:
    """A subsample of rows of features with all that measures need of it, so that it is worked out once for all maps.

    Attributes
    ----------
    rows : (n,) int64
        Which rows of the whole, in the order of everything below: a map is judged by ``coordinates[rows]``.
    features : (n, d) float32
    labels : (n,) int64
        Class of each row, -1 for none.
    n_neighbors : int
        Neighbours that count as near.
    distance : (n, n) float32
        Euclidean.
    rank : (n, n) int32
        Place of each row among the neighbours of each; see :func:`~._ranks.neighbour_ranks`.
    geodesic : (n, n) float64
        Lengths of shortest paths on the graph of ``n_neighbors`` nearest neighbours; infinite where there is none.
    unreachable : float
        Share of pairs with no path between them; measures of geodesics leave them out.
    """

    rows: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    n_neighbors: int
    distance: np.ndarray
    rank: np.ndarray
    geodesic: np.ndarray
    unreachable: float


def space_of(
    features: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    n_rows: int = N_ROWS,
    n_neighbors: int = N_NEIGHBORS,
) -> Space:
    """Draw a subsample and work out what measures need of it.

    Parameters
    ----------
    features : (n_all, d) float
        Rows that have a place in the maps.
    labels : (n_all,) int
        Class of each row, -1 for none.
    rng : numpy.random.Generator
        Draws the subsample and orders equal distances.
    n_rows : int
        Rows to draw; all if there are fewer.
    n_neighbors : int

    Raises
    ------
    DataError
        If there are too few rows for so many neighbours, values that are not finite, nothing in which rows differ, or
        not a label for each.
    """
    features = np.asarray(features, np.float32)
    if features.ndim != 2 or len(features) != len(labels):
        raise DataError(
            f"a map's measures need features (n, d) and n labels, got {features.shape} and {len(labels)} labels"
        )
    rows = rng.permutation(len(features))[:n_rows]
    if len(rows) <= 2 * n_neighbors:
        raise DataError(
            f"measures with n_neighbors = {n_neighbors} need more than {2 * n_neighbors} points, got {len(rows)}; "
            "use more points or fewer neighbours"
        )
    features = features[rows]
    if not np.isfinite(features).all():
        raise DataError("the features hold values that are not finite; leave such rows out")
    if (features == features[0]).all():
        raise DataError(f"all {len(features)} points are equal, so there is no structure that a map could keep")
    distance = _distances(features)
    geodesic = geodesics(features, n_neighbors)
    return Space(
        rows=rows,
        features=features,
        labels=np.asarray(labels, np.int64)[rows],
        n_neighbors=n_neighbors,
        distance=distance,
        rank=neighbour_ranks(distance, rng),
        geodesic=geodesic,
        unreachable=float(1 - np.isfinite(geodesic).mean()),
    )


def geodesics(features: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Return lengths of shortest paths on the graph of nearest neighbours.

    Two rows are joined by an edge as long as their Euclidean distance if at least one is among the nearest neighbours
    of the other, as in Isomap [1]_.

    Parameters
    ----------
    features : (n, d) float
    n_neighbors : int
        Without the row itself; fewer than n.

    Returns
    -------
    (n, n) float64
        Infinite between rows that no path joins.

    References
    ----------
    .. [1] Tenenbaum, de Silva & Langford (2000), "A global geometric framework for nonlinear dimensionality
       reduction", Science 290:2319, doi:10.1126/science.290.5500.2319.
    """
    from scipy.sparse.csgraph import dijkstra
    from sklearn.neighbors import kneighbors_graph

    # Edges of length zero, between equal rows, are stored like all others, and an undirected search follows an edge
    # both ways. So the graph must not be made symmetrical before, which would drop them.
    lengths: np.ndarray = dijkstra(kneighbors_graph(features, n_neighbors, mode="distance"), directed=False)
    return lengths


def _distances(features: np.ndarray) -> np.ndarray:
    from sklearn.metrics import euclidean_distances

    distance: np.ndarray = euclidean_distances(features)
    return distance
