"""The alpha-decay kernel of PHATE: Gaussian-like affinities whose width adapts to the density.

References
----------
.. [1] Moon et al. (2019), "Visualizing structure and transitions in high-dimensional biological data",
   Nat. Biotechnol. 37:1482, doi:10.1038/s41587-019-0336-3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["THRESHOLD", "alpha_decay_kernel"]

THRESHOLD = 1e-4
"""Smaller affinities count as none (default of the graphtools package)."""


def alpha_decay_kernel(index: np.ndarray, distance: np.ndarray, knn: int, decay: float) -> Any:
    """Return K_ij = 1/2 [exp(-(d_ij / eps_i)^decay) + exp(-(d_ij / eps_j)^decay)], eps being each point's own width.

    Each half is taken over the neighbours that are given. With all points as neighbours this is the kernel of the
    graphtools package; with k of them it is that of its ``knn_max = k``.

    Parameters
    ----------
    index : (n, k) int
        Neighbours of each point, itself first, then by distance.
    distance : (n, k) float
        Their distances.
    knn : int
        A point's width is the distance to this neighbour, itself not counted. Where that is 0, as between equal points,
        it is the smallest distance above 0, so that copies do not cut a point off from all others.
    decay : float
        Exponent of the tails.

    Returns
    -------
    (n, n) scipy.sparse.csr_matrix of float64
        Symmetric, with ones on the diagonal.
    """
    from scipy.sparse import csr_matrix

    n = len(index)
    distance = np.asarray(distance, np.float64)
    above_zero = np.where(distance > 0, distance, np.inf).min(axis=1)
    width = np.where(distance[:, knn] > 0, distance[:, knn], above_zero)
    with np.errstate(over="ignore"):  # a far point's power may overflow; its affinity is 0
        affinity = np.exp(-((distance / width[:, None]) ** decay))
    near = affinity >= THRESHOLD
    starts = np.concatenate([[0], near.sum(axis=1).cumsum()])
    half = csr_matrix((affinity[near], index[near], starts), shape=(n, n))
    return ((half + half.T) / 2).tocsr()
