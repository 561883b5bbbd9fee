"""Measure what one input spike does to a neuron, in the simulation itself.

Nothing here repeats an equation of the engine. The ``reference`` engine simulates a tiny network in double precision on
stored events, and the state that it returns is read. An independent solution stands beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.integrate import solve_ivp

from stdp_pipeline.encoding import poisson
from stdp_pipeline.engines import reference
from stdp_pipeline.engines._contract import Inputs, Integrator, Model, StoredEvents
from stdp_pipeline.network.params import DelayParams, ExcitatoryParams, NetworkParams
from stdp_pipeline.network.state import initial_state, rested
from stdp_pipeline.plasticity import triplet

__all__ = ["SpikeResponse", "exact_response", "given_spikes", "spike_response"]

_OUT_OF_REACH_MV = 1e6


@dataclass(frozen=True)
class SpikeResponse:
    """What one input spike does to an excitatory neuron.

    Attributes
    ----------
    t_ms : (n,) float64
        Time since the spike, ms.
    g_exc : (n,) float64
        Excitatory conductance in units of the leak conductance; at time 0 the spike has arrived.
    v_mv : (n,) float64
        Membrane potential, mV.
    """

    t_ms: np.ndarray
    g_exc: np.ndarray
    v_mv: np.ndarray


def given_spikes(n_input: int, events: list[list[tuple[int, int]]], seed: int = 0) -> Inputs:
    """Describe inputs whose spikes are given, so that nothing is drawn; code and images do not matter.

    Parameters
    ----------
    n_input : int
    events : list of list of (step, source)
        One list for each image.
    seed : int
        For the chances of stochastic rules.

    Returns
    -------
    Inputs
    """
    flat = [event for presentation in events for event in sorted(presentation)]
    step, source = np.array(flat, np.uint16).reshape(-1, 2).T
    stored = StoredEvents(step, source, np.cumsum([0] + [len(p) for p in events]))
    levels = np.zeros((len(events), n_input), np.uint8)
    return Inputs(levels, poisson, poisson.Params(), seed, "train", stored)


def spike_response(
    network: NetworkParams, weight: float, integrator: Integrator, dt_ms: float, before_ms: float, after_ms: float
) -> SpikeResponse:
    """Record conductance and potential of a resting excitatory neuron in every step around one input spike.

    The recording is a training run on images that last one step each: the engine returns the state after each.

    Parameters
    ----------
    network : NetworkParams
        Its excitatory neuron is probed, without delays, and with a threshold out of reach: it does not fire.
    weight : float
        Weight of the synapse, in units of the leak conductance.
    integrator : {"euler", "exponential_euler"}
    dt_ms, before_ms, after_ms : float
        Step and duration of the recording before and after the spike, ms.

    Returns
    -------
    SpikeResponse
    """
    n_before, n_after = round(before_ms / dt_ms), round(after_ms / dt_ms)
    exc = network.exc.model_copy(update={"v_thresh_mv": _OUT_OF_REACH_MV})
    params = network.model_copy(update={"n_exc": 1, "delays": DelayParams(), "exc": exc})
    frozen = triplet.Params(eta_pre=0, eta_post=0, norm_total=None)
    model = Model(
        params, triplet, frozen, dt_ms, dt_ms, 0.0, integrator, "float64", min_spikes=0, max_attempts=1
    )  # fmt: skip
    inputs = given_spikes(1, [[(0, 0)] if k == n_before else [] for k in range(n_before + n_after + 1)])
    state = rested(initial_state(params, 1, 0, "float64", dt_ms), params)
    state = replace(state, weights=np.full((1, 1), weight))
    g_exc, v_mv = [], []
    for k in range(n_before + n_after + 1):
        state, _ = reference.train(model, state, inputs, np.array([k]), 0)
        g_exc.append(float(state.g_exc[0]))
        v_mv.append(float(state.v_exc_mv[0]))
    return SpikeResponse(np.arange(-n_before, n_after + 1) * dt_ms, np.array(g_exc), np.array(v_mv))


def exact_response(exc: ExcitatoryParams, weight: float, t_ms: np.ndarray) -> SpikeResponse:
    r"""Solve the neuron's equations for one input spike at time 0, without an integrator of ours.

    .. math::

        g(t) = w \, e^{-t/\tau_\text{exc}}, \qquad
        \tau_\text{mem} \, \dot v = (E_\text{rest} - v) + g(t) \, (E_\text{exc} - v), \qquad v(0) = E_\text{rest}

    g is written down; v is integrated by an explicit Runge-Kutta method of order 8 (SciPy's DOP853) to a relative
    tolerance of 1e-10.

    Parameters
    ----------
    exc : ExcitatoryParams
    weight : float
    t_ms : (n,) float64
        Times at which the solution is wanted, increasing, ms.

    Returns
    -------
    SpikeResponse
    """

    def slope(t: float, v: np.ndarray) -> np.ndarray:
        g = weight * math.exp(-t / exc.tau_exc_ms)
        return ((exc.e_rest_mv - v) + g * (exc.e_exc_mv - v)) / exc.tau_mem_ms

    after = t_ms >= 0
    g_exc, v_mv = np.zeros(len(t_ms)), np.full(len(t_ms), exc.e_rest_mv)
    g_exc[after] = weight * np.exp(-t_ms[after] / exc.tau_exc_ms)
    if after.any():
        end = max(float(t_ms[-1]), exc.tau_exc_ms)
        solved = solve_ivp(
            slope, (0.0, end), [exc.e_rest_mv], "DOP853", t_eval=t_ms[after], rtol=1e-10, atol=1e-12,
            max_step=exc.tau_exc_ms,
        )  # fmt: skip
        v_mv[after] = solved.y[0]
    return SpikeResponse(t_ms, g_exc, v_mv)
