"""Train a classifier of scikit-learn on features of the training images: what the supervised readouts share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["classified"]


def classified(
    classifier: Any, known: Any, classes: np.ndarray, test: Any, n_classes: int, scores: Callable[[Any], np.ndarray]
) -> np.ndarray:
    """Return scores of a classifier that is trained on the features of the training images.

    Parameters
    ----------
    classifier : estimator
        Not yet trained.
    known : (n_training, n_features) array or sparse array
    classes : (n_training,) int
    test : (n_images, n_features) array or sparse array
    n_classes : int
    scores : callable
        From the features of the test images to positive scores, (n_images, classes present); called after the training.

    Returns
    -------
    (n_images, n_classes) float64
        0 for classes without training images.
    """
    present = np.unique(classes)
    votes = np.zeros((test.shape[0], n_classes))
    if len(present) == 1:  # nothing to tell apart
        votes[:, present] = 1.0
    else:
        classifier.fit(known, classes)
        votes[:, present] = scores(test)
    return votes
