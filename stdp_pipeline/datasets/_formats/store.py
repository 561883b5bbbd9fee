"""Our own store of event recordings: a whole data set in one HDF5 file.

Layout, version 1:

* attributes of the root: ``format = "stdp_pipeline AER"`` (bytes), ``version = 1``, ``width``, ``height``,
  ``n_classes``;
* groups ``train`` and ``test``, each with one-dimensional arrays

  - ``time_us`` (n_events,) uint32: microseconds from the recording's start, not falling within a recording;
  - ``channel`` (n_events,) uint16: ``polarity * width * height + y * width + x``, so that OFF comes first;
  - ``offsets`` (n_recordings + 1,) int64: recording k is ``time_us[offsets[k]:offsets[k + 1]]``, likewise ``channel``;
  - ``labels`` (n_recordings,) uint8.

The file is of HDF5 1.10. Arrays are cut into chunks, shuffled (bytes of equal weight side by side), packed with gzip at
level 1, which every HDF5 library reads, and given a checksum. Measured on 2026-11-25, one core, 551 747 events of 100
MNIST digits in three simulated saccades, bytes per event / ns to write / ns to read one, all shuffled: gzip-1 2.67 / 70
/ 18, with checksum 2.67 / 72 / 19, gzip-2 2.62 / 73 / 17, gzip-3 2.58 / 85 / 17, gzip-4 2.53 / 84 / 19, lzf 3.04 / 35 /
17; not packed 6.55 / 16 / 4.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from stdp_pipeline.datasets._formats._stored import DTYPES, FORMAT, SPLITS, VERSION, Stored, known, read
from stdp_pipeline.datasets._formats.recording import MAX_CHANNELS, Recording, channels, checked
from stdp_pipeline.errors import DataError, ResultsError

__all__ = ["FORMAT", "SPLITS", "VERSION", "Stored", "Writer", "read"]

_CHUNKS = {"time_us": 2**16, "channel": 2**16, "offsets": 2**12, "labels": 2**12}
_FILTERS = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True}
_MAX_US = 2**32 - 1
_MAX_CLASSES = 2**8
_BUFFERED_EVENTS = 2**20


class Writer:
    """Write a store, one recording after the other, so that it may be larger than memory.

    To be used in ``with``. The file appears under its name when the block ends without an error, complete; until then,
    it has a temporary name beside it, which is removed if there is an error. What a killed job leaves is a hidden file
    with the ending ``.part``.

    Parameters
    ----------
    path : Path
        The store; it is replaced if it exists.
    width, height : int
        Size of the sensor in pixels; at most 32768 pixels, since each has two channels and their number has 16 bits.
    n_classes : int
        1 to 256; labels are 0 to ``n_classes - 1``.

    Raises
    ------
    DataError
        If size or number of classes cannot be represented.
    ResultsError
        If the file cannot be written. The same holds for its methods.
    """

    def __init__(self, path: Path, width: int, height: int, n_classes: int) -> None:
        if min(width, height) < 1 or 2 * width * height > MAX_CHANNELS:
            raise DataError(
                f"'{path}': a store holds 1 to {MAX_CHANNELS // 2} pixels, got {width} x {height}; "
                "reduce the sensor's resolution first"
            )
        if not 1 <= n_classes <= _MAX_CLASSES:
            raise DataError(f"'{path}': a store holds 1 to {_MAX_CLASSES} classes, got {n_classes}")
        self._path, self._part = path, path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        self._width, self._height, self._n_classes = width, height, n_classes
        self._buffers = {split: _Buffer() for split in SPLITS}
        self._file: h5py.File | None = None

    def __enter__(self) -> Writer:
        with self._explained():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # From HDF5 1.10 on, what describes the arrays has checksums, too; older forms make HDF5 crash when damaged.
            self._file = h5py.File(self._part, "x", libver=("v110", "v110"), locking=False)
            try:
                self._lay_out(self._file)
            except BaseException:
                self._discard()
                raise
        return self

    def append(self, split: str, recording: Recording, label: int, start_us: int | None = None) -> None:
        """Append one recording to a split.

        Parameters
        ----------
        split : str
            ``"train"`` or ``"test"``.
        recording : Recording
            Of the store's size; shorter than 2**32 us (71.6 minutes).
        label : int
            0 to ``n_classes - 1``.
        start_us : int, optional
            When the recording started, in its own time; stored times count from there. Without it, the recording
            starts with its first event. N-MNIST's times count from the start: pass 0.

        Raises
        ------
        ConfigError
            If the split is unknown.
        DataError
            If the recording is inconsistent, of another size, starts before ``start_us`` or lasts too long, or the
            label is not one of the classes. Nothing is appended then.
        """
        buffer = self._buffers[known(split)]
        self._opened()
        what = f"recording {len(buffer.lengths)} of {split} for '{self._path}'"
        checked(recording, what)
        if (recording.width, recording.height) != (self._width, self._height):
            raise DataError(
                f"{what} has {recording.width} x {recording.height} pixels, the store {self._width} x {self._height}"
            )
        if not 0 <= label < self._n_classes:
            raise DataError(f"{what}: label must be 0 to {self._n_classes - 1}, got {label}")
        time = recording.time_us
        if len(time):
            start = int(time[0]) if start_us is None else start_us
            # In Python's numbers, which do not overflow whatever the camera's clock says.
            for index in (0, len(time) - 1):
                if not 0 <= (since := int(time[index]) - start) <= _MAX_US:
                    raise DataError(
                        f"{what}, event {index}: found time {since} us from the recording's start, "
                        f"expected 0 to {_MAX_US}; see start_us"
                    )
            time = time - start
        buffer.add(time.astype(np.uint32), channels(recording), label)
        if buffer.n_events >= _BUFFERED_EVENTS:
            self._flush(split)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._discard()

    def _lay_out(self, file: Any) -> None:
        """Write the attributes and empty arrays."""
        sizes = {"width": self._width, "height": self._height, "n_classes": self._n_classes}
        # Of fixed length: HDF5 keeps other strings in a place without checksum.
        file.attrs["format"] = np.bytes_(FORMAT)
        file.attrs.update({"version": VERSION, **sizes})
        for split in SPLITS:
            group = file.create_group(split)
            for name, dtype in DTYPES.items():
                group.create_dataset(name, (0,), dtype, chunks=(_CHUNKS[name],), maxshape=(None,), **_FILTERS)

    def _flush(self, split: str) -> None:
        """Move the buffered events to the file."""
        buffer = self._buffers[split]
        with self._explained():
            for name, arrays in buffer.events.items():
                if arrays:
                    _extend(self._opened()[split][name], np.concatenate(arrays))
        buffer.clear()

    def _finish(self) -> None:
        """Write what is left, then give the file its name."""
        file = self._opened()
        for split, buffer in self._buffers.items():
            self._flush(split)
            with self._explained():
                _extend(file[split]["offsets"], np.cumsum([0, *buffer.lengths]))
                _extend(file[split]["labels"], np.array(buffer.labels, np.uint8))
        with self._explained():
            file.close()
            with self._part.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(self._part, self._path)

    def _discard(self) -> None:
        """Remove the temporary file, if it has not got its name."""
        # Closing writes, and fails on a full disk: what is thrown away need not be written.
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError, RuntimeError):
                file.close()
        with suppress(OSError):
            self._part.unlink()

    def _opened(self) -> Any:
        if self._file is None:
            raise RuntimeError("a Writer must be used in 'with', and not after it failed")
        return self._file

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._discard()  # arrays may be of unequal length now: this file must not get its name
            raise ResultsError(f"cannot write '{self._path}': {error.strerror or error}") from error


def _extend(array: Any, values: np.ndarray) -> None:
    """Append values to an array in the file."""
    n_before = len(array)
    array.resize(n_before + len(values), axis=0)
    array[n_before:] = values


@dataclass
class _Buffer:
    """Events of one split that are not in the file yet, and the lengths and labels of all its recordings."""

    events: dict[str, list[np.ndarray]] = field(default_factory=lambda: {"time_us": [], "channel": []})
    n_events: int = 0
    lengths: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, time_us: np.ndarray, channel: np.ndarray, label: int) -> None:
        self.events["time_us"].append(time_us)
        self.events["channel"].append(channel)
        self.n_events += len(time_us)
        self.lengths.append(len(time_us))
        self.labels.append(label)

    def clear(self) -> None:
        for arrays in self.events.values():
            arrays.clear()
        self.n_events = 0
