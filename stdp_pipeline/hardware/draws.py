"""Random numbers of devices: each depends on what it is for, never on what was drawn before.

A draw of the hardware is one specimen of the chip, by seed and number. Its device-to-device numbers are the same at
every write and every read; another write or another read has others.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

__all__ = ["Draws"]

_HARDWARE = 0x68617264
"""Last word of the counter: tells these numbers from those of :func:`stdp_pipeline.random.uniforms`."""


@dataclass(frozen=True)
class Draws:
    """The random numbers of one specimen.

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
        return ndtri(self.uniforms(purpose, shape, occasion))
