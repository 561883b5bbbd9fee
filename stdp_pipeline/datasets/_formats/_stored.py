"""Read a store of event recordings; its layout is described in :mod:`stdp_pipeline.datasets._formats.store`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["DTYPES", "FORMAT", "SPLITS", "VERSION", "Stored", "known", "read"]

FORMAT = "stdp_pipeline AER"
VERSION = 1
SPLITS = ("train", "test")
DTYPES = {"time_us": np.uint32, "channel": np.uint16, "offsets": np.int64, "labels": np.uint8}

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Stored:
    """One split of a store.

    Attributes
    ----------
    time_us : (n_events,) uint32
        Microseconds from the recording's start.
    channel : (n_events,) uint16
        ``polarity * width * height + y * width + x``.
    offsets : (n_recordings + 1,) int64
        Recording k's events are ``time_us[offsets[k]:offsets[k + 1]]``.
    labels : (n_recordings,) uint8
    width, height : int
        Size of the sensor in pixels.
    n_classes : int
    """

    time_us: np.ndarray
    channel: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    width: int
    height: int
    n_classes: int

    def __len__(self) -> int:
        return len(self.labels)


def known(split: str) -> str:
    """Return the split's name.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if split not in SPLITS:
        raise ConfigError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    return split


def read(path: Path, split: str) -> Stored:
    """Read one split into memory, 6 bytes per event.

    Parameters
    ----------
    path : Path
    split : str
        ``"train"`` or ``"test"``.

    Returns
    -------
    Stored

    Raises
    ------
    ConfigError
        If the split is unknown.
    DataError
        If the file cannot be read, is not HDF5, of another format or version, truncated or damaged, lacks an array, or
        its offsets, labels, channels or times are inconsistent.
    """
    known(split)
    try:
        with path.open("rb") as opened:
            found = opened.read(len(_SIGNATURE))
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}; expected an HDF5 file") from error
    if found != _SIGNATURE:
        what = repr(found) if found else "an empty file"
        raise DataError(f"'{path}', byte 0: found {what}, expected {_SIGNATURE!r}, the start of an HDF5 file")
    try:
        # A store never changes, and some network file systems cannot lock.
        with h5py.File(path, "r", locking=False) as file:
            sizes = _sizes(path, file)
            time_us, channel, offsets, labels = (_array(path, file, f"{split}/{name}") for name in DTYPES)
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        n_bytes = path.stat().st_size
        raise DataError(
            f"'{path}' ends after {n_bytes} bytes and is truncated or damaged: {error}; make or get it again"
        ) from error
    stored = Stored(time_us, channel, offsets, labels, **sizes)
    _check(stored, f"'{path}', {split}")
    return stored


def _sizes(path: Path, file: Any) -> dict[str, int]:
    """Return width, height and number of classes of a file of our format and version."""
    for name, expected in (("format", FORMAT), ("version", VERSION)):
        found = file.attrs.get(name)
        found = found.decode(errors="replace") if isinstance(found, bytes) else found
        if str(found) != str(expected):
            raise DataError(f"'{path}', attribute {name}: found {found!r}, expected {expected!r}; is it another file?")
    sizes = {}
    for name in ("width", "height", "n_classes"):
        found = file.attrs.get(name)
        if not isinstance(found, np.integer) or found < 1:
            raise DataError(f"'{path}', attribute {name}: found {found!r}, expected a whole number of at least 1")
        sizes[name] = int(found)
    return sizes


def _array(path: Path, file: Any, name: str) -> np.ndarray:
    """Return one array of the right type."""
    if not isinstance(array := file.get(name), h5py.Dataset):
        raise DataError(f"'{path}' has no array {name}; was another program at work?")
    dtype = np.dtype(DTYPES[name.partition("/")[2]])
    if array.ndim != 1 or array.dtype != dtype:
        raise DataError(f"'{path}', {name}: found {array.ndim} dimensions of {array.dtype}, expected one of {dtype}")
    # Before memory is taken: a damaged length may be any number.
    if array.chunks and len(array) > (held := array.id.get_num_chunks() * array.chunks[0]):
        raise DataError(
            f"'{path}', {name}: found a length of {len(array)}, expected at most {held}, what its chunks hold"
        )
    return array[:]


def _check(stored: Stored, what: str) -> None:
    """Raise a DataError if the arrays do not fit together; ``what`` names file and split."""
    offsets, labels, channel, time = stored.offsets, stored.labels, stored.channel, stored.time_us
    if len(time) != len(channel):
        raise DataError(f"{what}/channel: found {len(channel)} events, expected {len(time)} as in time_us")
    if len(offsets) != len(labels) + 1:
        raise DataError(f"{what}/offsets: found {len(offsets)}, expected {len(labels) + 1}, one more than labels")
    for index, expected in ((0, 0), (len(labels), len(time))):
        if offsets[index] != expected:
            raise DataError(f"{what}/offsets[{index}]: found {offsets[index]}, expected {expected}")
    _refuse(offsets, np.flatnonzero(offsets[1:] < offsets[:-1]) + 1, f"{what}/offsets", "offsets that do not fall")
    _refuse(labels, np.flatnonzero(labels >= stored.n_classes), f"{what}/labels", f"0 to {stored.n_classes - 1}")
    n_channels = 2 * stored.width * stored.height
    _refuse(channel, np.flatnonzero(channel >= n_channels), f"{what}/channel", f"0 to {n_channels - 1}")
    # Time may fall where a recording begins, and only there.
    falls = np.flatnonzero(time[1:] < time[:-1]) + 1
    _refuse(time, np.setdiff1d(falls, offsets), f"{what}/time_us", "times that do not fall within a recording")


def _refuse(values: np.ndarray, wrong: np.ndarray, what: str, expected: str) -> None:
    """Raise a DataError that names the first of the wrong indices, if there is one."""
    if len(wrong):
        index = int(wrong[0])
        before = f" after {values[index - 1]}" if index else ""
        raise DataError(f"{what}[{index}]: found {values[index]}{before}, expected {expected}")
