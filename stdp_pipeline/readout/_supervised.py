"""Train a classifier on the answers to the training images: what the supervised readouts share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from stdp_pipeline.readout._answers import Answers, Training

__all__ = ["classified"]


def classified(classifier: Any, training: Training, test: Answers, scores: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Return scores of a classifier of scikit-learn that is trained on spike counts.

    Parameters
    ----------
    classifier : estimator
        Not yet trained.
    training : Training
    test : Answers
    scores : callable
        From the sparse counts of the test images to positive scores, (n_images, classes present); called after the
        training.

    Returns
    -------
    (n_images, n_classes) float64
        0 for classes without training images.
    """
    answers, classes = training.examples()
    present = np.unique(classes)
    votes = np.zeros((test.n_images, training.n_classes))
    if len(present) == 1:  # nothing to tell apart
        votes[:, present] = 1.0
    else:
        classifier.fit(answers.counts, classes)
        votes[:, present] = scores(test.counts)
    return votes
