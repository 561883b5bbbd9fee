"""What the sections of an experiment must have to do with each other."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stdp_pipeline import registry
from stdp_pipeline.errors import ConfigError

if TYPE_CHECKING:
    from stdp_pipeline.config.schema import Experiment

__all__ = ["RUNS_ALL", "check_consistent"]

RUNS_ALL = "fast"
"""The engine that refuses nothing, and is not asked: importing it takes longer than planning a sweep of hundreds."""


def check_consistent(one: Experiment) -> None:
    """Raise a ``ValueError`` that names the key if two sections do not go together."""
    if len(set(one.seeds)) != len(one.seeds):
        raise ValueError(f"seeds must differ from each other, got {one.seeds}")
    lists = {section: getattr(one, section) for section in ("readouts", "baselines", "features", "embeddings")}
    if one.trajectories is not None:
        lists["trajectories.embeddings"] = one.trajectories.embeddings
        if one.training.snapshots is None:
            raise ValueError(
                "trajectories needs training.snapshots: the training images after which to look, such as [0, 100, 1000]"
            )
    for section, components in lists.items():
        given = [component.name for component in components]
        if len(set(given)) != len(given):
            raise ValueError(f"{section}: each may be named once, got {', '.join(given)}")
    if one.published is not None and (unknown := set(one.published.accuracy) - set(one.variants)):
        raise ValueError(
            f"published.accuracy: its names must be variants ({', '.join(one.variants) or 'there are none'}), got "
            f"{', '.join(sorted(unknown))}"
        )
    name = "n_train" if one.labelling.split == "train" else "n_test"
    labels, there = one.labelling.n_images, getattr(one.dataset, name)
    if labels is not None and there is not None and labels > there:
        raise ValueError(f"labelling.n_images must be at most dataset.{name} ({there}), got {labels}")
    recorded = one.encoding is not None and one.encoding.name == "recorded"
    if recorded and not hasattr(one.dataset, "events"):
        raise ValueError(
            f"encoding.name: 'recorded' needs a data set of events, and '{one.dataset.name}' has images; choose "
            "another code"
        )
    _check_steps(one)
    _check_states(one)
    if one.simulation.engine not in registry.names("engine"):
        try:
            registry.load("engine", one.simulation.engine)
        except ConfigError as error:
            raise ValueError(f"simulation.engine: {error}") from None
    delays = one.network.delays
    n_delays = delays.max_ms / one.simulation.dt_ms
    if delays.mode == "synaptic" and n_delays > 16_000:
        raise ValueError(
            f"network.delays.max_ms must be at most 16000 steps of simulation.dt_ms ({one.simulation.dt_ms:g}), "
            f"got {delays.max_ms:g}, which is {n_delays:.0f} steps"
        )
    if delays.mode != "none" and delays.max_ms > one.simulation.rest_ms:
        raise ValueError(
            f"network.delays.max_ms must be at most simulation.rest_ms ({one.simulation.rest_ms:g}), got "
            f"{delays.max_ms:g}: all spikes of an image must arrive before the next one"
        )
    low, high = one.network.w_init_low, one.network.w_init_high
    if not one.network.w_min <= low < high <= one.network.w_max:
        raise ValueError(
            "network: initial weights must satisfy w_min <= w_init_low < w_init_high <= w_max, got "
            f"{one.network.w_min:g}, {low:g}, {high:g}, {one.network.w_max:g}"
        )
    _check_rule(one)


def _check_states(one: Experiment) -> None:
    """Check what goes with synapses that have a few states."""
    if one.quantisation is None or one.plasticity is None:
        return
    switching = hasattr(registry.load("rule", one.plasticity.name), "n_states")
    if switching or one.plasticity.levels is not None:
        what = "synapses that switch between states" if switching else "plasticity.levels"
        raise ValueError(
            f"quantisation is for weights that are real numbers, and the rule '{one.plasticity.name}' has {what}; "
            "leave one of the two out"
        )


def _check_steps(one: Experiment) -> None:
    """Check what the time step and the time constants must have to do with each other."""
    dt_ms, exc, inh = one.simulation.dt_ms, one.network.exc, one.network.inh
    periods = {
        "exc.refractory_ms": exc.refractory_ms,
        "exc.clamp_ms": exc.clamp_ms,
        "inh.refractory_ms": inh.refractory_ms,
    }
    for name, value in periods.items():
        if abs(value / dt_ms - round(value / dt_ms)) > 1e-6:
            raise ValueError(f"network.{name} must be a multiple of simulation.dt_ms ({dt_ms:g}), got {value:g}")
    taus = (exc.tau_mem_ms, exc.tau_exc_ms, exc.tau_inh_ms, exc.tau_theta_ms, inh.tau_mem_ms, inh.tau_exc_ms)
    if one.simulation.integrator == "euler" and dt_ms >= min(taus):
        raise ValueError(
            f"simulation.dt_ms must be below the smallest time constant ({min(taus):g} ms) with the integrator "
            f"'euler', got {dt_ms:g}"
        )


def _check_rule(one: Experiment) -> None:
    """Check the rule's constants, in each pass, and whether the engine has what is asked for."""
    params = one.plasticity
    if params is None:
        return
    rule = registry.load("rule", params.name)
    for factor in one.training.rate_factors or []:
        rates = {name: factor * getattr(params, name) for name in rule.RATES}
        try:
            type(params).model_validate(params.model_dump() | rates)
        except ValidationError as error:
            fault = error.errors()[0]
            name, allowed = str(fault["loc"][-1]), fault["msg"].replace("Input should", "it should")
            raise ValueError(
                f"training.rate_factors: {factor:g} makes plasticity.{name} {rates.get(name, fault['input']):g}, and "
                f"{allowed}; lower the factor or plasticity.{name}"
            ) from None
    try:
        rule.constants(params, one.network)
        if one.simulation.engine != RUNS_ALL:
            _ask_engine(one, rule)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _ask_engine(one: Experiment, rule: ModuleType) -> None:
    engine = registry.load("engine", one.simulation.engine)
    if hasattr(engine, "refuse"):
        contract = importlib.import_module("stdp_pipeline.engines._contract")
        simulation = one.simulation.model_dump(exclude={"engine"})
        engine.refuse(contract.Model(one.network, rule, one.plasticity, **simulation))
