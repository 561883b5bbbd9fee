"""Spike counts as all measures of representations take them: sparse, checked, with labels that fit."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, issparse

from stdp_pipeline.errors import DataError

__all__ = ["checked", "class_means", "mean_of_defined", "winners"]


def checked(counts: np.ndarray | csr_array, labels: np.ndarray, n_classes: int) -> csr_array:
    """Return spike counts as a sparse array without stored zeros.

    Parameters
    ----------
    counts : (n_images, n_exc) array or sparse array of numbers
    labels : (n_images,) int
    n_classes : int

    Returns
    -------
    (n_images, n_exc) float64
        Neurons of each image in ascending order.

    Raises
    ------
    DataError
        If shapes or labels do not fit, if a count is negative or not finite, or if there are no spikes at all.
    """
    sparse = csr_array(counts, dtype=np.float64, copy=issparse(counts))
    sparse.sum_duplicates()
    sparse.eliminate_zeros()
    labels = np.asarray(labels)
    if sparse.ndim != 2 or labels.shape != (sparse.shape[0],):
        raise DataError(f"spike counts {sparse.shape} need a label for each image, got {labels.shape}")
    if len(labels) and (labels.min() < -1 or labels.max() >= n_classes):
        raise DataError(
            f"labels must be from 0 to {n_classes - 1}, or -1 for none, got {labels.min()} to {labels.max()}"
        )
    if not (np.isfinite(sparse.data).all() and (sparse.data >= 0).all()):
        raise DataError("spike counts must be finite and not negative; some are")
    if sparse.nnz == 0:
        raise DataError(
            f"none of the {sparse.shape[1]} neurons answers any of the {sparse.shape[0]} images, so there is no "
            "representation to measure; look at the training curve for when the activity died"
        )
    return sparse


def class_means(counts: csr_array, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return mean spike counts over the images of each class, (n_classes, n_exc) float64; NaN without images."""
    told = np.flatnonzero(labels >= 0)
    members = csr_array((np.ones(len(told)), (labels[told], told)), shape=(n_classes, counts.shape[0]))
    sizes = np.bincount(labels[told], minlength=n_classes).astype(np.float64)
    sizes[sizes == 0] = np.nan
    means: np.ndarray = (members @ counts).toarray() / sizes[:, None]
    return means


def winners(counts: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Return the neuron with most spikes for each image.

    Parameters
    ----------
    counts : (n_images, n_exc)
        See :func:`checked`.

    Returns
    -------
    winner : (n_images,) int64
        The first of several with equally many; -1 where there are no spikes.
    tied : (n_images,) bool
        Whether there are several.
    """
    n_images = counts.shape[0]
    winner, n_best = np.full(n_images, -1), np.zeros(n_images, np.int64)
    image = np.repeat(np.arange(n_images), np.diff(counts.indptr))
    most = np.zeros(n_images)
    np.maximum.at(most, image, counts.data)
    best = np.flatnonzero(counts.data == most[image])
    np.add.at(n_best, image[best], 1)
    backwards = best[::-1]
    winner[image[backwards]] = counts.indices[backwards]
    return winner, n_best > 1


def mean_of_defined(values: np.ndarray) -> float:
    """Return the mean of those that are not NaN, or NaN if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
