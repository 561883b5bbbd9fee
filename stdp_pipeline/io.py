"""Write results whole or not at all, and read them with an error that names the file."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from stdp_pipeline.errors import ResultsError

__all__ = [
    "canonical_json",
    "explained",
    "folder_written_whole",
    "nullable",
    "read_arrays",
    "read_json",
    "write_arrays",
    "write_bytes",
    "write_json",
    "write_text",
]

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and run again, finished steps are kept",
    errno.EDQUOT: "the disk quota is used up; free some space and run again, finished steps are kept",
    errno.EFBIG: "the file is larger than is allowed; raise the limit (ulimit -f) or use another file system",
    errno.EACCES: "permission denied; make the folder writable or run with another --directory",
    errno.EPERM: "permission denied; make the folder writable or run with another --directory",
    errno.EROFS: "the file system is read-only; run with another --directory",
    errno.ENOTDIR: "a file stands where a folder is needed",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating-system error into one sentence that names the file and what to do."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
        raise ResultsError(f"cannot write '{path}': {reason}") from error


def _write(path: str | os.PathLike[str], fill: Callable[[IO[bytes]], object]) -> None:
    """Let ``fill`` write to a temporary file in the same folder, then rename it to ``path``."""
    path = Path(path)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary folder to write to, which gets the name ``path`` if no error occurs, and is removed otherwise.

    Raises
    ------
    ResultsError
        If it cannot be made or renamed, which it cannot if there is a folder of this name that is not empty.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield part
        with explained(path):
            os.chmod(part, 0o777 & ~_umask())
            os.replace(part, path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write bytes in one piece.

    Raises
    ------
    ResultsError
        If the file cannot be written; nothing is left half-written. The same holds for the other writers.
    """
    _write(path, lambda file: file.write(data))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text in one piece."""
    write_bytes(path, text.encode())


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON for people: indented, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def nullable(values: Mapping[str, float]) -> dict[str, float | None]:
    """Return numbers as JSON can hold them: None for NaN, a measure that does not apply."""
    return {name: None if value != value else value for name, value in values.items()}


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any], compress: bool = False) -> None:
    """Write arrays as ``.npz``; equal arrays give equal bytes."""
    save: Any = np.savez_compressed if compress else np.savez
    _write(path, lambda file: save(file, **arrays))


def read_arrays(path: str | os.PathLike[str], *needed: str, also: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file.

    Parameters
    ----------
    path : path
    *needed : str
        Names that must be there.
    also : names, optional
        Others to read where they are there, all by default. A data set may hold gigabytes that a stage does not need.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or lacks an array.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            there = archive.files
            chosen = there if also is None else [name for name in there if name in {*needed, *also}]
            arrays = {name: archive[name] for name in chosen}
    except FileNotFoundError:
        raise ResultsError(f"'{path}' does not exist; run the stage that writes it, or 'stdp run'") from None
    except OSError as error:
        raise ResultsError(f"cannot read '{path}': {error.strerror or error}") from error
    except (ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise ResultsError(f"'{path}' is damaged or no .npz file ({error}); delete it and run again") from error
    if missing := [name for name in needed if name not in arrays]:
        raise ResultsError(
            f"'{path}' lacks {', '.join(missing)}; it holds {', '.join(there) or 'nothing'}. Wrong file?"
        )
    return arrays


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises
    ------
    ResultsError
        If the file is missing or damaged.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultsError(f"'{path}' does not exist; run the stage that writes it, or 'stdp run'") from None
    except OSError as error:
        raise ResultsError(f"cannot read '{path}': {error.strerror or error}") from error
    except ValueError as error:
        raise ResultsError(f"'{path}' is damaged ({error}); delete it and run again") from error


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks. Ids are hashes of it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
