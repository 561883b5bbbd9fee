r"""Weights that are conductances of real devices: what a learning pulse does to them.

A rule says by how much a weight should change. The device gets a whole number of pulses for it, chance deciding about
the fraction so that the mean is right, and each pulse does what its device makes of it: less towards the end of its
range (NeuroSim's curve), more or less than in other devices, and something else each time. One pulse from end to end
makes a binary device, whose probability to switch is the change that the rule wanted.

In a place p of its range, 0 to 1, n pulses up bring a device to

.. math:: p' = c - (c - p) e^{-n / (a N)}, \quad c = 1 / (1 - e^{-1/a}),

which is NeuroSim's curve p(m) = c (1 - exp(-m / (a N))), continued from wherever the device is. N is the number of
pulses from one end to the other. Pulses down are the same seen from the other end.

References
----------
.. [1] Chen, Peng & Yu (2018), "NeuroSim: a circuit-level macro model for benchmarking neuro-inspired architectures in
   online learning", IEEE Trans. Comput.-Aided Design 37:3067, doi:10.1109/TCAD.2018.2789723; MLP+NeuroSim V3.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.plasticity._base import exp_neg
from stdp_pipeline.random import Draws

__all__ = ["DeviceConstants", "DeviceParams", "Specimen", "curvature", "device_constants", "moved", "specimen"]

Share = Annotated[float, Field(ge=0, le=1)]
Label = Annotated[float, Field(ge=0, le=9)]


class DeviceParams(Strict):
    """How devices answer to pulses, and how they differ."""

    pulses: Annotated[int, Field(ge=1, le=100_000)] = 97
    """Pulses from one end of the range to the other (Ag:a-Si: 97 up, 100 down [1]); 1 for a binary device."""
    curve: Literal["neurosim", "soft_bounds"] = "neurosim"
    """'neurosim': its curve, which leads from end to end in so many pulses; 'soft_bounds': steps in proportion to what
    is left, the first one a share 1 / pulses of the range, so that no number of pulses leads quite to the end (the
    labels below are not used)."""
    nonlinearity_up: Label = 2.4
    """NeuroSim's label of the curve of pulses up: 0 for equal steps, 9 for a curve that does nearly all at once
    (Ag:a-Si: 2.4 [1]). The largest distance of the curve from a straight line is 0.099 times the label."""
    nonlinearity_down: Label = 4.88
    """The same of pulses down, without its sign (Ag:a-Si: 4.88 [1])."""
    depression: Literal["pulses", "reset"] = "pulses"
    """How a weight gets smaller: by pulses, or, in devices that can only be melted as a whole (phase-change memory), by
    a reset to the lower end, with such a probability that the mean is what the rule wanted."""
    cycle_to_cycle: Annotated[float, Field(ge=0, le=1)] = 0.035
    """Standard deviation of what one pulse does, as a share of the range; it grows with the root of their number
    (Ag:a-Si: 0.035 [1])."""
    step_spread: Annotated[float, Field(ge=0, le=2)] = 0.0
    """From device to device: standard deviation of the logarithm of the size of steps, up and down independently; of
    binary devices, of the probability to switch."""
    high: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Nominal upper end of the range, as a share of network.w_max. One below 1 leaves room for devices whose range is
    larger, since no device goes beyond network.w_max."""
    range_spread: Annotated[float, Field(ge=0, le=2)] = 0.0
    """From device to device: standard deviation of the upper end, as a share of the nominal one."""
    low_spread: Annotated[float, Field(ge=0, le=1)] = 0.0
    """From device to device: standard deviation of the lower end about network.w_min, as a share of the range from
    there to network.w_max. A device that conducts less than the reference has a negative weight."""
    stuck_off: Share = 0.0
    """Share of devices that stay at their lower end, whatever is done to them."""
    stuck_on: Share = 0.0
    """Share of devices that stay at their upper end."""

    @model_validator(mode="after")
    def _at_most_all(self) -> DeviceParams:
        if self.stuck_off + self.stuck_on > 1:
            raise ValueError(f"stuck_off and stuck_on must be at most 1, got {self.stuck_off:g} + {self.stuck_on:g}")
        return self


@cache
def curvature(label: float) -> float:
    """Return the constant a of the curve whose largest distance from a straight line is 0.099 times the label.

    NeuroSim has a table of it. To its four digits, the table is this.
    """
    from scipy.optimize import brentq

    if label < 0.05:  # as good as straight, and single precision can still tell the steps
        label = 0.05

    def distance(a: float) -> float:
        whole = -math.expm1(-1 / a)
        p = -a * math.log(a * whole)
        return -math.expm1(-p / a) / whole - p

    return float(brentq(lambda a: distance(a) - 0.099 * label, 1e-3, 1e3, xtol=1e-12))


class DeviceConstants(NamedTuple):
    """What :func:`moved` reads."""

    pulses: float  # for a change by network.w_max - network.w_min
    k_up: float  # exponent of a pulse
    k_down: float
    c_up: float  # where pulses would lead in the end
    c_down: float
    noise: float  # of a pulse, for a number whose variance is that of two bytes
    resets: float  # 1 if weights get smaller by a reset
    by_chance: float  # 1 if devices differ in the probability of a pulse, 0 if in its effect


def device_constants(params: DeviceParams) -> DeviceConstants:
    """Return the numbers that :func:`moved` needs."""
    a_up, a_down = curvature(params.nonlinearity_up), curvature(params.nonlinearity_down)
    soft = params.curve == "soft_bounds"
    return DeviceConstants(
        pulses=params.pulses / params.high,
        k_up=1 / params.pulses if soft else 1 / (a_up * params.pulses),
        k_down=1 / params.pulses if soft else 1 / (a_down * params.pulses),
        c_up=1.0 if soft else -1 / math.expm1(-1 / a_up),
        c_down=1.0 if soft else -1 / math.expm1(-1 / a_down),
        noise=params.cycle_to_cycle / math.sqrt(2 * (256**2 - 1) / 12),
        resets=float(params.depression == "reset"),
        by_chance=float(params.pulses == 1),
    )


@dataclass(frozen=True)
class Specimen:
    """Devices of one seed: they never change.

    Attributes
    ----------
    up, down : (n_input, n_exc) float32
        Factors of their steps; both 0 for a stuck device.
    low, high : (n_input, n_exc) float32
        Ends of the range: 0 is network.w_min, 1 network.w_max.
    stuck_at : (n_input, n_exc) float32
        Where a stuck device is; NaN for others.
    """

    up: np.ndarray
    down: np.ndarray
    low: np.ndarray
    high: np.ndarray
    stuck_at: np.ndarray


def specimen(params: DeviceParams, shape: tuple[int, int], draws: Draws) -> Specimen:
    """Draw the devices between inputs and neurons.

    Parameters
    ----------
    params : DeviceParams
    shape : (n_input, n_exc)
    draws : Draws
    """
    up, down = (np.exp(params.step_spread * draws.normals(f"steps {way}", shape)) for way in ("up", "down"))
    high = np.clip(params.high * (1 + params.range_spread * draws.normals("range", shape)), 0.01, 1.0)
    low = np.clip(params.low_spread * draws.normals("lower end", shape), -0.5, high - 0.005)
    u = draws.uniforms("stuck while learning", shape)
    off, on = u < params.stuck_off, u >= 1 - params.stuck_on
    works = ~(off | on)
    stuck_at = np.where(off, low, np.where(on, high, np.nan))
    return Specimen(*(array.astype(np.float32) for array in (up * works, down * works, low, high, stuck_at)))


def moved(x, d, u, up, down, low, high, c):
    """Return where a device is after the pulses for one change.

    Parameters
    ----------
    x : float or array
        Place between network.w_min, 0, and network.w_max, 1: from the device's ``low`` to its ``high``.
    d : float or array
        Change that is wanted, in the same measure.
    u : float or array
        Uniform on (0, 1), with 32 random bits: the upper half decides about the fraction of a pulse, the lower half is
        the noise, as the sum of two bytes.
    up, down, low, high : float or array
        See :class:`Specimen`.
    c : DeviceConstants

    Returns
    -------
    float or array
    """
    coarse = np.floor(u * 65536.0)
    chance = (coarse + 0.5) * (1.0 / 65536.0)
    left = (u * 65536.0 - coarse) * 256.0
    byte = np.floor(left)
    noise = (byte + np.floor((left - byte) * 256.0) - 255.0) * c.noise
    rises = (d > 0) * 1.0
    place = (x - low) / (high - low)
    factor = rises * up + (1.0 - rises) * down
    size = abs(d) * c.pulses * (1.0 + c.by_chance * (factor - 1.0))
    n = np.floor(size + chance)
    # A reset: one pulse, with the probability that makes the mean right.
    hit = (chance * (x - low) < abs(d)) * (abs(d) > 0) * 1.0
    falls_at_once = (1.0 - rises) * c.resets
    n = n + falls_at_once * (hit - n)
    effect = factor + c.by_chance * (1.0 - factor)
    kept = exp_neg(n * effect * (rises * c.k_up + (1.0 - rises) * c.k_down))
    above = c.c_up - (c.c_up - place) * kept
    below = 1.0 - (c.c_down - (c.c_down - 1.0 + place) * kept)
    below = below + c.resets * ((1.0 - hit) * place - below)
    new = rises * above + (1.0 - rises) * below
    works = (up > 0) * 1.0
    new = new + (1.0 - falls_at_once) * np.sqrt(n) * noise
    new = new * (new > 0)
    new = new + (1.0 - new) * (new > 1.0)
    # No pulse, and a stuck device, leave everything as it is, to the last bit.
    changes = works * (n > 0)
    return x + changes * (low + (high - low) * new - x)
