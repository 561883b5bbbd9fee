"""Train and respond with Brian, for any of its targets."""

from __future__ import annotations

import atexit
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from stdp_pipeline.engines._brian2.environment import Target, require
from stdp_pipeline.engines._brian2.runtime import Runtime
from stdp_pipeline.engines._brian2.simulator import Brian2Simulator, Machine
from stdp_pipeline.engines._brian2.standalone import Standalone
from stdp_pipeline.engines._contract import Frozen, Inputs, Model, Progress, Responses
from stdp_pipeline.engines._protocol import show
from stdp_pipeline.errors import ActivityError, EngineError
from stdp_pipeline.network.state import NetworkState, rested
from stdp_pipeline.random import FROZEN_PASS

__all__ = ["respond", "train"]

_KEPT = 3  # networks ready to run; each holds all synapses in memory
_machines: OrderedDict[tuple[object, ...], Machine] = OrderedDict()


@atexit.register
def _close_all() -> None:
    for key in [key for key in _machines if key[0] == os.getpid()]:  # those of a parent process are not ours
        _machines.pop(key).close()


def _machine(target: Target, model: Model, n_input: int, learn: bool, adapt: bool) -> Machine:
    """Return a network that is ready to run, built and compiled at the first time."""
    require(target)
    key = (os.getpid(), target, repr(model), n_input, learn, adapt)
    if key in _machines:
        _machines.move_to_end(key)
        return _machines[key]
    for old in [old for old in _machines if old[0] == os.getpid()][: 1 - _KEPT]:
        _machines.pop(old).close()
    if target == "cpp_standalone":
        machine: Machine = Standalone(model, n_input, learn, adapt)
    else:
        machine = Runtime(target, model, n_input, learn, adapt)
    _machines[key] = machine
    return machine


@contextmanager
def _simulator(
    target: Target, model: Model, state: NetworkState, seed: int, learn: bool, adapt: bool
) -> Iterator[Brian2Simulator]:
    """Put a state into a network that is ready to run; drop the network if anything stops it in the middle."""
    machine = _machine(target, model, state.n_input, learn, adapt)
    try:
        yield Brian2Simulator(model, state, machine, seed, learn)
    except ActivityError:  # found at the end of a presentation: the network is as good as ever
        raise
    except BaseException:
        for key in [key for key, kept in _machines.items() if kept is machine]:
            _machines.pop(key).close()
        raise


def train(
    target: Target, model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, pass_index: int
) -> tuple[NetworkState, Responses]:
    """Present images with learning on; see :class:`stdp_pipeline.engines._contract.Engine`."""
    tail = (state.tail_step, state.tail_neuron)
    with _simulator(target, model, state, inputs.seed, learn=True, adapt=True) as simulator:
        responses, tail = show(model, simulator, inputs, images, pass_index, None, tail)
        return replace(simulator.state(), tail_step=tail[0], tail_neuron=tail[1]), responses


def respond(
    target: Target,
    model: Model,
    state: NetworkState,
    inputs: Inputs,
    images: np.ndarray,
    progress: Progress,
    frozen: Frozen,
) -> Responses:
    """Present images without learning; see :class:`stdp_pipeline.engines._contract.Engine`."""
    state = rested(state, model.network)
    tail = (state.tail_step, state.tail_neuron)
    if frozen.reader is not None:
        raise EngineError(
            "Brian2 adds up weights only; for read noise and converters choose simulation.engine fast or reference"
        )
    with _simulator(target, model, state, inputs.seed, learn=False, adapt=frozen.theta_adapts) as simulator:
        return show(model, simulator, inputs, images, FROZEN_PASS, frozen, tail, progress)[0]
