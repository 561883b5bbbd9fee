"""Compiled engine: event-driven where that is exact.

The model is that of the reference engine; the tests compare the two spike by spike. The inner loops are in
:mod:`stdp_pipeline.engines._kernel`. Frozen passes spread images over threads, training spreads neurons; neither
changes the result.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType

import numpy as np

from stdp_pipeline.engines import (
    _arrivals,
    _devices,
    _elementary,
    _escape,
    _integrators,
    _kernel,
    _numbers,
    _presentations,
    _reading,
    _team,
    _weights,
)
from stdp_pipeline.engines._compile import compiled
from stdp_pipeline.engines._contract import Frozen, Inputs, Model, Progress, Reader, Responses
from stdp_pipeline.engines._crew import Crew, shares
from stdp_pipeline.engines._memory import aligned
from stdp_pipeline.engines._protocol import exploded, not_finite, too_many
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.network.state import NetworkState, rested
from stdp_pipeline.random import FROZEN_PASS

__all__ = ["respond", "train"]

_ARRIVAL_SLOTS = ("begin", "hear", "pre_spikes", "redo", "room", "undo")
_STORING_SLOTS = (
    "add_rows", "find_out_of_bounds", "load_column", "restore", "store", "store_column", "weight",
)  # fmt: skip
_DEVICE_SLOTS = {
    "add_rows": "add_rows_gain",
    "find_out_of_bounds": "find_out_of_bounds_device",
    "restore": "restore_device",
    "scale_columns": "scale_columns_device",
    "store": "store_device",
    "store_column": "store_column_device",
    "weight": "weight_gain",
}
_LEAST, _MOST = 16, 256  # images of a frozen pass that one thread takes at a time


def _compiled_kernel(model: Model, inputs: Inputs, n_threads: int, frozen: Frozen | None) -> ModuleType:
    arrival = "apart" if model.network.delays.mode == "synaptic" else "together"
    team = "across" if n_threads > 1 else "alone"
    slots = (
        *((slot, _arrivals.__name__, f"{slot}_{arrival}") for slot in _ARRIVAL_SLOTS),
        _delivery(arrival, None if frozen is None else frozen.reader),
        *((slot, model.rule.__name__, slot) for slot in ("on_pre", "on_post", "normalise")),
        *_weight_slots(model),
        ("advance", _integrators.__name__, f"advance_{model.integrator}"),
        ("advance_small", _integrators.__name__, f"advance_{_small(model)}"),
        *((slot, _elementary.__name__, f"{slot}_{model.precision}") for slot in ("either", "exp_neg", "power", "real")),
        *((slot, _team.__name__, f"{slot}_{team}") for slot in ("max_of_threads", "sum_of_threads")),
        *_source_slots(inputs),
    )
    return compiled(((_presentations.__name__, "run_images"),), slots)


def _delivery(arrival: str, reader: Reader | None) -> tuple[str, str, str]:
    """How input spikes become conductances."""
    if reader is None:
        return "deliver", _arrivals.__name__, f"deliver_{arrival}"
    return "deliver", _reading.__name__, "deliver_noisy" if reader.converters is None else "deliver_converted"


def _weight_slots(model: Model) -> tuple[tuple[str, str, str], ...]:
    """How weights are stored, which random numbers change and round them, and how neurons fire."""
    switching = hasattr(model.rule, "n_states")
    kind = "states" if switching else "real" if model.storage is None else "levels"
    rounding = "nearest" if kind != "levels" else model.rule_params.rounding
    if model.device is not None:
        rounding = "stochastic"  # decides about pulses
    draws = model.rule.draws(model.rule_params)
    exc = model.network.exc
    scaling = "real" if kind == "real" else model.rule_params.normalise_by.replace("weights", "states")
    change, keep = ("change_post", "change_pre"), "real" if kind == "real" else "states"
    storing = {slot: (_weights.__name__, f"{slot}_{keep}") for slot in _STORING_SLOTS}
    storing["scale_columns"] = (_weights.__name__, f"scale_columns_{scaling}")
    if model.device is not None:
        storing |= {slot: (_devices.__name__, name) for slot, name in _DEVICE_SLOTS.items()}
    return (
        *((slot, _weights.__name__, f"{slot}_{kind}") for slot in change),
        *((slot, *where) for slot, where in storing.items()),
        ("level", *((model.rule.__name__, "level") if switching else (_weights.__name__, "is_its_level"))),
        ("chance", _numbers.__name__, f"chance_{draws}"),
        ("draw_chances", _numbers.__name__, f"draw_{draws}"),
        ("drawn", _numbers.__name__, f"drawn_{draws}"),
        *((slot, _numbers.__name__, f"{slot}_{rounding}") for slot in ("dice", "roll", "rolled")),
        ("fires", _escape.__name__, f"fires_{exc.escape.mode}"),
        ("jolt", _escape.__name__, "jolt_noise" if exc.noise_mv > 0 else "jolt_none"),
    )


def _source_slots(inputs: Inputs) -> tuple[tuple[str, str, str], ...]:
    """Where input spikes come from: a code draws them, or they were recorded."""
    if inputs.stored.recorded:
        return (("first_spikes", _presentations.__name__, "replayed_spikes"),)
    drawn = ("first_spikes", _presentations.__name__, "drawn_spikes")
    return (drawn, ("draw", inputs.encoding.__name__, "draw"))


def _small(model: Model) -> str:
    """Return the integrator for weak conductances: the series is exact enough in single precision only."""
    if (model.integrator, model.precision) == ("exponential_euler", "float32"):
        return "small_exponential_euler"
    return model.integrator


def _present(
    model: Model,
    state: NetworkState,
    inputs: Inputs,
    images: np.ndarray,
    pass_index: int,
    frozen: Frozen | None,
    threads: int,
) -> tuple[NetworkState, Responses]:
    """Run the kernel over images, in as many calls as its memory needs. The state is left as it is."""
    divided = shares(state.n_exc, threads)
    kernel = _compiled_kernel(model, inputs, len(divided), frozen)
    crew = Crew(model, state, inputs, divided, frozen)
    room = 256 if model.network.delays.mode == "synaptic" else 0
    parts: list[Responses] = []
    todo, attempt = np.ascontiguousarray(images, np.int64), 0
    while len(todo):
        part, fault = crew.present(kernel, todo, pass_index, attempt, room)
        parts.append(part)
        todo, attempt, code = todo[part.n_images :], 0, int(fault[0])
        if code == _kernel.PAST_FULL:
            room, attempt = int(fault[1]), int(fault[4])
        elif code == _kernel.INPUT_FULL:
            attempt = int(fault[4])
            crew.make_room(4 * crew.n_events)
        elif code not in (_kernel.OK, _kernel.OUTPUT_FULL):
            raise _error(model, inputs.split, int(todo[0]), fault)
    changes = frozen is None or frozen.in_order
    return crew.state() if changes else state, Responses.concatenate(parts)


def _error(model: Model, split: str, image: int, fault: np.ndarray) -> ActivityError:
    """Turn the kernel's fault record (code, step, neuron, value, attempt) into the error to raise."""
    code, step, neuron, attempt = int(fault[0]), int(fault[1]), int(fault[2]), int(fault[4])
    if code == _kernel.EXPLODED:
        return exploded(model, split, image, attempt, step, neuron, float(fault[3]))
    if code == _kernel.TOO_MANY:
        return too_many(model, split, image, attempt, step)
    return not_finite(model, split, image, attempt, step, neuron)


def train(
    model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, pass_index: int, threads: int = 1
) -> tuple[NetworkState, Responses]:
    """Present images one after the other with learning on; see :class:`stdp_pipeline.engines._contract.Engine`."""
    return _present(model, state, inputs, images, pass_index, None, threads)


def respond(
    model: Model,
    state: NetworkState,
    inputs: Inputs,
    images: np.ndarray,
    threads: int,
    progress: Progress,
    frozen: Frozen = Frozen(),
) -> Responses:
    """Present images without learning; see :class:`stdp_pipeline.engines._contract.Engine`."""
    # The first few images compile, before there are threads. Then each thread takes a block at a time, small enough
    # that none waits long for the last one.
    size = min(max(len(images) // (8 * threads), _LEAST), _MOST)
    blocks = [images[:_LEAST], *(images[i : i + size] for i in range(_LEAST, len(images), size))]
    # One copy at the beginning of cache lines for all blocks.
    own = replace(rested(state, model.network), weights=aligned(state.weights), delays=aligned(state.delays))
    parts: list[Responses] = []

    def add(part: Responses) -> None:
        parts.append(part)
        progress(sum(p.n_images for p in parts))

    if frozen.in_order:
        for block in blocks:
            own, part = _present(model, own, inputs, block, FROZEN_PASS, frozen, threads=1)
            add(part)
        return Responses.concatenate(parts)

    def answer(block: np.ndarray) -> Responses:
        return _present(model, own, inputs, block, FROZEN_PASS, frozen, threads=1)[1]

    add(answer(blocks[0]))
    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(answer, blocks[1:]):
            add(part)
    return Responses.concatenate(parts)
