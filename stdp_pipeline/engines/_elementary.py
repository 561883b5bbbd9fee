"""Elementary functions in the precision of the run, as the fast engine compiles them.

Those of single precision have no branch and call no library, so that loops over them become vector instructions.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "either_float32",
    "either_float64",
    "exp_neg_float32",
    "exp_neg_float64",
    "power_float32",
    "power_float64",
    "real_float32",
    "real_float64",
]


def real_float64(x):
    """Return a whole number as a real one of double precision."""
    return np.float64(x)


def real_float32(x):
    """Return a whole number as a real one of single precision: compiled code would choose double precision."""
    return np.float32(x)


def either_float64(found, x):
    """Return an integer that is negative if ``found`` or x is; see :func:`either_float32`."""
    return np.int64(found | np.float64(x).view(np.int64))


def either_float32(found, x):
    """Return an integer that is negative if ``found`` or x is.

    An "or" of the sign bits stays within the vector registers. An "or" of comparisons took 15 % of the time of the
    pass over the neurons, a maximum of floats, whose order matters, fifteen times as long.
    """
    return np.int32(found | np.float32(x).view(np.int32))


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


def power_float64(base, exponent):
    """base**exponent for base >= 0 in double precision."""
    return math.pow(base, exponent)


def power_float32(base, exponent):
    r"""base**exponent for base >= 0 in single precision, as exp(exponent ln(base)).

    With base = 2**n m, m in [sqrt(1/2), sqrt(2)), and s = (m - 1) / (m + 1):
    ln m = 2 (s + s^3/3 + s^5/5 + ...), exact to 1e-9 up to s^9, since \|s\| <= 0.172.
    With z = exponent ln(base) the relative error is below (2 + 1.5 z) 2**-23, taking z as positive; beyond z = 80 the
    result stays at exp(80) or exp(-80).
    """
    bits = np.float32(base).view(np.int32)
    n = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))  # 0x3F3504F3: the bits of sqrt(1/2)
    m = np.int32(bits - np.int32(n << np.int32(23))).view(np.float32)
    s = (m - np.float32(1.0)) / (m + np.float32(1.0))
    q = s * s
    p = np.float32(1.0 / 9.0)
    p = p * q + np.float32(1.0 / 7.0)
    p = p * q + np.float32(1.0 / 5.0)
    p = p * q + np.float32(1.0 / 3.0)
    p = p * q + np.float32(1.0)
    z = np.float32(exponent) * (np.float32(2.0) * s * p + np.float32(n) * np.float32(0.6931471805599453))
    e = exp_neg_float32(abs(z))
    value = e if z <= 0 else np.float32(1.0) / e
    at_zero = np.float32(1.0) if exponent == 0 else np.float32(0.0)
    return value if base > 0 else at_zero
