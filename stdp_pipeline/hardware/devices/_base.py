"""What imperfections are told about the devices, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["PHASES", "Devices", "Drawn", "Phase", "polynomial"]

Phase = Literal["target", "write", "age", "fault", "read", "update"]

PHASES: tuple[Phase, ...] = ("target", "write", "age", "fault", "read", "update")
"""In the order in which they act: what a device can be asked for, how it is written, what time does to it, defects,
how it is read; and how it answers to the pulses of learning in place."""

Drawn = Literal["never", "device", "write", "read"]
"""How often the random numbers of an imperfection are drawn: for each device once, at each write or at each read."""


@dataclass(frozen=True)
class Devices:
    """Devices of one specimen at one time.

    Attributes
    ----------
    g_min_us, g_max_us : float
        Range that the mapping uses, µS.
    target_us : (n_planes, n_rows, n_cols) float64
        Conductance that each was to be given, µS.
    time_s : float
        Time since the end of programming, s.
    write : int
        Number of this write of the whole array, from 0.
    read : int
        Number of this reading, for noise that stays for a whole pass over images.
    n_writes : (n_planes, n_rows, n_cols) float64 or None
        Writes that each device has seen, where that is known.
    n_references : int
        How many of the last columns are references.
    """

    g_min_us: float
    g_max_us: float
    target_us: np.ndarray
    time_s: float = 0.0
    write: int = 0
    read: int = 0
    n_writes: np.ndarray | None = None
    n_references: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all arrays of devices."""
        return self.target_us.shape


def polynomial(coefficients: list[float], x: np.ndarray) -> np.ndarray:
    """Return c[0] + c[1] x + c[2] x² ..."""
    return np.polynomial.polynomial.polyval(x, coefficients)
