"""PHATE: diffusion distances between images, laid out by multidimensional scaling; keeps trajectories and global order.

With few neighbours the graph of clustered spike counts falls into unconnected parts, and the distances between those
parts would mean nothing. So the number of neighbours is raised until the graph is connected, or ``knn_most`` is
reached; the number used and the number of parts are reported with the map.

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

from stdp_pipeline.analysis.embed._graph import check_enough, n_components, nearest
from stdp_pipeline.config._base import Strict

__all__ = ["Params", "embed"]


class Params(Strict):
    """Constants of PHATE."""

    name: Literal["phate"] = "phate"
    """Name of the method."""
    knn: Annotated[int, Field(ge=2)] = 5
    """Neighbours to begin with (default of the phate package)."""
    knn_most: Annotated[int, Field(ge=2)] = 30
    """Neighbours at which to stop, even if the graph is still not connected."""
    decay: Annotated[float, Field(gt=0)] = 40.0
    """Exponent of the kernel's tails (default of the phate package)."""
    n_landmark: Annotated[int, Field(ge=10)] = 2000
    """Landmarks that stand for all images in the diffusion (default of the phate package)."""


def embed(params: Params, features: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the rows of ``features``, (n, d), by PHATE with SMACOF, as in all figures of [1]."""
    check_enough(features, params.knn, "phate")
    import phate

    most = min(params.knn_most, len(features) - 1)
    index, _ = nearest(features, most + 1)
    knn = min(params.knn, most)
    while (parts := n_components(index[:, : knn + 1])) > 1 and knn < most:
        knn = min(2 * knn, most)
    with warnings.catch_warnings():
        # "Graph is disconnected" is reported as `graph_components` instead.
        warnings.simplefilter("ignore")
        operator = phate.PHATE(
            knn=knn,
            decay=params.decay,
            n_landmark=params.n_landmark,
            mds_solver="smacof",
            n_jobs=1,
            random_state=seed % 2**32,
            verbose=0,
        )
        coordinates = operator.fit_transform(features)
    found = {"knn": knn, "graph_components": parts, "diffusion_time": int(operator.optimal_t)}
    return np.asarray(coordinates, dtype=np.float64), found
