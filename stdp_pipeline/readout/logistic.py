"""Logistic regression on the spike counts: a supervised readout.

A linear classifier is trained, with class labels, on the counts of the labelling pass. It says how much about the class
the spikes contain, not what the network learned to say without labels.

References
----------
.. [1] Pedregosa et al. (2011), "Scikit-learn: machine learning in Python", JMLR 12:2825; multinomial, L2, L-BFGS.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._supervised import classified

__all__ = ["READS", "SUPERVISED", "Params", "votes"]

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
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=params.inverse_penalty, max_iter=params.max_iter)
    return classified(model, training, test, model.predict_proba)
