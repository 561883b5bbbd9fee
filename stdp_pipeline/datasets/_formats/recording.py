"""One recording of an event camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stdp_pipeline.errors import DataError

__all__ = ["MAX_CHANNELS", "Fault", "Recording", "channels", "checked", "first_fault"]

MAX_CHANNELS = 2**16
"""Channels that a 16-bit number can tell apart."""

_DTYPES = {"time_us": np.int64, "x": np.uint16, "y": np.uint16, "polarity": np.bool_}


@dataclass(frozen=True)
class Recording:
    """Events of one recording, in the order of time.

    Attributes
    ----------
    time_us : (n,) int64
        Microseconds, not falling, from any origin: a camera's clock does not start with the recording.
    x, y : (n,) uint16
        The pixel: x to the right, y downwards, from the upper left.
    polarity : (n,) bool
        True for ON, where the pixel became brighter.
    width, height : int
        Size of the sensor in pixels.
    """

    time_us: np.ndarray
    x: np.ndarray
    y: np.ndarray
    polarity: np.ndarray
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.time_us)


def channels(recording: Recording) -> np.ndarray:
    """Return each event's channel: ``polarity * width * height + y * width + x``, so that OFF comes first.

    Returns
    -------
    (n,) uint16

    Raises
    ------
    DataError
        If the sensor has more than 32768 pixels, so that there are more channels than 16 bits can tell apart.
    """
    width, height = recording.width, recording.height
    if 2 * width * height > MAX_CHANNELS:
        raise DataError(
            f"{width} x {height} pixels with two polarities are more than {MAX_CHANNELS} channels; "
            "reduce the sensor's resolution first"
        )
    row = recording.polarity * np.uint32(height) + recording.y
    return (row * np.uint32(width) + recording.x).astype(np.uint16)


class Fault(NamedTuple):
    """The first event that is wrong: its place, what it is, and what it should be."""

    event: int
    found: str
    expected: str


def first_fault(recording: Recording) -> Fault | None:
    """Return the first event that is earlier than the one before it or outside of the sensor, or nothing."""
    time, faults = recording.time_us, []
    falls = np.flatnonzero(time[1:] < time[:-1])
    if len(falls):
        later = int(falls[0]) + 1
        faults.append(Fault(later, f"time {time[later]} us after {time[later - 1]} us", "times that do not fall"))
    for axis, values, size in (("x", recording.x, recording.width), ("y", recording.y, recording.height)):
        outside = np.flatnonzero(values >= size)
        if len(outside):
            first = int(outside[0])
            faults.append(Fault(first, f"{axis} = {values[first]}", f"{axis} from 0 to {size - 1}"))
    return min(faults, default=None)


def checked(recording: Recording, what: str) -> Recording:
    """Return the recording if it keeps its contract; ``what`` names it in messages.

    Raises
    ------
    DataError
        If the arrays differ in length or have another shape or type than they must, times run backwards, or an address
        is outside of the sensor.
    """
    for axis in ("width", "height"):
        if (size := getattr(recording, axis)) < 1:
            raise DataError(f"{what}: {axis} must be at least 1, got {size}")
    for name, dtype in _DTYPES.items():
        values = getattr(recording, name)
        if values.ndim != 1 or values.dtype != dtype:
            raise DataError(
                f"{what}: {name} must have one dimension of {np.dtype(dtype)}, got {values.ndim} of {values.dtype}"
            )
        if len(values) != len(recording):
            raise DataError(f"{what}: {len(recording)} values of time_us but {len(values)} of {name}")
    if fault := first_fault(recording):
        raise DataError(f"{what}, event {fault.event}: found {fault.found}, expected {fault.expected}")
    return recording
