"""Plain NumPy engine: the equations in order, every neuron and every trace in every step. Slow, and the specification.

One step, as in Brian 1 (state update and threshold, then connections and plasticity, then resets):

1. membranes, conductances, theta and traces go on by one step, membranes from the conductances at its start;
2. neurons above threshold and not refractory fire;
3. input spikes raise g_exc, excitatory spikes the conductance of their inhibitory partner, inhibitory spikes g_inh of
   every excitatory neuron but the partner;
4. plasticity: presynaptic spikes one after the other (each first updates its own trace), then postsynaptic ones;
5. resets, theta, postsynaptic traces.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from stdp_pipeline.engines._contract import Frozen, Inputs, Model, Progress, Reader, Responses, check_reader
from stdp_pipeline.engines._escape import NOISE, THRESHOLD, noise_step, probability
from stdp_pipeline.engines._plastic import PlasticWeights
from stdp_pipeline.engines._protocol import Presentation, Spikes, exploded, not_finite, show, too_many
from stdp_pipeline.engines._reading import LEAST, currents
from stdp_pipeline.network.state import NetworkState, rested
from stdp_pipeline.random import FROZEN_PASS, chances_of, neuron_words, seed_words

__all__ = ["respond", "train"]


def train(
    model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, pass_index: int, threads: int = 1
) -> tuple[NetworkState, Responses]:
    """Present images one after the other with learning on; see :class:`stdp_pipeline.engines._contract.Engine`."""
    network = _Network(model, state, inputs.seed, learn=True, adapt=True)
    tail = (state.tail_step, state.tail_neuron)
    responses, tail = show(model, network, inputs, images, pass_index, None, tail)
    return replace(network.state, tail_step=tail[0], tail_neuron=tail[1]), responses


def respond(
    model: Model,
    state: NetworkState,
    inputs: Inputs,
    images: np.ndarray,
    threads: int,
    progress: Progress,
    frozen: Frozen = Frozen(),
) -> Responses:
    """Present images without learning; see :class:`stdp_pipeline.engines._contract.Engine`."""
    state = rested(state, model.network)
    check_reader(model, frozen.reader)
    network = _Network(model, state, inputs.seed, learn=False, adapt=frozen.theta_adapts, reader=frozen.reader)
    tail = (state.tail_step, state.tail_neuron)
    return show(model, network, inputs, images, FROZEN_PASS, frozen, tail, progress)[0]


class _Network:
    """A network in plain NumPy, as :func:`show` wants it.

    Parameters
    ----------
    model : Model
    state : NetworkState
    seed : int
        For the chances of stochastic rules.
    learn : bool
        Whether weights change.
    adapt : bool
        Whether thresholds change.
    reader : Reader or None
        How weights are read, if that is more than adding them up.
    """

    def __init__(
        self, model: Model, state: NetworkState, seed: int, learn: bool, adapt: bool, reader: Reader | None = None
    ) -> None:
        self.model = model
        self.state = state
        self.seed = seed
        self.learn = learn
        self.adapt = adapt
        self.reader = reader

    def normalise(self) -> None:
        """Scale the weights of every neuron to the rule's fixed sum."""
        self.state = _normalised(self.model, self.state, self.seed)

    def rest(self) -> None:
        """Put every neuron at rest."""
        self.state = rested(self.state, self.model.network)

    def present(self, presentation: Presentation) -> Spikes:
        """Simulate one presentation and its rest."""
        self.state, spikes = _present(
            self.model, self.state, presentation, self.seed, self.learn, self.adapt, self.reader
        )
        return spikes


def _normalised(model: Model, state: NetworkState, seed: int) -> NetworkState:
    """Scale the weights of every neuron to the rule's fixed sum; a neuron without any weight stays without.

    On levels, a neuron whose weights have not changed is left alone, since it would be rounded anew.
    """
    total = model.rule_params.norm_total
    if total is None:
        return state
    plastic = PlasticWeights(model, state, seed)
    sums = plastic.weights.sum(axis=0, dtype=np.float64)
    for j in np.flatnonzero((sums > 0) & (state.changed > 0 if model.storage else True)):
        factor, summand = model.rule.normalise(sums[j], total, state.n_input)
        plastic.scale(int(j), factor, summand, state.step)
    return plastic.into(state)


def _advance(v: np.ndarray, g_exc: Any, g_inh: Any, p: Any, e_inh: float, tau_inh: float, model: Model) -> np.ndarray:
    """One step of tau dv/dt = (E_rest - v) + g_e (E_e - v) + g_i (E_i - v)."""
    dt = model.dt_ms
    if model.integrator == "euler":
        return v + dt / p.tau_mem_ms * ((p.e_rest_mv - v) + g_exc * (p.e_exc_mv - v) + g_inh * (e_inh - v))
    # Exact for conductances frozen at their mean over the step, tau/dt (1 - exp(-dt/tau)) of the value at its start.
    g_e = g_exc * (p.tau_exc_ms / dt * (1 - math.exp(-dt / p.tau_exc_ms)))
    g_i = g_inh * (tau_inh / dt * (1 - math.exp(-dt / tau_inh)))
    total = 1 + g_e + g_i
    v_inf = (p.e_rest_mv + g_e * p.e_exc_mv + g_i * e_inh) / total
    return v_inf + (v - v_inf) * np.exp(-dt / p.tau_mem_ms * total)


def _decay(x: np.ndarray, tau_ms: float, model: Model) -> np.ndarray:
    """One step of dx/dt = -x/tau."""
    dt = model.dt_ms
    return x * (1 - dt / tau_ms if model.integrator == "euler" else math.exp(-dt / tau_ms))


def _neuron_chances(seed: int, presentation: Presentation, purpose: int, k: int, n_exc: int) -> np.ndarray:
    """Uniform numbers of all excitatory neurons in step k of a presentation."""
    neurons = np.arange(n_exc)
    return chances_of(neuron_words(seed_words(seed), presentation.occasion, purpose, k, neurons), neurons)


def _present(
    model: Model,
    state: NetworkState,
    presentation: Presentation,
    seed: int,
    learn: bool,
    adapt: bool,
    reader: Reader | None = None,
) -> tuple[NetworkState, Spikes]:
    """Simulate one presentation and return the new state and all spikes."""
    name = (presentation.split, presentation.image, presentation.attempt)
    event_step, event_source = presentation.step, presentation.source
    net, exc, inh, rule, dt = model.network, model.network.exc, model.network.inh, model.rule_params, model.dt_ms
    plastic, theta = PlasticWeights(model, state, seed), state.theta_mv.copy()
    v, g_exc, g_inh = state.v_exc_mv, state.g_exc, state.g_inh
    v_inh, g_inh_exc = state.v_inh_mv, state.g_inh_exc
    last_exc, last_inh, last_pre = state.last_exc.copy(), state.last_inh.copy(), state.last_pre.copy()
    delays, mode = state.delays.astype(np.int64), net.delays.mode
    if mode == "axonal":  # all that an input spike does happens later
        event_step = event_step + delays[event_source]
    # The presynaptic trace as each synapse meets it: (n_input, n_exc) with synaptic delays, else (n_input, 1).
    lag = delays if mode == "synaptic" else np.zeros((state.n_input, 1), np.int64)
    pre = state.trace_pre[:, None] * np.exp(-(state.step - 1 - lag - last_pre[:, None]) * dt / rule.tau_pre_ms)
    fast, slow = (
        trace * np.exp(-(state.step - 1 - last_exc) * dt / tau)
        for trace, tau in zip(state.trace_post, (rule.tau_post_fast_ms, rule.tau_post_slow_ms), strict=True)
    )
    refractory_exc, refractory_inh = round(exc.refractory_ms / dt), round(inh.refractory_ms / dt)
    trace_pre, trace_post = state.trace_pre.copy(), state.trace_post.copy()
    clamp_exc = round(exc.clamp_ms / dt)
    spikes: list[tuple[int, int]] = []
    inh_spikes: list[tuple[int, int]] = []

    for k in range(model.n_image_steps + model.n_rest_steps):
        t = state.step + k
        # 1. State update.
        held = t - last_exc < clamp_exc
        v = np.where(held, v, _advance(v, g_exc, g_inh, exc, exc.e_inh_mv, exc.tau_inh_ms, model))
        if exc.noise_mv > 0:
            u = _neuron_chances(seed, presentation, NOISE, k, state.n_exc)
            v = np.where(held, v, v + noise_step(exc.noise_mv, exc.tau_mem_ms, dt) * (u - 0.5))
        clamped = t - last_inh <= refractory_inh
        v_inh = np.where(clamped, v_inh, _advance(v_inh, g_inh_exc, 0.0, inh, 0.0, 1.0, model))
        g_exc, g_inh = _decay(g_exc, exc.tau_exc_ms, model), _decay(g_inh, exc.tau_inh_ms, model)
        g_inh_exc = _decay(g_inh_exc, inh.tau_exc_ms, model)
        if adapt:
            theta = _decay(theta, exc.tau_theta_ms, model)
        if learn:
            pre = pre * math.exp(-dt / rule.tau_pre_ms)
            fast = fast * math.exp(-dt / rule.tau_post_fast_ms)
            slow = slow * math.exp(-dt / rule.tau_post_slow_ms)

        # 2. Thresholds.
        if exc.escape.mode == "none":
            fires = v > theta + exc.v_thresh_mv
        else:
            u = _neuron_chances(seed, presentation, THRESHOLD, k, state.n_exc)
            fires = u < probability(exc.escape, (v - (theta + exc.v_thresh_mv)) / exc.escape.width_mv, dt)
        fired = fires & (t - last_exc >= refractory_exc)
        fired_inh = (v_inh > inh.v_thresh_mv) & ~clamped
        if np.any(unstable := fired & (v > max(exc.e_exc_mv, exc.e_rest_mv) + 1)):
            neuron = int(np.flatnonzero(unstable)[0])
            raise exploded(model, *name, k, neuron, float(v[neuron]))

        # 3. Propagation.
        # Oldest first, and within a step by source; `here` marks the neurons that a spike reaches now.
        arrivals = [(int(i), np.ones(1, bool)) for i in np.sort(event_source[event_step == k])]
        if mode == "synaptic":
            under_way = np.flatnonzero((event_step <= k) & (event_step > k - model.n_delay_steps))
            arrivals = [(int(event_source[e]), delays[event_source[e]] == k - event_step[e]) for e in under_way]
        if reader is None:
            for i, here in arrivals:
                g_exc = np.where(here, g_exc + plastic.gain * plastic.weights[i], g_exc)
        elif arrivals:
            sources = np.array([i for i, _ in arrivals])
            received = plastic.gain * plastic.weights
            added = currents(reader, received, sources, seed_words(seed), presentation.occasion, k)
            g_exc = np.maximum(g_exc + added, LEAST)
        g_inh_exc = g_inh_exc + net.w_exc_inh * fired
        g_inh = g_inh + net.w_inh_exc * (np.count_nonzero(fired_inh) - fired_inh.astype(np.int64))

        # 4. Plasticity.
        if learn:
            for i, here in arrivals:
                pre[i] = np.where(here, pre[i] + 1 if rule.trace == "add" else 1, pre[i])
                if model.rule.ON_PRE_READS:
                    there = np.flatnonzero(np.broadcast_to(here, state.n_exc))
                    x = np.broadcast_to(pre[i], state.n_exc)[there]
                    plastic.on_pre(i, there, x, fast[there], slow[there], t)
            for i in event_source[event_step == k]:  # the trace at the input itself, for the next presentation
                kept = trace_pre[i] * math.exp(-(t - last_pre[i]) * dt / rule.tau_pre_ms)
                trace_pre[i], last_pre[i] = (kept + 1 if rule.trace == "add" else 1), t
            for j in np.flatnonzero(fired):
                plastic.on_post(int(j), pre[:, min(j, pre.shape[1] - 1)], fast[j], slow[j], t)

        # 5. Resets.
        v = np.where(fired, exc.v_reset_mv, v)
        v_inh = np.where(fired_inh, inh.v_reset_mv, v_inh)
        last_exc[fired], last_inh[fired_inh] = t, t
        if adapt:
            theta = theta + exc.theta_plus_mv * fired
        if learn:
            fast = np.where(fired, fast + 1 if rule.trace == "add" else 1, fast)
            slow = np.where(fired, slow + 1 if rule.trace == "add" else 1, slow)
            trace_post[:, fired] = fast[fired], slow[fired]
        spikes += [(k, int(j)) for j in np.flatnonzero(fired)]
        inh_spikes += [(k, int(j)) for j in np.flatnonzero(fired_inh)]
        if len(spikes) > model.spike_limit:
            raise too_many(model, *name, k)

    if not np.all(np.isfinite(v)):
        raise not_finite(model, *name, k, int(np.flatnonzero(~np.isfinite(v))[0]))
    real = np.dtype(model.precision)
    new = replace(
        state,
        theta_mv=theta,
        v_exc_mv=v.astype(real),
        g_exc=g_exc.astype(real),
        g_inh=g_inh.astype(real),
        v_inh_mv=v_inh.astype(real),
        g_inh_exc=g_inh_exc.astype(real),
        last_exc=last_exc,
        last_inh=last_inh,
        trace_pre=trace_pre,
        last_pre=last_pre,
        trace_post=trace_post,
        changed=np.ones_like(state.changed),  # real weights: this engine scales every column every time
        step=state.step + model.n_image_steps + model.n_rest_steps,
    )
    recorded = (np.array(layer, np.uint16).reshape(-1, 2).T for layer in (spikes, inh_spikes))
    return plastic.into(new), Spikes(*(array for layer in recorded for array in layer))
