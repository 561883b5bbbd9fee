"""Where Brian's generated code is compiled: one folder for each process, removed at its end.

Two jobs never share one, since Brian writes files of equal names. A process holds a lock on its folder as long as it
lives, however it ends; the next process to start removes the folders whose lock nobody holds.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from stdp_pipeline.engines._compile import cache_dir
from stdp_pipeline.errors import ResultsError

__all__ = ["build_folder", "remove_build_folder"]

_LOCK = "lock"
_held: dict[int, tuple[Path, IO[str]]] = {}  # by process: a forked child must neither use nor remove its parent's


def build_folder() -> Path:
    """Return this process's folder; the first call makes it and removes those that killed processes left.

    Raises
    ------
    ResultsError
        If the folder cannot be made.
    """
    if os.getpid() not in _held:
        try:
            _held[os.getpid()] = _claim(cache_dir() / "brian2")
        except OSError as error:
            raise ResultsError(
                f"cannot make a folder for Brian2's compiled code: {error}. Set STDP_CACHE_DIR to a writable folder."
            ) from error
        atexit.register(remove_build_folder)
    return _held[os.getpid()][0]


def _claim(root: Path) -> tuple[Path, IO[str]]:
    """Make a new folder in ``root``, lock it, and remove abandoned ones."""
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / _LOCK):  # nobody may take a folder for abandoned before its maker has locked it
        for folder in root.iterdir():
            if folder.is_dir() and _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        own = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}_", dir=root))
        lock = (own / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return own, lock


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _abandoned(folder: Path) -> bool:
    """Whether no living process holds the folder's lock."""
    try:
        with (folder / _LOCK).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_build_folder() -> None:
    """Remove this process's folder, if it has one."""
    folder, lock = _held.pop(os.getpid(), (None, None))
    if folder is not None and lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
