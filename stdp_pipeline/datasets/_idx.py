"""Read the IDX format: a big-endian header (type, rank, sizes) and the values, gzipped or not.

The format is described at the end of Y. LeCun's MNIST page: two zero bytes, the type code (8 = unsigned byte), the
number of dimensions, one 4-byte size for each, then the values, last dimension fastest.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from stdp_pipeline.errors import DataError

__all__ = ["read", "unpacked"]

_UNSIGNED_BYTE = 8


def read(path: Path, rank: int) -> np.ndarray:
    """Read one IDX file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file; ``.gz`` is unpacked.
    rank : int
        Number of dimensions that the file must have: 3 for images, 1 for labels.

    Returns
    -------
    numpy.ndarray, uint8

    Raises
    ------
    DataError
        If the file cannot be read, is truncated or is not IDX.
    """
    return unpacked(_content(path), rank, f"'{path}'")


def unpacked(content: bytes, rank: int, what: str) -> np.ndarray:
    """Read the content of an IDX file of unsigned bytes; ``what`` names it in messages.

    Raises
    ------
    DataError
        If it is truncated or not IDX.
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError(f"{what} is not an IDX file: it must start with two zero bytes")
    if content[2] != _UNSIGNED_BYTE:
        raise DataError(f"{what} holds IDX type {content[2]}; only type 8 (unsigned byte) is supported")
    if content[3] != rank:
        raise DataError(f"{what} has {content[3]} dimensions, expected {rank}; are images and labels exchanged?")
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(f"{what} is truncated: its header ends after {len(content)} of {start} bytes")
    shape = struct.unpack(f">{rank}I", content[4:start])
    expected = start + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        wrong = "truncated" if len(content) < expected else "too long"
        raise DataError(f"{what} is {wrong}: {len(content)} bytes, its header says {expected}; get the file again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}") from error
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except EOFError:
        raise DataError(f"'{path}' is truncated: the compressed data end too early; get the file again") from None
    except (OSError, zlib.error) as error:
        raise DataError(f"'{path}' is damaged: {error}; get the file again") from error
