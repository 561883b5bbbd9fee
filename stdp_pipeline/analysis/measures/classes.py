"""How well a map shows classes that it was not told of: nearest neighbours, silhouette, and clusters found in it."""

from __future__ import annotations

import warnings

import numpy as np

__all__ = ["N_RESTARTS", "N_VOTES", "class_measures", "clusters_against_classes", "knn_accuracy"]

N_VOTES = 10
"""Neighbours that vote on the class of a point."""

N_RESTARTS = 10
"""Runs of k-means, each from other first centres, over whose results means are taken."""


def class_measures(points: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Compare places with classes.

    Parameters
    ----------
    points : (n, m) float
        Coordinates in a map, or any features.
    labels : (n,) int
        -1 for none; such rows are left out.
    rng : numpy.random.Generator
        Draws the first centres of k-means.

    Returns
    -------
    dict
        ``knn_accuracy``, ``silhouette`` [1]_, ``ari``, ``nmi``; NaN for fewer than two classes.

    References
    ----------
    .. [1] Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis",
       J. Comput. Appl. Math. 20:53, doi:10.1016/0377-0427(87)90125-7.
    """
    from sklearn.metrics import silhouette_score

    points, labels = points[labels >= 0], labels[labels >= 0]
    n_classes = len(np.unique(labels))
    if not 2 <= n_classes < len(labels):
        return dict.fromkeys(("knn_accuracy", "silhouette", "ari", "nmi"), float("nan"))
    ari, nmi = clusters_against_classes(points, labels, n_classes, rng)
    return {
        "knn_accuracy": knn_accuracy(points, labels),
        "silhouette": float(silhouette_score(points, labels)),
        "ari": ari,
        "nmi": nmi,
    }


def knn_accuracy(points: np.ndarray, labels: np.ndarray, n_votes: int = N_VOTES) -> float:
    """Return the share of points whose nearest others have its class for the most part.

    Parameters
    ----------
    points : (n, m) float
    labels : (n,) int
        Not negative.
    n_votes : int
        Neighbours that vote, without the point itself. Of classes with equal votes the lower one wins.

    Returns
    -------
    float
        NaN for fewer than ``n_votes`` others.
    """
    from sklearn.neighbors import NearestNeighbors

    n = len(points)
    if n <= n_votes:
        return float("nan")
    index = NearestNeighbors(n_neighbors=n_votes).fit(points).kneighbors(return_distance=False)
    n_classes = int(labels.max()) + 1
    cell = np.arange(n)[:, None] * n_classes + labels[index]
    votes = np.bincount(cell.ravel(), minlength=n * n_classes).reshape(n, n_classes)
    return float((votes.argmax(axis=1) == labels).mean())


def clusters_against_classes(
    points: np.ndarray, labels: np.ndarray, n_clusters: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Compare clusters of k-means with classes, by means over restarts.

    Parameters
    ----------
    points : (n, m) float
    labels : (n,) int
    n_clusters : int
        At most n.
    rng : numpy.random.Generator

    Returns
    -------
    ari : float
        Rand index adjusted for chance [1]_: 1 for equal partitions, 0 by chance.
    nmi : float
        Mutual information as a share of the mean of both entropies: from 0 to 1. It is not adjusted, and by chance
        lies the more above 0, the fewer points there are for each cluster.

    References
    ----------
    .. [1] Hubert & Arabie (1985), "Comparing partitions", J. Classif. 2:193, doi:10.1007/BF01908075.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    found = []
    for _ in range(N_RESTARTS):
        means = KMeans(n_clusters, n_init=1, random_state=int(rng.integers(2**31)))
        with warnings.catch_warnings():
            # A map may have fewer places than there are classes. Then each place is a cluster, as it should be.
            warnings.simplefilter("ignore", ConvergenceWarning)
            clusters = means.fit_predict(points)
        found.append((adjusted_rand_score(labels, clusters), normalized_mutual_info_score(labels, clusters)))
    ari, nmi = np.mean(found, axis=0)
    return float(ari), float(nmi)
