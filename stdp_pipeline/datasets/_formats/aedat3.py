r"""AEDAT 3.1, the format of cAER: header lines, then packets of events, little-endian.

The header's lines start with '#' and end with CRLF: ``#!AER-DAT3.1``, ``#Format: RAW``, one ``#Source`` line for each
source, ``#Start-Time``, and last ``#!END-HEADER``. A packet has a header of 28 bytes:

======  ====  ==================================================================
bytes   type  meaning
======  ====  ==================================================================
0-1     i16   event type; 1: events of pixels (polarity). Others are skipped here
2-3     i16   number of the source
4-7     i32   bytes per event; 8 for events of pixels
8-11    i32   where in an event its time is; 4 for events of pixels
12-15   i32   overflow: how often the 31-bit time has wrapped
16-19   i32   capacity: events that there is room for
20-23   i32   number of events that follow, valid or not
24-27   i32   number of valid events
======  ====  ==================================================================

An event of a pixel is a u32 with the bits 17-31 x, 2-16 y (from the upper left), 1 polarity (1 = ON), 0 valid, and an
i32 time; the full time is ``overflow << 31 | time``, in microseconds. Events that are not valid are left out.

Sources: iniVation, "AEDAT 3.1" (docs.inivation.com); libcaer's ``events/common.h`` and ``events/polarity.h``; cAER's
``input_common.c`` for what follows a packet's header (number, not capacity) and for the sizes in a ``#Source`` line.
"""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np

from stdp_pipeline.datasets._formats._bytes import comment_lines, content, fault, placed
from stdp_pipeline.datasets._formats.recording import Recording, checked
from stdp_pipeline.errors import DataError
from stdp_pipeline.io import write_bytes

__all__ = ["read", "write"]

_MAGIC = b"#!AER-DAT3.1"
_END = b"\r\n#!END-HEADER\r\n"
_FORMAT = re.compile(rb"^#Format: (.*?)\r?$", re.MULTILINE)
_PACKET = struct.Struct("<hhiiiiii")
_EVENT = np.dtype([("data", "<u4"), ("time", "<i4")])
_POLARITY = 1
_TIME_OFFSET = 4
_SOURCE = 1
_MAX_SIDE = 2**15
_MAX_US = 2**62 - 1
_EVENTS_PER_PACKET = 4096
# A recording does not know its date; the line is required, and equal recordings give equal files.
_HEADER = (
    "#!AER-DAT3.1\r\n#Format: RAW\r\n"
    "#Source {source}: File,dvsSizeX={width},dvsSizeY={height},apsSizeX=0,apsSizeY=0,"
    "dataSizeX={width},dataSizeY={height},visualizerSizeX=0,visualizerSizeY=0\r\n"
    "#Start-Time: 1970-01-01 00:00:00 (TZ+0000)\r\n#!END-HEADER\r\n"
)


def read(path: Path, width: int, height: int) -> Recording:
    """Read the events of the pixels of one camera.

    Parameters
    ----------
    path : Path
    width, height : int
        Size of the sensor in pixels. The format does not say it: the header names the camera in free words.

    Returns
    -------
    Recording
        Times by the camera's clock.

    Raises
    ------
    DataError
        If the file cannot be read, is not AEDAT 3.1, is compressed or truncated, a packet's header makes no sense,
        there are events of more than one camera, an address is outside, or times run backwards (as after a reset of
        the camera's clock).
    """
    raw, what = content(path, f"the line {_MAGIC!r}"), f"'{path}'"
    packets = _polarity_packets(what, raw, _start(what, raw))
    if not packets:
        none = np.zeros(0, np.uint16)
        return Recording(none.astype(np.int64), none, none, none.astype(np.bool_), width, height)
    # One pass over all packets: their events side by side, with each event's place in the file.
    events = np.concatenate([np.frombuffer(raw, _EVENT, number, begin) for begin, number, _ in packets])
    begins, numbers, overflows = np.array(packets, np.int64).T
    places = np.repeat(begins - _EVENT.itemsize * (np.cumsum(numbers) - numbers), numbers)
    places += _EVENT.itemsize * np.arange(len(events))
    negative = np.flatnonzero(events["time"] < 0)
    if len(negative):
        first = int(negative[0])
        raise fault(what, int(places[first]) + _TIME_OFFSET, f"time {events['time'][first]}", "0 to 2**31 - 1 us")
    valid = np.flatnonzero(events["data"] & 1)
    data = events["data"][valid]
    recording = Recording(
        (np.repeat(overflows, numbers)[valid] << 31) | events["time"][valid],
        (data >> 17).astype(np.uint16),
        (data >> 2 & 0x7FFF).astype(np.uint16),
        (data & 2).astype(np.bool_),
        width,
        height,
    )
    return placed(recording, what, lambda index: int(places[valid[index]]))


def write(path: Path, recording: Recording) -> None:
    """Write a recording in packets of at most 4096 events, each with one overflow count.

    The ``#Source`` line has cAER's form for a file, which gives the sensor's size; ``#Start-Time`` is always 1970.

    Parameters
    ----------
    path : Path
        The file; it is replaced if it exists.
    recording : Recording
        At most 32768 x 32768 pixels, times from 0 to 2**62 - 1 us.

    Raises
    ------
    DataError
        If the recording is inconsistent or cannot be represented.
    ResultsError
        If the file cannot be written.
    """
    what = f"recording for '{path}'"
    checked(recording, what)
    if max(recording.width, recording.height) > _MAX_SIDE:
        raise DataError(
            f"{what} has {recording.width} x {recording.height} pixels; AEDAT 3.1 holds {_MAX_SIDE} x {_MAX_SIDE}"
        )
    time = recording.time_us
    for index in (0, -1) if len(time) else ():
        if not 0 <= time[index] <= _MAX_US:
            raise DataError(
                f"{what}, event {index % len(time)}: found time {time[index]} us; AEDAT 3.1 holds 0 to 2**62 - 1 us"
            )
    events = np.zeros(len(time), _EVENT)
    events["data"] = (
        recording.x.astype(np.uint32) << 17
        | recording.y.astype(np.uint32) << 2
        | recording.polarity << np.uint32(1)
        | 1
    )
    events["time"] = time & (2**31 - 1)
    overflow = time >> 31
    parts = [_HEADER.format(source=_SOURCE, width=recording.width, height=recording.height).encode()]
    turns = [0, *(np.flatnonzero(np.diff(overflow)) + 1).tolist(), len(time)]
    for begin, end in pairwise(turns):
        for first in range(begin, end, _EVENTS_PER_PACKET):
            packet = events[first : min(first + _EVENTS_PER_PACKET, end)]
            number = len(packet)
            shape = (_EVENT.itemsize, _TIME_OFFSET, int(overflow[first]))
            parts += [_PACKET.pack(_POLARITY, _SOURCE, *shape, number, number, number), packet.tobytes()]
    write_bytes(path, b"".join(parts))


def _start(what: str, raw: bytes) -> int:
    """Return the byte after the header."""
    lines_end = comment_lines(what, raw, _MAGIC)
    end = raw.find(_END, 0, lines_end)
    if end < 0:
        raise fault(what, lines_end, "no end of the header", f"the line {_END.strip()!r}")
    form = _FORMAT.search(raw, 0, end)
    if form is None or form[1] != b"RAW":
        found = repr(form[0].strip()) if form else "no line '#Format: ...'"
        raise fault(what, form.start() if form else len(_MAGIC) + 2, found, "the line b'#Format: RAW' (no compression)")
    return end + len(_END)


def _polarity_packets(what: str, raw: bytes, start: int) -> list[tuple[int, int, int]]:
    """Return of each packet with events of pixels: where they begin, their number, the overflow count."""
    packets, source = [], None
    while start < len(raw):
        if len(raw) - start < _PACKET.size:
            found = f"{len(raw) - start} bytes and the end of the file"
            raise fault(what, start, found, f"a packet's header of {_PACKET.size} bytes")
        kind, origin, size, time_offset, overflow, capacity, number, _ = _PACKET.unpack_from(raw, start)
        if kind < 0:
            raise fault(what, start, f"event type {kind}", "a type from 0 on (compressed packets cannot be read)")
        if size < 1:
            raise fault(what, start + 4, f"{size} bytes per event", "at least 1")
        if not 0 <= number <= capacity:
            raise fault(what, start + 20, f"{number} events", f"0 to {capacity}, the packet's capacity")
        begin = start + _PACKET.size
        if begin + number * size > len(raw):
            found = f"{len(raw) - begin} bytes and the end of the file"
            raise fault(what, begin, found, f"{number} events of {size} bytes")
        if kind == _POLARITY:
            if (size, time_offset) != (_EVENT.itemsize, _TIME_OFFSET):
                found = f"events of {size} bytes with the time at {time_offset}"
                raise fault(what, start + 4, found, f"{_EVENT.itemsize} bytes with the time at {_TIME_OFFSET}")
            if overflow < 0:
                raise fault(what, start + 12, f"overflow {overflow}", "at least 0")
            if source not in (None, origin):
                raise fault(what, start + 2, f"source {origin}", f"events of one source, {source} as before")
            source = origin
            if number:
                packets.append((begin, number, overflow))
        start = begin + number * size
    return packets
