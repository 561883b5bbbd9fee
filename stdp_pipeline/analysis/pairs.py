"""Measure STDP curves in the simulation itself: one synapse, one pair of spikes, the weight before and after.

Nothing here repeats a learning rule. The ``reference`` engine simulates a tiny network in double precision on stored
events; an input of its own makes the neuron fire when it should.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline.analysis.probe import given_spikes
from stdp_pipeline.engines import reference
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.network.params import DelayParams, ExcitatoryParams, NetworkParams
from stdp_pipeline.network.state import NetworkState, initial_state, rested

__all__ = ["PairCurve", "needs_an_earlier_spike", "pair_changes", "pair_curve"]

_DRIVE = 20.0  # weight of the driver in the pair protocol, in units of w_max: it alone makes the neuron fire
_FAST = 5.0  # conductance of the probe neuron decays this many times faster than a step: forgotten after one step
_APART = 2**20  # steps between the clocks of two protocols: stochastic rules draw other numbers in each


@dataclass(frozen=True)
class PairCurve:
    """Weight change of a synapse by one pair of spikes, against their distance.

    Attributes
    ----------
    delta_ms : (n,) float64
        Time of the postsynaptic less that of the presynaptic spike, ms.
    mean, sd : (n,) float64
        Mean and standard deviation of the weight change over repetitions; sd is 0 for a deterministic rule.
    """

    delta_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def needs_an_earlier_spike(rule: ModuleType, rule_params: Any, network: NetworkParams) -> bool:
    """Tell whether the change at a postsynaptic spike depends on the postsynaptic spikes before it, as in a triplet.

    Parameters
    ----------
    rule : module
        A module of :mod:`stdp_pipeline.plasticity`.
    rule_params : RuleParams
    network : NetworkParams

    Returns
    -------
    bool
    """
    chance = np.linspace(0.05, 0.95, 10)  # as good as any: a stochastic rule differs for some of them
    weight, x_pre = np.full(10, (network.w_min + network.w_max) / 2), np.ones(10)
    c = rule.constants(rule_params, network)
    alone, again = (rule.on_post(weight, x_pre, y, y, chance, c) for y in (0.0, 1.0))
    return not np.array_equal(alone, again)


def _pair_model(network: NetworkParams, rule: ModuleType, rule_params: Any, dt_ms: float, n_exc: int) -> Model:
    """Build neurons that fire exactly one step after a spike of the driver, and never otherwise.

    Membrane and conductance are so fast that a spike is forgotten after a step or two; the threshold lies half-way
    between what a synapse of the largest weight and what the driver brings about.
    """
    exc = ExcitatoryParams(
        tau_mem_ms=dt_ms, tau_exc_ms=dt_ms / _FAST, refractory_ms=0, theta_init_mv=0, theta_plus_mv=0
    )

    def depolarisation_mv(weight: float) -> float:  # one step after a spike
        g = weight / _FAST * (1 - math.exp(-_FAST))
        return (exc.e_exc_mv - exc.e_rest_mv) * g / (1 + g) * (1 - math.exp(-1 - g))

    rise_mv = (depolarisation_mv(network.w_max) + depolarisation_mv(_DRIVE * network.w_max)) / 2
    exc = exc.model_copy(update={"v_thresh_mv": exc.e_rest_mv + rise_mv})
    changes = {"n_exc": n_exc, "w_exc_inh": 0.0, "w_inh_exc": 0.0, "delays": DelayParams(), "exc": exc}
    return Model(
        network.model_copy(update=changes),
        rule,
        rule_params.model_copy(update={"norm_total": None}),
        dt_ms=dt_ms,
        rest_ms=0.0,
        precision="float64",
        min_spikes=0,
        max_attempts=1,
        spike_limit=2 * n_exc,
    )


def pair_changes(
    rule: ModuleType,
    rule_params: Any,
    network: NetworkParams,
    delta_steps: int,
    gap_steps: int | None = None,
    dt_ms: float = 0.5,
    weight: float | None = None,
    n_repetitions: int = 1,
    seed: int = 0,
    first_step: int = 0,
) -> np.ndarray:
    """Measure the weight change by one presynaptic and one postsynaptic spike, or one with another one before it.

    Input 0 is the synapse under test; input 1 drives the neurons, which fire one step after it. Every neuron is one
    repetition. The driver's own weights follow the rule, too, and are put back before each of its spikes.

    Parameters
    ----------
    rule : module
        A module of :mod:`stdp_pipeline.plasticity`.
    rule_params : RuleParams
        Normalisation is left out.
    network : NetworkParams
        Gives the bounds of the weights.
    delta_steps : int
        Step of the postsynaptic spike less that of the presynaptic one.
    gap_steps : int or None
        Steps by which an earlier postsynaptic spike comes before the one of the pair, at least 2; None for no such
        spike.
    dt_ms : float
    weight : float or None
        Weight of the synapse before; None for the middle of its range.
    n_repetitions, seed, first_step : int
        For stochastic rules, whose chances depend on seed, neuron and step.

    Returns
    -------
    (n_repetitions,) float64
        Weight after the last spike less weight before the first.

    Raises
    ------
    ActivityError
        If other postsynaptic spikes than those wanted occurred.
    """
    start = (network.w_min + network.w_max) / 2 if weight is None else weight
    posts = [0] if gap_steps is None else [-gap_steps, 0]
    pre, drives = -delta_steps, [post - 1 for post in posts]
    first, end = min(pre, *drives), max(pre, *posts) + 1
    model = _pair_model(network, rule, rule_params, dt_ms, n_repetitions)
    state = rested(initial_state(model.network, 2, seed, "float64", dt_ms), model.network)
    weights = np.full((2, n_repetitions), start)
    state = replace(state, weights=weights, step=first_step)
    fired = []
    cuts = sorted({first, *drives, end})
    for a, b in itertools.pairwise(cuts):
        weights = state.weights.copy()
        weights[1] = _DRIVE * network.w_max
        events = [(pre - a, 0)] if a <= pre < b else []
        events += [(0, 1)] if a in drives else []
        state, steps = _present(model, replace(state, weights=weights), b - a, events, seed)
        fired += (a + steps).tolist()
    wanted = np.repeat(posts, n_repetitions).tolist()
    if fired != wanted:
        raise ActivityError(
            f"pair protocol of rule '{rule.__name__}' at delta {delta_steps * dt_ms:g} ms: wanted {len(wanted)} "
            f"postsynaptic spikes in steps {sorted(set(wanted))}, got {len(fired)} in steps {sorted(set(fired))}"
        )
    return state.weights[0] - start


def _present(
    model: Model, state: NetworkState, n_steps: int, events: list[tuple[int, int]], seed: int
) -> tuple[NetworkState, np.ndarray]:
    """Simulate some steps with learning on; return the new state and the steps of all spikes."""
    model = replace(model, image_ms=n_steps * model.dt_ms)
    state, responses = reference.train(model, state, given_spikes(state.n_input, [events], seed), np.array([0]), 0)
    return state, responses.step.astype(np.int64)


def pair_curve(
    rule: ModuleType,
    rule_params: Any,
    network: NetworkParams,
    delta_ms: np.ndarray,
    gap_ms: float | None = None,
    dt_ms: float = 0.5,
    weight: float | None = None,
    n_repetitions: int = 1,
    seed: int = 0,
) -> PairCurve:
    """Measure the weight change for many distances of the two spikes; see :func:`pair_changes`.

    Parameters
    ----------
    rule, rule_params, network, dt_ms, weight, seed
        As there.
    delta_ms : (n,) float64
        Distances, ms; each is taken to the nearest whole step.
    gap_ms : float or None
        Time from the earlier postsynaptic spike to the one of the pair, ms.
    n_repetitions : int
        Repetitions if the rule is stochastic; a deterministic one is measured once.

    Returns
    -------
    PairCurve
    """
    gap_steps = None if gap_ms is None else max(round(gap_ms / dt_ms), 2)
    steps = np.unique(np.round(np.asarray(delta_ms) / dt_ms).astype(np.int64))
    n = n_repetitions if rule.STOCHASTIC else 1
    changes = np.array(
        [
            pair_changes(rule, rule_params, network, int(d), gap_steps, dt_ms, weight, n, seed, k * _APART)
            for k, d in enumerate(steps)
        ]
    )
    return PairCurve(steps * dt_ms, changes.mean(axis=1), changes.std(axis=1))
