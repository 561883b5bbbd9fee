r"""AEDAT 2.0, the format of jAER: header lines that start with '#', then 8-byte records, big-endian.

A record is a 32-bit address as the camera sent it and a 32-bit time in microseconds. What the address means depends on
the camera, which the header need not name:

========  =======  =========  =========  ===========================  ============================
camera    pixels   x          y          polarity                     other than events of pixels
========  =======  =========  =========  ===========================  ============================
dvs128    128x128  bits 1-7   bits 8-14  bit 0; 0 is ON, 1 is OFF     bit 15 or 31: external event
davis346  346x260  bits 12-21 bits 22-30 bit 11; 1 is ON, 0 is OFF    bit 31: sample of a frame (APS)
                                                                      or of the motion sensor (IMU);
                                                                      bit 10: external event
========  =======  =========  =========  ===========================  ============================

Records that are no events of pixels are skipped: frames and motion samples are not read. In both cameras x is mirrored
and y runs upwards from the lowest row; the reader turns both, so that pictures are upright.

Sources: iniVation, "AEDAT 2.0" (docs.inivation.com), for records and bits; jAER's ``DVS128.java`` and
``DavisBaseCamera.java`` for mirroring and polarity; v2e's ``aedat2_output.py`` for both turns in the DAVIS346. For the
DVS128's polarity the sources differ: the document says that 1 is ON; jAER, which records these files, takes 0 for ON,
and so does MNIST-DVS's ``dat2mat.m``, to which CIFAR10-DVS refers. This module follows jAER. (tonic's ``read_dvs_128``
exchanges x and y and turns nothing.)

Times have 32 bits and wrap after 2**32 us (71.6 minutes). A jump back from one event to the next by more than 2**31 us
is a wrap and is undone; a smaller one is an error. Times of records that are skipped do not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stdp_pipeline.datasets._formats._bytes import comment_lines, content, fault, only_whole, placed
from stdp_pipeline.datasets._formats.recording import Recording, checked
from stdp_pipeline.errors import ConfigError, DataError
from stdp_pipeline.io import write_bytes

__all__ = ["SIZES", "read", "write"]

_MAGIC = b"#!AER-DAT2.0"
_RECORD = np.dtype([("address", ">u4"), ("time", ">u4")])
_WRAP_US = 2**32
_END = re.compile(rb"# ?End of ASCII Header\r?\n", re.IGNORECASE)
# jAER needs CRLF, and newer versions write the last line, which says where the data start.
_HEADER = (
    "#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"
    "# Data format is int32 address, int32 timestamp (8 bytes total), repeated for each event\r\n"
    "# Timestamps tick is 1 us\r\n# AEChip: {chip}\r\n#End Of ASCII Header\r\n"
)


@dataclass(frozen=True)
class _Camera:
    """A camera's size and the meaning of an address; fields are pairs of shift and number of bits."""

    chip: str
    width: int
    height: int
    x: tuple[int, int]
    y: tuple[int, int]
    polarity_bit: int
    on: int
    other: int
    """Bits that mark a record as something other than an event of a pixel."""
    never: int
    """Bits that are never set."""


_CAMERAS = {
    "dvs128": _Camera(
        "ch.unizh.ini.jaer.chip.retina.DVS128", 128, 128, (1, 7), (8, 7), 0, 0, 1 << 31 | 1 << 15, 0x7FFF_0000
    ),
    "davis346": _Camera(
        "eu.seebetter.ini.chips.davis.Davis346blue", 346, 260, (12, 10), (22, 9), 11, 1, 1 << 31 | 1 << 10, 0
    ),
}
SIZES = {name: (camera.width, camera.height) for name, camera in _CAMERAS.items()}
"""Width and height in pixels of the cameras whose addresses are known, by name."""


def read(path: Path, camera: str = "dvs128") -> Recording:
    """Read the events of the pixels; frames, motion samples and external events are skipped.

    Parameters
    ----------
    path : Path
    camera : str
        ``"dvs128"`` or ``"davis346"``.

    Returns
    -------
    Recording
        Upright; times by the camera's clock, without wraps.

    Raises
    ------
    ConfigError
        If the camera is unknown.
    DataError
        If the file cannot be read, is not AEDAT 2.0, is truncated, an address is not one of this camera, or times run
        backwards.
    """
    chip, what = _known(camera), f"'{path}'"
    raw = content(path, f"the line {_MAGIC!r}")
    header = comment_lines(what, raw, _MAGIC)
    end = _END.search(raw, 0, header)
    start = end.end() if end else header
    only_whole(what, raw, start, _RECORD.itemsize)
    records = np.frombuffer(raw, _RECORD, offset=start)
    address = records["address"].astype(np.uint32)
    events = np.flatnonzero((address & chip.other) == 0)
    address = address[events]

    def offset_of(index: int) -> int:
        return start + _RECORD.itemsize * int(events[index])

    x, y = _field(address, chip.x), _field(address, chip.y)
    strange = np.flatnonzero((x >= chip.width) | (y >= chip.height) | ((address & chip.never) != 0))
    if len(strange):
        first = int(strange[0])
        raise fault(
            what,
            offset_of(first),
            f"address 0x{address[first]:08x} (x {x[first]}, y {y[first]})",
            f"an address of the {camera} with {chip.width} x {chip.height} pixels; is it a file of another camera?",
        )
    return placed(
        Recording(
            _unwrapped(records["time"][events].astype(np.int64)),
            (chip.width - 1 - x).astype(np.uint16),
            (chip.height - 1 - y).astype(np.uint16),
            _field(address, (chip.polarity_bit, 1)) == chip.on,
            chip.width,
            chip.height,
        ),
        what,
        offset_of,
    )


def write(path: Path, recording: Recording, camera: str = "dvs128") -> None:
    """Write a recording as this camera's.

    Parameters
    ----------
    path : Path
        The file; it is replaced if it exists.
    recording : Recording
        Of the camera's size. The first time must be from 0 to 2**32 - 1 us; where later times pass a multiple of 2**32
        us, the gap must be shorter than 2**31 us, or the wrap could not be seen.
    camera : str
        ``"dvs128"`` or ``"davis346"``.

    Raises
    ------
    ConfigError
        If the camera is unknown.
    DataError
        If the recording is inconsistent, of another size, or its times cannot be told from 32 bits.
    ResultsError
        If the file cannot be written.
    """
    chip, what = _known(camera), f"recording for '{path}'"
    checked(recording, what)
    if (recording.width, recording.height) != SIZES[camera]:
        raise DataError(
            f"{what} has {recording.width} x {recording.height} pixels; the {camera} has {chip.width} x {chip.height}"
        )
    records = np.zeros(len(recording), _RECORD)
    records["time"] = recording.time_us % _WRAP_US
    lost = np.flatnonzero(_unwrapped(records["time"].astype(np.int64)) != recording.time_us)
    if len(lost):
        index = int(lost[0])
        raise DataError(
            f"{what}, event {index}: found time {recording.time_us[index]} us; AEDAT 2.0 needs a first time from 0 to "
            f"{_WRAP_US - 1} us, and no gap of {_WRAP_US // 2} us or more where 32 bits wrap"
        )
    polarity = np.where(recording.polarity, chip.on, 1 - chip.on).astype(np.uint32)
    records["address"] = (
        (chip.width - 1 - recording.x.astype(np.uint32)) << chip.x[0]
        | (chip.height - 1 - recording.y.astype(np.uint32)) << chip.y[0]
        | polarity << chip.polarity_bit
    )
    write_bytes(path, _HEADER.format(chip=chip.chip).encode() + records.tobytes())


def _known(camera: str) -> _Camera:
    if camera not in _CAMERAS:
        raise ConfigError(f"camera must be one of {', '.join(SIZES)}, got {camera!r}")
    return _CAMERAS[camera]


def _field(address: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """Return one field of addresses, (n,) uint32; ``place`` is its shift and its number of bits."""
    shift, n_bits = place
    return (address >> shift) & ((1 << n_bits) - 1)


def _unwrapped(time: np.ndarray) -> np.ndarray:
    """Return 32-bit times, (n,) int64, with 2**32 us added after each jump back by more than half of that."""
    wraps = np.diff(time) < -(_WRAP_US // 2)
    if wraps.any():
        time[1:] += np.cumsum(wraps) * _WRAP_US
    return time
