"""Nearest neighbours: the classes of the training images whose spike counts are most alike.

Each test image is compared with all training images of the labelling pass by the cosine of their spike counts, or by
their Euclidean distance d, and the nearest ones vote, weighted by their similarity: the cosine, or 1 / (1 + d). No
weight is learned; the labels of single images are used, not only those of neurons.

References
----------
.. [1] Cover & Hart (1967), "Nearest neighbor pattern classification", IEEE Trans. Inf. Theory 13:21,
   doi:10.1109/TIT.1967.1053964.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.readout._answers import Answers, Training

__all__ = ["READS", "SUPERVISED", "Params", "scores", "votes"]

SUPERVISED = False
READS = "answers"


class Params(Strict):
    """Constants of the nearest-neighbour vote."""

    name: Literal["knn"] = "knn"
    """Name of the readout."""
    n_neighbors: Annotated[int, Field(ge=1)] = 10
    """Neighbours that vote; all training images if there are fewer."""
    metric: Literal["cosine", "euclidean"] = "cosine"
    """What makes images alike: 'cosine', the pattern alone; or 'euclidean', for few features, whose size counts."""


def votes(params: Params, training: Training, test: Answers) -> np.ndarray:
    """Return the summed similarity of the nearest neighbours of each class, (n_images, n_classes) float64."""
    answers, classes = training.examples()
    return scores(params, answers.counts, classes, test.counts, training.n_classes)


def scores(params: Params, known: Any, classes: np.ndarray, test: Any, n_classes: int) -> np.ndarray:
    """Return the votes from features of any kind; see :mod:`stdp_pipeline.readout`."""
    from sklearn.neighbors import NearestNeighbors

    k = min(params.n_neighbors, known.shape[0])
    search = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=params.metric).fit(known)
    distance, neighbor = search.kneighbors(test)
    similar = np.zeros((test.shape[0], n_classes))
    image = np.repeat(np.arange(test.shape[0]), k)
    alike = np.maximum(1.0 - distance, 0.0) if params.metric == "cosine" else 1.0 / (1.0 + distance)
    np.add.at(similar, (image, classes[neighbor.ravel()]), alike.ravel())
    return similar
