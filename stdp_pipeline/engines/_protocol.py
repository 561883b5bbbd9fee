"""The presentation protocol in plain Python, and the messages when the activity goes wrong.

Engines in plain Python give :func:`show` a :class:`Simulator`; the fast engine has the same protocol in its kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stdp_pipeline.engines._contract import Frozen, Inputs, Model, Progress, Responses
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.random import SPLIT_CODES, seed_words

__all__ = [
    "Presentation",
    "Simulator",
    "Spikes",
    "draw_events",
    "exploded",
    "not_finite",
    "show",
    "sorted_events",
    "too_many",
]


@dataclass(frozen=True)
class Presentation:
    """One presentation of one image: its input spikes, and its name for messages.

    Attributes
    ----------
    step, source : (n_events,) uint16
        Ordered by step and within a step by source. Axonal delays are not in them yet.
    split : {"train", "test"}
    image, attempt, pass_index : int
    """

    step: np.ndarray
    source: np.ndarray
    split: str
    image: int
    attempt: int
    pass_index: int

    @property
    def occasion(self) -> np.ndarray:
        """What tells its random numbers from those of others; see :func:`stdp_pipeline.random.neuron_words`."""
        numbers = (self.image, (self.pass_index << 16) | self.attempt, SPLIT_CODES[self.split])
        return np.array(numbers, np.uint64)


@dataclass(frozen=True)
class Spikes:
    """All spikes of one presentation and its rest, each layer's ordered by step and within a step by neuron.

    Attributes
    ----------
    step, neuron : (n_spikes,) uint16
        Excitatory ones.
    inh_step, inh_neuron : (n_inh_spikes,) uint16
    """

    step: np.ndarray
    neuron: np.ndarray
    inh_step: np.ndarray
    inh_neuron: np.ndarray


class Simulator(Protocol):
    """A network in some simulator, ready to be shown one presentation after the other."""

    def normalise(self) -> None:
        """Scale the weights of every neuron to the rule's fixed sum."""
        ...

    def rest(self) -> None:
        """Put every neuron at rest and forget past spikes; weights and thresholds stay."""
        ...

    def present(self, presentation: Presentation) -> Spikes:
        """Simulate one presentation and its rest.

        Raises
        ------
        ActivityError
            If the activity explodes.
        """
        ...


Tail = tuple[np.ndarray, np.ndarray]
"""Steps and neurons of the spikes in the last rest that count for the next image."""


def show(
    model: Model,
    simulator: Simulator,
    inputs: Inputs,
    images: np.ndarray,
    pass_index: int,
    frozen: Frozen | None,
    tail: Tail,
    progress: Progress = lambda done: None,
) -> tuple[Responses, Tail]:
    """Show images one after the other, each again and brighter while it causes too few spikes.

    Parameters
    ----------
    model : Model
    simulator : Simulator
    inputs : Inputs
    images : (n,) int64
    pass_index : int
    frozen : Frozen or None
        None: the network learns.
    tail : (step, neuron)
        From the images before.
    progress : callable

    Returns
    -------
    responses : Responses
    tail : (step, neuron)
    """
    parts = []
    for image in images:
        for attempt in range(model.max_attempts):
            presentation = _presentation(model, inputs, int(image), pass_index, attempt)
            if frozen is None:
                simulator.normalise()
            elif not frozen.carry_over:
                simulator.rest()
                tail = (tail[0][:0], tail[1][:0])
            spikes = simulator.present(presentation)
            own = np.ones(len(spikes.step), bool)
            if model.rest_spikes == "next":
                own = spikes.step < model.n_image_steps
            before, tail = tail, (spikes.step[~own], spikes.neuron[~own])
            step = np.concatenate([before[0], spikes.step[own]])
            neuron = np.concatenate([before[1], spikes.neuron[own]])
            if len(step) >= model.min_spikes:
                break
        parts.append(
            Responses(
                step=step,
                neuron=neuron,
                offsets=np.array([0, len(step)]),
                attempts=np.array([attempt + 1], np.int32),
                n_input_spikes=np.array([len(presentation.step)], np.int32),
                inh_step=spikes.inh_step,
                inh_neuron=spikes.inh_neuron,
                inh_offsets=np.array([0, len(spikes.inh_step)]),
            )
        )
        progress(len(parts))
    return Responses.concatenate(parts), tail


def _presentation(model: Model, inputs: Inputs, image: int, pass_index: int, attempt: int) -> Presentation:
    """Draw one presentation, or take it from the store."""
    if attempt == 0 and len(inputs.stored.offsets) and not inputs.stored.recorded:
        span = slice(*inputs.stored.offsets[image : image + 2])
        step, source = inputs.stored.step[span], inputs.stored.source[span]
    else:
        step, source = draw_events(model, inputs, image, pass_index, attempt)
    return Presentation(step, source, inputs.split, image, attempt, pass_index)


def draw_events(
    model: Model, inputs: Inputs, image: int, pass_index: int, attempt: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the input spikes of one presentation in AER form.

    Parameters
    ----------
    model : Model
    inputs : Inputs
        Stored first presentations are ignored: this is the definition that they were stored from. Recordings are not.
    image, pass_index, attempt : int
        What is presented; nothing else but ``inputs.seed`` and ``inputs.split`` decides the spikes.

    Returns
    -------
    step, source : (n_events,) uint16
        Ordered by step and within a step by source.
    """
    from stdp_pipeline.engines._compile import compiled

    constants = tuple(float(x) for x in inputs.encoding.constants(inputs.encoding_params))
    stored, n_steps = inputs.stored, model.n_image_steps
    if stored.recorded:
        replay = compiled((("stdp_pipeline.encoding._trains", "replay"),), ()).replay
        span = stored.offsets[image : image + 2]
        copies = 1 + attempt * int(constants[0])

        def give(step: np.ndarray, source: np.ndarray) -> int:
            return int(replay(stored.step, stored.source, *span, copies, n_steps, step, source))
    else:
        draw = compiled(((inputs.encoding.__name__, "draw"),), ()).draw
        named = (*seed_words(inputs.seed), np.uint64(image), np.uint64((pass_index << 16) | attempt))
        split = np.uint64(SPLIT_CODES[inputs.split])

        def give(step: np.ndarray, source: np.ndarray) -> int:
            levels = inputs.levels[image]
            return int(draw(levels, attempt, n_steps, model.dt_ms, constants, *named, split, step, source))

    capacity = 4096
    while True:
        step, source = np.empty(capacity, np.uint16), np.empty(capacity, np.uint16)
        n = give(step, source)
        if n >= 0:
            return sorted_events(step[:n], source[:n])
        capacity *= 4


def sorted_events(step: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order events by step and within a step by source."""
    order = np.lexsort((source, step))
    return step[order], source[order]


def _where(model: Model, split: str, image: int, attempt: int, step: int) -> str:
    return f"{split} image {image}, presentation {attempt + 1}, step {step} ({step * model.dt_ms:g} ms)"


def exploded(model: Model, split: str, image: int, attempt: int, step: int, neuron: int, v_mv: float) -> ActivityError:
    """Build the error for a potential beyond every reversal potential."""
    return ActivityError(
        f"activity exploded at {_where(model, split, image, attempt, step)}: neuron {neuron} reached {v_mv:.4g} mV, "
        f"beyond every reversal potential, so the integration step is unstable (integrator '{model.integrator}', "
        f"dt {model.dt_ms:g} ms). Use integrator 'exponential_euler' or a smaller dt_ms."
    )


def too_many(model: Model, split: str, image: int, attempt: int, step: int) -> ActivityError:
    """Build the error for more spikes than ``spike_limit``."""
    return ActivityError(
        f"activity exploded at {_where(model, split, image, attempt, step)}: more than {model.spike_limit} excitatory "
        "spikes in one presentation (simulation.spike_limit). Raise inhibition (network.w_inh_exc) or "
        "network.exc.theta_plus_mv, or lower plasticity.norm_total."
    )


def not_finite(model: Model, split: str, image: int, attempt: int, step: int, neuron: int) -> ActivityError:
    """Build the error for a potential that is not a number."""
    return ActivityError(
        f"activity exploded at {_where(model, split, image, attempt, step)}: the potential of neuron {neuron} is not "
        "a finite number. Use integrator 'exponential_euler' or a smaller dt_ms."
    )
