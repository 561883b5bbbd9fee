"""What methods lay out and measures judge: rows of features, with their nearest neighbours worked out once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stdp_pipeline.errors import DataError

__all__ = ["N_NEIGHBORS", "Points", "Trajectories", "points_of"]

N_NEIGHBORS = 91
"""Neighbours of each row that are looked up, itself included: enough for a perplexity of 30, which asks for 3 x 30."""


@dataclass(frozen=True)
class Points:
    """Rows of features that all differ in what they are of: images, neurons, or neurons at several times.

    Attributes
    ----------
    features : (n, d) float32
        Finite.
    index : (n, k) int32
        The nearest rows of each row by Euclidean distance, itself first; ``k`` is the smaller of :data:`N_NEIGHBORS`
        and ``n``.
    distance : (n, k) float32
        Their distances.
    labels : (n,) int64
        Class of each row, -1 for none. Only methods and measures that say so look at it.
    seed : int
        Of whatever is random.
    """

    features: np.ndarray
    index: np.ndarray
    distance: np.ndarray
    labels: np.ndarray
    seed: int

    def nearest(self, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
        """Return index and distance of so many nearest rows, itself included and first.

        Raises
        ------
        DataError
            If so many were not looked up.
        """
        known = self.index.shape[1]
        if n_neighbors > known:
            raise DataError(
                f"{n_neighbors - 1} neighbours were asked for, and {known - 1} are known (of {len(self.features)} "
                f"points, at most {N_NEIGHBORS - 1}); lower the method's number of neighbours"
            )
        return self.index[:, :n_neighbors], self.distance[:, :n_neighbors]


@dataclass(frozen=True)
class Trajectories:
    """The same units at several times.

    Attributes
    ----------
    values : (n_times, n_units, d) float32
        Finite.
    labels : (n_units,) int64
        Class of each unit at the end, -1 for none.
    images_seen : (n_times,) int64
        Training images seen until each time.
    seed : int
    """

    values: np.ndarray
    labels: np.ndarray
    images_seen: np.ndarray
    seed: int

    def stacked(self) -> Points:
        """Return all units at all times as rows, time after time."""
        rows = self.values.reshape(-1, self.values.shape[2])
        return points_of(rows, np.tile(self.labels, len(self.values)), self.seed)


def points_of(features: np.ndarray, labels: np.ndarray, seed: int) -> Points:
    """Look up the nearest neighbours of all rows.

    Parameters
    ----------
    features : (n, d) float
    labels : (n,) int
    seed : int

    Raises
    ------
    DataError
        If there are fewer than 3 rows, values that are not finite, or nothing in which the rows differ.
    """
    features = np.ascontiguousarray(features, np.float32)
    if len(features) < 3:
        raise DataError(f"a map needs at least 3 points, got {len(features)}; use more images, or look at activity")
    if not np.isfinite(features).all():
        row = int(np.argwhere(~np.isfinite(features).all(axis=1))[0, 0])
        raise DataError(f"the features of row {row} are not finite; so are those of others, perhaps")
    if (features == features[0]).all():
        raise DataError(f"all {len(features)} points are equal, so there is nothing to lay out")
    index, distance = _nearest(features, min(N_NEIGHBORS, len(features)))
    return Points(features, index, distance, np.asarray(labels, np.int64), seed)


def _nearest(features: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
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
