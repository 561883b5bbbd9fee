"""Neuron labels, from the responses to labelled training images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["UNLABELLED", "NeuronLabels", "assign_labels", "labels_from_sums", "members", "predictions"]

UNLABELLED = -1
"""Label of a neuron that never fired, and prediction for an image without an answer."""


@dataclass(frozen=True)
class NeuronLabels:
    """What the training responses say about each neuron.

    Attributes
    ----------
    label : (n_exc,) int16
        Class to which the neuron responds most, or :data:`UNLABELLED`.
    mean_counts : (n_classes, n_exc) float64
        Mean spike count for the images of each class.
    """

    label: np.ndarray
    mean_counts: np.ndarray

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.mean_counts.shape[0])


def assign_labels(counts: np.ndarray, labels: np.ndarray, n_classes: int) -> NeuronLabels:
    """Give each neuron the class with its highest mean spike count.

    Parameters
    ----------
    counts : (n_images, n_exc) float32
        Spike counts for training images; test images must never come here.
    labels : (n_images,) int
        Their classes.
    n_classes : int

    Returns
    -------
    NeuronLabels
        See :func:`labels_from_sums`.
    """
    sums = np.zeros((n_classes, counts.shape[1]))
    for c in range(n_classes):
        sums[c] = counts[labels == c].sum(axis=0, dtype=np.float64)
    return labels_from_sums(sums, labels)


def labels_from_sums(sums: np.ndarray, labels: np.ndarray) -> NeuronLabels:
    """Give each neuron the class with its highest mean spike count, for images too many to hold all their counts.

    Parameters
    ----------
    sums : (n_classes, n_exc) float64
        Spike counts summed over the training images of each class; test images must never come here.
    labels : (n_images,) int
        Classes of these images.

    Returns
    -------
    NeuronLabels
        Of two equally strong classes the lower one is taken; a neuron that never fired gets none.

    References
    ----------
    .. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.6.
    """
    members = np.bincount(labels, minlength=len(sums))[:, None]
    mean_counts = sums / np.maximum(members, 1)
    label = np.where(mean_counts.max(axis=0) > 0, mean_counts.argmax(axis=0), UNLABELLED)
    return NeuronLabels(label.astype(np.int16), mean_counts)


def members(neurons: NeuronLabels) -> np.ndarray:
    """Return 1 / N_c where neuron i is one of the N_c neurons with label c, else 0: (n_exc, n_classes) float64."""
    belongs = (neurons.label[:, None] == np.arange(neurons.n_classes)).astype(np.float64)
    return belongs / np.maximum(belongs.sum(axis=0), 1)


def predictions(votes: np.ndarray) -> np.ndarray:
    """Return the class of the highest vote of each image, or :data:`UNLABELLED` where all votes are zero.

    Parameters
    ----------
    votes : (n_images, n_classes) float64

    Returns
    -------
    (n_images,) int16
    """
    return np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), UNLABELLED).astype(np.int16)
