"""N-MNIST's format: one file of 5-byte events per recording, without a header.

Each event is 40 bits, most significant first: x (8 bits), y (8 bits), polarity (1 bit, 1 = ON), time in microseconds
(23 bits). The recordings have 34 x 34 pixels. Source: G. Orchard et al., Front. Neurosci. 9:437 (2015),
doi:10.3389/fnins.2015.00437, and the description at garrickorchard.com/datasets/n-mnist.

A record with y = 240 is no event but a mark of the ATIS camera: its clock has 13 bits, and 2**13 us are added to the
times of all later events. So do tonic's ``read_mnist_file`` and this module. The authors' Matlab function
``Read_Ndataset`` does not know such marks; their Python function looks for y = 240 and x = 305, which one byte cannot
hold. The recordings of N-MNIST are shorter than 0.32 s, so that 23 bits are enough and the published files need none;
this module writes marks only for recordings longer than 2**23 us (8.4 s).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stdp_pipeline.datasets._formats._bytes import content, fault, only_whole, placed
from stdp_pipeline.datasets._formats.recording import Recording, checked
from stdp_pipeline.errors import DataError
from stdp_pipeline.io import write_bytes

__all__ = ["SIDE", "decode", "read", "write"]

SIDE = 34
"""Width and height of the sensor's part that was recorded, in pixels."""

_RECORD = 5
_MARK_Y = 240
_MARK_US = 2**13
_STAMP_US = 2**23
_MAX_US = 2**32 - 1
"""Latest time, 71 minutes: later ones would need more than half a million marks."""


def read(path: Path) -> Recording:
    """Read one recording.

    Parameters
    ----------
    path : Path
        A file of 5-byte records.

    Returns
    -------
    Recording
        34 x 34 pixels; times from the start of the recording, as the file has them. The marks are left out.

    Raises
    ------
    DataError
        If the file cannot be read, is empty or truncated, times run backwards or beyond 2**32 - 1 us, or an address is
        outside.
    """
    return decode(content(path, f"records of {_RECORD} bytes"), f"'{path}'")


def decode(raw: bytes, what: str) -> Recording:
    """Read one recording from the content of its file; ``what`` names it in messages.

    Raises
    ------
    DataError
        As :func:`read`.
    """
    if not raw:
        raise fault(what, 0, "an empty file", f"records of {_RECORD} bytes")
    only_whole(what, raw, 0, _RECORD)
    records = np.frombuffer(raw, np.uint8).reshape(-1, _RECORD)
    marks = records[:, 1] == _MARK_Y
    time = records[:, 2:].astype(np.int64) @ np.array([2**16, 2**8, 1])
    time &= _STAMP_US - 1
    time += np.cumsum(marks) * _MARK_US
    events = np.flatnonzero(~marks)
    x, y, high = records[events, :3].T
    recording = Recording(time[events], x.astype(np.uint16), y.astype(np.uint16), high >= 128, SIDE, SIDE)
    placed(recording, what, lambda index: _RECORD * int(events[index]))
    if len(events) and recording.time_us[-1] > _MAX_US:
        late = int(np.searchsorted(recording.time_us, _MAX_US, "right"))
        found = f"time {recording.time_us[late]} us"
        raise fault(what, _RECORD * int(events[late]), found, f"at most {_MAX_US} us")
    return recording


def write(path: Path, recording: Recording) -> None:
    """Write one recording, with marks where its times need more than 23 bits.

    A recording without events is written as a single mark, since an empty file says nothing.

    Parameters
    ----------
    path : Path
        The file; it is replaced if it exists.
    recording : Recording
        34 x 34 pixels, times from 0 to 2**32 - 1 us.

    Raises
    ------
    DataError
        If the recording is inconsistent or cannot be represented.
    ResultsError
        If the file cannot be written.
    """
    what = f"recording for '{path}'"
    checked(recording, what)
    if (recording.width, recording.height) != (SIDE, SIDE):
        raise DataError(
            f"{what} has {recording.width} x {recording.height} pixels; the N-MNIST format holds {SIDE} x {SIDE}"
        )
    time = recording.time_us
    for index in (0, -1) if len(time) else ():
        if not 0 <= time[index] <= _MAX_US:
            raise DataError(
                f"{what}, event {index % len(time)}: found time {time[index]} us; the N-MNIST format holds 0 to "
                f"{_MAX_US} us; subtract the time of the recording's start"
            )
    # The fewest marks before each event that leave a remainder of 23 bits. They never get fewer, as times do not fall.
    n_marks = np.maximum(0, -((_STAMP_US - 1 - time) // _MARK_US))
    n_records = len(time) + int(n_marks[-1]) if len(time) else 1
    records = np.zeros((n_records, _RECORD), np.uint8)
    records[:, 1] = _MARK_Y
    stamp = time - n_marks * _MARK_US
    rows = np.arange(len(time)) + n_marks
    columns = (recording.x, recording.y, (stamp >> 16) | (recording.polarity.astype(np.int64) << 7), stamp >> 8, stamp)
    for column, values in enumerate(columns):
        records[rows, column] = (values & 0xFF).astype(np.uint8)
    write_bytes(path, records.tobytes())
