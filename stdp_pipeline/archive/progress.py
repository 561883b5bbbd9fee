"""How far an experiment is: which runs are done, which jobs failed and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stdp_pipeline.archive.records import RECORD
from stdp_pipeline.config.job import Job
from stdp_pipeline.config.plan import Plan, Run

__all__ = ["Failure", "Progress", "progress", "runs_done"]

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
    """

    job: Job
    message: str
    log: Path


@dataclass(frozen=True)
class Progress:
    """How far an experiment is.

    Attributes
    ----------
    n_runs, n_runs_done : int
        A run is done when its test is.
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
    jobs = [job for job in planned.jobs.values() if job.stage not in ("report", "illustrate")]
    done = [job for job in jobs if _done(root, job)]
    failures = [
        found for job in planned.jobs.values() if not _done(root, job) and (found := _failure(root, job, since))
    ]
    return Progress(len(planned.runs), len(list(runs_done(planned, root))), len(jobs), len(done), failures)


def runs_done(planned: Plan, root: Path) -> Iterator[Run]:
    """Yield the runs of which every job is done."""
    for one in planned.runs:
        wanted = [one.test, one.baseline, *one.analysis.all(), *one.crossbars.values()]
        if all(_done(root, job) for job in wanted if job is not None):
            yield one


def _done(root: Path, job: Job) -> bool:
    """Return whether a job's record is there, which is written last; reports may be of another state."""
    return job.stage not in ("report", "illustrate") and (root / job.stage / job.id / RECORD).is_file()


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
    starts = [k for k, line in enumerate(lines) if line.startswith(f"stdp {job.stage}: ")]
    message = lines[starts[-1] :] if starts else [lines[-1]]
    return Failure(job, "\n    ".join(message), log)
