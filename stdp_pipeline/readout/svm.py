"""Linear support vector machine on the spike counts: a supervised readout.

One-against-the-rest classifiers are trained, with class labels, on the counts of the labelling pass. Like logistic
regression it says what the spikes contain, not what the network learned to say without labels.

References
----------
.. [1] Fan et al. (2008), "LIBLINEAR: a library for large linear classification", JMLR 9:1871, by way of scikit-learn.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._supervised import classified

__all__ = ["READS", "SUPERVISED", "Params", "scores", "votes"]

SUPERVISED = True
READS = "answers"


class Params(Strict):
    """Constants of the support vector machine."""

    name: Literal["svm"] = "svm"
    """Name of the readout."""
    inverse_penalty: Annotated[float, Field(gt=0)] = 0.02
    """C of scikit-learn: the larger, the weaker the L2 penalty."""
    max_iter: Annotated[int, Field(ge=1)] = 10_000
    """Iterations, at most."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return exp(margin) of each class, relative to the best one, (n_images, n_classes) float64.

    The exponential makes scores positive and keeps their order; classes without training images have 0.
    """
    answers, classes = training.examples()
    return scores(params, answers.counts, classes, test.counts, training.n_classes)


def scores(params: Params, known: Any, classes: np.ndarray, test: Any, n_classes: int) -> np.ndarray:
    """Return the votes from features of any kind; see :mod:`stdp_pipeline.readout`."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=params.inverse_penalty, max_iter=params.max_iter, random_state=0)

    def positive(features: Any) -> np.ndarray:
        margin = model.decision_function(features)
        if margin.ndim == 1:  # two classes: one margin, of the second
            margin = np.stack([-margin, margin], axis=1)
        return np.exp(margin - margin.max(axis=1, keepdims=True))

    return classified(model, known, classes, test, n_classes, positive)
