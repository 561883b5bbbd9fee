"""The numbers of a network in steps and per-step factors, as the fast engine reads them.

Everything here is derived from the parameters in milliseconds and millivolts; no engine owns a parameter.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from stdp_pipeline.engines._contract import Model
from stdp_pipeline.engines._escape import noise_step, reach
from stdp_pipeline.network.params import EscapeParams

__all__ = [
    "FLUSH",
    "FLUSH_EVERY",
    "WEAK",
    "NeuronConstants",
    "RunConstants",
    "Traces",
    "derive",
    "mean_conductance",
    "trace_table",
]

FLUSH = {"float32": 1e-8, "float64": 1e-20}
"""Conductances below this are set to zero: until they have decayed they move a potential by less than a hundredth of
its rounding. It also spares the processor the denormal numbers into which a silent conductance would otherwise
decay."""

NEGLIGIBLE = {"float32": 1e-7, "float64": 1e-12}
"""Traces below this are zero: times a learning rate of 0.01 they are less than the rounding of a weight above 0.01."""


FLUSH_EVERY = 8
"""Steps between two looks at negligible conductances."""

WEAK = 0.25
"""A step is weak where dt / tau_mem times the total conductance is at most this; then a polynomial is exact enough."""


class NeuronConstants(NamedTuple):
    """One group's constants, in the precision of the run; conductances relative to the leak."""

    leak: Any  # dt / tau_mem
    e_rest: Any  # mV
    e_exc: Any  # mV
    e_inh: Any  # mV
    keep_exc: Any  # factor of the excitatory conductance over one step
    keep_inh: Any
    mean_exc: Any  # mean of the decaying conductance over a step, relative to its value at the step's start
    mean_inh: Any
    leak_exc: Any  # leak * mean_exc
    leak_inh: Any
    drive_rest: Any  # leak * e_rest, mV
    drive_exc: Any  # leak * mean_exc * e_exc, mV
    drive_inh: Any
    phi: Any  # coefficients of the polynomial for (1 - exp(-x)) / x on [0, WEAK]
    keep_v: float  # factor of v - e_rest over one step without conductances
    v_reset: Any  # mV
    v_thresh: Any  # mV, at theta = 0
    reach: float  # mV from the threshold at which the neuron may fire, at most 0
    escape_width: float  # mV
    escape_rate: float  # hazard in a step
    noise_step: float  # mV, factor of a uniform number less 1/2 that is added to the potential in each step
    refractory: Any  # steps
    clamp: Any  # steps
    one: Any  # 1 in the precision of the run: a literal would make compiled code compute in double precision
    flush: Any


class RunConstants(NamedTuple):
    """What is neither a neuron's nor a rule's."""

    n_steps: int  # steps of a presentation, image and rest
    n_image_steps: int
    w_exc_inh: Any
    w_inh_exc: Any
    w_min: Any
    w_max: Any
    unit: Any  # weight of one level, for weights stored as states
    n_levels: int  # 0 for weights that are real numbers
    coded: bool  # weights are stored as states
    theta_plus: float  # mV
    keep_theta: float  # factor of theta over one step
    norm_total: float  # 0: no normalisation
    n_delays: int  # number of different delays, 0 without delays
    n_recent_steps: int  # steps after its own spike in which a presynaptic spike may change a neuron's weights
    depresses: bool  # whether presynaptic spikes change weights at all
    all_inputs: bool  # a postsynaptic spike may change weights of inputs without a trace
    noisy: bool  # neurons may fire by noise alone
    additive: bool  # traces add 1 at a spike instead of being set to 1
    v_limit: float  # mV; a spiking neuron above it proves an unstable step
    spike_limit: int  # excitatory spikes of one presentation


class Traces(NamedTuple):
    """Decay of the three traces over k = 0, 1, ... steps; the last entry, 0, holds for all later steps."""

    pre: np.ndarray
    post_fast: np.ndarray
    post_slow: np.ndarray


def trace_table(tau_ms: float, dt_ms: float, dtype: str) -> np.ndarray:
    """Return exp(-k dt / tau) for k = 0, 1, ... until it is negligible.

    Traces decay exactly in every integrator: Brian solves linear trace equations that way, too. The last entry is 0.
    """
    n = math.ceil(-math.log(NEGLIGIBLE[dtype]) * tau_ms / dt_ms) + 1
    return np.append(np.exp(-np.arange(n) * (dt_ms / tau_ms)), 0.0).astype(dtype)


def _phi(degree: int = 4) -> list[float]:
    """Coefficients, lowest first, of the polynomial through (1 - exp(-x)) / x at the Chebyshev points of [0, WEAK].

    Degree 4 is within 2.5e-9 of it, a twentieth of single precision's rounding.
    """
    x = np.polynomial.chebyshev.chebpts1(degree + 1) * (WEAK / 2) + WEAK / 2
    return list(np.polynomial.polynomial.polyfit(x, -np.expm1(-x) / x, degree))


def _keep(dt_ms: float, tau_ms: float, integrator: str) -> float:
    """Factor of an exponentially decaying variable over one step."""
    return 1.0 - dt_ms / tau_ms if integrator == "euler" else math.exp(-dt_ms / tau_ms)


def mean_conductance(dt_ms: float, tau_ms: float, integrator: str) -> float:
    """Mean of a decaying conductance over a step, relative to its value at the start.

    Forward Euler uses the value at the start; with its decay factor 1 - dt/tau the summed drive of one spike is
    exactly w tau. Exponential Euler decays by exp(-dt/tau), and with the value at the start the drive would come out
    27 % too large at tau = 1 ms (dt 0.5 ms). The mean over the step gives w tau again.
    """
    return 1.0 if integrator == "euler" else tau_ms / dt_ms * -math.expm1(-dt_ms / tau_ms)


def derive(model: Model) -> tuple[NeuronConstants, NeuronConstants, RunConstants, Traces]:
    """Turn a model into per-step numbers: excitatory neurons, inhibitory neurons, run, traces."""
    real = np.dtype(model.precision).type
    dt, how = model.dt_ms, model.integrator
    net, rule, storage = model.network, model.rule_params, model.storage

    def neuron(
        p: Any, tau_inh_ms: float, e_inh_mv: float, clamp_ms: float, escape: EscapeParams, noise_mv: float
    ) -> NeuronConstants:
        leak = dt / p.tau_mem_ms
        leak_exc, leak_inh = (
            leak * mean_conductance(dt, p.tau_exc_ms, how),
            leak * mean_conductance(dt, tau_inh_ms, how),
        )
        return NeuronConstants(
            leak=real(leak),
            e_rest=real(p.e_rest_mv),
            e_exc=real(p.e_exc_mv),
            e_inh=real(e_inh_mv),
            keep_exc=real(_keep(dt, p.tau_exc_ms, how)),
            keep_inh=real(_keep(dt, tau_inh_ms, how)),
            mean_exc=real(mean_conductance(dt, p.tau_exc_ms, how)),
            mean_inh=real(mean_conductance(dt, tau_inh_ms, how)),
            leak_exc=real(leak_exc),
            leak_inh=real(leak_inh),
            drive_rest=real(leak * p.e_rest_mv),
            drive_exc=real(leak_exc * p.e_exc_mv),
            drive_inh=real(leak_inh * e_inh_mv),
            phi=tuple(real(c) for c in _phi()),
            keep_v=_keep(dt, p.tau_mem_ms, how),
            v_reset=real(p.v_reset_mv),
            v_thresh=real(p.v_thresh_mv),
            reach=reach(escape, dt),
            escape_width=escape.width_mv,
            escape_rate=escape.rate_hz * dt * 1e-3,
            noise_step=noise_step(noise_mv, p.tau_mem_ms, dt),
            refractory=round(p.refractory_ms / dt),
            clamp=round(clamp_ms / dt),
            one=real(1),
            flush=real(FLUSH[model.precision]),
        )

    traces = Traces(
        trace_table(rule.tau_pre_ms, dt, model.precision),
        trace_table(rule.tau_post_fast_ms, dt, model.precision),
        trace_table(rule.tau_post_slow_ms, dt, model.precision),
    )
    lives = {"fast": len(traces.post_fast), "slow": len(traces.post_slow)}
    n_recent_steps = max((lives[name] for name in model.rule.ON_PRE_READS), default=0)
    run = RunConstants(
        n_steps=model.n_image_steps + model.n_rest_steps,
        n_image_steps=model.n_image_steps,
        w_exc_inh=real(net.w_exc_inh),
        w_inh_exc=real(net.w_inh_exc),
        w_min=real(net.w_min),
        w_max=real(net.w_max),
        unit=real(storage.unit if storage else 0),
        n_levels=storage.n_levels if storage else 0,
        coded=storage is not None,
        theta_plus=net.exc.theta_plus_mv,
        keep_theta=_keep(dt, net.exc.tau_theta_ms, how),
        norm_total=rule.norm_total or 0.0,
        n_delays=model.n_delay_steps,
        n_recent_steps=n_recent_steps,
        depresses=bool(model.rule.ON_PRE_READS),
        all_inputs=not model.rule.SILENT_INPUTS_KEEP,
        noisy=net.exc.noise_mv > 0,
        additive=rule.trace == "add",
        v_limit=max(net.exc.e_exc_mv, net.exc.e_rest_mv) + 1.0,
        spike_limit=model.spike_limit,
    )
    # Inhibitory neurons receive no inhibition; the constants of the missing conductance are never multiplied by
    # anything but zero.
    e, i = net.exc, net.inh
    exc = neuron(e, e.tau_inh_ms, e.e_inh_mv, e.clamp_ms, e.escape, e.noise_mv)
    return exc, neuron(i, 1.0, i.e_rest_mv, i.refractory_ms, EscapeParams(), 0.0), run, traces
