"""Accuracy with its interval, confusion matrix, and what the network did."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline.readout._labels import UNLABELLED

__all__ = ["accuracy_interval", "confusion_matrix", "score", "spikes_by_label"]


def accuracy_interval(n_right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson interval of an accuracy: its uncertainty from the number of test images alone.

    References
    ----------
    .. [1] Wilson (1927), J. Am. Stat. Assoc. 22:209, doi:10.1080/01621459.1927.10502953.
    """
    from scipy.stats import binomtest

    interval = binomtest(n_right, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count images by true class (row) and prediction (column); the last column counts those without one.

    Returns
    -------
    (n_classes, n_classes + 1) int64
    """
    column = np.where(predicted == UNLABELLED, n_classes, predicted).astype(np.int64)
    flat = np.bincount(labels.astype(np.int64) * (n_classes + 1) + column, minlength=n_classes * (n_classes + 1))
    return flat.reshape(n_classes, n_classes + 1)


def score(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> dict[str, Any]:
    """Return accuracy, its 95 % interval, the number of images without a prediction, and the confusion matrix."""
    right = int(np.count_nonzero(labels == predicted))
    low, high = accuracy_interval(right, len(labels))
    return {
        "accuracy": right / len(labels),
        "accuracy_ci95": [low, high],
        "n_right": right,
        "n_without_prediction": int(np.count_nonzero(predicted == UNLABELLED)),
        "confusion": confusion_matrix(labels, predicted, n_classes).tolist(),
    }


def spikes_by_label(
    counts: csr_array, neuron_label: np.ndarray, labels: np.ndarray, predicted: np.ndarray
) -> dict[str, float | None]:
    """Return the mean spikes of neurons with the image's own label and of the others, by whether the answer is right.

    Parameters
    ----------
    counts : (n_images, n_exc) sparse float32
    neuron_label : (n_exc,) int
    labels, predicted : (n_images,) int

    Returns
    -------
    dict
        ``right_own``, ``right_other``, ``wrong_own``, ``wrong_other``; None where there is no such image. The paper
        gives 16, 1, 3 and 12 for 6400 neurons.

    References
    ----------
    .. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 3.
    """
    total = np.asarray(counts.sum(axis=1)).ravel()
    own = np.zeros(len(labels))
    for c in np.unique(labels):
        of_class = labels == c
        own[of_class] = np.asarray(counts[of_class][:, neuron_label == c].sum(axis=1)).ravel()
    found: dict[str, float | None] = {}
    for name, chosen in (("right", predicted == labels), ("wrong", predicted != labels)):
        there = bool(chosen.any())
        found[f"{name}_own"] = float(own[chosen].mean()) if there else None
        found[f"{name}_other"] = float((total - own)[chosen].mean()) if there else None
    return found
