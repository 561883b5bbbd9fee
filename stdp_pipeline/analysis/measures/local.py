"""How well a map keeps neighbourhoods: trustworthiness, continuity, and neighbours kept at one scale and at all."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.analysis.measures._space import Space

__all__ = ["local_measures", "neighbours_kept", "rnx_auc"]


def local_measures(space: Space, coordinates: np.ndarray, map_rank: np.ndarray) -> dict[str, float]:
    """Compare neighbourhoods among the features and in the map.

    Trustworthiness is the lower, the farther neighbours in the map are among the features; continuity is the lower,
    the farther neighbours among the features are in the map [1]_. Both by scikit-learn.

    Parameters
    ----------
    space : Space
    coordinates : (n, m) float64
    map_rank : (n, n) int32
        Places among neighbours in the map; see :func:`~._ranks.neighbour_ranks`.

    Returns
    -------
    dict
        ``trustworthiness``, ``continuity``, ``neighbours_kept``, ``rnx_auc``.

    References
    ----------
    .. [1] Venna & Kaski (2001), "Neighborhood preservation in nonlinear projection methods: an experimental study",
       ICANN 2001, LNCS 2130:485, doi:10.1007/3-540-44668-0_68.
    """
    from sklearn.manifold import trustworthiness

    k = space.n_neighbors
    kept = neighbours_kept(space.rank, map_rank)
    # Places go as distances: scikit-learn ranks them itself, and equal distances keep the order drawn for them.
    places, map_places = space.rank.astype(np.float32), map_rank.astype(np.float32)
    return {
        "trustworthiness": float(trustworthiness(places, coordinates, n_neighbors=k, metric="precomputed")),
        "continuity": float(trustworthiness(map_places, space.features, n_neighbors=k, metric="precomputed")),
        "neighbours_kept": float(kept[k - 1]),
        "rnx_auc": rnx_auc(kept),
    }


def neighbours_kept(rank: np.ndarray, map_rank: np.ndarray) -> np.ndarray:
    """Return the mean share of the k nearest neighbours that two spaces have in common, for every k.

    Parameters
    ----------
    rank, map_rank : (n, n) int
        Places among neighbours; see :func:`~._ranks.neighbour_ranks`.

    Returns
    -------
    (n - 1,) float64
        Q_NX(k) [1]_ for k from 1 to n - 1; k / (n - 1) by chance.

    References
    ----------
    .. [1] Lee & Verleysen (2009), "Quality assessment of dimensionality reduction: rank-based criteria",
       Neurocomputing 72:1431, doi:10.1016/j.neucom.2008.12.017.
    """
    n = len(rank)
    # A pair is common to the k nearest of both spaces from the k on that is its lower place.
    common_from = np.bincount(np.maximum(rank, map_rank).ravel(), minlength=n)[1:]
    kept: np.ndarray = np.cumsum(common_from) / (n * np.arange(1, n))
    return kept


def rnx_auc(kept: np.ndarray) -> float:
    """Return the mean over all scales of the neighbours kept beyond chance, weighted by 1 / k.

    Parameters
    ----------
    kept : (n - 1,) float64
        See :func:`neighbours_kept`.

    Returns
    -------
    float
        Area under R_NX(k) = ((n - 1) Q_NX(k) - k) / (n - 1 - k) over ln k, k from 1 to n - 2 [1]_: 1 where all
        neighbours are kept at all scales, 0 by chance.

    References
    ----------
    .. [1] Lee, Peluffo-Ordóñez & Verleysen (2015), "Multi-scale similarities in stochastic neighbour embedding:
       reducing dimensionality while preserving both local and global structure", Neurocomputing 169:246,
       doi:10.1016/j.neucom.2014.12.095.
    """
    others = len(kept)
    k = np.arange(1, others)
    beyond_chance = (others * kept[:-1] - k) / (others - k)
    return float((beyond_chance / k).sum() / (1 / k).sum())
