"""t-SNE: keeps who is whose neighbour; clusters are sharp, their distances and sizes mean nothing, trajectories break.

As in the openTSNE package, with neighbours that all methods share, and begun from the first two principal components,
which keeps what global order there is [2]_. A perplexity of p takes 3 p neighbours; with fewer points it is lowered to
a third of them, and the one used is reported.
Limit: 10 000 points take 50 s on one core and 260 MB. Time grows with n log n, and from 10 000 points on, where forces
are interpolated by Fourier transforms, with n; memory grows with n times the perplexity.

References
----------
.. [1] van der Maaten, Hinton (2008), "Visualizing data using t-SNE", J. Mach. Learn. Res. 9:2579.
.. [2] Kobak, Berens (2019), "The art of using t-SNE for single-cell transcriptomics", Nat. Commun. 10:5416,
   doi:10.1038/s41467-019-13056-x.
.. [3] Policar, Strazar, Zupan (2024), "openTSNE: A modular Python library for t-SNE dimensionality reduction and
   embedding", J. Stat. Softw. 109(3), doi:10.18637/jss.v109.i03.
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

PACKAGES = ("openTSNE",)

_LOWEST = 5.0  # the smallest perplexity that [1] recommends


class Params(Strict):
    """Constants of t-SNE."""

    name: Literal["tsne"] = "tsne"
    """Name of the method."""
    perplexity: Annotated[float, Field(ge=_LOWEST, le=(N_NEIGHBORS - 1) / 3)] = 30.0
    """Effective number of neighbours (default of the openTSNE package)."""
    n_iter: Annotated[int, Field(ge=1)] = 500
    """Iterations after 250 with exaggerated attraction (both defaults of the openTSNE package)."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by t-SNE.

    Raises
    ------
    DataError
        If there are not enough points even for a perplexity of 5.
    """
    n = len(points.features)
    check_enough(points, int(3 * _LOWEST) + 1, "tsne.perplexity", _LOWEST, None)
    perplexity = min(params.perplexity, (n - 1) / 3)
    index, distance = points.nearest(int(3 * perplexity) + 1)

    from openTSNE import TSNE, affinity, initialization
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    seed = points.seed % 2**32
    neighbours = PrecomputedNeighbors(index[:, 1:].copy(), distance[:, 1:].astype(np.float64))
    with one_thread():
        start = initialization.rescale(principal(points.features, 2)[0])
        start = initialization.jitter(start, random_state=seed)  # equal points must not lie on each other
        affinities = affinity.PerplexityBasedNN(perplexity=perplexity, knn_index=neighbours, n_jobs=1)
        coordinates = TSNE(n_jobs=1, random_state=seed, n_iter=params.n_iter).fit(
            affinities=affinities, initialization=start
        )
    found = {"perplexity": float(perplexity), "graph_components": n_components(index)}
    return np.array(coordinates, dtype=np.float64), found
