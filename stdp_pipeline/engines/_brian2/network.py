"""The Diehl & Cook network in Brian's language: the one description that all targets run.

It is the model of :mod:`stdp_pipeline.engines.reference`. Time starts at zero in each presentation. Potentials are in
volts and times in seconds, as always in Brian; parameters come in mV and ms and get their units here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stdp_pipeline.engines._brian2.environment import load
from stdp_pipeline.engines._brian2.equations import Statements, constants, normalisation, weight_change
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.engines._layout import mean_conductance

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


def _constants(p: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the named parameters of a group with their units, under their names without unit."""
    b2 = load()
    units = {"mv": b2.mV, "ms": b2.ms}
    return {name.rpartition("_")[0]: getattr(p, name) * units[name.rpartition("_")[2]] for name in names}


def _excitatory(model: Model, clock: Any, adapt: bool) -> Any:
    """Excitatory layer: a spike is suppressed while refractory, the potential goes on unless it is clamped."""
    b2, p, dt = load(), model.network.exc, model.dt_ms
    clamp_steps = round(p.clamp_ms / dt)
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
        """,
        threshold="v > theta + v_thresh",
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
        },
    )
    if clamp_steps:
        held = "int(timestep(t - lastspike, dt) < clamp_steps)"
        group.run_regularly(f"v = {held} * v_reset + (1 - {held}) * v", clock=clock, when="groups", order=1)
    return group


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
    b2, rule, net = load(), model.rule_params, model.network
    on_pre, on_post, traces = ["ge_post += w"], [], tuple[str, ...]()
    if learn:
        spike = "{} += 1" if rule.trace == "add" else "{} = 1"
        pre = _change(weight_change(model.rule, "on_pre")) if model.rule.ON_PRE_READS else ([], frozenset())
        post = _change(weight_change(model.rule, "on_post"))
        traces = tuple(name for name in TRACES if name in pre[1] | post[1])
        on_pre += [spike.format(name) for name in traces if name == "x"] + pre[0]
        on_post = post[0] + [spike.format(name) for name in traces if name != "x"]
    equations = [f"d{name}/dt = -{name} / tau_{name} : 1 (event-driven)" for name in traces]
    synapses = b2.Synapses(
        source,
        exc,
        "\n".join(["w : 1", *equations]),
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
        },
    )
    synapses.connect()
    synapses.pre.order = -1
    return synapses, traces


def _change(statements: Statements) -> tuple[list[str], frozenset[str]]:
    """Return the lines that put the new weight, kept within its bounds, in place of the old one; and what they read."""
    result = statements.results[0]
    return [*statements.lines, f"w = clip({result}, w_min, w_max)"], statements.reads


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
    plastic.run_regularly("sum_w_post += w", order=-3, **at)
    exc.run_regularly("\n".join(lines), order=-2, **at)
    plastic.run_regularly("w = w * factor_post + summand_post", order=-1, **at)
