"""How far an experiment is: which runs are done, which jobs failed and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stdp_pipeline.archive.records import RECORD
from stdp_pipeline.config.job import OF_EXPERIMENTS, Job, place
from stdp_pipeline.config.plan import Plan, Run
from stdp_pipeline.locking import alive, holder_of, lock_of

__all__ = ["Done", "Failure", "Progress", "all_done", "progress", "runs_done"]

_KILLED = "ended without a message: it was killed, or the disk or the memory was full"


@dataclass(frozen=True)
class Failure:
    """A job that ran and did not end well.

    Attributes
    ----------
    job : Job
    message : str
        The end of its log.
    log : Path
    at_work : bool
        Whether it has not ended yet.
    """

    job: Job
    message: str
    log: Path
    at_work: bool = False

    @property
    def explained(self) -> bool:
        """Whether the job said what was wrong. If it did not, it was killed, or runs just now."""
        return self.message.startswith(_start(self.job))

    def tail(self, n_lines: int = 12) -> str:
        """Return the last lines of the log; none if it is gone."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-n_lines:])


@dataclass(frozen=True)
class Progress:
    """How far an experiment is.

    Attributes
    ----------
    n_runs, n_runs_done : int
        A run is done when all of its jobs are.
    n_jobs, n_jobs_done : int
    failures : list of Failure
        Whose message is an error, or that ended without one; those of a job that runs just now are among them, too.
    """

    n_runs: int
    n_runs_done: int
    n_jobs: int
    n_jobs_done: int
    failures: list[Failure]


def progress(planned: Plan, root: Path, since: float = 0.0) -> Progress:
    """Look at the records and logs of an experiment.

    Parameters
    ----------
    planned : Plan
    root : Path
        Of the results.
    since : float
        Time stamp; logs that were written before it are not looked at.
    """
    jobs = [job for job in planned.jobs.values() if job.stage not in OF_EXPERIMENTS]
    done = [job for job in jobs if _done(root, job)]
    failures = [
        found for job in planned.jobs.values() if not _done(root, job) and (found := _failure(root, job, since))
    ]
    return Progress(len(planned.runs), len(list(runs_done(planned, root))), len(jobs), len(done), failures)


def runs_done(planned: Plan, root: Path) -> Iterator[Run]:
    """Yield the runs of which every job is done, with all that it was made from."""
    done = Done(root)
    return (one for one in planned.runs if all(map(done, one.wanted)))


def all_done(planned: Plan, root: Path) -> bool:
    """Return whether every job of an experiment is done, but for reports, which may be of another state."""
    return all(_done(root, job) for job in planned.jobs.values() if job.stage not in OF_EXPERIMENTS)


class Done:
    """Which jobs are done, with all that they were made from; reports never are, they may be of another state."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: dict[tuple[str, str], bool] = {}

    def __call__(self, job: Job) -> bool:
        """Return whether a job is done."""
        if job.key not in self._found:
            self._found[job.key] = _done(self._root, job) and all(map(self, job.parents.values()))
        return self._found[job.key]


def _done(root: Path, job: Job) -> bool:
    """Return whether a job's record is there, which is written last; reports may be of another state."""
    return job.stage not in OF_EXPERIMENTS and (root / job.stage / job.id / RECORD).is_file()


def _failure(root: Path, job: Job, since: float) -> Failure | None:
    log = root / "logs" / job.stage / f"{job.id}.log"
    try:
        if log.stat().st_mtime < since:
            return None
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [_KILLED]
    except OSError:
        return None
    if ": done in " in lines[-1]:
        return None
    # A message may have several lines; what is before it is progress.
    starts = [k for k, line in enumerate(lines) if line.startswith(_start(job))]
    if starts:
        return Failure(job, "\n    ".join(lines[starts[-1] :]), log)
    holder = holder_of(lock_of(root / place(job.stage, job.id)))
    at_work = holder is not None and (not holder.here or alive(holder.pid, holder.created))
    last = "" if lines[-1] == _KILLED else f", after: {lines[-1]}"
    return Failure(job, f"at work{last}" if at_work else f"{_KILLED}{last}", log, at_work)


def _start(job: Job) -> str:
    """Return what the line begins with by which a stage tells that something is wrong."""
    return f"stdp {job.stage}: "
