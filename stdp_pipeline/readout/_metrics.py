"""Accuracy with its interval, confusion matrix, and what the network did."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.readout._labels import UNLABELLED

__all__ = ["accuracy_interval", "confusion_matrix", "score"]


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
