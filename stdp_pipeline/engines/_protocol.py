"""The presentation protocol in plain Python, and the messages when the activity goes wrong."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._contract import Inputs, Model
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.random import SPLIT_CODES, seed_words

__all__ = ["draw_events", "exploded", "not_finite", "sorted_events", "too_many"]


def draw_events(
    model: Model, inputs: Inputs, image: int, pass_index: int, attempt: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the input spikes of one presentation in AER form.

    Parameters
    ----------
    model : Model
    inputs : Inputs
        Stored first presentations are ignored: this is the definition that they were stored from.
    image, pass_index, attempt : int
        What is presented; nothing else but ``inputs.seed`` and ``inputs.split`` decides the spikes.

    Returns
    -------
    step, source : (n_events,) uint16
        Ordered by step and within a step by source.
    """
    from stdp_pipeline.engines._compile import compiled

    draw = compiled(((inputs.encoding.__name__, "draw"),), ()).draw
    n_steps = model.n_image_steps
    constants = tuple(float(x) for x in inputs.encoding.constants(inputs.encoding_params))
    k0, k1 = seed_words(inputs.seed)
    counters = np.array([image, (pass_index << 16) | attempt, SPLIT_CODES[inputs.split]], np.uint64)
    capacity = 4096
    while True:
        step, source = np.empty(capacity, np.uint16), np.empty(capacity, np.uint16)
        n = draw(inputs.levels[image], attempt, n_steps, model.dt_ms, constants, k0, k1, *counters, step, source)
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
