"""DEMaP: how well a map of noisy data keeps the geodesics of the noiseless data behind it.

Only simulated data have a noiseless truth. Where there is none, :func:`~.global_structure.geodesics_kept` compares a
map with the geodesics of the noisy features themselves, which is another measure.

References
----------
.. [1] Moon et al. (2019), "Visualizing structure and transitions in high-dimensional biological data",
   Nat. Biotechnol. 37:1482, doi:10.1038/s41587-019-0336-3.
.. [2] The authors' code, https://github.com/scottgigante/DEMaP.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.measures._ranks import spearman
from stdp_pipeline.analysis.measures._space import geodesics
from stdp_pipeline.errors import DataError

__all__ = ["demap"]


def demap(
    truth: np.ndarray, coordinates: np.ndarray, n_neighbors: int = 30, subsample: np.ndarray | None = None
) -> float:
    """Return denoised embedding manifold preservation [1]_.

    Spearman's correlation between geodesics of the noiseless data, on their graph of nearest neighbours whose edges
    are as long as Euclidean distances, and Euclidean distances in the map of the noisy data.

    Parameters
    ----------
    truth : (n, d) float
        Noiseless data.
    coordinates : (n, m) float
        Map of noisy data, row by row of the same points; of the subsample's if there is one.
    n_neighbors : int
        Of the graph. 30 is the default of the authors' package; their scripts take 5 [2]_.
    subsample : (n_map,) int, optional
        Which points the map has; the graph is always that of all.

    Raises
    ------
    DataError
        If there are too few points, points without coordinates, or a graph that falls apart.
    """
    from scipy.spatial.distance import pdist

    truth, coordinates = np.asarray(truth, np.float64), np.asarray(coordinates, np.float64)
    points = np.arange(len(truth)) if subsample is None else subsample
    if len(truth) <= n_neighbors or len(points) != len(coordinates):
        raise DataError(
            f"demap needs more than n_neighbors = {n_neighbors} points and coordinates of each that the map has, got "
            f"{len(truth)} points, {len(points)} of them in the map, and {len(coordinates)} rows of coordinates"
        )
    if not (np.isfinite(truth).all() and np.isfinite(coordinates).all()):
        raise DataError("demap: truth or coordinates hold values that are not finite; leave such points out")
    geodesic = geodesics(truth, n_neighbors)
    if not np.isfinite(geodesic).all():
        raise DataError(
            f"demap: the graph of {n_neighbors} nearest neighbours of the truth falls apart, so there is no path "
            "between some points; use more neighbours"
        )
    pairs = np.triu_indices(len(points), 1)
    return spearman(geodesic[np.ix_(points, points)][pairs], pdist(coordinates))
