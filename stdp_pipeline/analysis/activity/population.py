"""What all neurons together stand for: how they share the work, what winners tell of classes, in how many dimensions.

References
----------
.. [1] Miller (1955), "Note on the bias of information estimates", in Information Theory in Psychology, 95.
.. [2] Litwin-Kumar, Harris, Axel, Sompolinsky & Abbott (2017), "Optimal degrees of synaptic connectivity", Neuron
   93:1153, doi:10.1016/j.neuron.2017.01.030.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline.analysis.information import entropy_bits

__all__ = ["covariance_spectrum", "gini", "n_components", "participation_ratio", "winner_entropy", "winner_information"]


def winner_entropy(wins: np.ndarray) -> float:
    """Return the entropy of the winner, over images that have one.

    Parameters
    ----------
    wins : (n_exc,) int
        Images that each neuron wins; not all zero.

    Returns
    -------
    float
        Bits, from the shares as they are: 2 to its power is the number of neurons that would win as evenly, at most
        that of those that ever win.
    """
    share = wins[wins > 0] / wins.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0  # no negative zero


def winner_information(winner: np.ndarray, labels: np.ndarray, n_classes: int, n_exc: int) -> float:
    """Estimate the mutual information between winner and class.

    Parameters
    ----------
    winner : (n_images,) int
        -1 for none, which is an answer like others.
    labels : (n_images,) int
        -1 for none; such images are left out.
    n_classes, n_exc : int

    Returns
    -------
    float
        Bits, from 0 to the entropy of the classes. Each of the three entropies is corrected for its bias [1]_, which
        else makes the information of a large network with few images too high. NaN without labels.
    """
    told = labels >= 0
    if not told.any():
        return float("nan")
    cell = labels[told].astype(np.int64) * (n_exc + 1) + winner[told] + 1
    joint = np.bincount(cell, minlength=n_classes * (n_exc + 1)).reshape(n_classes, n_exc + 1)
    entropy = entropy_bits(joint.sum(axis=1))
    information = entropy + entropy_bits(joint.sum(axis=0)) - entropy_bits(joint.ravel())
    return max(0.0, min(information, entropy))


def gini(amounts: np.ndarray) -> float:
    """Return Gini's coefficient of inequality.

    Parameters
    ----------
    amounts : (n,) float
        Not negative, and not all zero.

    Returns
    -------
    float
        0 if all have the same, (n - 1) / n if one has all.
    """
    n = len(amounts)
    place = 2 * np.arange(1, n + 1) - n - 1
    return float((place * np.sort(amounts)).sum() / (n * amounts.sum()))


def covariance_spectrum(counts: csr_array) -> np.ndarray:
    """Return the eigenvalues of the covariance of neurons over images, the largest first.

    Parameters
    ----------
    counts : (n_images, n_exc)

    Returns
    -------
    (min(n_images, n_exc),) float64
        Up to rounding not negative; all zero if all images are answered alike. Takes memory and time of a dense matrix
        of the smaller side: 0.3 GB for 6400.
    """
    n_images, n_exc = counts.shape
    # Both products have the same eigenvalues but for zeros.
    if n_exc <= n_images:
        total = counts.sum(axis=0)  # exact, other than the mean
        product = (counts.T @ counts).toarray() - np.outer(total, total) / n_images
    else:
        product = (counts @ counts.T).toarray()
        mean = product.mean(axis=0)
        product += mean.mean() - mean - mean[:, None]
    scale = float(counts.power(2).sum())
    values: np.ndarray = np.linalg.eigvalsh(product)[::-1]
    # What rounding leaves of zeros must not count as dimensions.
    least = max(counts.shape) * np.finfo(np.float64).eps * scale
    return np.where(values > least, values, 0.0) / max(n_images - 1, 1)


def participation_ratio(spectrum: np.ndarray) -> float:
    """Return the effective number of dimensions, (sum of eigenvalues)² / sum of their squares [2]_.

    Parameters
    ----------
    spectrum : (n,) float64
        Eigenvalues of a covariance.

    Returns
    -------
    float
        1 if all varies along one line, n for equal eigenvalues. NaN if nothing varies. It grows with the number of
        images as long as these are not many more than it: compare at equal numbers.
    """
    squares = float((spectrum**2).sum())
    return float(spectrum.sum()) ** 2 / squares if squares else float("nan")


def n_components(spectrum: np.ndarray, share: float = 0.9) -> float:
    """Return how many principal components hold a share of the variance.

    Parameters
    ----------
    spectrum : (n,) float64
        Eigenvalues of a covariance, the largest first.
    share : float

    Returns
    -------
    float
        A whole number, or NaN if nothing varies.
    """
    total = float(spectrum.sum())
    if not total:
        return float("nan")
    # The last of equal values may fall short of the share by rounding.
    return float(1 + np.argmax(np.cumsum(spectrum) >= share * total * (1 - 1e-12)))
