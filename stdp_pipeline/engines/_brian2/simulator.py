"""From the network's state to Brian's variables and back, and presentations in between."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from stdp_pipeline.engines._brian2.chances import SHARED_NEURON, SHARED_SYNAPSE
from stdp_pipeline.engines._contract import Model, check_storage
from stdp_pipeline.engines._protocol import Presentation, Spikes, exploded, not_finite, sorted_events, too_many
from stdp_pipeline.errors import EngineError
from stdp_pipeline.network.state import LONG_AGO, NetworkState
from stdp_pipeline.random import seed_words

__all__ = ["Brian2Simulator", "Machine", "Recorded"]

_LONG_AGO_S = -1e4  # Brian's own time of a spike that never was
_MV = 1e3  # mV in a volt


@dataclass(frozen=True)
class Recorded:
    """What the monitors saw in one presentation, in any order.

    Attributes
    ----------
    step, neuron : (n_spikes,) int
        Excitatory spikes.
    v : (n_spikes,) float64
        Potential at each of them, V.
    inh_step, inh_neuron : (n_inh_spikes,) int
    """

    step: np.ndarray
    neuron: np.ndarray
    v: np.ndarray
    inh_step: np.ndarray
    inh_neuron: np.ndarray


class Machine(Protocol):
    """A network in one of Brian's modes, ready to run; all its variables are in SI units and double precision."""

    traces: tuple[str, ...]
    """Traces of the plastic synapses."""
    shared: dict[str, tuple[str, ...]]
    """Group -> those of its variables that hold what random numbers depend on."""

    def get(self, group: str, name: str) -> np.ndarray:
        """Return a copy of one variable of "exc", "inh" or "plastic"."""
        ...

    def set(self, group: str, name: str, values: np.ndarray) -> None:
        """Set one variable of "exc", "inh" or "plastic"."""
        ...

    def set_delays(self, delay_s: np.ndarray) -> None:
        """Set the delay of each plastic synapse; nothing may be under way."""
        ...

    def present(self, step: np.ndarray, source: np.ndarray) -> Recorded:
        """Simulate one presentation from its input spikes, ordered by step and source; its end is then time 0."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


def _double(state: NetworkState) -> NetworkState:
    """Return a state in double precision, in which Brian computes: rounded in between, results would depend on when."""
    arrays = {k: a.astype(np.float64) if a.dtype == np.float32 else a for k, a in state.arrays().items()}
    return NetworkState.from_arrays(arrays, state.step)


class Brian2Simulator:
    """A network in Brian, as :func:`stdp_pipeline.engines._protocol.show` wants it.

    Brian holds weights, potentials and conductances, in double precision whatever ``model.precision`` says. What is
    known from the spikes alone, the last one of each neuron and the traces just after it, is kept here.

    Parameters
    ----------
    model : Model
    state : NetworkState
        Left as it is.
    machine : Machine
    seed : int
        Of the random numbers of synapses and neurons.
    learn : bool
        Whether weights change.
    """

    def __init__(self, model: Model, state: NetworkState, machine: Machine, seed: int, learn: bool) -> None:
        self.model, self.machine, self.learn = model, machine, learn
        check_storage(model, state)
        self.key = [float(word) for word in seed_words(seed)]
        self.states = state.weights.dtype == np.uint8
        state = _double(state)
        self.start = state
        self.step = state.step
        self.last_exc, self.last_inh = state.last_exc.copy(), state.last_inh.copy()
        self.last_pre, self.trace_pre = state.last_pre.copy(), state.trace_pre.copy()
        self.trace_post = state.trace_post.copy()
        self._upload(state)

    def _upload(self, state: NetworkState) -> None:
        """Put a state into Brian's variables; its step is time 0."""
        set_value, dt_s = self.machine.set, self.model.dt_ms * 1e-3
        for group, name, values in (
            ("exc", "v", state.v_exc_mv.astype(np.float64) / _MV),
            ("exc", "ge", state.g_exc),
            ("exc", "gi", state.g_inh),
            ("exc", "theta", state.theta_mv / _MV),
            ("exc", "lastspike", np.maximum((state.last_exc - state.step) * dt_s, _LONG_AGO_S)),
            ("inh", "v", state.v_inh_mv.astype(np.float64) / _MV),
            ("inh", "ge", state.g_inh_exc),
            ("inh", "lastspike", np.maximum((state.last_inh - state.step) * dt_s, _LONG_AGO_S)),
            ("exc", "gain", state.gain),
            ("plastic", "w", state.weights.ravel()),
        ):
            set_value(group, name, values.astype(np.float64))
        set_value("plastic", "switches", np.zeros(state.weights.size))
        synaptic = self.model.network.delays.mode == "synaptic"
        if synaptic:
            self.machine.set_delays(state.delays.ravel() * dt_s)
        if not self.machine.traces:
            return
        rule, dt = self.model.rule_params, self.model.dt_ms
        lag = state.delays.astype(np.int64) if synaptic else np.zeros((state.n_input, 1), np.int64)
        age_exc = (state.step - state.last_exc) * dt
        traces = {
            "x": state.trace_pre[:, None]
            * np.exp(-(state.step - lag - state.last_pre[:, None]) * dt / rule.tau_pre_ms),
            "fast": state.trace_post[0] * np.exp(-age_exc / rule.tau_post_fast_ms),
            "slow": state.trace_post[1] * np.exp(-age_exc / rule.tau_post_slow_ms),
        }
        for name in self.machine.traces:
            values = np.broadcast_to(traces[name], state.weights.shape)
            set_value("plastic", name, np.ascontiguousarray(values, np.float64).ravel())
        set_value("plastic", "lastupdate", np.zeros(state.weights.size))

    def normalise(self) -> None:
        """Do nothing: Brian scales the weights itself when a presentation starts."""

    def rest(self) -> None:
        """Put every neuron at rest; nothing is under way, since delays are shorter than the rest of a presentation."""
        n, net = len(self.last_exc), self.model.network
        for group, name, value in (
            ("exc", "v", net.exc.e_rest_mv / _MV),
            ("exc", "ge", 0.0),
            ("exc", "gi", 0.0),
            ("exc", "lastspike", _LONG_AGO_S),
            ("inh", "v", net.inh.e_rest_mv / _MV),
            ("inh", "ge", 0.0),
            ("inh", "lastspike", _LONG_AGO_S),
        ):
            self.machine.set(group, name, np.full(n, value))
        self.last_exc[:], self.last_inh[:], self.last_pre[:] = LONG_AGO, LONG_AGO, LONG_AGO
        self.trace_pre[:], self.trace_post[:] = 0, 0

    def present(self, presentation: Presentation) -> Spikes:
        """Simulate one presentation and its rest."""
        step, source = presentation.step.astype(np.int64), presentation.source.astype(np.int64)
        n_steps = self.model.n_image_steps + self.model.n_rest_steps
        if self.model.network.delays.mode == "axonal":
            step, source = sorted_events(step + self.start.delays[source], source)
        inside = step < n_steps
        step, source = step[inside], source[inside]
        if np.any((step[1:] == step[:-1]) & (source[1:] == source[:-1])):
            raise EngineError(
                f"{presentation.split} image {presentation.image} has an input that fires twice in one step; Brian2 "
                "takes one spike: use a smaller simulation.dt_ms, or engine 'fast'"
            )
        self._share(presentation)
        recorded = self.machine.present(step, source)
        order = np.lexsort((recorded.neuron, recorded.step))
        spikes = Spikes(
            *(a.astype(np.uint16) for a in (recorded.step[order], recorded.neuron[order])),
            *(a.astype(np.uint16) for a in sorted_events(recorded.inh_step, recorded.inh_neuron)),
        )
        self._check(presentation, spikes, recorded.v[order] * _MV)
        self._remember(step, source, spikes)
        self.step += n_steps
        return spikes

    def _share(self, presentation: Presentation) -> None:
        """Tell Brian what its random numbers depend on."""
        values = dict(zip(SHARED_NEURON, [*self.key, *presentation.occasion.astype(float)], strict=True))
        values |= dict(zip(SHARED_SYNAPSE, [*self.key, float(self.step)], strict=True))
        for group, names in self.machine.shared.items():
            for name in names:
                self.machine.set(group, name, np.array([values[name]]))

    def _check(self, presentation: Presentation, spikes: Spikes, v_mv: np.ndarray) -> None:
        """Raise an error if the activity went wrong, the one that the reference engine would raise first."""
        model, exc = self.model, self.model.network.exc
        name = (presentation.split, presentation.image, presentation.attempt)
        unstable = np.flatnonzero(v_mv > max(exc.e_exc_mv, exc.e_rest_mv) + 1)
        if len(unstable):
            first = unstable[0]
            if len(spikes.step) <= model.spike_limit or spikes.step[first] <= spikes.step[model.spike_limit]:
                where = int(spikes.step[first]), int(spikes.neuron[first])
                raise exploded(model, *name, *where, float(v_mv[first]))
        if len(spikes.step) > model.spike_limit:
            raise too_many(model, *name, int(spikes.step[model.spike_limit]))
        bad = np.flatnonzero(~np.isfinite(self.machine.get("exc", "v")))
        if len(bad):
            raise not_finite(model, *name, model.n_image_steps + model.n_rest_steps - 1, int(bad[0]))

    def _remember(self, step: np.ndarray, source: np.ndarray, spikes: Spikes) -> None:
        """Bring last spikes and the traces just after them up to date, from the spikes of a presentation."""
        rule, dt = self.model.rule_params, self.model.dt_ms
        add = rule.trace == "add"

        def after(trace: float, age: int, tau_ms: float) -> float:
            return trace * math.exp(-age * dt / tau_ms) + 1 if add else 1.0

        if self.learn:
            for k, i in zip(step.tolist(), source.tolist(), strict=True):
                age = self.step + k - int(self.last_pre[i])
                self.trace_pre[i] = after(self.trace_pre[i], age, rule.tau_pre_ms)
                self.last_pre[i] = self.step + k
        for k, j in zip(spikes.step.tolist(), spikes.neuron.tolist(), strict=True):
            if self.learn:
                age = self.step + k - int(self.last_exc[j])
                for trace, tau_ms in zip(self.trace_post, (rule.tau_post_fast_ms, rule.tau_post_slow_ms), strict=True):
                    trace[j] = after(trace[j], age, tau_ms)
            self.last_exc[j] = self.step + k
        self.last_inh[spikes.inh_neuron] = self.step + spikes.inh_step.astype(np.int64)  # the last of equals stays

    def state(self) -> NetworkState:
        """Return the network's state after the last presentation."""
        get, shape, start = self.machine.get, self.start.weights.shape, self.start
        weights = get("plastic", "w").reshape(shape)
        neuron_switches, synapse_switches = start.neuron_switches, start.synapse_switches
        if self.states:
            weights, switches = weights.astype(np.uint8), get("plastic", "switches").reshape(shape).astype(np.int64)
            neuron_switches = neuron_switches + switches.sum(axis=0)
            if synapse_switches.size:
                synapse_switches = np.minimum(synapse_switches + switches, 2**16 - 1).astype(np.uint16)
        return replace(
            start,
            weights=weights,
            gain=get("exc", "gain"),
            neuron_switches=neuron_switches,
            synapse_switches=synapse_switches,
            theta_mv=get("exc", "theta") * _MV,
            v_exc_mv=(get("exc", "v") * _MV),
            g_exc=get("exc", "ge"),
            g_inh=get("exc", "gi"),
            v_inh_mv=(get("inh", "v") * _MV),
            g_inh_exc=get("inh", "ge"),
            last_exc=self.last_exc,
            last_inh=self.last_inh,
            trace_pre=self.trace_pre,
            last_pre=self.last_pre,
            trace_post=self.trace_post,
            changed=np.ones_like(self.start.changed),
            step=self.step,
        )
