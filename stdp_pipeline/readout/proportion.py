r"""Proportion weighting: the all-activity vote, in which each neuron counts by how selective it is.

.. math::

    p_{ic} = \frac{r_{ic}}{\sum_{c'} r_{ic'}}, \qquad
    \hat{c}(x) = \arg\max_c \frac{1}{N_c} \sum_{i: A_i = c} p_{ic} \, n_i(x)

with the mean count r_ic of neuron i for class c on the training images, and n_i, A_i and N_c as in the all-activity
vote. A neuron that answers to its own class only has the full vote. BindsNET adds the r_ic of successive batches up,
with a factor alpha that is 1 by default; here they are one mean over all training images.

References
----------
.. [1] Hazan et al. (2018), "BindsNET: a machine learning-oriented spiking neural networks library in Python",
   Front. Neuroinform. 12:89, doi:10.3389/fninf.2018.00089; ``bindsnet/evaluation/evaluation.py``,
   ``proportion_weighting``.
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
    """Proportion weighting has no parameters."""

    name: Literal["proportion"] = "proportion"
    """Name of the readout."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return the weighted mean count over the neurons of each class, (n_images, n_classes) float64."""
    rates = training.neurons.mean_counts
    share = rates / np.maximum(rates.sum(axis=0), np.finfo(float).tiny)
    return test.counts @ (members(training.neurons) * share.T)
