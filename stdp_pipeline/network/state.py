"""The network's state as plain arrays: what an engine reads, returns, and a checkpoint stores."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.random import uniforms

__all__ = ["LONG_AGO", "NetworkState", "initial_state", "rested"]

LONG_AGO = -(2**40)
"""Step number of a spike that never was: older than any trace or refractory period."""


@dataclass(frozen=True)
class NetworkState:
    """Everything that a network carries from one presentation to the next.

    Attributes
    ----------
    weights : (n_input, n_exc) float32 or float64, or uint8
        Plastic weights from input to excitatory neurons, or the states of synapses that have only a few; which weight a
        state has is the learning rule's.
    theta_mv : (n_exc,) float64
        Adaptive threshold at step ``step``. Double precision in every engine, since one step's decay is below the
        resolution of single precision.
    v_exc_mv, g_exc, g_inh : (n_exc,)
        Excitatory neurons: potential in mV, excitatory and inhibitory conductance.
    v_inh_mv, g_inh_exc : (n_exc,)
        Inhibitory neurons: potential in mV and excitatory conductance.
    last_exc, last_inh : (n_exc,) int64
        Step of each neuron's last spike.
    trace_pre : (n_input,)
        Presynaptic trace just after the last spike of each input.
    last_pre : (n_input,) int64
        Step of each input's last spike.
    trace_post : (2, n_exc)
        Fast and slow postsynaptic trace just after the neuron's last spike.
    changed : (n_exc,) uint8
        1 for neurons whose weights may have changed since they were last scaled to the rule's fixed sum.
    gain : (n_exc,)
        Factor of all weights of a neuron, where the learning rule scales neurons instead of synapses; else 1.
    neuron_switches : (n_exc,) int64
        How often the synapses of each neuron have changed their states, all together; 0 for weights that are real
        numbers.
    synapse_switches : uint16
        (n_input, n_exc): how often each synapse has, 65 535 standing for as much and more. (0, 0) for weights that are
        real numbers, or where it is not counted.
    delays : uint16
        Delays in steps: (0,) without delays, (n_input,) axonal, (n_input, n_exc) synaptic. They never change.
    tail_step, tail_neuron : (n_tail,) uint16
        Excitatory spikes of the last rest that count for the next image; none unless ``simulation.rest_spikes`` is
        "next".
    step : int
        Number of steps simulated so far.
    """

    weights: np.ndarray
    theta_mv: np.ndarray
    v_exc_mv: np.ndarray
    g_exc: np.ndarray
    g_inh: np.ndarray
    v_inh_mv: np.ndarray
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
    tail_step: np.ndarray
    tail_neuron: np.ndarray
    step: int

    @property
    def n_input(self) -> int:
        """Number of input channels."""
        return int(self.weights.shape[0])

    @property
    def n_exc(self) -> int:
        """Number of excitatory neurons."""
        return int(self.weights.shape[1])

    def copy(self) -> NetworkState:
        """Return a state that shares no array with this one."""
        return NetworkState(**{name: value.copy() for name, value in self.arrays().items()}, step=self.step)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays by name (without ``step``)."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "step"}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], step: int) -> NetworkState:
        """Rebuild a state from what :meth:`arrays` returned, for example out of a checkpoint."""
        names = [f.name for f in fields(cls) if f.name != "step"]
        return cls(**{name: arrays[name] for name in names}, step=step)


def initial_state(
    params: NetworkParams, n_input: int, seed: int, dtype: str = "float32", dt_ms: float = 0.5
) -> NetworkState:
    """Build the untrained network of one seed.

    Parameters
    ----------
    params : NetworkParams
    n_input : int
        Number of input channels.
    seed : int
        The initial weights depend on nothing but this and the shape.
    dtype : {"float32", "float64"}
        Precision of weights and neurons.
    dt_ms : float
        Step in which delays are counted, ms.

    Returns
    -------
    NetworkState
    """
    n_exc = params.n_exc
    low, high = params.w_init_low, params.w_init_high
    weights = low + (high - low) * uniforms(seed, "weights", n_input * n_exc)
    return NetworkState(
        weights=weights.reshape(n_input, n_exc).astype(dtype),
        theta_mv=np.full(n_exc, params.exc.theta_init_mv),
        v_exc_mv=np.full(n_exc, params.exc.v_init_mv, dtype),
        g_exc=np.zeros(n_exc, dtype),
        g_inh=np.zeros(n_exc, dtype),
        v_inh_mv=np.full(n_exc, params.inh.v_init_mv, dtype),
        g_inh_exc=np.zeros(n_exc, dtype),
        last_exc=np.full(n_exc, LONG_AGO),
        last_inh=np.full(n_exc, LONG_AGO),
        trace_pre=np.zeros(n_input, dtype),
        last_pre=np.full(n_input, LONG_AGO),
        trace_post=np.zeros((2, n_exc), dtype),
        changed=np.ones(n_exc, np.uint8),
        gain=np.ones(n_exc, dtype),
        neuron_switches=np.zeros(n_exc, np.int64),
        synapse_switches=np.zeros((0, 0), np.uint16),
        delays=_delays(params, n_input, seed, dt_ms),
        tail_step=np.zeros(0, np.uint16),
        tail_neuron=np.zeros(0, np.uint16),
        step=0,
    )


def _delays(params: NetworkParams, n_input: int, seed: int, dt_ms: float) -> np.ndarray:
    """Draw the delays of one seed, in steps."""
    shape = {"none": (0,), "axonal": (n_input,), "synaptic": (n_input, params.n_exc)}[params.delays.mode]
    steps = uniforms(seed, "delays", int(np.prod(shape))) * (params.delays.max_ms / dt_ms)
    return np.floor(steps).astype(np.uint16).reshape(shape)


def rested(state: NetworkState, params: NetworkParams) -> NetworkState:
    """Return the same weights and thresholds with every neuron at rest and no memory of past spikes.

    A frozen pass starts each image from here, so its images are independent of each other and of their order. Weights,
    thresholds and delays are shared with ``state``, which a frozen pass does not change.
    """
    zero = ("g_exc", "g_inh", "g_inh_exc", "trace_pre", "trace_post")

    def filled(array: np.ndarray, value: float) -> np.ndarray:
        return np.full_like(array, value)

    return replace(
        state,
        v_exc_mv=filled(state.v_exc_mv, params.exc.e_rest_mv),
        v_inh_mv=filled(state.v_inh_mv, params.inh.e_rest_mv),
        **{name: filled(getattr(state, name), 0) for name in zero},
        **{name: filled(getattr(state, name), LONG_AGO) for name in ("last_exc", "last_inh", "last_pre")},
        **{name: getattr(state, name)[:0] for name in ("tail_step", "tail_neuron")},
        step=0,
    )
