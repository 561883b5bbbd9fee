"""How alike two networks represent the same images: centred kernel alignment and representational similarity.

Both compare how images lie towards each other, so the networks may have any numbers of neurons in any order.

References
----------
.. [1] Kornblith, Norouzi, Lee & Hinton (2019), "Similarity of neural network representations revisited", ICML,
   arXiv:1905.00414.
.. [2] Song, Smola, Gretton, Bedo & Borgwardt (2012), "Feature selection via dependence maximization", JMLR 13:1393,
   equation 5: the unbiased estimator of the Hilbert-Schmidt independence criterion.
.. [3] Székely & Rizzo (2014), "Partial distance correlation with methods for dissimilarities", Ann. Statist. 42:2382,
   doi:10.1214/14-AOS1255: the same as an inner product of centred matrices.
.. [4] Kriegeskorte, Mur & Bandettini (2008), "Representational similarity analysis", Front. Syst. Neurosci. 2:4,
   doi:10.3389/neuro.06.004.2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline.analysis.measures._ranks import spearman
from stdp_pipeline.errors import DataError

__all__ = ["cka", "dissimilarities", "rsa", "similarity_matrix"]

Responses: TypeAlias = np.ndarray | csr_array
Metric = Literal["correlation", "euclidean"]
Kind = Literal["cka", "rsa"]


def cka(x: Responses, y: Responses) -> float:
    """Return linear centred kernel alignment [1]_ from unbiased estimates of its three terms [2]_.

    With more neurons than images, the usual estimate is high even for responses that have nothing to do with each
    other. This one is 0 for such responses on average, so it may be below 0.

    Parameters
    ----------
    x : (n, p) array or sparse array
        Responses of p neurons to n images; at least 4.
    y : (n, q) array or sparse array
        Responses of others to the same images.

    Returns
    -------
    float
        At most 1. The same after rotations of either side, other orders of neurons, and common factors. NaN if one
        side answers all images alike.

    Raises
    ------
    DataError
        If there are fewer than 4 images, not as many on both sides, or values that are not finite.
    """
    _check([x, y], 4)
    return float(_aligned(x) @ _aligned(y))


def dissimilarities(x: Responses, metric: Metric = "correlation") -> np.ndarray:
    """Return dissimilarities between responses, those of each pair of rows: the upper half of the matrix [4]_.

    Parameters
    ----------
    x : (n, p) array or sparse array
        Responses to n images, or mean responses to n classes.
    metric : {"correlation", "euclidean"}
        1 minus Pearson's correlation over neurons, or Euclidean distance.

    Returns
    -------
    (n (n - 1) / 2,) float64
        NaN for correlations with a row of equal values, such as that of a silent image.
    """
    p = x.shape[1]
    products = _products(x)
    if metric == "correlation":
        mean = np.asarray(x.mean(axis=1), np.float64)
        raw = np.diagonal(products).copy()
        products -= p * np.outer(mean, mean)
        spread = np.diagonal(products).copy()
        spread[spread <= p * np.finfo(np.float64).eps * raw] = np.nan
        found = 1 - products / np.sqrt(np.outer(spread, spread))
    else:
        length = np.diagonal(products)
        found = np.sqrt(np.maximum(length + length[:, None] - 2 * products, 0.0))
    return found[np.triu_indices(len(found), 1)]


def rsa(x: Responses, y: Responses, metric: Metric = "correlation") -> float:
    """Return Spearman's correlation between the dissimilarities of two sides [4]_.

    Parameters
    ----------
    x : (n, p) array or sparse array
        Responses of p neurons to n images, or mean responses to n classes; at least 3.
    y : (n, q) array or sparse array
        Responses of others to the same.
    metric : {"correlation", "euclidean"}
        See :func:`dissimilarities`.

    Returns
    -------
    float
        From -1 to 1; about 0 for responses that have nothing to do with each other. Pairs without dissimilarity on
        either side are left out; NaN if fewer than three are left, or if all are equal.

    Raises
    ------
    DataError
        If there are fewer than 3 rows, not as many on both sides, or values that are not finite.
    """
    _check([x, y], 3)
    return _agreement(dissimilarities(x, metric), dissimilarities(y, metric))


def similarity_matrix(responses: Sequence[Responses], kind: Kind = "cka", metric: Metric = "correlation") -> np.ndarray:
    """Compare all networks with each other.

    Parameters
    ----------
    responses : sequence of (n, p_i) arrays or sparse arrays
        Of each network to the same n images, or means to the same n classes. It needs 4 n² bytes for each: 16 MB for
        2000.
    kind : {"cka", "rsa"}
        See :func:`cka` and :func:`rsa`.
    metric : {"correlation", "euclidean"}
        Of representational similarity; see :func:`dissimilarities`.

    Returns
    -------
    (n_networks, n_networks) float64
        Symmetrical, with ones on the diagonal. Rows and columns of networks without anything to compare are NaN.

    Raises
    ------
    DataError
        As for :func:`cka` and :func:`rsa`.
    """
    _check(responses, 4 if kind == "cka" else 3)
    sides = [_aligned(x) if kind == "cka" else dissimilarities(x, metric) for x in responses]
    found = np.empty((len(sides), len(sides)))
    for i, one in enumerate(sides):
        for j, other in enumerate(sides[: i + 1]):
            found[i, j] = found[j, i] = float(one @ other) if kind == "cka" else _agreement(one, other)
        found[i, i] = np.nan if np.isnan(found[i, i]) else 1.0  # not 1 less rounding
    return found


def _aligned(x: Responses) -> np.ndarray:
    """Return the upper half of the centred matrix of products of responses, scaled to length 1; NaN if it is zero.

    The centred matrix has zeros on its diagonal and rows that sum to zero, and the product of two such matrices is
    the unbiased estimate [3]_.
    """
    products = _products(x)
    n = len(products)
    np.fill_diagonal(products, 0.0)
    scale = float(np.linalg.norm(products))
    row = products.sum(axis=0) / (n - 2)
    products -= row + row[:, None] - row.sum() / (n - 1)
    centred = products[np.triu_indices(n, 1)]
    length = float(np.linalg.norm(centred))
    # Below this, it is what rounding leaves of responses that are all alike.
    least = (n + x.shape[1]) * np.finfo(np.float64).eps * scale
    return centred / length if length > least else np.full(len(centred), np.nan)


def _products(x: Responses) -> np.ndarray:
    """Return the inner products of all rows, (n, n) float64."""
    x = x.astype(np.float64)
    products = x @ x.T
    return products if isinstance(products, np.ndarray) else products.toarray()


def _agreement(x: np.ndarray, y: np.ndarray) -> float:
    both = ~(np.isnan(x) | np.isnan(y))
    return spearman(x[both], y[both])


def _check(responses: Sequence[Responses], at_least: int) -> None:
    numbers = {x.shape[0] for x in responses}
    if len(numbers) != 1 or min(numbers) < at_least:
        raise DataError(
            f"similarity needs responses to the same images, {at_least} or more, got responses to "
            f"{sorted(numbers)} images; choose the same images for all networks"
        )
    for x in responses:
        if not np.isfinite(x if isinstance(x, np.ndarray) else x.data).all():
            raise DataError("similarity: responses hold values that are not finite")
