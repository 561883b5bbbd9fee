"""UMAP: a layout that keeps each point near its nearest neighbours; clusters stand out, distances between them do not.

Options: densMAP [2]_ also keeps how densely the points lie; ``supervised`` draws points of one class together by their
labels (-1 is unknown), so a map made with it says nothing about how well the features tell the classes apart.
The neighbours are those that all methods share, which also spares the compilation of UMAP's own search, most of its
time in a fresh process.
Limit: 10 000 points take 30 s on one core and 400 MB, some 10 s of it for compilation; densMAP takes half as long
again. Both grow with n.

References
----------
.. [1] McInnes, Healy, Melville (2018), "UMAP: Uniform manifold approximation and projection for dimension
   reduction", doi:10.48550/arXiv.1802.03426.
.. [2] Narayan, Berger, Cho (2021), "Assessing single-cell transcriptomic variability through density-preserving data
   visualization", Nat. Biotechnol. 39:765, doi:10.1038/s41587-020-00801-7.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import check_enough, n_components, one_thread
from stdp_pipeline.analysis.points import N_NEIGHBORS, Points
from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import DataError

__all__ = ["PACKAGES", "Params", "embed"]

PACKAGES: tuple[str, ...] = ()


class Params(Strict):
    """Constants of UMAP."""

    name: Literal["umap"] = "umap"
    """Name of the method."""
    n_neighbors: Annotated[int, Field(ge=2, le=N_NEIGHBORS)] = 15
    """Neighbours of each point, itself included (default of the umap package)."""
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Smallest distance between points of the map (default of the umap package)."""
    densmap: bool = False
    """Keep local densities, too (densMAP)."""
    supervised: bool = False
    """Use the classes."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by UMAP.

    Raises
    ------
    DataError
        If there are no more than ``n_neighbors`` points, or no classes for a supervised map.
    """
    check_enough(points, params.n_neighbors + 1, "umap.n_neighbors", params.n_neighbors, len(points.features) - 1)
    if params.supervised and (points.labels < 0).all():
        raise DataError("umap.supervised needs the classes of some points, and none has one; set it to false")
    index, distance = points.nearest(params.n_neighbors)
    with one_thread(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        import umap

        coordinates = umap.UMAP(
            n_neighbors=params.n_neighbors,
            min_dist=params.min_dist,
            densmap=params.densmap,
            random_state=points.seed % 2**32,
            n_jobs=1,
            precomputed_knn=(index.copy(), distance.copy()),
        ).fit_transform(points.features, points.labels if params.supervised else None)
    # Of UMAP's warnings (no TensorFlow, no transform of new points, graph in parts), only this one changes the map.
    failed = any("Spectral initialisation failed" in str(one.message) for one in told)
    return np.asarray(coordinates, dtype=np.float64), {
        "graph_components": n_components(index),
        "initialisation": "random" if failed else "spectral",
    }
