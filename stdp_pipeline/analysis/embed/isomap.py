"""Isomap: shortest paths along the neighbour graph, laid out by classical scaling; keeps distances along a manifold.

The number of neighbours is raised until the graph is connected, as for PHATE. If it is still in parts at ``knn_most``,
each pair of parts is joined by its shortest edge, as scikit-learn does, and the number of parts is reported.
Up to ``n_landmark`` points this is Isomap itself [1]_. With more, paths are measured from so many random points only,
these are scaled, and the others placed by their distances to them (landmark Isomap [2]_).
Limit: 10 000 points take 8 s on one core and 510 MB. Time grows with n_landmark n log n; memory with n_landmark n
numbers of 8 bytes, held a few times over.

References
----------
.. [1] Tenenbaum, de Silva, Langford (2000), "A global geometric framework for nonlinear dimensionality reduction",
   Science 290:2319, doi:10.1126/science.290.5500.2319.
.. [2] de Silva, Tenenbaum (2002), "Global versus local methods in nonlinear dimensionality reduction", Adv. Neural
   Inf. Process. Syst. 15.
"""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import check_enough, components, connected_knn, one_thread
from stdp_pipeline.analysis.points import N_NEIGHBORS, Points
from stdp_pipeline.config._base import Strict

__all__ = ["PACKAGES", "Params", "embed"]

PACKAGES: tuple[str, ...] = ()


class Params(Strict):
    """Constants of Isomap."""

    name: Literal["isomap"] = "isomap"
    """Name of the method."""
    knn: Annotated[int, Field(ge=1, lt=N_NEIGHBORS)] = 5
    """Neighbours to begin with (default of scikit-learn's Isomap)."""
    knn_most: Annotated[int, Field(ge=1, lt=N_NEIGHBORS)] = 30
    """Neighbours at which to stop, even if the graph is still not connected."""
    n_landmark: Annotated[int, Field(ge=10)] = 1000
    """Points that paths are measured from."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by Isomap.

    Raises
    ------
    DataError
        If there are no more than ``knn`` points.
    """
    from scipy.sparse.csgraph import dijkstra

    n = len(points.features)
    check_enough(points, params.knn + 1, "isomap.knn", params.knn, n - 1)
    knn, parts = connected_knn(points, params.knn, params.knn_most)
    n_landmark = min(params.n_landmark, n)
    landmarks = np.sort(np.random.default_rng(points.seed).choice(n, n_landmark, replace=False))
    with one_thread():
        lengths = dijkstra(_edges(points, knn), directed=False, indices=landmarks)
        coordinates = _scaled(lengths**2, landmarks)
    return coordinates, {"knn": knn, "graph_components": parts, "n_landmark": n_landmark}


def _edges(points: Points, knn: int) -> Any:
    """Return the lengths of the edges of a connected graph, (n, n) csr_matrix."""
    from scipy.sparse import csr_matrix
    from sklearn.metrics import pairwise_distances_argmin_min

    n = len(points.features)
    index, distance = points.nearest(knn + 1)
    part = components(index)
    rows, columns = np.repeat(np.arange(n), knn), index[:, 1:].ravel()
    lengths = distance[:, 1:].ravel().astype(np.float64)
    members = [np.flatnonzero(part == c) for c in range(part.max() + 1)]
    for one, other in combinations(members, 2):
        nearest, apart = pairwise_distances_argmin_min(points.features[one], points.features[other])
        at = int(apart.argmin())
        rows, columns = np.append(rows, one[at]), np.append(columns, other[nearest[at]])
        lengths = np.append(lengths, apart[at])
    # A stored 0 would not survive as an edge everywhere, so equal points are given a distance that adds nothing.
    lengths = np.maximum(lengths, 1e-12 * lengths.max())
    graph = csr_matrix((lengths, (rows, columns)), shape=(n, n))
    return graph.maximum(graph.T)


def _scaled(squared: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Scale landmarks classically and place all points by their distances to them: (m, n) -> (n, 2).

    ``squared`` holds squared distances from landmark to point ([2]_). With all points as landmarks, this is classical
    scaling.
    """
    from scipy.linalg import eigh

    among = squared[:, landmarks]
    mean = among.mean(axis=1)
    centred = -0.5 * (among - mean[:, None] - mean[None] + mean.mean())
    m = len(landmarks)
    value, vector = eigh(centred, subset_by_index=[m - 2, m - 1])
    value, vector = value[::-1], vector[:, ::-1]
    # A direction without extent, as in points on a line, stays 0.
    kept = value > 1e-10 * abs(value[0])
    coordinates = np.zeros((squared.shape[1], 2))
    weights = vector[:, kept] / np.sqrt(value[kept])
    coordinates[:, kept] = -0.5 * (squared - mean[:, None]).T @ weights
    return _signed(coordinates)


def _signed(coordinates: np.ndarray) -> np.ndarray:
    """Return the axes with the sign that makes each one's farthest entry positive."""
    farthest = np.abs(coordinates).argmax(axis=0)
    return coordinates * np.where(coordinates[farthest, [0, 1]] < 0, -1.0, 1.0)
