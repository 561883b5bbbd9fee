"""Diffusion map: the slowest modes of a random walk on the points; keeps continuous order, one direction per mode.

The walk is on PHATE's kernel, as in the comparison of [2]_, with the number of neighbours raised until the graph is
connected. The affinities are normalised symmetrically, D^-1/2 K D^-1/2; its leading eigenvectors after the trivial one
are divided by that one, which gives those of the walk, and multiplied by their eigenvalues to the power of the
diffusion time. If the graph is still in parts at ``knn_most`` (reported), the coordinates only tell the parts apart.
Limit: 10 000 points take 2 s on one core and 120 MB. Memory grows with the edges, at most 90 n; time too, and with
how close to 1 the eigenvalues are.

References
----------
.. [1] Coifman, Lafon (2006), "Diffusion maps", Appl. Comput. Harmon. Anal. 21:5, doi:10.1016/j.acha.2006.04.006.
.. [2] Moon et al. (2019), "Visualizing structure and transitions in high-dimensional biological data",
   Nat. Biotechnol. 37:1482, doi:10.1038/s41587-019-0336-3.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import check_enough, connected_knn, one_thread
from stdp_pipeline.analysis.embed._kernel import alpha_decay_kernel
from stdp_pipeline.analysis.points import N_NEIGHBORS, Points
from stdp_pipeline.config._base import Strict

__all__ = ["PACKAGES", "Params", "embed"]

PACKAGES: tuple[str, ...] = ()


class Params(Strict):
    """Constants of the diffusion map."""

    name: Literal["diffusion_map"] = "diffusion_map"
    """Name of the method."""
    knn: Annotated[int, Field(ge=2, lt=N_NEIGHBORS)] = 5
    """Neighbours to begin with ([2], as for PHATE)."""
    knn_most: Annotated[int, Field(ge=2, lt=N_NEIGHBORS)] = 30
    """Neighbours at which to stop, even if the graph is still not connected."""
    decay: Annotated[float, Field(gt=0)] = 40.0
    """Exponent of the kernel's tails ([2], as for PHATE)."""
    t: Annotated[int, Field(ge=0)] = 1
    """Diffusion time, steps of the walk."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by their diffusion map.

    Raises
    ------
    DataError
        If there are no more than ``knn`` points.
    """
    check_enough(points, params.knn + 1, "diffusion_map.knn", params.knn, len(points.features) - 1)
    knn, parts = connected_knn(points, params.knn, params.knn_most)
    kernel = alpha_decay_kernel(points.index, points.distance, knn, params.decay)
    with one_thread():
        value, vector = _slowest(kernel, points.seed)
    found = {"knn": knn, "graph_components": parts, "eigenvalues": [float(x) for x in value]}
    return vector * value**params.t, found


def _slowest(kernel: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the two largest eigenvalues of the walk below the trivial 1, and their right eigenvectors, (n, 2)."""
    from scipy.sparse import diags
    from scipy.sparse.linalg import LinearOperator, eigsh

    n = kernel.shape[0]
    degree = np.asarray(kernel.sum(axis=1)).ravel()
    root = np.sqrt(degree)
    normalised = diags(1 / root) @ kernel @ diags(1 / root)
    # The trivial eigenvector is known, so it is taken out: found by iteration, it would mix with its neighbours where
    # the next eigenvalues are as good as 1.
    trivial = root / np.linalg.norm(root)
    rest = LinearOperator((n, n), matvec=lambda x: normalised @ x - trivial * (trivial @ x), dtype=np.float64)
    start = np.random.default_rng(seed).standard_normal(n)
    value, vector = eigsh(rest, k=2, which="LA", v0=start, ncv=min(n, 60))
    value, vector = value[::-1], vector[:, ::-1] / trivial[:, None]
    farthest = np.abs(vector).argmax(axis=0)
    return value, vector * np.sign(vector[farthest, [0, 1]])
