r"""N-gram vote: the class in which the sequences of firing neurons were seen most.

.. math:: \hat{c}(x) = \arg\max_c \sum_{g \in x} s_{gc}

An n-gram g is a sequence of n neurons that fire one after the other, in consecutive of those steps in which any neuron
fires; where several fire in one step, every combination counts. s_gc is how often g occurs, on average, in a training
image of class c.

In BindsNET's code the training counts n-grams as above, but the prediction runs through the neurons one by one, as if
those of one step had fired one after the other, and leaves out the last n-gram. Here both are counted in the same way.
BindsNET adds occurrences up instead of averaging them, so that frequent classes have an advantage.

References
----------
.. [1] Hazan et al. (2018), "Unsupervised learning with self-organizing spiking neural networks", IJCNN,
   doi:10.1109/IJCNN.2018.8489673, arXiv:1807.09374.
.. [2] Hazan et al. (2018), BindsNET, doi:10.3389/fninf.2018.00089; ``bindsnet/evaluation/evaluation.py``, ``ngram``.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from stdp_pipeline.config._base import Strict
from stdp_pipeline.readout._answers import Answers, Training

__all__ = ["READS", "SUPERVISED", "Params", "ngrams", "votes"]

SUPERVISED = False
READS = "answers"


class Params(Strict):
    """Constants of the n-gram vote."""

    name: Literal["ngram"] = "ngram"
    """Name of the readout."""
    n: Annotated[int, Field(ge=1, le=4)] = 2
    """Length of the sequences (source: 2)."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return the summed scores of the n-grams of each image, (n_images, n_classes) float64."""
    answers, classes = training.examples()
    seen_in, seen = ngrams(answers, params.n)
    known, column = np.unique(seen, return_inverse=True)
    n_images = np.maximum(np.bincount(classes, minlength=training.n_classes), 1)
    scores = np.zeros((len(known), training.n_classes))
    np.add.at(scores, (column, classes[seen_in]), 1.0)
    scores /= n_images
    image, gram = ngrams(test, params.n)
    place = np.searchsorted(known, gram)
    found = np.zeros(len(gram), bool)
    inside = place < len(known)
    found[inside] = known[place[inside]] == gram[inside]
    occurs = csr_array((np.ones(found.sum()), (image[found], place[found])), (test.n_images, len(known)))
    return occurs @ scores


def ngrams(answers: Answers, n: int) -> tuple[np.ndarray, np.ndarray]:
    """List the n-grams of all images, each as often as it occurs.

    Parameters
    ----------
    answers : Answers
    n : int
        Length of a sequence.

    Returns
    -------
    image : (n_grams,) int64
        Where each occurs.
    gram : (n_grams,) int64
        Its neurons as the digits of one number to the base ``n_exc``, the first neuron in front.
    """
    spikes, n_exc = answers.responses, answers.n_exc
    image = np.repeat(np.arange(spikes.n_images), spikes.n_spikes)
    neuron = spikes.neuron.astype(np.int64)
    # Spikes of one image and step are a group; they come in this order.
    new = np.ones(len(neuron), bool)
    new[1:] = (np.diff(image) != 0) | (np.diff(spikes.step.astype(np.int64)) != 0)
    group = np.cumsum(new) - 1
    first = np.append(np.flatnonzero(new), len(neuron))  # group k is spikes first[k]:first[k + 1]
    size, of_image = np.diff(first), image[first[:-1]]
    # Each sequence is known by its last spike and the number of its neurons so far.
    last, gram = np.arange(len(neuron)), neuron
    for _ in range(n - 1):
        behind = group[last] + 1
        goes_on = behind < len(size)
        goes_on[goes_on] = of_image[behind[goes_on]] == image[last[goes_on]]
        last, gram, behind = last[goes_on], gram[goes_on], behind[goes_on]
        times = size[behind]
        within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        last = np.repeat(first[behind], times) + within
        gram = np.repeat(gram, times) * n_exc + neuron[last]
    return image[last], gram
