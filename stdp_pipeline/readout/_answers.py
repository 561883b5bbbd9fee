"""What a readout reads: the spikes that a frozen network gave to images, and what is known of the training images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline.engines._contract import Responses
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.readout._labels import NeuronLabels

__all__ = ["Answers", "Training"]


@dataclass(frozen=True)
class Answers:
    """Excitatory spikes of a sequence of images.

    Attributes
    ----------
    responses : Responses
    n_exc : int
        Number of excitatory neurons.
    """

    responses: Responses
    n_exc: int

    @property
    def n_images(self) -> int:
        """Number of images."""
        return self.responses.n_images

    @cached_property
    def counts(self) -> csr_array:
        """Spike counts per image and neuron, sparse (n_images, n_exc) float32."""
        return self.responses.sparse_counts(self.n_exc)


@dataclass(frozen=True)
class Training:
    """What a readout may learn from: never a test image.

    Attributes
    ----------
    neurons : NeuronLabels
        Label and mean counts of each neuron.
    answers : Answers or None
        The answers to the training images; None where only the neurons' labels are at hand, as for a pretrained
        network.
    classes : (n_images,) int or None
        The classes of these images.
    """

    neurons: NeuronLabels
    answers: Answers | None = None
    classes: np.ndarray | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.neurons.n_classes

    def examples(self) -> tuple[Answers, np.ndarray]:
        """Return the answers to the training images, and their classes.

        Raises
        ------
        ConfigError
            If there are only the neurons' labels.
        """
        if self.answers is None or self.classes is None:
            raise ConfigError(
                "this readout needs the answers to the training images, and only the neurons' labels are at hand; "
                "choose one that counts votes, such as all_activity"
            )
        return self.answers, self.classes
