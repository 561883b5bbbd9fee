"""Logistic regression on the spike counts: a supervised readout.

A linear classifier is trained, with class labels, on the counts of the labelling pass. It says how much about the class
the spikes contain, not what the network learned to say without labels.

References
----------
.. [1] Pedregosa et al. (2011), "Scikit-learn: machine learning in Python", JMLR 12:2825; multinomial, L2, L-BFGS.
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
    """Constants of the logistic regression."""

    name: Literal["logistic"] = "logistic"
    """Name of the readout."""
    inverse_penalty: Annotated[float, Field(gt=0)] = 0.1
    """C of scikit-learn: the larger, the weaker the L2 penalty."""
    max_iter: Annotated[int, Field(ge=1)] = 1000
    """Iterations, at most."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return the probability of each class, (n_images, n_classes) float64; 0 for classes without training images."""
    answers, classes = training.examples()
    return scores(params, answers.counts, classes, test.counts, training.n_classes)


def scores(params: Params, known: Any, classes: np.ndarray, test: Any, n_classes: int) -> np.ndarray:
    """Return the votes from features of any kind; see :mod:`stdp_pipeline.readout`."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=params.inverse_penalty, max_iter=params.max_iter)
    return classified(model, known, classes, test, n_classes, model.predict_proba)
