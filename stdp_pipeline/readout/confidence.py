r"""Confidence weighting: the all-activity vote, in which each neuron counts by its part in the answer to its class.

.. math::

    q_{ic} = \frac{r_{ic}}{\sum_{i'} r_{i'c}}, \qquad
    \hat{c}(x) = \arg\max_c \frac{1}{N_c} \sum_{i: A_i = c} q_{ic} \, n_i(x)

with the mean count r_ic of neuron i for class c on the training images, and n_i, A_i and N_c as in the all-activity
vote. The sum goes over the *neurons*, that of proportion weighting over the classes: a neuron that often answers to its
class has the larger vote. The code of the lattice-map networks divides along this axis, and lets the r_ic of older
batches fade by 0.9; here they are one mean over all training images.

References
----------
.. [1] Hazan et al. (2018), "Unsupervised learning with self-organizing spiking neural networks", IJCNN,
   doi:10.1109/IJCNN.2018.8489673, arXiv:1807.09374; code ``djsaunde/lm-snn``.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.config._base import Strict
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import members

__all__ = ["READS", "SUPERVISED", "Params", "votes"]

SUPERVISED = False
READS = "labels"


class Params(Strict):
    """Confidence weighting has no parameters."""

    name: Literal["confidence"] = "confidence"
    """Name of the readout."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return the weighted mean count over the neurons of each class, (n_images, n_classes) float64."""
    rates = training.neurons.mean_counts
    part = rates / np.maximum(rates.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return test.counts @ (members(training.neurons) * part.T)
