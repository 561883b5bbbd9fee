"""Counter-based randomness: a draw depends on what it is for, never on when it is made.

Every random number of the pipeline is a pure function of (seed, purpose, counters). So the spikes of a
presentation do not depend on the order of images, the size of a batch, the number of workers, a resume or the
engine, and nothing has to be stored to be repeatable.

Two generators are offered, both of the Philox family:

* :func:`philox4x32` for code that is compiled: plain integer arithmetic on ``uint64`` words. Besides input spikes it
  serves stochastic synapses (:func:`synapse_words`), the spread of devices (:func:`device_normals`) and stochastic
  neurons (:func:`neuron_words`). The last word of the counter keeps them apart: 0 and 1 are the input spikes of the
  two splits, 2 a synapse at a spike, 3 a device, 4 and 5 the threshold of a neuron, 6 and 7 its noise.
* :func:`uniforms` for arrays drawn once (initial weights, shuffles), and :class:`Draws` for those of devices: NumPy's
  own Philox bit generator, read as raw words because only those are guaranteed to stay the same between NumPy versions
  (NEP 19).

References
----------
.. [1] Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC11,
   doi:10.1145/2063384.2063405.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

__all__ = [
    "FROZEN_PASS",
    "ROUNDING",
    "SPLIT_CODES",
    "Draws",
    "chance_of",
    "chances_of",
    "device_normals",
    "neuron_words",
    "philox4x32",
    "seed_words",
    "shuffled",
    "synapse_chance",
    "synapse_words",
    "uniforms",
]

SPLIT_CODES = {"train": 0, "test": 1}
"""Counter word that tells the data splits apart."""

FROZEN_PASS = 0xFFFF
"""Pass number of presentations without learning (labelling and testing)."""

ROUNDING = 2
"""Added to ``kind`` of :func:`synapse_words`: the number that rounds a weight to one of its levels. 4 is the rounding
after weights were scaled to their sum."""

# Multipliers and Weyl increments of Philox-4x32, table 2 of [1].
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW32 = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)


def philox4x32(k0, k1, c0, c1, c2, c3):
    """Return the four 32-bit words of Philox-4x32-10 for one key and one counter.

    Parameters
    ----------
    k0, k1 : uint64
        Key words, each below 2**32.
    c0, c1, c2, c3 : uint64
        Counter words, each below 2**32.

    Returns
    -------
    tuple of four uint64
        Independent words, each uniform on [0, 2**32).

    Notes
    -----
    Plain Python on purpose: the fast engine compiles this source, and the tests run it as it stands against the
    known answers of the Random123 distribution and against NumPy's generator of the same family.
    """
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT32) ^ c1 ^ k0,
            p1 & _LOW32,
            (p0 >> _SHIFT32) ^ c3 ^ k1,
            p0 & _LOW32,
        )
        k0 = (k0 + _W0) & _LOW32
        k1 = (k1 + _W1) & _LOW32
    return c0, c1, c2, c3


def seed_words(seed: int) -> tuple[np.uint64, np.uint64]:
    """Split a seed into the two 32-bit key words of :func:`philox4x32`."""
    return np.uint64(seed & 0xFFFFFFFF), np.uint64((seed >> 32) & 0xFFFFFFFF)


def synapse_words(key, t, kind, i, j):
    """Return the four random words that input i shares with three others at one spike: i // 4 decides which four.

    Parameters
    ----------
    key : (2,) uint64
        From :func:`seed_words`.
    t : int
        Step since the start of training.
    kind : int
        0 for a presynaptic spike, 1 for a postsynaptic one; see also :data:`ROUNDING`.
    i, j : int, or arrays of int
        Input and neuron, below 65 536.

    Returns
    -------
    tuple of four uint64
    """
    low32 = np.uint64(0xFFFFFFFF)
    now = np.uint64(t)
    where = (np.uint64(i) >> np.uint64(2)) | (np.uint64(j) << np.uint64(16))
    when = ((now >> np.uint64(32)) & np.uint64(0xFFFF)) | (np.uint64(kind) << np.uint64(16))
    return philox4x32(key[0], key[1], where, now & low32, when, np.uint64(2))


def neuron_words(key, occasion, purpose, k, j):
    """Return the four random words that neuron j shares with three others in one step: j // 4 decides which four.

    Parameters
    ----------
    key : (2,) uint64
        From :func:`seed_words`.
    occasion : (3,) uint64
        The presentation: image, pass * 65 536 + attempt, code of the split.
    purpose : int
        4 for the threshold, 6 for noise.
    k : int
        Step within the presentation, below 65 536.
    j : int, or array of int
        Neuron, below 65 536.

    Returns
    -------
    tuple of four uint64
    """
    where = (np.uint64(j) >> np.uint64(2)) | (np.uint64(k) << np.uint64(16))
    return philox4x32(key[0], key[1], where, occasion[0], occasion[1], occasion[2] + np.uint64(purpose))


def chance_of(words, i):
    """Return the uniform number on (0, 1) of number i among the four that share these words."""
    place = np.uint64(i) & np.uint64(3)
    word = words[0] if place == 0 else words[1] if place == 1 else words[2] if place == 2 else words[3]
    return (word + 0.5) * 2.0**-32


def chances_of(words, i):
    """Return :func:`chance_of` for an array i, and words of arrays of its shape."""
    return (np.choose(np.asarray(i) & 3, np.broadcast_arrays(*words)) + 0.5) * 2.0**-32


def synapse_chance(key, t, kind, i, j):
    """Return the uniform number on (0, 1) of the synapse from input i to neuron j at one spike: see the words."""
    return chance_of(synapse_words(key, t, kind, i, j), i)


def device_normals(key, i, j):
    """Return the four standard normal numbers of the device between input i and neuron j: they never change.

    Parameters
    ----------
    key : (2,) uint64
        From :func:`seed_words`.
    i, j : int, or arrays of int
        Input and neuron, below 65 536.

    Returns
    -------
    tuple of four float
        By the method of Box and Muller (1958), doi:10.1214/aoms/1177706645.
    """
    where = np.uint64(i) | (np.uint64(j) << np.uint64(16))
    a, b, c, d = philox4x32(key[0], key[1], where, np.uint64(0), np.uint64(0), np.uint64(3))
    r = np.sqrt(-2.0 * np.log((a + 0.5) * 2.0**-32))
    s = np.sqrt(-2.0 * np.log((c + 0.5) * 2.0**-32))
    turn = 2.0**-32 * 2.0 * np.pi
    return r * np.cos(turn * b), r * np.sin(turn * b), s * np.cos(turn * d), s * np.sin(turn * d)


_PURPOSES = {"weights": 1, "order": 2, "embedding": 3, "delays": 4, "levels": 5}


def uniforms(seed: int, purpose: str, n: int, index: int = 0) -> np.ndarray:
    """Draw ``n`` uniforms on [0, 1) that belong to one purpose of one seed.

    Parameters
    ----------
    seed : int
        Seed of the run, 0 to 2**63 - 1.
    purpose : {"weights", "order", "embedding", "delays", "levels"}
        What the numbers are for; different purposes give independent numbers.
    n : int
        How many.
    index : int, default 0
        Distinguishes repeated draws for one purpose, for example the pass number of a shuffle.

    Returns
    -------
    numpy.ndarray, (n,) float64
    """
    counter = np.array([0, index, _PURPOSES[purpose], 0], dtype=np.uint64)
    key = np.array([seed, 0], dtype=np.uint64)
    raw = np.random.Philox(key=key, counter=counter).random_raw(n)
    return (raw >> np.uint64(11)) * 2.0**-53


def shuffled(seed: int, n: int, index: int) -> np.ndarray:
    """Return a permutation of ``range(n)`` for one seed and one pass, (n,) int64."""
    return np.argsort(uniforms(seed, "order", n, index), kind="stable").astype(np.int64)


_HARDWARE = 0x68617264
"""Last word of the counter of :class:`Draws`: tells its numbers from those of :func:`uniforms`."""


@dataclass(frozen=True)
class Draws:
    """The random numbers of one specimen of a chip, by seed and number.

    Each depends on what it is for, never on what was drawn before. Device-to-device numbers are the same at every write
    and every read; another write or another read has others.

    Attributes
    ----------
    seed : int
        0 to 2**63 - 1.
    specimen : int
        Which chip of its kind, from 0.
    """

    seed: int
    specimen: int = 0

    def uniforms(self, purpose: str, shape: tuple[int, ...], occasion: int = 0) -> np.ndarray:
        """Draw uniform numbers on (0, 1).

        Parameters
        ----------
        purpose : str
            What they are for; different purposes give independent numbers.
        shape : tuple of int
        occasion : int, default 0
            Number of the write or read; 0 for what is drawn once for each device.

        Returns
        -------
        float64
        """
        counter = np.array([0, occasion, zlib.crc32(purpose.encode()), _HARDWARE], np.uint64)
        key = np.array([self.seed, self.specimen], np.uint64)
        raw = np.random.Philox(key=key, counter=counter).random_raw(int(np.prod(shape)))
        return (((raw >> np.uint64(12)) + 0.5) * 2.0**-52).reshape(shape)

    def normals(self, purpose: str, shape: tuple[int, ...], occasion: int = 0) -> np.ndarray:
        """Draw standard normal numbers; see :meth:`uniforms`."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.uniforms(purpose, shape, occasion)))
