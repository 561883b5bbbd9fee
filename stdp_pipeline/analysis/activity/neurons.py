"""What each neuron stands for: which classes it prefers and how much, how rarely it answers, and whom it resembles.

References
----------
.. [1] Morcos, Barrett, Rabinowitz & Botvinick (2018), "On the importance of single directions for generalization",
   ICLR, arXiv:1803.06959.
.. [2] Rolls & Tovee (1995), "Sparseness of the neuronal representation of stimuli in the primate temporal visual
   cortex", J. Neurophysiol. 73:713, doi:10.1152/jn.1995.73.2.713.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

__all__ = ["class_entropy_bits", "nearest_cosine", "selectivity", "treves_rolls"]


def selectivity(means: np.ndarray) -> np.ndarray:
    """Return each neuron's class selectivity [1]_.

    (m - o) / (m + o), where m is the mean answer to the class that a neuron answers most, and o the mean over all
    other classes.

    Parameters
    ----------
    means : (n_classes, n_exc) float64
        Mean answers to each class; NaN rows for classes without images.

    Returns
    -------
    (n_exc,) float64
        From 0, the same answer to all classes, to 1, answers to one alone. NaN for neurons that answer none, and
        with fewer than two classes.
    """
    means = means[~np.isnan(means).any(axis=1)]
    if len(means) < 2:
        return np.full(means.shape[1], np.nan)
    most = means.max(axis=0)
    others = (means.sum(axis=0) - most) / (len(means) - 1)
    return _ratio(most - others, most + others)


def class_entropy_bits(means: np.ndarray) -> np.ndarray:
    """Return the entropy of each neuron's mean answers, as shares of their sum over classes.

    Parameters
    ----------
    means : (n_classes, n_exc) float64
        Mean answers to each class; NaN rows for classes without images.

    Returns
    -------
    (n_exc,) float64
        Bits: from 0, answers to one class alone, to log2 of the number of classes. NaN for neurons that answer none,
        and with fewer than two classes.
    """
    means = means[~np.isnan(means).any(axis=1)]
    if len(means) < 2:
        return np.full(means.shape[1], np.nan)
    share = _ratio(means, means.sum(axis=0))
    bits: np.ndarray = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=0)
    return bits + 0.0  # no negative zero


def treves_rolls(counts: csr_array, axis: int) -> np.ndarray:
    """Return sparseness after Treves and Rolls: (mean r)² / mean r² [2]_.

    Parameters
    ----------
    counts : (n_images, n_exc)
    axis : int
        0: over images, each neuron's lifetime sparseness. 1: over neurons, each image's population sparseness.

    Returns
    -------
    (n_exc,) or (n_images,) float64
        1 for equal answers, 1 / n if only one of n is not zero: the lower, the sparser. NaN without spikes.
    """
    n = counts.shape[axis]
    return _ratio(counts.sum(axis=axis) ** 2 / n, counts.power(2).sum(axis=axis))


def nearest_cosine(weights: np.ndarray) -> np.ndarray:
    """Return the cosine of each receptive field with that other one which is most like it.

    Parameters
    ----------
    weights : (n_input, n_exc) float

    Returns
    -------
    (n_exc,) float64
        1 where another neuron has the same field up to a factor. NaN for neurons without weights, or alone.
    """
    length = np.linalg.norm(weights.astype(np.float64), axis=0)
    found = np.full(len(length), np.nan)
    some = np.flatnonzero(length > 0)
    if len(some) < 2:
        return found
    fields = weights[:, some] / length[some]
    cosine = fields.T @ fields
    np.fill_diagonal(cosine, -np.inf)
    found[some] = cosine.max(axis=1)
    return found


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Divide; NaN where the bottom is zero."""
    return np.divide(top, bottom, out=np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan), where=bottom != 0)
