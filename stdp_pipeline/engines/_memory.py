"""The memory of the kernel: arrays in named tuples, which is how Numba takes many of them at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from stdp_pipeline.engines._contract import Inputs, Model
from stdp_pipeline.engines._devices import DeviceArrays
from stdp_pipeline.engines._reading import Reader, ReaderArrays, reader_arrays
from stdp_pipeline.engines._team import APART
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.random import SPLIT_CODES, seed_words

__all__ = [
    "Input",
    "Output",
    "Protocol",
    "State",
    "Team",
    "Work",
    "aligned",
    "inh_per_neuron",
    "output",
    "source",
    "state",
    "team",
    "work",
]


class State(NamedTuple):
    """The arrays of a :class:`NetworkState` by the kernel's names; ``clock`` holds its step, to be written to.

    ``columns`` are the states of synapses once more, a row for each neuron: what learns there lies side by side. Empty
    for real numbers, whose changes would have to be written twice, and for a network that does not learn.
    """

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
    gain: np.ndarray
    neuron_switches: np.ndarray
    synapse_switches: np.ndarray
    delays: np.ndarray
    clock: np.ndarray
    columns: np.ndarray


class Work(NamedTuple):
    """Scratch memory of a kernel call."""

    key: np.ndarray
    occasion: np.ndarray
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
    held: np.ndarray
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
    fresh: np.ndarray
    nothing: np.ndarray
    chances: np.ndarray
    rolls: np.ndarray
    # synaptic delays
    future: np.ndarray
    target: np.ndarray
    when: np.ndarray
    x_at: np.ndarray
    before: np.ndarray
    latest: np.ndarray
    old_trace: np.ndarray
    old_last: np.ndarray
    # how weights are read, and the devices that hold them
    reader: ReaderArrays
    device: DeviceArrays


class Input(NamedTuple):
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


class Output(NamedTuple):
    """What a kernel call fills."""

    step: np.ndarray
    neuron: np.ndarray
    offsets: np.ndarray
    attempts: np.ndarray
    n_input_spikes: np.ndarray
    end: np.ndarray  # (1,): spikes written; those beyond the last image's count for the next one
    inh_step: np.ndarray
    inh_neuron: np.ndarray
    inh_offsets: np.ndarray
    inh_end: np.ndarray


class Protocol(NamedTuple):
    """How images follow each other, and when one is presented again."""

    min_spikes: int
    max_attempts: int
    next_counts: bool  # spikes of a rest count for the next presentation
    from_rest: bool  # every presentation starts from rest
    learn: bool  # weights change
    adapt: bool  # thresholds change
    inh_per_neuron: int  # spikes of an inhibitory neuron in one presentation, at most


class Team(NamedTuple):
    """What a thread knows of the threads that simulate the same network."""

    me: int
    n: int
    first: int  # number of this thread's first neuron in the whole network
    seen: np.ndarray  # how often each thread has met the others
    shown: np.ndarray  # what each showed them, by turns


def aligned(array: np.ndarray) -> np.ndarray:
    """Return a copy that begins at a cache line: vector loads across two lines cost 3 to 8 % of the time."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def state(network: NetworkState, learn: bool) -> State:
    """Return a network's arrays by the kernel's names."""
    tail = ("tail_step", "tail_neuron")  # handed over with the output
    arrays = [array for name, array in network.arrays().items() if name not in tail]
    twice = learn and network.weights.dtype == np.uint8
    columns = aligned(network.weights.T) if twice else np.zeros((0, 0), network.weights.dtype)
    return State(**dict(zip(State._fields, [*arrays, np.array([network.step]), columns], strict=True)))


def work(
    model: Model, network: NetworkState, seed: int, capacity: int, device: DeviceArrays, reader: Reader | None = None
) -> Work:
    n_input, n_exc, n_delays = network.n_input, network.n_exc, model.n_delay_steps
    real = np.dtype(model.precision)
    mode = model.network.delays.mode
    apart = mode == "synaptic"
    # Neurons in one block of ``future``: delay * width + neuron fits in 16 bits.
    width = min(-(-n_exc // 4) * 4, (2**16 - 4) // max(n_delays, 1) // 4 * 4)

    def ints(n: int) -> np.ndarray:
        return np.zeros(n, np.int64)

    def indices(n: int) -> np.ndarray:
        # Unsigned: compiled code checks whether a signed index counts from the end.
        return np.zeros(n, np.uint32)

    def if_apart(n: int, dtype: Any) -> np.ndarray:
        return np.zeros(n if apart else 0, dtype)

    memory = Work(
        key=np.array(seed_words(seed)),
        occasion=np.zeros(3, np.uint64),
        event_step=np.zeros(capacity, np.uint16),
        event_source=np.zeros(capacity, np.uint16),
        by_source=ints(n_input + 1),
        axonal=network.delays if mode == "axonal" else np.zeros(0, np.uint16),
        scratch=np.zeros(capacity if mode == "axonal" else 0, np.uint16),
        first=ints(model.n_image_steps + model.n_rest_steps + 2),
        sources=np.zeros(capacity, np.uint16),
        low=np.zeros(n_exc, real),
        fired=indices(n_exc),
        inh_fired=np.zeros(n_exc, np.uint8),
        held=indices(n_exc),
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
        column=np.zeros(n_input, network.weights.dtype),
        fresh=np.zeros(n_input, network.weights.dtype),
        nothing=np.zeros(n_exc if network.weights.dtype == np.uint8 else 0, np.uint8),
        chances=np.zeros((4, -(-n_input // 4) * 4)),
        rolls=np.zeros(-(-n_input // 4) * 4),
        future=np.zeros((-(-n_exc // width), 2 * n_delays, width) if apart else (0, 0, 0), real),
        target=_targets(network.delays, width) if apart else np.zeros((0, 0), np.uint64),
        when=if_apart(capacity, np.int32),
        x_at=if_apart(capacity, real),
        before=if_apart(capacity, np.int32),
        latest=if_apart(n_input, np.int32),
        old_trace=if_apart(n_input, real),
        old_last=if_apart(n_input, np.int64),
        reader=reader_arrays(reader, n_exc, real),
        device=device,
    )
    return Work._make([*(aligned(array) for array in memory[:-2]), memory.reader, device])


def _targets(delays: np.ndarray, width: int) -> np.ndarray:
    """Where each synapse delivers within its block of ``width`` neurons: delay * width + neuron, four to a word."""
    n_input, n_exc = delays.shape
    target = np.zeros((n_input, -(-n_exc // 4) * 4), np.uint16)
    target[:, :n_exc] = delays * np.uint16(width) + (np.arange(n_exc) % width).astype(np.uint16)
    return target.view(np.uint64)


def source(model: Model, inputs: Inputs) -> Input:
    k0, k1 = seed_words(inputs.seed)
    return Input(
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


def inh_per_neuron(model: Model) -> int:
    """Return how many spikes one inhibitory neuron can fire in a presentation, at most."""
    gap = round(model.network.inh.refractory_ms / model.dt_ms) + 1
    return (model.n_image_steps + model.n_rest_steps) // gap + 1


def output(model: Model, n_images: int, n_exc: int, tail: tuple[np.ndarray, np.ndarray]) -> Output:
    """Return memory for the answers to some images; the kernel returns early if their spikes do not fit.

    ``tail``, steps and neurons, are spikes that count for the first image already.
    """
    n_tail = len(tail[0])
    capacity = 2 * model.spike_limit + 64 * n_images + n_tail
    inh_capacity = inh_per_neuron(model) * n_exc + 64 * n_images
    memory = Output(
        step=np.empty(capacity, np.uint16),
        neuron=np.empty(capacity, np.uint16),
        offsets=np.zeros(n_images + 1, np.int64),
        attempts=np.zeros(n_images, np.int32),
        n_input_spikes=np.zeros(n_images, np.int32),
        end=np.array([n_tail]),
        inh_step=np.empty(inh_capacity, np.uint16),
        inh_neuron=np.empty(inh_capacity, np.uint16),
        inh_offsets=np.zeros(n_images + 1, np.int64),
        inh_end=np.zeros(1, np.int64),
    )
    memory.step[:n_tail], memory.neuron[:n_tail] = tail
    return memory


def team(firsts: list[int]) -> list[Team]:
    """Return what each thread knows of the others, given the number of each one's first neuron."""
    n = len(firsts)
    seen, shown = aligned(np.zeros(n * APART, np.int64)), aligned(np.zeros((2, n * APART)))
    return [Team(me, n, first, seen, shown) for me, first in enumerate(firsts)]
