r"""All-activity vote: the class whose neurons fire most on average.

.. math:: \hat{c}(x) = \arg\max_c \frac{1}{N_c} \sum_{i: A_i = c} n_i(x)

with the spike count n_i of neuron i, its label A_i, and the number N_c of neurons with label c. Neurons without a
label have no vote.

References
----------
.. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.6.
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
    """The all-activity vote has no parameters."""

    name: Literal["all_activity"] = "all_activity"
    """Name of the readout."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return the mean spike count over the neurons of each class, (n_images, n_classes) float64."""
    return test.counts @ members(training.neurons)
