"""The nearest-neighbour graph that the methods share."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.errors import DataError

__all__ = ["check_enough", "n_components", "nearest"]


def check_enough(features: np.ndarray, n_neighbors: int, method: str) -> None:
    """Refuse features that no map can be made of.

    Raises
    ------
    DataError
        If there are too few rows, or values that are not finite.
    """
    if len(features) <= n_neighbors:
        raise DataError(
            f"embedding '{method}' needs more than {n_neighbors} images with a response, got {len(features)}; "
            "lower its number of neighbours or use more test images"
        )
    if not np.all(np.isfinite(features)):
        raise DataError(f"embedding '{method}': the features hold values that are not finite")


def nearest(features: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest neighbours of each row by Euclidean distance, the row itself first.

    Parameters
    ----------
    features : (n, d) float
    n_neighbors : int
        Including the row itself.

    Returns
    -------
    index : (n, n_neighbors) int32
    distance : (n, n_neighbors) float32
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute", n_jobs=1).fit(features)
    distance, index = search.kneighbors(features)
    # Equal rows may change places with the row itself; put it first.
    own = np.arange(len(features))
    for row in np.flatnonzero(index[:, 0] != own):
        at = np.flatnonzero(index[row] == row)
        place = int(at[0]) if len(at) else n_neighbors - 1
        index[row, 1 : place + 1] = index[row, :place].copy()
        distance[row, 1 : place + 1] = distance[row, :place].copy()
        index[row, 0], distance[row, 0] = row, 0.0
    return index.astype(np.int32), distance.astype(np.float32)


def n_components(index: np.ndarray) -> int:
    """Return the number of connected components of a nearest-neighbour graph, (n, k) int32."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n, k = index.shape
    rows = np.repeat(np.arange(n), k)
    graph = coo_matrix((np.ones(n * k, np.int8), (rows, index.ravel())), shape=(n, n))
    return int(connected_components(graph, directed=False, return_labels=False))
