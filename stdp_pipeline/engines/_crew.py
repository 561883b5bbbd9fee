"""The threads that simulate one network together: each has some of the neurons, with all their synapses."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import ModuleType

import numpy as np

from stdp_pipeline.engines import _memory
from stdp_pipeline.engines._contract import Frozen, Inputs, Model, Responses, check_reader, check_storage
from stdp_pipeline.engines._devices import device_arrays
from stdp_pipeline.engines._layout import derive
from stdp_pipeline.network.state import NetworkState

__all__ = ["Crew", "shares"]

EVENTS = 1_000_000
"""Input spikes of one presentation for which there is memory to begin with."""

_LINE = 16  # neurons in a cache line: no two threads write to the same one


def shares(n_exc: int, threads: int) -> list[tuple[int, int]]:
    """Divide neurons among threads; return the first and the end of each one's share, at most ``threads`` of them."""
    bounds = [min(round(n_exc * k / threads / _LINE) * _LINE, n_exc) for k in range(threads)] + [n_exc]
    return [(a, b) for a, b in pairwise(bounds) if a < b]


class Crew:
    """A network in the memory of the kernel, divided among threads.

    Parameters
    ----------
    model : Model
    state : NetworkState
        Copied, but for the large arrays of a network that does not learn.
    inputs : Inputs
    divided : list of (first, end)
        From :func:`shares`.
    frozen : Frozen or None
        None: the network learns.
    """

    def __init__(
        self,
        model: Model,
        state: NetworkState,
        inputs: Inputs,
        divided: list[tuple[int, int]],
        frozen: Frozen | None,
    ):
        check_storage(model, state)
        self.model = model
        self.learn = frozen is None
        self.reader = None if frozen is None else frozen.reader
        check_reader(model, self.reader)
        self.divided = divided
        real = np.dtype(model.precision).type
        rule = model.rule.constants(model.rule_params, model.network)
        self.rule = type(rule)(*(real(x) for x in rule))
        self.source = _memory.source(model, inputs)
        self.protocol = _memory.Protocol(
            min_spikes=model.min_spikes,
            max_attempts=model.max_attempts,
            next_counts=model.rest_spikes == "next",
            from_rest=frozen is not None and not frozen.carry_over,
            learn=self.learn,
            adapt=frozen is None or frozen.theta_adapts,
            inh_per_neuron=_memory.inh_per_neuron(model),
        )
        # These belong to inputs, so every thread has them all; in the other arrays, neurons are the last axis.
        axonal = model.network.delays.mode == "axonal"
        self.whole = {"trace_pre", "last_pre"} | ({"delays"} if axonal else set())
        self.tails = [_tail(state, first, end) for first, end in divided]
        self.parts = [self._part(state, first, end) for first, end in divided]
        self.arrays = [_memory.state(part, self.learn) for part in self.parts]
        self.seed = inputs.seed
        # A network that does not learn has no use for the devices' constants.
        device, shape = model.device if self.learn else None, (state.n_input, state.n_exc)
        self.devices = [device_arrays(device, model.precision, shape, a, b, inputs.seed) for a, b in divided]
        self.works: list[_memory.Work] = []
        self.make_room(EVENTS)
        self.teams = _memory.team([first for first, _ in divided])

    def _part(self, state: NetworkState, first: int, end: int) -> NetworkState:
        arrays = {}
        for name, array in state.arrays().items():
            part = array if name in self.whole else array[..., first:end]
            if name in _TAIL:
                part = array[:0]
            shared = not self.learn and name in ("weights", "delays") and part.flags.c_contiguous
            arrays[name] = part if shared else _memory.aligned(part)
        return NetworkState.from_arrays(arrays, state.step)

    def make_room(self, n_events: int) -> None:
        """Provide memory for so many input spikes of a presentation, or as many as there can be."""
        self.n_events = min(n_events, self.parts[0].n_input * self.model.n_image_steps)
        self.works = [
            _memory.work(self.model, part, self.seed, self.n_events, device, self.reader)
            for part, device in zip(self.parts, self.devices, strict=True)
        ]

    def state(self) -> NetworkState:
        """Return the state of the whole network."""
        arrays = [part.arrays() for part in self.parts]
        joined = {
            name: first if name in self.whole else np.concatenate([a[name] for a in arrays], axis=-1)
            for name, first in arrays[0].items()
        }
        step = np.concatenate([step for step, _ in self.tails])
        neuron = np.concatenate([n + np.uint16(a) for (_, n), (a, _) in zip(self.tails, self.divided, strict=True)])
        order = np.lexsort((neuron, step))
        joined |= {"tail_step": step[order], "tail_neuron": neuron[order]}
        return NetworkState.from_arrays(joined, int(self.arrays[0].clock[0]))

    def present(
        self, kernel: ModuleType, images: np.ndarray, pass_index: int, attempt: int, room: int
    ) -> tuple[Responses, np.ndarray]:
        """Present images, the first one from its given attempt on.

        Returns
        -------
        responses : Responses
            To as many of the images as the memory sufficed for, or until a fault.
        fault : (5,) float64
            Code, step, neuron, value, attempt; all zero if all images were presented.
        """
        model = self.model
        exc, inh, run, traces = derive(model)
        outs = [
            _memory.output(model, len(images), part.n_exc, tail)
            for part, tail in zip(self.parts, self.tails, strict=True)
        ]
        faults = [np.zeros(5) for _ in self.divided]
        real = np.dtype(model.precision).type

        pasts = [np.empty((part.n_exc, room), real) for part in self.parts]
        # No thread may wait for another in the kernel that has not got there.
        start = threading.Barrier(len(outs))

        def simulate(me: int) -> int:
            network = (self.arrays[me], exc, inh, run, traces, self.rule, self.source)
            memory = (self.works[me], self.teams[me], pasts[me], outs[me], faults[me])
            start.wait()
            done = kernel.run_images(*network, images, pass_index, self.protocol, attempt, *memory)
            return int(done)

        if len(outs) == 1:
            n = simulate(0)
        else:
            with ThreadPoolExecutor(len(outs)) as pool:
                try:
                    calls = [pool.submit(simulate, me) for me in range(len(outs))]
                except BaseException:
                    start.abort()
                    raise
                n = min(call.result() for call in calls)  # the same for all
        me = next((i for i, fault in enumerate(faults) if fault[0] != 0), 0)
        fault = faults[me]
        fault[2] += self.divided[me][0]
        ends = [(int(out.offsets[n]), int(out.end[0])) for out in outs]
        self.tails = [(o.step[a:b].copy(), o.neuron[a:b].copy()) for o, (a, b) in zip(outs, ends, strict=True)]
        return self._merged(outs, n), fault if n < len(images) else np.zeros(5)

    def _merged(self, outs: list[_memory.Output], n: int) -> Responses:
        """Put the threads' spikes in order by image, time and neuron."""
        # Where spikes of a rest count for the next image, they come before its own.
        rest = self.model.n_image_steps if self.protocol.next_counts else 2**16
        step, neuron, offsets = self._layer([(out.step, out.neuron, out.offsets) for out in outs], n, rest)
        inhibitory = self._layer([(out.inh_step, out.inh_neuron, out.inh_offsets) for out in outs], n, 2**16)
        return Responses(step, neuron, offsets, outs[0].attempts[:n], outs[0].n_input_spikes[:n], *inhibitory)

    def _layer(
        self, parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], n: int, rest: int
    ) -> tuple[np.ndarray, ...]:
        """Join the spikes of one layer: steps, neurons, offsets. Steps from ``rest`` on are before all others."""
        ends = [int(offsets[n]) for _, _, offsets in parts]
        step = np.concatenate([s[:end] for (s, _, _), end in zip(parts, ends, strict=True)])
        neuron = np.concatenate(
            [x[:end] + np.uint16(a) for (_, x, _), end, (a, _) in zip(parts, ends, self.divided, strict=True)]
        )
        image = np.concatenate([np.repeat(np.arange(n), np.diff(offsets[: n + 1])) for _, _, offsets in parts])
        time = step.astype(np.int64) - np.where(step >= rest, 2**16, 0)
        order = np.lexsort((neuron, time, image))
        return step[order], neuron[order], np.sum([offsets[: n + 1] for _, _, offsets in parts], axis=0)


_TAIL = ("tail_step", "tail_neuron")


def _tail(state: NetworkState, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the part of the state's tail that belongs to some neurons, counted from the first of them."""
    mine = (state.tail_neuron >= first) & (state.tail_neuron < end)
    return state.tail_step[mine], state.tail_neuron[mine] - np.uint16(first)
