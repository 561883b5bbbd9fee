"""The threads that simulate one network together: each has some of the neurons, with all their synapses."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import ModuleType

import numpy as np

from stdp_pipeline.engines import _memory
from stdp_pipeline.engines._contract import Inputs, Model, Responses
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
    learn : bool
    """

    def __init__(self, model: Model, state: NetworkState, inputs: Inputs, divided: list[tuple[int, int]], learn: bool):
        self.model = model
        self.learn = learn
        self.divided = divided
        real = np.dtype(model.precision).type
        rule = model.rule.constants(model.rule_params, model.network)
        self.rule = type(rule)(*(real(x) for x in rule))
        self.source = _memory.source(model, inputs)
        self.protocol = _memory.Protocol(model.min_spikes, model.max_attempts)
        # These belong to inputs, so every thread has them all; in the other arrays, neurons are the last axis.
        axonal = model.network.delays.mode == "axonal"
        self.whole = {"trace_pre", "last_pre"} | ({"delays"} if axonal else set())
        self.parts = [self._part(state, first, end) for first, end in divided]
        self.arrays = [_memory.state(part) for part in self.parts]
        self.seed = inputs.seed
        self.works: list[_memory.Work] = []
        self.make_room(EVENTS)
        self.teams = _memory.team([first for first, _ in divided])

    def _part(self, state: NetworkState, first: int, end: int) -> NetworkState:
        arrays = {}
        for name, array in state.arrays().items():
            part = array if name in self.whole else array[..., first:end]
            shared = not self.learn and name in ("weights", "delays") and part.flags.c_contiguous
            arrays[name] = part if shared else _memory.aligned(part)
        return NetworkState.from_arrays(arrays, state.step)

    def make_room(self, n_events: int) -> None:
        """Provide memory for so many input spikes of a presentation, or as many as there can be."""
        self.n_events = min(n_events, self.parts[0].n_input * self.model.n_image_steps)
        self.works = [_memory.work(self.model, part, self.seed, self.n_events) for part in self.parts]

    def state(self) -> NetworkState:
        """Return the state of the whole network."""
        arrays = [part.arrays() for part in self.parts]
        joined = {
            name: first if name in self.whole else np.concatenate([a[name] for a in arrays], axis=-1)
            for name, first in arrays[0].items()
        }
        return NetworkState.from_arrays(joined, int(self.arrays[0].step[0]))

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
        outs = [_memory.output(model, len(images)) for _ in self.divided]
        faults = [np.zeros(5) for _ in self.divided]
        real = np.dtype(model.precision).type

        pasts = [np.empty((part.n_exc, room), real) for part in self.parts]
        # No thread may wait for another in the kernel that has not got there.
        start = threading.Barrier(len(outs))

        def simulate(me: int) -> int:
            network = (self.arrays[me], exc, inh, run, traces, self.rule, self.source)
            memory = (self.works[me], self.teams[me], pasts[me], outs[me], faults[me])
            start.wait()
            done = kernel.run_images(*network, images, pass_index, self.protocol, attempt, self.learn, *memory)
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
        return self._merged(outs, n), fault if n < len(images) else np.zeros(5)

    def _merged(self, outs: list[_memory.Output], n: int) -> Responses:
        """Put the threads' spikes in order by image, step and neuron."""
        ends = [int(out.offsets[n]) for out in outs]
        step = np.concatenate([out.step[:end] for out, end in zip(outs, ends, strict=True)])
        neuron = np.concatenate(
            [out.neuron[:end] + np.uint16(a) for out, end, (a, _) in zip(outs, ends, self.divided, strict=True)]
        )
        if len(outs) > 1:
            image = np.concatenate([np.repeat(np.arange(n), np.diff(out.offsets[: n + 1])) for out in outs])
            order = np.lexsort((neuron, step, image))
            step, neuron = step[order], neuron[order]
        offsets = np.sum([out.offsets[: n + 1] for out in outs], axis=0)
        return Responses(step, neuron, offsets, outs[0].attempts[:n], outs[0].n_input_spikes[:n])
