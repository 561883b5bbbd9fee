"""Force-directed layout: neighbours attract, all points repel each other (ForceAtlas2); branches and gaps are seen.

The graph is that of the nearest neighbours, made symmetric, all edges alike. Points start at their first two principal
components, spread and slightly shaken, so that nothing depends on a random start. The layout is stopped after
``n_iter`` steps, not at rest.
Limit: 10 000 points take 30 s on one core and 250 MB. Time grows with n_iter n log n; memory with the edges, which are
Python objects.

References
----------
.. [1] Jacomy, Venturini, Heymann, Bastian (2014), "ForceAtlas2, a continuous graph layout algorithm for handy network
   visualization designed for the Gephi software", PLoS ONE 9:e98679, doi:10.1371/journal.pone.0098679.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import check_enough, n_components, one_thread
from stdp_pipeline.analysis.embed.pca import principal
from stdp_pipeline.analysis.points import N_NEIGHBORS, Points
from stdp_pipeline.config._base import Strict

__all__ = ["PACKAGES", "Params", "embed"]

PACKAGES = ("fa2_modified",)

_SPREAD = 1000.0  # standard deviation of the start along the first component


class Params(Strict):
    """Constants of the force-directed layout."""

    name: Literal["force_directed"] = "force_directed"
    """Name of the method."""
    knn: Annotated[int, Field(ge=1, lt=N_NEIGHBORS)] = 15
    """Neighbours that a point is linked to, itself not counted."""
    n_iter: Annotated[int, Field(ge=1)] = 100
    """Steps (default of the fa2_modified package)."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by ForceAtlas2.

    Raises
    ------
    DataError
        If there are no more than ``knn`` points.
    """
    from fa2_modified import ForceAtlas2
    from scipy.sparse import csr_matrix

    n = len(points.features)
    check_enough(points, params.knn + 1, "force_directed.knn", params.knn, n - 1)
    index, _ = points.nearest(params.knn + 1)
    starts = np.arange(n + 1) * params.knn
    graph = csr_matrix((np.ones(n * params.knn), index[:, 1:].ravel(), starts), shape=(n, n))
    graph = graph.maximum(graph.T)
    with one_thread():
        start = principal(points.features, 2)[0]
        start *= _SPREAD / start[:, 0].std()
        start += np.random.default_rng(points.seed).normal(0, 1e-4 * _SPREAD, start.shape)
        coordinates = ForceAtlas2(verbose=False).forceatlas2(graph, start, params.n_iter)
    found = {"knn": params.knn, "n_iter": params.n_iter, "graph_components": n_components(index)}
    return np.asarray(coordinates, dtype=np.float64), found
