"""What the methods share: enough neighbours, a connected graph of them, and one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from stdp_pipeline.analysis.points import Points
from stdp_pipeline.errors import DataError

__all__ = ["check_enough", "components", "connected_knn", "n_components", "one_thread"]


def check_enough(points: Points, needed: int, parameter: str, value: float, largest: float | None) -> None:
    """Refuse a parameter that asks for more points than there are.

    Parameters
    ----------
    points : Points
    needed : int
        Points that the method needs at least.
    parameter : str
        Name of the method and its parameter, as ``umap.n_neighbors``.
    value : float
        What was given for it.
    largest : float or None
        What it may be with so many points; None if even its smallest value asks for more.

    Raises
    ------
    DataError
        If there are too few points.
    """
    n = len(points.features)
    if n < needed:
        lower = "" if largest is None else f", or set {parameter} to at most {largest:g}"
        raise DataError(f"{parameter} = {value:g} needs at least {needed} points, got {n}; use more points{lower}")


def components(index: np.ndarray) -> np.ndarray:
    """Return the connected component of each point of a nearest-neighbour graph: (n, k) int32 -> (n,) int32."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n, k = index.shape
    rows = np.repeat(np.arange(n), k)
    graph = coo_matrix((np.ones(n * k, np.int8), (rows, index.ravel())), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def n_components(index: np.ndarray) -> int:
    """Return the number of connected components of a nearest-neighbour graph, (n, k) int32."""
    return int(components(index).max()) + 1


def connected_knn(points: Points, knn: int, knn_most: int) -> tuple[int, int]:
    """Find a number of neighbours that connects the graph.

    Distances between unconnected parts would mean nothing, so the number is doubled until there is one part.

    Parameters
    ----------
    points : Points
    knn : int
        Neighbours to begin with, the point itself not counted.
    knn_most : int
        Neighbours to stop at, even if the graph is still in parts.

    Returns
    -------
    knn : int
    n_parts : int
        Connected components with so many neighbours.
    """
    most = max(knn, min(knn_most, points.index.shape[1] - 1))
    while (parts := n_components(points.nearest(knn + 1)[0])) > 1 and knn < most:
        knn = min(2 * knn, most)
    return knn, parts


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold linear algebra and OpenMP to one thread: with several, sums are rounded in another order."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
