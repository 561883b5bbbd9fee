"""PCA: the two directions of largest variance; linear, fast, the map to compare the others with.

It has no parameters and nothing random. The share of the variance that each direction holds is reported.
Limit: 10 000 points of 400 features take 1 s on one core and 220 MB; time grows with n d^2, memory with n d.

References
----------
.. [1] Jolliffe (2002), "Principal component analysis", Springer, doi:10.1007/b98835.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from stdp_pipeline.analysis.embed._graph import one_thread
from stdp_pipeline.analysis.points import Points
from stdp_pipeline.config._base import Strict

__all__ = ["PACKAGES", "Params", "embed", "principal"]

PACKAGES: tuple[str, ...] = ()


class Params(Strict):
    """PCA has no parameters."""

    name: Literal["pca"] = "pca"
    """Name of the method."""


def embed(params: Params, points: Points) -> tuple[np.ndarray, dict[str, Any]]:
    """Project the points onto their first two principal components."""
    coordinates, share = principal(points.features, 2)
    return coordinates, {"explained_variance": [float(x) for x in share]}


def principal(features: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Return principal components and the share of the variance that each holds.

    Parameters
    ----------
    features : (n, d) float
    n_components : int

    Returns
    -------
    coordinates : (n, n_components) float64
        Zeros where there are fewer components than asked for.
    share : (n_components,) float64
    """
    from sklearn.decomposition import PCA

    n, d = features.shape
    # The d x d covariance is the quicker way for many points; for fewer points than features it would be the slower.
    solver = "covariance_eigh" if n >= d else "full"
    kept = min(n_components, n, d)
    coordinates, share = np.zeros((n, n_components)), np.zeros(n_components)
    with one_thread():
        model = PCA(n_components=kept, svd_solver=solver).fit(np.asarray(features, np.float64))
        coordinates[:, :kept] = model.transform(np.asarray(features, np.float64))
    share[:kept] = model.explained_variance_ratio_
    return coordinates, share
