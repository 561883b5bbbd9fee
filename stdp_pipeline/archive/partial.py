"""The report of an experiment that is not done: of the runs that are, with what failed and what is missing."""

from __future__ import annotations

import glob
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from stdp_pipeline.archive.progress import Done, Failure, Progress, all_done, progress
from stdp_pipeline.archive.records import RECORD
from stdp_pipeline.config.job import Job
from stdp_pipeline.config.plan import Plan, Run
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import canonical_json, read_json, write_json, write_text
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.report.unfinished import Fault, Unfinished, page_without_runs
from stdp_pipeline.stages._experiment import records
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages.report import PARTIAL, gather

__all__ = ["is_reported", "remove_partial", "run_again", "write_partial"]

_ABOUT_TAIL = 12  # lines of a log
_STALE_S = 86_400.0  # age at which a folder in which a page is made is no longer in use


def remove_partial(planned: Plan, root: Path) -> None:
    """Remove what :func:`write_partial` wrote, if the experiment is done: it may be of settings that are no more."""
    if is_reported(planned, root):
        for file in PARTIAL:
            (root / "experiments" / planned.name / file).unlink(missing_ok=True)


def is_reported(planned: Plan, root: Path) -> bool:
    """Return whether there is a whole report of just this state of an experiment, and all that it was made from."""
    if not all_done(planned, root):
        return False
    job = planned.jobs["report", planned.name]
    folder = root / "experiments" / job.id
    if not (folder / "report.html").is_file():
        return False
    try:
        return bool(read_json(folder / RECORD)["spec"] == job.spec)
    except (ResultsError, KeyError, TypeError):
        return False


def run_again(experiment: str, settings: Iterable[str], directory: str | Path | None) -> str:
    """Return the command that runs an experiment, as it was given."""
    words = ["stdp", "run", experiment, *(word for one in settings for word in ("--set", one))]
    return shlex.join([*words, *(["--directory", str(directory)] if directory else [])])


def write_partial(planned: Plan, root: Path, command: str, since: float = 0.0) -> tuple[Path, Progress]:
    """Write ``partial.html`` and ``partial.json`` to the experiment's folder.

    Runs that have been tested are shown, if need be without the maps or curves that they lack. Both files are removed
    by the report stage, when the experiment is done.

    Parameters
    ----------
    planned : Plan
    root : Path
        Of the results.
    command : str
        What the page says makes the rest.
    since : float
        Time stamp; logs that were written before it are not looked at.

    Returns
    -------
    page : Path
    progress : Progress

    Raises
    ------
    ResultsError
        If a result that figures are drawn from is damaged, or the files cannot be written.
    """
    found, done = progress(planned, root, since), Done(root)
    folder = root / "experiments" / planned.name
    shown, rows, damaged, lacking = [], [], [], []
    for one in planned.runs:
        if not done(one.test):
            continue
        try:
            rows += records(root, [one])
        except ResultsError as error:
            damaged.append((_told(one), str(error)))
            continue
        shown.append(_without_missing(one, done))
        if missing := [job for job in one.wanted if not done(job)]:
            lacking.append((_told(one), ", ".join(dict.fromkeys(job.stage for job in missing))))
    unfinished = Unfinished(
        n_runs=found.n_runs,
        n_runs_done=found.n_runs_done,
        n_jobs=found.n_jobs,
        n_jobs_done=found.n_jobs_done,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        command=command,
        faults=_faults(planned, found.failures),
        lacking=lacking,
        damaged=damaged,
        missing=_missing(planned, done),
        earlier=(folder / "report.html").is_file(),
    )
    html = _page(replace(planned, runs=shown), root, unfinished)
    page, state = (folder / file for file in PARTIAL)
    write_text(page, html)
    told = {key: getattr(unfinished, key) for key in ("n_runs", "n_runs_done", "n_jobs", "n_jobs_done", "n_failed")}
    about = {"experiment": planned.name, "title": planned.experiment.title, "written": unfinished.written}
    spec = planned.jobs["report", planned.name].spec
    write_json(state, {"schema_version": SCHEMA_VERSION, **about, **told, "spec": spec, "runs": rows})
    return page, found


def _page(planned: Plan, root: Path, unfinished: Unfinished) -> str:
    """Return the page: the report of some runs, of which all but the page is thrown away."""
    title, description = planned.experiment.title, planned.experiment.description
    if not planned.runs:
        return page_without_runs(planned.name, title, description, unfinished)
    parent = root / "experiments"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f".{glob.escape(planned.name)}.*.part"):  # of a process that was killed
        if left.is_dir() and time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=f".{planned.name}.", suffix=".part"))
    try:
        gather(StageJob("report", {}, {}, folder), planned, unfinished)
        return (folder / "report.html").read_text(encoding="utf-8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(one: Run) -> str:
    return ", ".join(filter(None, [one.told, f"seed {one.seed}"]))


def _without_missing(one: Run, done: Done) -> Run:
    """Return a run without the jobs after its test that are not done."""

    def kept(job: Job | None) -> Job | None:
        return job if job is not None and done(job) else None

    asked = one.analysis
    analysis = replace(
        asked,
        embeddings=[job for job in asked.embeddings if done(job)],
        measures=[job for job in asked.measures if done(job)],
        representation=kept(asked.representation),
        revisited=kept(asked.revisited),
        trajectories=[job for job in asked.trajectories if done(job)],
    )
    crossbars = {name: job for name, job in one.crossbars.items() if done(job)}
    return replace(one, baseline=kept(one.baseline), analysis=analysis, crossbars=crossbars)


def _missing(planned: Plan, done: Done) -> list[tuple[str, list[int]]]:
    """Return the combinations of which runs have not been tested, and their seeds."""
    found: dict[str, tuple[str, list[int]]] = {}
    for one in planned.runs:
        if not done(one.test):
            found.setdefault(canonical_json(one.varied), (one.told, []))[1].append(one.seed)
    return list(found.values())


def _ancestry(jobs: Iterable[Job]) -> set[tuple[str, str]]:
    """Return the keys of jobs and of all that they are made from."""
    todo, seen = list(jobs), set()
    while todo:
        job = todo.pop()
        if job.key not in seen:
            seen.add(job.key)
            todo += job.parents.values()
    return seen


def _faults(planned: Plan, failures: list[Failure]) -> list[Fault]:
    """Gather failures of one stage that have the same message."""
    waiting: dict[tuple[str, str], dict[str, None]] = {failure.job.key: {} for failure in failures}
    for one in planned.runs if failures else []:
        for key in _ancestry(one.wanted) & waiting.keys():
            waiting[key][_told(one)] = None
    groups: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        groups.setdefault((failure.job.stage, failure.message), []).append(failure)
    return [
        Fault(
            stage=stage,
            message=message.removeprefix(f"stdp {stage}: error: "),
            explained=group[0].explained,
            ids=[failure.job.id for failure in group],
            runs=list(dict.fromkeys(run for failure in group for run in waiting[failure.job.key])),
            log=str(group[0].log),
            tail=group[0].tail(_ABOUT_TAIL),
        )
        for (stage, message), group in groups.items()
    ]
