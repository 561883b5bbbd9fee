"""Compiled engine: event-driven where that is exact, one core for training, all cores for frozen passes.

The model is that of the reference engine; the tests compare the two spike by spike. The inner loops are in
:mod:`stdp_pipeline.engines._kernel`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from stdp_pipeline import random
from stdp_pipeline.engines import _arrivals, _elementary, _integrators, _kernel
from stdp_pipeline.engines._compile import compiled
from stdp_pipeline.engines._contract import Inputs, Model, Progress, Responses
from stdp_pipeline.engines._layout import derive
from stdp_pipeline.engines._protocol import exploded, not_finite, too_many
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.network.state import NetworkState, rested
from stdp_pipeline.random import FROZEN_PASS, SPLIT_CODES, seed_words

__all__ = ["respond", "train"]

_ARRIVAL_SLOTS = ("begin", "deliver", "hear", "pre_spikes", "redo", "room", "undo")
_BLOCK = 256  # images of a frozen pass that one thread takes at a time


class _State(NamedTuple):
    """The arrays of a :class:`NetworkState` by the kernel's names; ``step`` is an array of one, to be written to."""

    weights: np.ndarray
    theta: np.ndarray
    v_exc: np.ndarray
    g_exc: np.ndarray
    g_inh: np.ndarray
    v_inh: np.ndarray
    g_inh_exc: np.ndarray
    last_exc: np.ndarray
    last_inh: np.ndarray
    trace_pre: np.ndarray
    last_pre: np.ndarray
    trace_post: np.ndarray
    changed: np.ndarray
    delays: np.ndarray
    step: np.ndarray


class _Work(NamedTuple):
    """Scratch memory of a kernel call."""

    key: np.ndarray
    # input spikes of a presentation
    event_step: np.ndarray
    event_source: np.ndarray
    by_source: np.ndarray
    axonal: np.ndarray
    scratch: np.ndarray
    first: np.ndarray
    sources: np.ndarray
    # neurons
    low: np.ndarray
    fired: np.ndarray
    inh_fired: np.ndarray
    awake: np.ndarray
    is_awake: np.ndarray
    slept: np.ndarray
    # recently active neurons
    over: np.ndarray
    at: np.ndarray
    recent: np.ndarray
    recent_last: np.ndarray
    peak_fast: np.ndarray
    peak_slow: np.ndarray
    fast: np.ndarray
    slow: np.ndarray
    row: np.ndarray
    # inputs that a firing neuron meets
    pre: np.ndarray
    heard: np.ndarray
    column: np.ndarray
    # synaptic delays
    future: np.ndarray
    target: np.ndarray
    when: np.ndarray
    x_at: np.ndarray
    before: np.ndarray
    latest: np.ndarray
    old_trace: np.ndarray
    old_last: np.ndarray


class _Input(NamedTuple):
    """Images, stored events, and what the code's ``draw`` needs."""

    levels: np.ndarray
    step: np.ndarray
    source: np.ndarray
    offsets: np.ndarray
    constants: tuple[float, ...]
    dt_ms: float
    k0: np.uint64
    k1: np.uint64
    split: np.uint64


class _Output(NamedTuple):
    """What a kernel call fills."""

    step: np.ndarray
    neuron: np.ndarray
    offsets: np.ndarray
    attempts: np.ndarray
    n_input_spikes: np.ndarray


class _Protocol(NamedTuple):
    """When an image is presented again."""

    min_spikes: int
    max_attempts: int


def _aligned(array: np.ndarray) -> np.ndarray:
    """Return a copy that begins at a cache line: vector loads across two lines cost 3 to 8 % of the time."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _work(model: Model, state: NetworkState, seed: int) -> _Work:
    n_input, n_exc, n_delays = state.n_input, state.n_exc, model.n_delay_steps
    real = np.dtype(model.precision)
    mode = model.network.delays.mode
    capacity = min(n_input * model.n_image_steps, 1_000_000)  # a spike of every input in every step
    apart = mode == "synaptic"
    # Neurons in one block of ``future``: delay * width + neuron fits in 16 bits.
    width = min(-(-n_exc // 4) * 4, 2**16 // max(n_delays, 1) // 4 * 4)

    def ints(n: int) -> np.ndarray:
        return np.zeros(n, np.int64)

    def indices(n: int) -> np.ndarray:
        # Unsigned: compiled code checks whether a signed index counts from the end.
        return np.zeros(n, np.uint32)

    def if_apart(n: int, dtype: Any) -> np.ndarray:
        return np.zeros(n if apart else 0, dtype)

    return _Work(
        key=np.array(seed_words(seed)),
        event_step=np.zeros(capacity, np.uint16),
        event_source=np.zeros(capacity, np.uint16),
        by_source=ints(n_input + 1),
        axonal=state.delays if mode == "axonal" else np.zeros(0, np.uint16),
        scratch=np.zeros(capacity if mode == "axonal" else 0, np.uint16),
        first=ints(model.n_image_steps + model.n_rest_steps + 2),
        sources=np.zeros(capacity, np.uint16),
        low=np.zeros(n_exc, real),
        fired=indices(n_exc),
        inh_fired=np.zeros(n_exc, np.uint8),
        awake=indices(n_exc),
        is_awake=np.zeros(n_exc, np.uint8),
        slept=ints(n_exc),
        over=np.zeros(n_exc, np.uint8),
        at=ints(n_exc),
        recent=indices(n_exc),
        recent_last=ints(n_exc),
        peak_fast=np.zeros(n_exc, real),
        peak_slow=np.zeros(n_exc, real),
        fast=np.zeros(n_exc, real),
        slow=np.zeros(n_exc, real),
        row=indices(n_exc),
        pre=np.zeros(n_input, real),
        heard=indices(n_input),
        column=np.zeros(n_input, real),
        future=np.zeros((-(-n_exc // width), 2 * n_delays, width) if apart else (0, 0, 0), real),
        target=_targets(state.delays, width) if apart else np.zeros((0, 0), np.uint64),
        when=if_apart(capacity, np.int32),
        x_at=if_apart(capacity, real),
        before=if_apart(capacity, np.int32),
        latest=if_apart(n_input, np.int32),
        old_trace=if_apart(n_input, real),
        old_last=if_apart(n_input, np.int64),
    )


def _targets(delays: np.ndarray, width: int) -> np.ndarray:
    """Where each synapse delivers within its block of ``width`` neurons: delay * width + neuron, four to a word."""
    n_input, n_exc = delays.shape
    target = np.zeros((n_input, -(-n_exc // 4) * 4), np.uint16)
    target[:, :n_exc] = delays * np.uint16(width) + (np.arange(n_exc) % width).astype(np.uint16)
    return target.view(np.uint64)


def _input(model: Model, inputs: Inputs) -> _Input:
    k0, k1 = seed_words(inputs.seed)
    return _Input(
        levels=np.ascontiguousarray(inputs.levels),
        step=inputs.stored.step,
        source=inputs.stored.source,
        offsets=inputs.stored.offsets,
        constants=tuple(float(x) for x in inputs.encoding.constants(inputs.encoding_params)),
        dt_ms=model.dt_ms,
        k0=k0,
        k1=k1,
        split=np.uint64(SPLIT_CODES[inputs.split]),
    )


def _compiled_kernel(model: Model, inputs: Inputs) -> ModuleType:
    arrival = "apart" if model.network.delays.mode == "synaptic" else "together"
    chance = "synapse_chance" if model.rule.STOCHASTIC else "no_chance"
    slots = (
        *((slot, _arrivals.__name__, f"{slot}_{arrival}") for slot in _ARRIVAL_SLOTS),
        *((slot, model.rule.__name__, slot) for slot in ("on_pre", "on_post", "normalise")),
        ("chance", random.__name__, chance),
        ("advance", _integrators.__name__, f"advance_{model.integrator}"),
        ("advance_small", _integrators.__name__, f"advance_{_small(model)}"),
        *((slot, _elementary.__name__, f"{slot}_{model.precision}") for slot in ("either", "exp_neg", "power")),
        ("draw", inputs.encoding.__name__, "draw"),
    )
    return compiled(((_kernel.__name__, "run_images"),), slots)


def _small(model: Model) -> str:
    """Return the integrator for weak conductances: the series is exact enough in single precision only."""
    if (model.integrator, model.precision) == ("exponential_euler", "float32"):
        return "small_exponential_euler"
    return model.integrator


def _present(
    model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, pass_index: int, learn: bool
) -> tuple[NetworkState, Responses]:
    """Run the kernel over images, in as many calls as the output buffer needs. The state is left as it is."""
    kernel = _compiled_kernel(model, inputs)
    exc, inh, run, traces = derive(model)
    real = np.dtype(model.precision).type
    rule = model.rule.constants(model.rule_params, model.network)
    rule = type(rule)(*(real(x) for x in rule))
    state = NetworkState.from_arrays({name: _aligned(a) for name, a in state.arrays().items()}, state.step)
    arrays = _State(*state.arrays().values(), np.array([state.step]))
    work = _Work(*(_aligned(a) for a in _work(model, state, inputs.seed)))
    source = _input(model, inputs)
    protocol = _Protocol(model.min_spikes, model.max_attempts)
    past = np.empty((state.n_exc, 256 if model.network.delays.mode == "synaptic" else 0), model.precision)
    parts: list[Responses] = []
    done = first_attempt = 0
    while done < len(images):
        todo = np.ascontiguousarray(images[done:], dtype=np.int64)
        out = _Output(
            step=np.empty(model.spike_limit + 64 * len(todo), np.uint16),
            neuron=np.empty(model.spike_limit + 64 * len(todo), np.uint16),
            offsets=np.zeros(len(todo) + 1, np.int64),
            attempts=np.zeros(len(todo), np.int32),
            n_input_spikes=np.zeros(len(todo), np.int32),
        )
        fault = np.zeros(5)
        network = (arrays, exc, inh, run, traces, rule)
        n = kernel.run_images(
            *network, source, todo, pass_index, protocol, first_attempt, learn, work, past, out, fault
        )
        first_attempt = 0
        if n < len(todo):
            code = int(fault[0])
            if code == _kernel.PAST_FULL:
                past = np.empty((state.n_exc, int(fault[1])), model.precision)
                first_attempt = int(fault[4])
            elif code != _kernel.OUTPUT_FULL:
                raise _error(model, inputs.split, int(todo[n]), fault)
        end = out.offsets[n]
        parts.append(
            Responses(
                out.step[:end].copy(),
                out.neuron[:end].copy(),
                out.offsets[: n + 1],
                out.attempts[:n],
                out.n_input_spikes[:n],
            )
        )
        done += n
    new = NetworkState.from_arrays(state.arrays(), step=int(arrays.step[0]))
    return new, Responses.concatenate(parts)


def _error(model: Model, split: str, image: int, fault: np.ndarray) -> ActivityError:
    """Turn the kernel's fault record (code, step, neuron, value, attempt) into the error to raise."""
    code, step, neuron, attempt = int(fault[0]), int(fault[1]), int(fault[2]), int(fault[4])
    if code == _kernel.EXPLODED:
        return exploded(model, split, image, attempt, step, neuron, float(fault[3]))
    if code == _kernel.TOO_MANY:
        return too_many(model, split, image, attempt, step)
    if code == _kernel.NOT_FINITE:
        return not_finite(model, split, image, attempt, step, neuron)
    return ActivityError(f"{split} image {image} has more input spikes than the engine holds; lower encoding.intensity")


def train(
    model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, pass_index: int
) -> tuple[NetworkState, Responses]:
    """Present images one after the other with learning on; see :class:`stdp_pipeline.engines._contract.Engine`."""
    return _present(model, state, inputs, images, pass_index, learn=True)


def respond(
    model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, threads: int, progress: Progress
) -> Responses:
    """Present images to the frozen network, each from rest; see :class:`stdp_pipeline.engines._contract.Engine`."""
    blocks = [images[i : i + _BLOCK] for i in range(0, len(images), _BLOCK)]

    def answer(block: np.ndarray) -> Responses:
        own = rested(state, model.network)
        return _present(model, own, inputs, block, FROZEN_PASS, learn=False)[1]

    parts: list[Any] = []
    if blocks:
        parts.append(answer(blocks[0]))  # compiles, before there are threads
        progress(len(blocks[0]))
    with ThreadPoolExecutor(threads) as pool:
        for part in pool.map(answer, blocks[1:]):
            parts.append(part)
            progress(sum(p.n_images for p in parts))
    return Responses.concatenate(parts)
