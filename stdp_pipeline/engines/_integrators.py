r"""One step of the membrane equation, as the fast engine compiles it.

.. math:: \tau \frac{dv}{dt} = (E_\text{rest} - v) + g_e (E_e - v) + g_i (E_i - v)

with conductances relative to the leak. ``c`` is a :class:`stdp_pipeline.engines._layout.NeuronConstants`.
"""

from __future__ import annotations

from stdp_pipeline.engines._intrinsics import fma
from stdp_pipeline.engines._slots import exp_neg

__all__ = ["advance_euler", "advance_exponential_euler", "advance_small_exponential_euler"]


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
