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
from stdp_pipeline.engines._contract import Model, start_state
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.network.params import DelayParams, ExcitatoryParams, NetworkParams
from stdp_pipeline.network.state import NetworkState, rested

__all__ = ["PairCurve", "needs_an_earlier_spike", "pair_changes", "pair_curve", "varies"]

_DRIVERS = 20  # inputs of the largest weight that make the neuron fire together
_FAST = 5.0  # conductance of the probe neuron decays this many times faster than a step: forgotten after one step


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
    # As good numbers as any: a stochastic rule differs for some of them.
    chance: Any = np.linspace(0.0005, 0.9995, 1000)
    if rule.draws(rule_params) in ("device", "alike"):
        chance = (0.0, 0.0, 0.0, 0.0)
    x_pre, c = np.ones(1000), rule.constants(rule_params, network)
    if hasattr(rule, "n_states"):
        weight = np.arange(1000) % rule.n_states(rule_params)
    else:
        weight = np.full(1000, (network.w_min + network.w_max) / 2)
    alone, again = (rule.on_post(weight, x_pre, y, y, chance, c) for y in (0.0, 1.0))
    return not np.array_equal(alone, again)


def varies(rule: ModuleType, rule_params: Any) -> bool:
    """Tell whether the same spikes change synapses by chance, or each of them in its own way."""
    rounds = getattr(rule_params, "levels", None) is not None and rule_params.rounding == "stochastic"
    return rounds or rule.draws(rule_params) in ("spike", "device")


def _pair_model(network: NetworkParams, rule: ModuleType, rule_params: Any, dt_ms: float, n_exc: int) -> Model:
    """Build neurons that fire exactly one step after a spike of the driver, and never otherwise.

    Membrane and conductance are so fast that a spike is forgotten after a step or two; the threshold lies half-way
    between what one synapse of the largest weight and what the drivers bring about.
    """
    exc = ExcitatoryParams(
        tau_mem_ms=dt_ms, tau_exc_ms=dt_ms / _FAST, refractory_ms=0, theta_init_mv=0, theta_plus_mv=0
    )

    def depolarisation_mv(weight: float) -> float:  # one step after a spike
        g = weight / _FAST * (1 - math.exp(-_FAST))
        return (exc.e_exc_mv - exc.e_rest_mv) * g / (1 + g) * (1 - math.exp(-1 - g))

    rise_mv = (depolarisation_mv(network.w_max) + depolarisation_mv(_DRIVERS * network.w_max)) / 2
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
    delta_steps: np.ndarray,
    gap_steps: int | None = None,
    dt_ms: float = 0.5,
    weight: float | None = None,
    n_repetitions: int = 1,
    seed: int = 0,
) -> np.ndarray:
    """Measure the weight change by one presynaptic and one postsynaptic spike, or one with another one before it.

    Each distance has an input of its own, which fires once; one of them alone never makes a neuron fire. The other
    inputs do: they drive the neurons, which fire one step after them. Every neuron is one repetition. The drivers' own
    weights follow the rule, too, and are put back before each of their spikes.

    Parameters
    ----------
    rule : module
        A module of :mod:`stdp_pipeline.plasticity`.
    rule_params : RuleParams
        Normalisation is left out.
    network : NetworkParams
        Gives the bounds of the weights.
    delta_steps : (n,) int
        Steps of the postsynaptic spike less that of the presynaptic one, all different.
    gap_steps : int or None
        Steps by which an earlier postsynaptic spike comes before the one of the pair, at least 2; None for no such
        spike.
    dt_ms : float
    weight : float or None
        Weight of the synapse before; None for the middle of its range. A synapse that has a few states starts at random
        in one of the two nearest, so that the mean over repetitions is this weight.
    n_repetitions, seed : int
        For stochastic rules, whose chances depend on seed, input, neuron and step.

    Returns
    -------
    (n, n_repetitions) float64
        Weight after the last spike less weight before the first.

    Raises
    ------
    ActivityError
        If other postsynaptic spikes than those wanted occurred.
    """
    start = (network.w_min + network.w_max) / 2 if weight is None else weight
    posts = [0] if gap_steps is None else [-gap_steps, 0]
    pres, drives = (-np.asarray(delta_steps)).tolist(), [post - 1 for post in posts]
    first, end = min(*pres, *drives), max(*pres, *posts) + 1
    n_tested = len(pres)
    model = _pair_model(network, rule, rule_params, dt_ms, n_repetitions)
    state = rested(start_state(model, n_tested + _DRIVERS, seed), model.network)
    weights = np.full((n_tested + _DRIVERS, n_repetitions), network.w_max)
    weights[:n_tested] = start
    storage = model.storage
    stored = weights if storage is None else storage.drawn(weights, seed)
    state = replace(state, weights=stored)
    before = stored if storage is None else storage.weights(stored)
    fired = []
    cuts = sorted({first, *drives, end})
    for a, b in itertools.pairwise(cuts):
        weights = state.weights.copy()
        weights[n_tested:] = stored[n_tested:]
        events = [(pre - a, i) for i, pre in enumerate(pres) if a <= pre < b]
        events += [(0, n_tested + driver) for driver in range(_DRIVERS)] if a in drives else []
        state, steps = _present(model, replace(state, weights=weights), b - a, sorted(events), seed)
        fired += (a + steps).tolist()
    wanted = np.repeat(posts, n_repetitions).tolist()
    if fired != wanted:
        raise ActivityError(
            f"pair protocol of rule '{rule.__name__}' with {n_tested} distances: wanted {len(wanted)} "
            f"postsynaptic spikes in steps {sorted(set(wanted))}, got {len(fired)} in steps {sorted(set(fired))}"
        )
    after = state.weights if storage is None else storage.weights(state.weights)
    return after[:n_tested].astype(np.float64) - before[:n_tested]


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
    n = n_repetitions if varies(rule, rule_params) else 1
    changes = pair_changes(rule, rule_params, network, steps, gap_steps, dt_ms, weight, n, seed)
    return PairCurve(steps * dt_ms, changes.mean(axis=1), changes.std(axis=1))
