"""Locks that the system frees when the process dies that holds them, and that tell who that is."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import explained

__all__ = ["RUN", "RUN_LOCK", "HeldError", "Holder", "Lock", "alive", "holder_of", "job_lock", "lock_of"]

RUN, RUN_LOCK = "STDP_RUN", "STDP_RUN_LOCK"
"""Environment variables of the jobs of ``stdp run``: its identity, and the file that says which run has the folder."""

_CLOCK_S = 2.0  # a process's start is known to this precision
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock, or held it when it died.

    Attributes
    ----------
    pid : int
    created : float
        When the process started, seconds since 1970: a later one may have the same number.
    host : str
    what : str
        What it works on.
    since : str
        When it took the lock.
    run : str
        The identity of the ``stdp run`` that started it, empty if none did.
    """

    pid: int
    created: float
    host: str
    what: str
    since: str
    run: str = ""

    @staticmethod
    def this_process(what: str, run: str = "") -> Holder:
        """Return the record of this process."""
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        return Holder(os.getpid(), psutil.Process().create_time(), socket.gethostname(), what, now, run)

    @property
    def identity(self) -> str:
        """What tells this process from every other one, on whatever machine."""
        return f"{self.host}:{self.pid}:{self.created:.2f}"

    @property
    def here(self) -> bool:
        """Whether it is, or was, a process of this machine."""
        return self.host == socket.gethostname()

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}, since {self.since}"


class HeldError(ResultsError):
    """Another process holds the lock.

    Attributes
    ----------
    holder : Holder or None
        None if it has not said yet who it is.
    """

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(f"held by {holder or 'another process'}")
        self.holder = holder


def alive(pid: int, created: float) -> bool:
    """Return whether a process of this machine is still there, and not a later one with the same number."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < _CLOCK_S and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def holder_of(path: Path) -> Holder | None:
    """Return who wrote a lock file, None if there is none or it tells nothing."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class Lock:
    """A file that one process at a time can hold; it is removed when the lock is released.

    The lock is the kernel's (``flock``): it ends with the process, however that ends, and is seen by other machines on
    NFS (version 4, or 3 with lockd) and on Lustre and GPFS as they are usually mounted. Where a file system has no
    locks, what the file says of its holder stands for them, and one of another machine counts as alive.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.former: Holder | None = None
        """Who held it last and died without releasing it."""
        self._file = -1
        self._holder: Holder | None = None

    def acquire(self, what: str, run: str = "") -> None:
        """Take the lock at once, or not at all.

        Raises
        ------
        HeldError
            If another process has it.
        ResultsError
            If the file cannot be written.
        """
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while not self._opened():
                pass
        self._note(Holder.this_process(what, run))

    def _opened(self) -> bool:
        """Open and lock the file; return False if it was removed meanwhile by the process that had it."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.former = holder_of(self.path)
            except BlockingIOError:
                raise HeldError(holder_of(self.path)) from None
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                self._check_record(error)
            try:
                mine = os.path.samestat(os.fstat(file), os.stat(self.path))
            except FileNotFoundError:
                mine = False
        except BaseException:
            os.close(file)
            raise
        if mine:
            self._file = file
        else:
            os.close(file)
        return mine

    def _check_record(self, error: OSError) -> None:
        """Refuse if the record names a process that may be alive."""
        logging.getLogger(__name__).warning(
            "the file system of '%s' has no locks (%s): going by the record of who works there",
            self.path,
            error.strerror,
        )
        self.former = holder_of(self.path)
        if self.former is not None and (not self.former.here or alive(self.former.pid, self.former.created)):
            raise HeldError(self.former)

    def fileno(self) -> int:
        """Return the descriptor; a child that inherits it keeps the lock after this process."""
        return self._file

    @property
    def holder(self) -> Holder:
        """Return what the file says of this process."""
        assert self._holder is not None, "the lock is not held"
        return self._holder

    def _note(self, holder: Holder) -> None:
        self._holder = holder
        # In place: the lock is on this file, and not on another one of its name. One write, as far as others see.
        text = json.dumps(asdict(holder)).encode()
        with explained(self.path):
            os.pwrite(self._file, text, 0)
            os.ftruncate(self._file, len(text))

    def release(self) -> None:
        """Remove the file and let go."""
        if self._file >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def give_back(self) -> None:
        """Let go as if the lock had never been taken: the file tells of its former holder again, if there was one."""
        if self.former is None:
            self.release()
        elif self._file >= 0:
            self._note(self.former)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def lock_of(output: Path) -> Path:
    """Return the lock of a result's folder, which is beside it."""
    return output.parent / f".{output.name}.lock"


@contextmanager
def job_lock(output: Path, what: str) -> Iterator[None]:
    """Make sure that no other process makes the same result.

    Parameters
    ----------
    output : Path
        Its folder; the lock is beside it.
    what : str
        Stage and id, for those who find it locked.

    Raises
    ------
    ResultsError
        If another process does, such as a job that outlived its killed Snakemake; or if this job is such a one.
    """
    output = output.resolve()
    with Lock(lock_of(output)) as lock:
        run = os.environ.get(RUN, "")
        for attempt in range(10):  # who only looks whether it is held has it for a moment
            try:
                lock.acquire(what, run)
                break
            except HeldError as held:
                if attempt == 9:
                    raise ResultsError(
                        f"another process ({held.holder or 'just started'}) is still working on '{output}'; wait for "
                        "it or stop it, then run again"
                    ) from None
            time.sleep(0.1)
        # The next run has the folder before it looks for jobs of the last one: this one is seen, or sees it.
        if run and ((of := holder_of(Path(os.environ[RUN_LOCK]))) is None or of.identity != run):
            raise ResultsError(f"the 'stdp run' that started this job has ended ({run}), so it ends, too")
        yield
