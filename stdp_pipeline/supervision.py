"""One ``stdp run`` at a time in a results folder, which leaves no process behind and ends those of a killed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.locking import RUN, RUN_LOCK, HeldError, Holder, Lock, alive

__all__ = ["StoppedError", "claimed_folder", "quiet_folder", "supervised"]

_PATIENCE_S = 10.0
"""Between asking a process to end and ending it."""


class StoppedError(Exception):
    """A signal asked this run to end.

    Attributes
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def quiet_folder(directory: Path, what: str) -> Iterator[None]:
    """Make sure that no run and no job is at work in a folder, and that none starts; nothing else is changed.

    Parameters
    ----------
    directory : Path
    what : str
        The command that needs it, for those who find the folder in use.

    Raises
    ------
    ResultsError
        Which tells who works there.
    """
    lock = Lock(directory / "results" / ".run.lock")
    try:
        lock.acquire(what)
    except HeldError as held:
        holder = held.holder
        if holder is not None and holder.here and not alive(holder.pid, holder.created):
            raise ResultsError(
                f"'{directory}' is in use: '{holder.what}' ({holder}) was killed, but its Snakemake is still at work "
                "there. The next 'stdp run' ends it and goes on; with --unlock, it only ends it"
            ) from None
        raise ResultsError(_in_use(directory, holder)) from None
    try:
        _check_jobs(directory)
        yield
    finally:
        lock.give_back()


@contextmanager
def claimed_folder(directory: Path, what: str, again: str, unlock: bool = False) -> Iterator[Lock]:
    """Make sure that this is the only run in a folder, and tidy up what a killed one left there.

    Parameters
    ----------
    directory : Path
        Which has ``results``, and Snakemake's notes.
    what : str
        The command, for those who find the folder in use.
    again : str
        The command that removes a lock of which it is not known whether its owner is dead, for the message.
    unlock : bool
        Whether this is that command.

    Raises
    ------
    ResultsError
        If another run works there, or may do so.
    """
    lock = Lock(directory / "results" / ".run.lock")
    ended = _take(lock, directory, what)
    try:
        _tidy(directory, lock.former, ended, again, unlock)
    except BaseException:
        lock.give_back()  # who comes next must know of the killed run, too
        raise
    with lock, _signals_raise():
        try:
            yield lock
        finally:
            _end_run(lock.holder.identity)
            _jobs_at_work(directory)  # which removes the locks of those that were ended just now
            # Snakemake removes its lock, unless it was killed.
            if not _snakemakes(directory):
                _remove_locks(directory)


def _take(lock: Lock, directory: Path, what: str) -> int:
    """Take a folder's lock, if need be from the Snakemake of a killed run; return how many processes that ended."""
    give_up, ended = time.monotonic() + _PATIENCE_S, 0
    while True:
        try:
            lock.acquire(what)
            return ended
        except HeldError as held:
            holder = held.holder
        killed = holder is not None and holder.here and not alive(holder.pid, holder.created)
        if holder is None or not killed or time.monotonic() > give_up:
            raise ResultsError(_in_use(directory, holder))
        if (n := _end_run(holder.identity)) == 0:  # of another user, or in a container: not ours to end
            time.sleep(0.5)
        ended += n


def _in_use(directory: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"'{directory}' is in use by another command that has only just started; wait for it"
    there = "" if holder.here else f" there, on {holder.host}"
    return (
        f"'{directory}' is in use: '{holder.what}' ({holder}) is working there. Wait until it is done, "
        f"stop it with 'kill {holder.pid}'{there}, or choose another folder with --directory"
    )


def _tidy(directory: Path, former: Holder | None, ended: int, again: str, unlock: bool) -> None:
    """End the jobs that a killed run left at work, besides those that were ended already, and remove its lock."""
    ended += _end_run(former.identity) if former is not None and former.here else 0
    _check_jobs(directory)
    locked = _locks(directory).is_dir() and any(_locks(directory).iterdir())
    if locked and not unlock:
        if others := _snakemakes(directory):
            raise ResultsError(
                f"'{directory}' is in use by Snakemake (pid {', '.join(map(str, others))}), which 'stdp run' did not "
                "start; wait for it or stop it, or choose another folder with --directory"
            )
        if former is None:
            raise ResultsError(
                f"'{directory}' is locked by a Snakemake that 'stdp run' did not start. If it is not at work any more, "
                f"here or on another machine, remove the lock with '{again}' and run again; finished work is kept"
            )
        if not former.here:
            raise ResultsError(
                f"'{directory}' is locked by '{former.what}' ({former}), which did not end in order. If "
                f"it is not at work any more on {former.host}, remove the lock with '{again}' and run again; finished "
                "work is kept"
            )
    if locked and unlock and (others := _snakemakes(directory)):
        raise ResultsError(
            f"Snakemake (pid {', '.join(map(str, others))}) is at work in '{directory}': its lock stays; wait for it "
            "or stop it"
        )
    if locked:
        _remove_locks(directory)
    if former is not None and (locked or ended):
        print(
            f"stdp run: '{former.what}' ({former}) was killed: removed its lock"
            + (f", ended {ended} process{'es' if ended > 1 else ''} that it left" if ended else ""),
            file=sys.stderr,
        )


def _locks(directory: Path) -> Path:
    return directory / ".snakemake" / "locks"


def _remove_locks(directory: Path) -> None:
    shutil.rmtree(_locks(directory), ignore_errors=True)  # as Snakemake itself does for --unlock


def _jobs_at_work(directory: Path) -> list[str]:
    """Return the jobs that are being done, and remove the locks of those that died."""
    at_work = []
    results = directory / "results"
    for path in (*results.glob("*/.*.lock"), *results.glob("experiments/*/.*.lock")):
        lock = Lock(path)
        try:
            lock.acquire("stdp run")
        except HeldError as held:
            at_work.append(f"{held.holder.what} ({held.holder})" if held.holder else path.name)
        else:
            lock.release()
    return at_work


def _check_jobs(directory: Path) -> None:
    """Refuse a folder in which jobs are at work."""
    if at_work := _jobs_at_work(directory):
        raise ResultsError(
            f"other processes are at work in '{directory}', {len(at_work)} in all: {'; '.join(at_work[:5])}. They do "
            "not belong to a run of this machine that could be ended: wait for them or stop them, then run again"
        )


def _snakemakes(directory: Path) -> list[int]:
    """Return the Snakemakes that work in a folder, on this machine."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [Path(word).name for word in process.cmdline()[:5]]
            if "snakemake" in words and Path(process.cwd()) == directory:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _processes(run: str) -> list[psutil.Process]:
    """Return all that a run started, and what that started, on this machine."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN) == run and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found


def _end_run(run: str) -> int:
    """End all processes of a run, and return how many there were.

    Snakemake starts no more jobs when it is asked to end, and ends when its jobs did.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + _PATIENCE_S
    while processes := _processes(run):
        ended |= {process.pid for process in processes}
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                (process.terminate if time.monotonic() < deadline else process.kill)()
                process.resume()  # one that is stopped (Ctrl-Z) does not hear the signal
        psutil.wait_procs(processes, timeout=0.5)
        if time.monotonic() > deadline + _PATIENCE_S:
            pids = ", ".join(str(process.pid) for process in processes)
            raise ResultsError(f"processes of a run do not end, even if they are killed: {pids}; see to them first")
    return len(ended)


def supervised(command: list[str], env: dict[str, str], lock: Lock) -> int:
    """Run Snakemake.

    Parameters
    ----------
    command : list of str
    env : dict of str to str
    lock : Lock
        Of the folder. Snakemake keeps it if this process is killed.

    Returns
    -------
    int
        The exit status; that of a process that was ended by signal n is -n.

    Raises
    ------
    StoppedError
        If a signal asked this process to end; :func:`claimed_folder` then ends what was started here.
    """
    env = env | {RUN: lock.holder.identity, RUN_LOCK: str(lock.path.resolve())}
    process = subprocess.Popen(command, env=env, pass_fds=(lock.fileno(),))
    try:
        return process.wait()
    except StoppedError:
        _end_run(lock.holder.identity)
        process.wait()
        raise


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Let the signals that ask a process to end raise :class:`StoppedError`, once; later ones change nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise StoppedError(number)

    former = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
