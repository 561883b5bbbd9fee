"""PHATE: diffusion distances between points, laid out by multidimensional scaling; keeps trajectories and global order.

With few neighbours the graph of clustered spike counts falls into unconnected parts, and the distances between those
parts would mean nothing. So the number of neighbours is raised until the graph is connected, or ``knn_most`` is
reached; the number used and the number of parts are reported with the map. The kernel is that of the phate package,
made from the neighbours that all methods share (at most 90 of each point; the package's ``knn_max``); diffusion time,
potential, landmarks and scaling are the package's, with SMACOF as in all figures of [1]. Its first step, PCA to 100
components, is left out: the neighbours are those in the full space.
Limit: 10 000 points of 400 features take 25 s on one core and 600 MB; most of it is for the landmarks, several arrays
of n_landmark^2 numbers, the rest grows with n.

References
----------
.. [1] Moon et al. (2019), "Visualizing structure and transitions in high-dimensional biological data",
   Nat. Biotechnol. 37:1482, doi:10.1038/s41587-019-0336-3.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import check_enough, connected_knn, one_thread
from stdp_pipeline.analysis.embed._kernel import alpha_decay_kernel
from stdp_pipeline.analysis.points import N_NEIGHBORS, Points
from stdp_pipeline.config._base import Strict

__all__ = ["PACKAGES", "Params", "embed", "phate_of_kernel"]

PACKAGES: tuple[str, ...] = ()


class Params(Strict):
    """Constants of PHATE."""

    name: Literal["phate"] = "phate"
    """Name of the method."""
    knn: Annotated[int, Field(ge=2, lt=N_NEIGHBORS)] = 5
    """Neighbours to begin with (default of the phate package)."""
    knn_most: Annotated[int, Field(ge=2, lt=N_NEIGHBORS)] = 30
    """Neighbours at which to stop, even if the graph is still not connected."""
    decay: Annotated[float, Field(gt=0)] = 40.0
    """Exponent of the kernel's tails (default of the phate package)."""
    n_landmark: Annotated[int, Field(ge=10)] = 2000
    """Landmarks that stand for all points in the diffusion (default of the phate package)."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by PHATE.

    Raises
    ------
    DataError
        If there are no more than ``knn`` points.
    """
    check_enough(points, params.knn + 1, "phate.knn", params.knn, len(points.features) - 1)
    knn, parts = connected_knn(points, params.knn, params.knn_most)
    kernel = alpha_decay_kernel(points.index, points.distance, knn, params.decay)
    coordinates, time = phate_of_kernel(kernel, params.n_landmark, gamma=1.0, seed=points.seed)
    return coordinates, {"knn": knn, "graph_components": parts, "diffusion_time": time}


def phate_of_kernel(kernel: Any, n_landmark: int, gamma: float, seed: int) -> tuple[np.ndarray, int]:
    """Diffuse on a graph and lay it out.

    Parameters
    ----------
    kernel : (n, n) scipy.sparse.csr_matrix of float64
        Affinities: symmetric, with a diagonal above 0.
    n_landmark : int
    gamma : float
        Potential distance: 1 for the logarithm, 0 for the square root.
    seed : int
        Of the landmarks and of the scaling.

    Returns
    -------
    coordinates : (n, 2) float64
    time : int
        Diffusion time: the knee of the von Neumann entropy.
    """
    import phate

    with one_thread(), warnings.catch_warnings():
        # The number of parts is reported by the methods.
        warnings.filterwarnings("ignore", "Graph is disconnected", RuntimeWarning)
        operator = phate.PHATE(
            knn_dist="precomputed_affinity",
            thresh=0,  # the kernel is cut already
            n_landmark=n_landmark,
            gamma=gamma,
            mds_solver="smacof",
            n_jobs=1,
            random_state=seed % 2**32,
            verbose=0,
        )
        coordinates = operator.fit_transform(kernel)
    return np.asarray(coordinates, dtype=np.float64), int(operator.optimal_t)
