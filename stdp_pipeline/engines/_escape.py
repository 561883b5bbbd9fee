"""Stochastic neurons: when a neuron fires by escape noise, and the noise current.

The functions are compiled into the kernel, one set for each mode (see :mod:`stdp_pipeline.engines._kernel`); the
probabilities and :func:`reach` are also called as they stand.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stdp_pipeline.random import chance_of, neuron_words

__all__ = ["FAR", "NOISE", "THRESHOLD", "noise_step", "probability", "reach"]

THRESHOLD, NOISE = 4, 6
"""Purposes of :func:`stdp_pipeline.random.neuron_words`."""

FAR = 50.0  # beyond this many widths above threshold the probability is 1 in any case


def probability_exponential(x, rate):
    """Probability to fire in a step, x widths above threshold, by an exponential hazard of ``rate`` per step at 0."""
    return -np.expm1(-rate * np.exp(np.minimum(x, FAR)))


def probability_sigmoid(x, rate):
    """Probability to fire in a step, x widths above threshold, by a sigmoid hazard of at most ``rate`` per step."""
    return -np.expm1(-rate / (1.0 + np.exp(-np.maximum(x, -FAR))))


def probability_mtj(x, rate):
    """Probability that a magnetic tunnel junction switches, x widths above threshold, at one pulse a step."""
    return 1.0 / (1.0 + np.exp(-np.maximum(x, -FAR)))


def fires_none(v, threshold, exc, work, team, k, j):
    """Whether the potential is above threshold."""
    return v > threshold


def fires_exponential(v, threshold, exc, work, team, k, j):
    """Whether neuron j fires in step k."""
    i = team.first + j
    u = chance_of(neuron_words(work.key, work.occasion, THRESHOLD, k, i), i)
    return u < probability_exponential((v - threshold) / exc.escape_width, exc.escape_rate)


def fires_sigmoid(v, threshold, exc, work, team, k, j):
    """Whether neuron j fires in step k."""
    i = team.first + j
    u = chance_of(neuron_words(work.key, work.occasion, THRESHOLD, k, i), i)
    return u < probability_sigmoid((v - threshold) / exc.escape_width, exc.escape_rate)


def fires_mtj(v, threshold, exc, work, team, k, j):
    """Whether neuron j fires in step k."""
    i = team.first + j
    u = chance_of(neuron_words(work.key, work.occasion, THRESHOLD, k, i), i)
    return u < probability_mtj((v - threshold) / exc.escape_width, exc.escape_rate)


def jolt_none(v, exc, work, team, k, candidates):
    """Return whether any neuron may be above threshold after the noise of a step: there is none."""
    return candidates


def jolt_noise(v, exc, work, team, k, candidates):
    """Add the noise of a step to the potentials; return whether any neuron may be above threshold then."""
    found = False
    for j in range(v.shape[0]):
        i = team.first + j
        u = chance_of(neuron_words(work.key, work.occasion, NOISE, k, i), i)
        v[j] += exc.noise_step * (u - 0.5)
        found = found | (v[j] > work.low[j])
    return found


def probability(escape: Any, x: Any, dt_ms: float) -> Any:
    """Return the probability to fire in one step of neurons x widths above threshold, an array.

    Parameters
    ----------
    escape : EscapeParams
        Any mode but "none".
    x : array
    dt_ms : float
    """
    chosen = {"exponential": probability_exponential, "sigmoid": probability_sigmoid, "mtj": probability_mtj}
    return chosen[escape.mode](x, escape.rate_hz * dt_ms * 1e-3)


def reach(escape: Any, dt_ms: float) -> float:
    """Return how far from its threshold a neuron may fire, mV, at most 0: below, no random number is small enough.

    The smallest random number is 2**-33, and all three probabilities are below exp(x) times their rate per step.
    """
    if escape.mode == "none":
        return 0.0
    rate = 1.0 if escape.mode == "mtj" else escape.rate_hz * dt_ms * 1e-3
    return min(escape.width_mv * (-33 * math.log(2) - math.log(rate)), 0.0)


def noise_step(noise_mv: float, tau_mem_ms: float, dt_ms: float) -> float:
    """Return the factor of u - 1/2, u uniform on (0, 1), that is added to a potential in each step, mV.

    Only mean and variance of the increments matter for the laws of the potential, which sums many of them (the
    simplified weak Euler scheme: Kloeden & Platen 1992, section 14.1); a uniform number is cheaper than a normal one.
    With this variance, a potential that relaxes with tau_mem has the standard deviation ``noise_mv``.
    """
    return noise_mv * math.sqrt(-math.expm1(-2 * dt_ms / tau_mem_ms)) * math.sqrt(12.0)
