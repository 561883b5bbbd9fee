"""What an engine is given and what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.network.state import NetworkState

__all__ = ["Engine", "Frozen", "Inputs", "Model", "Progress", "Responses", "StoredEvents"]

Integrator = Literal["euler", "exponential_euler"]
Precision = Literal["float32", "float64"]
RestSpikes = Literal["own", "next"]


@dataclass(frozen=True)
class Model:
    """A network, its rule and its protocol: all that decides what happens, but for inputs and state.

    Attributes
    ----------
    network : NetworkParams
    rule : module
        A module of :mod:`stdp_pipeline.plasticity`.
    rule_params : RuleParams
        Its parameters.
    dt_ms, image_ms, rest_ms : float
        Step, duration of the image and of the rest after it, ms.
    integrator : {"euler", "exponential_euler"}
    precision : {"float32", "float64"}
    min_spikes : int
        Fewer excitatory spikes than this and the image is presented again, brighter.
    max_attempts : int
        Presentations of one image, at most.
    spike_limit : int
        Excitatory spikes in one presentation above which the activity counts as exploded.
    rest_spikes : {"own", "next"}
        Which presentation the spikes of a rest count for: the one it belongs to, or the next one.
    """

    network: NetworkParams
    rule: ModuleType
    rule_params: Any
    dt_ms: float = 0.5
    image_ms: float = 350.0
    rest_ms: float = 150.0
    integrator: Integrator = "exponential_euler"
    precision: Precision = "float32"
    min_spikes: int = 5
    max_attempts: int = 20
    spike_limit: int = 20_000
    rest_spikes: RestSpikes = "own"

    @property
    def n_image_steps(self) -> int:
        """Steps during which the image is shown."""
        return round(self.image_ms / self.dt_ms)

    @property
    def n_rest_steps(self) -> int:
        """Steps of rest after the image."""
        return round(self.rest_ms / self.dt_ms)

    @property
    def n_delay_steps(self) -> int:
        """Number of different delays in steps: delays are 0 to this less one; 0 without delays."""
        delays = self.network.delays
        return 0 if delays.mode == "none" else math.ceil(delays.max_ms / self.dt_ms)


@dataclass(frozen=True)
class StoredEvents:
    """Spikes of first presentations in AER form, ordered by step and within a step by source.

    Or recordings, whose events are ordered by source and then by step: then all presentations are made of them.

    Attributes
    ----------
    step, source : (n_events,) uint16
    offsets : (n_images + 1,) int64
        The spikes of image k are ``step[offsets[k]:offsets[k + 1]]`` and so on.
    recorded : bool
        Whether they are recordings.
    """

    step: np.ndarray
    source: np.ndarray
    offsets: np.ndarray
    recorded: bool = False

    @classmethod
    def none(cls) -> StoredEvents:
        """Return an empty store: every presentation is drawn."""
        return cls(np.zeros(0, np.uint16), np.zeros(0, np.uint16), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Inputs:
    """The images of one split and the code that turns them into spikes.

    Attributes
    ----------
    levels : (n_images, n_input) uint8
        Intensities.
    encoding : module
        A module of :mod:`stdp_pipeline.encoding`.
    encoding_params : EncodingParams
    seed : int
    split : {"train", "test"}
    stored : StoredEvents
        First presentations that need not be drawn, or none, and retries are drawn; or recordings.
    """

    levels: np.ndarray
    encoding: ModuleType
    encoding_params: Any
    seed: int
    split: str
    stored: StoredEvents


@dataclass(frozen=True)
class Frozen:
    """How a network that does not learn is shown images.

    Attributes
    ----------
    carry_over : bool
        Each image meets the network as the one before left it, instead of at rest.
    theta_adapts : bool
        Thresholds go on adapting: a known error of ports, to be measured and not to be used.
    """

    carry_over: bool = False
    theta_adapts: bool = False

    @property
    def in_order(self) -> bool:
        """Whether an answer depends on the images before."""
        return self.carry_over or self.theta_adapts


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


Progress = Callable[[int], None]
"""Called with the number of images done so far."""


class Engine(Protocol):
    """An engine's module has these two functions."""

    def train(
        self,
        model: Model,
        state: NetworkState,
        inputs: Inputs,
        images: np.ndarray,
        pass_index: int,
        threads: int = 1,
    ) -> tuple[NetworkState, Responses]:
        """Present images one after the other with learning on.

        Parameters
        ----------
        model : Model
        state : NetworkState
            Left as it is.
        inputs : Inputs
        images : (n,) int64
            Indices into ``inputs.levels``, in the order of presentation.
        pass_index : int
            Number of the pass over the training set, from 0.
        threads : int, default 1
            Threads among which the engine may divide the neurons; the result is the same for any number.

        Returns
        -------
        state : NetworkState
        responses : Responses

        Raises
        ------
        ActivityError
            If the activity explodes; the message names image, step and cause.
        """
        ...

    def respond(
        self,
        model: Model,
        state: NetworkState,
        inputs: Inputs,
        images: np.ndarray,
        threads: int,
        progress: Progress,
        frozen: Frozen = Frozen(),
    ) -> Responses:
        """Present images to the network without learning; the result is the same for any ``threads``."""
        ...
