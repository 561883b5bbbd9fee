"""PCA: the two directions of largest variance; linear, fast, the map to compare the others with.

References
----------
.. [1] Jolliffe (2002), "Principal component analysis", Springer, doi:10.1007/b98835.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from stdp_pipeline.analysis.embed._graph import check_enough
from stdp_pipeline.config._base import Strict

__all__ = ["Params", "embed"]


class Params(Strict):
    """PCA has no parameters."""

    name: Literal["pca"] = "pca"
    """Name of the method."""


def embed(params: Params, features: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Project the rows of ``features``, (n, d), onto their first two principal components."""
    check_enough(features, 2, "pca")
    from sklearn.decomposition import PCA

    model = PCA(n_components=2, svd_solver="full", random_state=seed % 2**32).fit(features)
    return model.transform(features).astype(np.float64), {
        "explained_variance": [float(x) for x in model.explained_variance_ratio_]
    }
