"""What the readers of binary files share: the file's bytes, and errors that name the byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from stdp_pipeline.datasets._formats.recording import Recording, first_fault
from stdp_pipeline.errors import DataError

__all__ = ["comment_lines", "content", "fault", "only_whole", "placed"]

# Text holds no zero byte, but the low byte of a DAVIS event's address is zero. This is what tells the first event from
# one more header line if its first byte happens to be '#' (y from 116 to 119).
_COMMENTS = re.compile(rb"(?:#[^\n\0]+\n)*")


def fault(what: str, offset: int, found: str, expected: str) -> DataError:
    """Return the error that says what is wrong at one byte; ``what`` names the file, as in all functions here."""
    return DataError(f"{what}, byte {offset}: found {found}, expected {expected}")


def content(path: Path, expected: str) -> bytes:
    """Return all bytes of a file; ``expected`` says what it should start with.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}; expected {expected}") from error


def comment_lines(what: str, raw: bytes, magic: bytes) -> int:
    """Return where the header of AEDAT 2 and 3 ends: the byte after its last line that starts with '#'.

    Raises
    ------
    DataError
        If the first line is not the magic one.
    """
    first = raw[: len(magic) + 2].partition(b"\n")[0].rstrip(b"\r")
    if first != magic:
        raise fault(what, 0, repr(first) if raw else "an empty file", f"the line {magic!r}")
    match = _COMMENTS.match(raw)
    return match.end() if match else 0


def only_whole(what: str, raw: bytes, start: int, size: int) -> None:
    """Raise a DataError if the bytes from ``start`` on are not whole records of ``size`` bytes."""
    if rest := (len(raw) - start) % size:
        raise fault(what, len(raw) - rest, f"{rest} bytes and the end of the file", f"a record of {size} bytes")


def placed(recording: Recording, what: str, offset_of: Callable[[int], int]) -> Recording:
    """Return the recording if all its events are right; ``offset_of`` tells an event's byte in the file.

    Raises
    ------
    DataError
        If times run backwards or an address is outside of the sensor.
    """
    if wrong := first_fault(recording):
        raise fault(what, offset_of(wrong.event), wrong.found, wrong.expected)
    return recording
