"""PaCMAP: pairs of near, middle and far points pull and push in turn; keeps local and some global structure.

The near pairs are chosen from the neighbours that all methods share, by the package's own rule: of the 60 nearest, the
10 with the smallest distance relative to the density around both points [1]_. The middle and far pairs are drawn by
the package, from the first 100 principal components. Option ``local`` makes the map by LocalMAP [2]_, which sharpens
the borders between clusters.
Limit: 10 000 points of 400 features take 6 s on one core and 350 MB, once the package's compiled loops are in its
cache. Both grow with n.

References
----------
.. [1] Wang, Huang, Rudin, Shaposhnik (2021), "Understanding how dimension reduction tools work: an empirical approach
   to deciphering t-SNE, UMAP, TriMap, and PaCMAP for data visualization", J. Mach. Learn. Res. 22:201,
   doi:10.48550/arXiv.2012.04456.
.. [2] Wang, Sun, Huang, Rudin (2025), "Dimension reduction with locally adjusted graphs", AAAI 2025,
   doi:10.48550/arXiv.2412.15426.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import check_enough, one_thread
from stdp_pipeline.analysis.points import Points
from stdp_pipeline.config._base import Strict

__all__ = ["PACKAGES", "Params", "embed", "near_pairs"]

PACKAGES = ("pacmap",)

_MIDDLE, _FAR = 0.5, 2.0  # pairs per near pair (defaults of the pacmap package)
_FEWEST = 2  # near pairs of a point
_CANDIDATES = 50  # neighbours to choose from, beyond those needed (as in the pacmap package)


class Params(Strict):
    """Constants of PaCMAP."""

    name: Literal["pacmap"] = "pacmap"
    """Name of the method."""
    n_neighbors: Annotated[int, Field(ge=_FEWEST, le=40)] = 10
    """Near pairs of each point (default of the pacmap package)."""
    local: bool = False
    """Make the map by LocalMAP."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out the points by PaCMAP.

    Raises
    ------
    DataError
        If there are not more points than near, middle and far pairs of one.
    """
    n, d = points.features.shape
    pairs = params.n_neighbors + round(_MIDDLE * params.n_neighbors) + round(_FAR * params.n_neighbors)
    largest = int((n - 2) / (1 + _MIDDLE + _FAR))
    check_enough(points, pairs + 1, "pacmap.n_neighbors", params.n_neighbors, largest if largest >= _FEWEST else None)
    features = points.features if d > 1 else np.column_stack([points.features, np.zeros_like(points.features)])
    with _quiet(), _one_numba_thread(), one_thread():
        import pacmap

        method = pacmap.LocalMAP if params.local else pacmap.PaCMAP
        coordinates = method(
            n_neighbors=params.n_neighbors,
            MN_ratio=_MIDDLE,
            FP_ratio=_FAR,
            pair_neighbors=near_pairs(points, params.n_neighbors),
            # The package adds the number of a pair to it, in 32 bits.
            random_state=points.seed % 2**30,
        ).fit_transform(features)
    return np.asarray(coordinates, dtype=np.float64), {"n_pairs": pairs * n}


def near_pairs(points: Points, n_neighbors: int) -> np.ndarray:
    """Choose the near pairs: smallest d_ij^2 / (s_i s_j), s_i being the mean distance to the 4th to 6th neighbours.

    Parameters
    ----------
    points : Points
    n_neighbors : int
        Pairs of each point.

    Returns
    -------
    (n * n_neighbors, 2) int32
        Point and neighbour, point after point.
    """
    n = len(points.features)
    index, distance = points.nearest(min(n_neighbors + _CANDIDATES + 1, n))
    index, distance = index[:, 1:], distance[:, 1:].astype(np.float64)
    scale = np.maximum(distance[:, 3:6].mean(axis=1), 1e-10)
    best = np.argsort(distance**2 / (scale[:, None] * scale[index]), axis=1, kind="stable")[:, :n_neighbors]
    own = np.repeat(np.arange(n), n_neighbors)
    return np.column_stack([own, np.take_along_axis(index, best, axis=1).ravel()]).astype(np.int32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the package's log message that a seed is set, and what its neighbour search tells on import."""
    logger = logging.getLogger("pacmap")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "builtin type .* has no __module__ attribute", DeprecationWarning)
            yield
    finally:
        logger.setLevel(before)


@contextmanager
def _one_numba_thread() -> Iterator[None]:
    """Compiled loops draw and sum in an order that depends on the number of threads."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
