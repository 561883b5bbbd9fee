"""The Diehl & Cook network in Brian's language: the one description that all targets run.

It is the model of :mod:`stdp_pipeline.engines.reference`. Time starts at zero in each presentation. Potentials are in
volts and times in seconds, as always in Brian; parameters come in mV and ms and get their units here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stdp_pipeline.engines._brian2.chances import SHARED_NEURON, SHARED_SYNAPSE, neuron_chance, synapse_chance
from stdp_pipeline.engines._brian2.environment import load
from stdp_pipeline.engines._brian2.equations import Statements, constants, normalisation, weight_change
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.engines._escape import FAR, THRESHOLD
from stdp_pipeline.engines._layout import mean_conductance
from stdp_pipeline.errors import ConfigError

__all__ = ["Parts", "build"]

TRACES = {"x": "pre", "fast": "post_fast", "slow": "post_slow"}
"""Trace of the plastic synapses -> its time constant in a rule's parameters."""


@dataclass(frozen=True)
class Parts:
    """The objects of one network in Brian.

    Attributes
    ----------
    source : SpikeGeneratorGroup
        The input.
    exc, inh : NeuronGroup
    plastic : Synapses
        From input to excitatory neurons; synapse ``i * n_exc + j`` connects input i with neuron j.
    exc_spikes, inh_spikes : SpikeMonitor
    others : list
        Lateral connections.
    traces : tuple of str
        Which of ``x``, ``fast`` and ``slow`` the plastic synapses have.
    period : Quantity
        Duration of a presentation and its rest.
    """

    source: Any
    exc: Any
    inh: Any
    plastic: Any
    exc_spikes: Any
    inh_spikes: Any
    others: list[Any]
    traces: tuple[str, ...]
    period: Any

    @property
    def shared(self) -> dict[str, tuple[str, ...]]:
        """Group -> those of its variables that hold what random numbers depend on."""
        wanted = {"exc": (self.exc, SHARED_NEURON), "plastic": (self.plastic, SHARED_SYNAPSE)}
        return {name: names for name, (group, names) in wanted.items() if names[-1] in group.variables}

    @property
    def objects(self) -> list[Any]:
        """All that is simulated."""
        layers = [self.source, self.exc, self.inh, self.plastic]
        return [*layers, *self.others, self.exc_spikes, self.inh_spikes]


def build(model: Model, n_input: int, learn: bool, adapt: bool) -> Parts:
    """Describe a network to Brian; its state is not in it yet.

    Parameters
    ----------
    model : Model
    n_input : int
    learn, adapt : bool
        Whether weights and thresholds change.

    Raises
    ------
    ConfigError
        If Brian cannot express the learning rule.
    """
    b2 = load()
    refuse(model)
    clock = b2.Clock(model.dt_ms * b2.ms, name="step")
    period = (model.n_image_steps + model.n_rest_steps) * model.dt_ms * b2.ms
    source = b2.SpikeGeneratorGroup(n_input, [], [] * b2.ms, clock=clock, name="source")
    exc, inh = _excitatory(model, clock, adapt), _inhibitory(model, clock)
    plastic, traces = _plastic(model, source, exc, clock, learn)
    if learn and model.rule_params.norm_total is not None:
        _scale(model, exc, plastic, b2.Clock(period, name="presentation"))
    net, others = model.network, []
    excite = b2.Synapses(
        exc, inh, on_pre="ge_post += w_exc_inh", clock=clock, name="excite", namespace={"w_exc_inh": net.w_exc_inh}
    )
    excite.connect(j="i")
    others.append(excite)
    if net.n_exc > 1:
        inhibit = b2.Synapses(
            inh, exc, on_pre="gi_post += w_inh_exc", clock=clock, name="inhibit", namespace={"w_inh_exc": net.w_inh_exc}
        )
        inhibit.connect("i != j")
        others.append(inhibit)
    exc_spikes = b2.SpikeMonitor(exc, variables="v", name="exc_spikes")  # v as it was when it crossed the threshold
    inh_spikes = b2.SpikeMonitor(inh, name="inh_spikes")
    return Parts(source, exc, inh, plastic, exc_spikes, inh_spikes, others, traces, period)


def refuse(model: Model) -> None:
    """Raise an error for what these engines do not have.

    Raises
    ------
    ConfigError
        Before Brian2 itself is needed.
    """
    if model.network.exc.noise_mv > 0:
        raise ConfigError(
            f"network.exc.noise_mv must be 0 with a Brian2 engine, got {model.network.exc.noise_mv:g}: use "
            "simulation.engine 'fast' or 'reference'"
        )
    if model.device is not None:
        raise ConfigError("plasticity.device cannot be run by Brian2: use simulation.engine 'fast' or 'reference'")
    if model.storage is not None and (
        not hasattr(model.rule, "n_states") or model.storage.n_levels != model.storage.n_states
    ):
        raise ConfigError(
            f"plasticity rule '{model.rule_params.name}' cannot be run by Brian2 with weights on levels or with hidden "
            "states: use simulation.engine 'fast' or 'reference'"
        )
    for name, kind in (("on_pre", 0), ("on_post", 1)):
        _change(model, name, kind)


def _constants(p: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the named parameters of a group with their units, under their names without unit."""
    b2 = load()
    units = {"mv": b2.mV, "ms": b2.ms}
    return {name.rpartition("_")[0]: getattr(p, name) * units[name.rpartition("_")[2]] for name in names}


def _excitatory(model: Model, clock: Any, adapt: bool) -> Any:
    """Excitatory layer: a spike is suppressed while refractory, the potential goes on unless it is clamped."""
    b2, p, dt = load(), model.network.exc, model.dt_ms
    clamp_steps = round(p.clamp_ms / dt)
    threshold, names, functions = _threshold(model)
    group = b2.NeuronGroup(
        model.network.n_exc,
        f"""
        dv/dt = ((e_rest - v) + mean_exc * ge * (e_exc - v) + mean_inh * gi * (e_inh - v)) / tau_mem : volt
        dge/dt = -ge / tau_exc : 1
        dgi/dt = -gi / tau_inh : 1
        {"dtheta/dt = -theta / tau_theta" if adapt else "theta"} : volt
        sum_w : 1
        factor : 1
        summand : 1
        gain : 1
        """
        + "\n".join(f"{name} : 1 (shared)" for name in names),
        threshold=threshold,
        reset="v = v_reset" + ("; theta += theta_plus" if adapt else ""),
        refractory=round(p.refractory_ms / dt) * dt * b2.ms,
        method=model.integrator,
        clock=clock,
        name="exc",
        namespace={
            **_constants(p, [f"e_{k}_mv" for k in ("rest", "exc", "inh")]),
            **_constants(p, ["v_thresh_mv", "v_reset_mv", "theta_plus_mv"]),
            **_constants(p, [f"tau_{k}_ms" for k in ("mem", "exc", "inh", "theta")]),
            "mean_exc": mean_conductance(dt, p.tau_exc_ms, model.integrator),
            "mean_inh": mean_conductance(dt, p.tau_inh_ms, model.integrator),
            "clamp_steps": clamp_steps,
            **functions,
        },
    )
    if clamp_steps:
        held = "int(timestep(t - lastspike, dt) < clamp_steps)"
        group.run_regularly(f"v = {held} * v_reset + (1 - {held}) * v", clock=clock, when="groups", order=1)
    return group


def _threshold(model: Model) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """When an excitatory neuron fires, and the shared variables, functions and constants that this needs."""
    escape = model.network.exc.escape
    if escape.mode == "none":
        return "v > theta + v_thresh", (), {}
    x = "(v - (theta + v_thresh)) / width"
    probability = {
        "exponential": f"-expm1(-rate * exp(clip({x}, -1e9, {FAR})))",
        "sigmoid": f"-expm1(-rate / (1 + exp(-clip({x}, -{FAR}, 1e9))))",
        "mtj": f"1 / (1 + exp(-clip({x}, -{FAR}, 1e9)))",
    }[escape.mode]
    chance = f"neuron_chance(key_low, key_high, image, turn, split + {THRESHOLD}, timestep(t, dt), i)"
    numbers = {"width": escape.width_mv * load().mV, "rate": escape.rate_hz * model.dt_ms * 1e-3}
    return f"{chance} < {probability}", SHARED_NEURON, {"neuron_chance": neuron_chance(), **numbers}


def _inhibitory(model: Model, clock: Any) -> Any:
    """Inhibitory layer: the potential is held at reset while refractory, one step longer than in Brian's convention."""
    b2, p, dt = load(), model.network.inh, model.dt_ms
    return b2.NeuronGroup(
        model.network.n_exc,
        """
        dv/dt = ((e_rest - v) + mean_exc * ge * (e_exc - v)) / tau_mem : volt (unless refractory)
        dge/dt = -ge / tau_exc : 1
        """,
        threshold="v > v_thresh",
        reset="v = v_reset",
        refractory=(round(p.refractory_ms / dt) + 1) * dt * b2.ms,
        method=model.integrator,
        clock=clock,
        name="inh",
        namespace={
            **_constants(p, ["e_rest_mv", "e_exc_mv", "v_thresh_mv", "v_reset_mv", "tau_mem_ms", "tau_exc_ms"]),
            "mean_exc": mean_conductance(dt, p.tau_exc_ms, model.integrator),
        },
    )


def _plastic(model: Model, source: Any, exc: Any, clock: Any, learn: bool) -> tuple[Any, tuple[str, ...]]:
    """Synapses from input to excitatory layer, and the traces that they have.

    At a presynaptic spike the trace rises first and the weight changes then; at a postsynaptic one the weight changes
    first. Where both come in one step, presynaptic ones come first.
    """
    b2, rule, net, storage = load(), model.rule_params, model.network, model.storage
    deliver = "ge_post += w" if storage is None else "ge_post += gain_post * (w_low + unit * w)"
    on_pre, on_post, traces, shared = [deliver], [], tuple[str, ...](), tuple[str, ...]()
    if learn:
        spike = "{} += 1" if rule.trace == "add" else "{} = 1"
        pre = _change(model, "on_pre", 0) if model.rule.ON_PRE_READS else ([], frozenset())
        post = _change(model, "on_post", 1)
        shared = SHARED_SYNAPSE if "u" in pre[1] | post[1] else ()
        traces = tuple(name for name in TRACES if name in pre[1] | post[1])
        on_pre += [spike.format(name) for name in traces if name == "x"] + pre[0]
        on_post = post[0] + [spike.format(name) for name in traces if name != "x"]
    equations = [f"d{name}/dt = -{name} / tau_{name} : 1 (event-driven)" for name in traces]
    synapses = b2.Synapses(
        source,
        exc,
        "\n".join(["w : 1", "switches : 1", *equations, *(f"{name} : 1 (shared)" for name in shared)]),
        on_pre="\n".join(on_pre),
        on_post="\n".join(on_post) or None,
        delay=None if net.delays.mode == "synaptic" else 0 * b2.ms,
        method="exact",
        clock=clock,
        name="plastic",
        namespace={
            **{f"tau_{name}": getattr(rule, f"tau_{TRACES[name]}_ms") * b2.ms for name in traces},
            **(constants(model.rule.constants(rule, net)) if learn else {}),
            "w_min": net.w_min,
            "w_max": net.w_max,
            **({"w_low": storage.w_low, "unit": storage.unit} if storage else {}),
            **({"synapse_chance": synapse_chance()} if shared else {}),
        },
    )
    synapses.connect()
    synapses.pre.order = -1
    return synapses, traces


def _change(model: Model, name: str, kind: int) -> tuple[list[str], frozenset[str]]:
    """Return the lines that put the new weight or state in place of the old one; and what they read."""
    statements: Statements = weight_change(model.rule, name)
    draw, draws = [], model.rule.draws(model.rule_params)
    if "devices" in statements.reads and draws == "device":
        raise ConfigError(
            f"plasticity rule '{model.rule_params.name}' cannot be run by Brian2 with devices that differ: use "
            "simulation.engine 'fast' or 'reference'"
        )
    if "u" in statements.reads:
        step = "first_step + timestep(t, dt)"
        chance = f"synapse_chance(seed_low, seed_high, {step}, {kind}, i, j)" if draws == "spike" else "0.0"
        draw = [f"u = {chance}"]
    result = statements.results[0]
    if model.storage is None:
        return [*draw, *statements.lines, f"w = clip({result}, w_min, w_max)"], statements.reads
    after = [f"state = {result}", "switches += int(state != w)", "w = state"]
    return [*draw, *statements.lines, *after], statements.reads


def _scale(model: Model, exc: Any, plastic: Any, presentations: Any) -> None:
    """Bring the weights of each neuron to the rule's fixed sum at the start of each presentation.

    A neuron without any weight stays without: its sum is put at 1 where the factor is computed, and the factor at 1.
    """
    found = normalisation(model.rule)
    factor, summand = found.results
    numbers = {"norm_total": model.rule_params.norm_total, "n_input": float(plastic.source.N)}
    exc.namespace.update(numbers)
    lines = [
        "any_w = int(sum_w > 0)",
        "sum_w = sum_w + (1 - any_w)",
        *found.lines,
        f"factor = any_w * ({factor}) + (1 - any_w)",
        f"summand = any_w * ({summand})",
    ]
    at = {"clock": presentations, "when": "start"}
    exc.run_regularly("sum_w = 0", order=-4, **at)
    weight = "w" if model.storage is None else "w_low + unit * w"
    plastic.run_regularly(f"sum_w_post += {weight}", order=-3, **at)
    if model.storage is None:
        exc.run_regularly("\n".join(lines), order=-2, **at)
        plastic.run_regularly("w = w * factor_post + summand_post", order=-1, **at)
    else:
        lines[-2:] = [f"gain = any_w * ({factor}) + (1 - any_w) * gain"]
        exc.run_regularly("\n".join(lines), order=-2, **at)
