"""What a network answers to images: its spikes, and counts made from them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import csr_array

__all__ = ["Responses"]


@dataclass(frozen=True)
class Responses:
    """What a network answered to a sequence of images: its spikes in AER form, and counts.

    Spikes and input counts are those of the last presentation of each image, the one that was accepted.

    Attributes
    ----------
    step, neuron : (n_spikes,) uint16
        Excitatory spikes that count for each image, ordered by image, then time, then neuron. With ``rest_spikes``
        "next" an image begins with the spikes of the rest before it, whose steps are those of that rest.
    offsets : (n_images + 1,) int64
        Where each image's spikes start.
    attempts : (n_images,) int32
        Presentations needed; ``max_attempts`` with too few spikes means that the image was given up.
    n_input_spikes : (n_images,) int32
    inh_step, inh_neuron : (n_inh_spikes,) uint16
        Inhibitory spikes of the accepted presentation and its own rest, ordered by image, then step, then neuron.
    inh_offsets : (n_images + 1,) int64
    """

    step: np.ndarray
    neuron: np.ndarray
    offsets: np.ndarray
    attempts: np.ndarray
    n_input_spikes: np.ndarray
    inh_step: np.ndarray
    inh_neuron: np.ndarray
    inh_offsets: np.ndarray

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.offsets) - 1

    @property
    def n_spikes(self) -> np.ndarray:
        """Excitatory spikes per image, (n_images,) int64."""
        return np.diff(self.offsets)

    def n_sops(self, n_exc: int) -> np.ndarray:
        """Return synaptic operations per image, (n_images,) int64: each spike counts once for each synapse it reaches.

        Input spikes reach all excitatory neurons, those their inhibitory partners, and these all others.
        """
        n_inh_spikes = np.diff(self.inh_offsets)
        return self.n_input_spikes.astype(np.int64) * n_exc + self.n_spikes + n_inh_spikes * (n_exc - 1)

    def sparse_counts(self, n_exc: int) -> csr_array:
        """Return spike counts per image and neuron, (n_images, n_exc) float32, in memory for the spikes alone."""
        ones = np.ones(len(self.neuron), np.float32)
        counts = csr_array((ones, self.neuron.astype(np.int32), self.offsets.astype(np.int32)), (self.n_images, n_exc))
        counts.sum_duplicates()
        return counts

    def counts(self, n_exc: int) -> np.ndarray:
        """Return :meth:`sparse_counts` as a dense array."""
        return self.sparse_counts(n_exc).toarray()

    def class_counts(self, labels: np.ndarray, n_classes: int, n_exc: int) -> np.ndarray:
        """Return the sums of :meth:`counts` over the images of each class, in memory for the spikes alone.

        Parameters
        ----------
        labels : (n_images,) int
            Class of each image, 0 to ``n_classes - 1``.
        n_classes, n_exc : int

        Returns
        -------
        (n_classes, n_exc) float64
        """
        first_cell = np.repeat(labels.astype(np.int64) * n_exc, self.n_spikes)
        sums = np.bincount(first_cell + self.neuron, minlength=n_classes * n_exc)
        return sums.reshape(n_classes, n_exc).astype(np.float64)

    @staticmethod
    def none() -> Responses:
        """Return the answers to no images."""
        spikes, counts, offsets = np.zeros(0, np.uint16), np.zeros(0, np.int32), np.zeros(1, np.int64)
        return Responses(spikes, spikes, offsets, counts, counts, spikes, spikes, offsets)

    @staticmethod
    def concatenate(parts: list[Responses]) -> Responses:
        """Join the responses to consecutive images."""
        if not parts:
            return Responses.none()

        def joined(name: str) -> np.ndarray:
            arrays = [getattr(part, name) for part in parts]
            if not name.endswith("offsets"):
                return np.concatenate(arrays)
            shifts = np.cumsum([0] + [a[-1] for a in arrays])
            return np.concatenate([[0]] + [a[1:] + s for a, s in zip(arrays, shifts, strict=False)])

        return Responses(**{field.name: joined(field.name) for field in fields(Responses)})
