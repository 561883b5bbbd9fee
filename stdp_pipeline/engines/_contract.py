"""What an engine is given and what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np

from stdp_pipeline.engines._reading import Reader
from stdp_pipeline.engines._responses import Responses
from stdp_pipeline.errors import EngineError
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.network.state import NetworkState, initial_state
from stdp_pipeline.plasticity._device import DeviceParams, specimen
from stdp_pipeline.plasticity._storage import Storage, storage_of
from stdp_pipeline.random import Draws, uniforms

__all__ = [
    "Engine",
    "Frozen",
    "Inputs",
    "Model",
    "Progress",
    "Reader",
    "Responses",
    "StoredEvents",
    "check_reader",
    "check_storage",
    "start_state",
]

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
    def storage(self) -> Storage | None:
        """How the weights are stored: None for real numbers."""
        return storage_of(self.rule, self.rule_params, self.network)

    @property
    def device(self) -> DeviceParams | None:
        """How the devices answer that hold the weights; None for ideal ones."""
        return getattr(self.rule_params, "device", None)

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


def check_storage(model: Model, state: NetworkState) -> None:
    """Make sure that a state's weights are stored as the learning rule wants them.

    Raises
    ------
    EngineError
        If they are real numbers for a rule with states, or the other way round.
    """
    if (state.weights.dtype == np.uint8) != (model.storage is not None):
        wanted = "real numbers" if model.storage is None else "states of synapses"
        raise EngineError(
            f"plasticity rule '{model.rule_params.name}' wants weights that are {wanted}, got an array of "
            f"{state.weights.dtype}: begin with start_state(model, n_input, seed)"
        )


def check_reader(model: Model, reader: Reader | None) -> None:
    """Make sure that weights can be read in that way.

    Raises
    ------
    EngineError
        If each synapse has a delay of its own, so that spikes of one step do not arrive together.
    """
    if reader is not None and model.network.delays.mode == "synaptic":
        raise EngineError(
            "read noise and converters need spikes that arrive together: network.delays.mode must be 'none' or "
            "'axonal', got 'synaptic'"
        )


def start_state(model: Model, n_input: int, seed: int, count_switches: bool = True) -> NetworkState:
    """Build the untrained network of one seed, its weights stored as the learning rule wants them.

    Parameters
    ----------
    model : Model
    n_input : int
        Number of input channels.
    seed : int
    count_switches : bool
        Whether to count how often each synapse changes its state, if it has states, or its device's conductance.

    Returns
    -------
    NetworkState
    """
    state = initial_state(model.network, n_input, seed, model.precision, model.dt_ms)
    storage = model.storage
    counted = np.zeros(state.weights.shape if count_switches else (0, 0), np.uint16)
    if model.device is not None:
        devices = specimen(model.device, state.weights.shape, Draws(seed))
        low, high = model.network.w_min, model.network.w_max
        place = np.clip((state.weights - low) / (high - low), devices.low, devices.high)
        if model.device.pulses == 1:  # a binary device is at one of its ends, by chance so that the mean is right
            share = (place - devices.low) / (devices.high - devices.low)
            on = uniforms(seed, "levels", place.size).reshape(place.shape) < share
            place = np.where(on, devices.high, devices.low)
        place = np.where(np.isnan(devices.stuck_at), place, devices.stuck_at)
        weights = (low + (high - low) * place).astype(model.precision)
        return replace(state, weights=weights, synapse_switches=counted)
    if storage is None:
        return state
    return replace(state, weights=storage.drawn(state.weights, seed), synapse_switches=counted)


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
    reader : Reader or None
        How the weights are read, where that is more than adding them up.
    """

    carry_over: bool = False
    theta_adapts: bool = False
    reader: Reader | None = None

    @property
    def in_order(self) -> bool:
        """Whether an answer depends on the images before."""
        return self.carry_over or self.theta_adapts


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
