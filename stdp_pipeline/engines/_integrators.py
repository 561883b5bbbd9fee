r"""One step of the membrane equation, as the fast engine compiles it.

.. math:: \tau \frac{dv}{dt} = (E_\text{rest} - v) + g_e (E_e - v) + g_i (E_i - v)

with conductances relative to the leak. ``c`` is a :class:`stdp_pipeline.engines._layout.NeuronConstants`.
"""

from __future__ import annotations

import math

import numpy as np

from stdp_pipeline.engines._fma import fma
from stdp_pipeline.engines._slots import exp_neg

__all__ = ["advance_euler", "advance_exponential_euler", "exp_neg_float32", "exp_neg_float64"]


def advance_euler(v, g_exc, g_inh, c):
    """Forward Euler, as in the released code. Unstable once ``leak * g`` exceeds 2."""
    return v + c.leak * ((c.e_rest - v) + g_exc * (c.e_exc - v) + g_inh * (c.e_inh - v))


def advance_exponential_euler(v, g_exc, g_inh, c):
    """Exact step for conductances frozen at their mean over the step: stable for any conductance."""
    e = g_exc * c.mean_exc
    i = g_inh * c.mean_inh
    total = c.one + e + i
    v_inf = (c.e_rest + e * c.e_exc + i * c.e_inh) / total
    return v_inf + (v - v_inf) * exp_neg(c.leak * total)


def advance_small_exponential_euler(v, g_exc, g_inh, c):
    r"""Exponential Euler in single precision where x = leak * total is at most 0.25: no exponential, no division.

    .. math:: v + (1 - e^{-x}) (v_\infty - v) = v + \varphi(x) \, x \, (v_\infty - v),
        \qquad \varphi(x) = \frac{1 - e^{-x}}{x}

    x (v_inf - v) needs no division either, since x v_inf is linear in the conductances.
    """
    x = fma(g_inh, c.leak_inh, fma(g_exc, c.leak_exc, c.leak))
    drive = fma(-x, v, fma(g_exc, c.drive_exc, fma(g_inh, c.drive_inh, c.drive_rest)))
    p = fma(x, c.phi[4], c.phi[3])
    p = fma(x, p, c.phi[2])
    p = fma(x, p, c.phi[1])
    p = fma(x, p, c.phi[0])
    return fma(p, drive, v)


def exp_neg_float64(x):
    """exp(-x) in double precision."""
    return math.exp(-x)


def exp_neg_float32(x):
    r"""exp(-x) for x >= 0 in single precision, without a branch, so that a loop over it vectorises.

    Range reduction x = n ln 2 + r with \|r\| <= ln 2 / 2, a polynomial for exp(-r), and 2**-n written into the
    exponent bits. The Taylor polynomial of degree 7 is exact to 6e-9 on that range, below single precision's 6e-8.
    ln 2 is split in two so that n ln 2 is subtracted without rounding (Cody & Waite 1980).
    """
    x = min(x, np.float32(80.0))
    n = np.int32(x * np.float32(1.4426950408889634) + np.float32(0.5))
    f = np.float32(n)
    r = f * np.float32(0.693359375) - x + f * np.float32(-2.12194440e-4)
    p = np.float32(1.0 / 5040.0)
    p = p * r + np.float32(1.0 / 720.0)
    p = p * r + np.float32(1.0 / 120.0)
    p = p * r + np.float32(1.0 / 24.0)
    p = p * r + np.float32(1.0 / 6.0)
    p = p * r + np.float32(0.5)
    p = p * r + np.float32(1.0)
    p = p * r + np.float32(1.0)
    return p * np.int32((np.int32(127) - n) << np.int32(23)).view(np.float32)
