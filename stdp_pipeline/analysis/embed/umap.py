"""UMAP: a layout that keeps each image near its nearest neighbours; clusters stand out, distances between them do not.

References
----------
.. [1] McInnes, Healy, Melville (2018), "UMAP: Uniform manifold approximation and projection for dimension
   reduction", arXiv:1802.03426.
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
    """Constants of UMAP."""

    name: Literal["umap"] = "umap"
    """Name of the method."""
    n_neighbors: Annotated[int, Field(ge=2)] = 15
    """Neighbours of each image (default of the umap package)."""
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Smallest distance between points of the map (default of the umap package)."""


def embed(params: Params, features: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the rows of ``features``, (n, d), by UMAP."""
    check_enough(features, params.n_neighbors, "umap")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on import: "Tensorflow not installed"
        import umap

    index, distance = nearest(features, params.n_neighbors)
    with warnings.catch_warnings():
        # "precomputed_knn ... cannot transform new data" is no loss here, and "graph is not fully connected" is
        # reported as `graph_components` instead.
        warnings.simplefilter("ignore")
        coordinates = umap.UMAP(
            n_neighbors=params.n_neighbors,
            min_dist=params.min_dist,
            random_state=seed % 2**32,
            n_jobs=1,
            # Ready neighbours spare the compilation of UMAP's own search, most of its time in a fresh process.
            precomputed_knn=(index, distance),
        ).fit_transform(features)
    return np.asarray(coordinates, dtype=np.float64), {"graph_components": n_components(index)}
