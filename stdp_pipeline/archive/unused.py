"""Find results that no experiment refers to, and say how much room experiments take."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stdp_pipeline.archive.records import PLANNED, RECORD, read_record
from stdp_pipeline.config.job import STAGES
from stdp_pipeline.config.load import completed, load_experiment
from stdp_pipeline.config.plan import Plan, plan
from stdp_pipeline.errors import ResultsError, StdpError
from stdp_pipeline.io import read_json
from stdp_pipeline.provenance import check_layout
from stdp_pipeline.stages._kept import KEPT

__all__ = ["Folder", "Usage", "experiments_in", "remove", "size_of", "unused", "usage"]

_BESIDE = ("checkpoints", "logs", "benchmarks")
"""Folders beside the stages' that hold something of each job."""


@dataclass(frozen=True)
class Folder:
    """Results of a job that nothing refers to, or what is left of one.

    Attributes
    ----------
    paths : list of Path
        Its folder, checkpoints, log and benchmark, those that there are.
    stage, id : str
    n_bytes : int
    """

    paths: list[Path]
    stage: str
    id: str
    n_bytes: int


@dataclass(frozen=True)
class Usage:
    """Room that the results of an experiment take.

    Attributes
    ----------
    name : str
    n_jobs, n_done : int
    n_bytes : int
        Of all of its results.
    own_bytes : int
        Of those that no other experiment shares.
    """

    name: str
    n_jobs: int
    n_done: int
    n_bytes: int
    own_bytes: int


def experiments_in(root: Path, folders: Iterable[Path]) -> tuple[dict[str, Plan], list[str]]:
    """Return the plans of all experiments that may refer to results.

    Parameters
    ----------
    root : Path
        Of the results. Reports in it tell what they were made of, and runs what they were asked for, whatever has
        become of the experiment's file.
    folders : iterable of Path
        With the YAML files of experiments.

    Returns
    -------
    plans : dict of str to Plan
        Those of files by their name; those of reports as ``NAME (report)`` and of the last run as ``NAME (last run)``
        if the file is another by now, or not among these.
    faults : list of str
        What kept a file or a report from being read. What it refers to is not known then.
    """
    plans: dict[str, Plan] = {}
    faults = []
    for file in sorted(path for folder in folders for path in folder.glob("*.y*ml")):
        try:
            plans[file.stem] = plan(file.stem, load_experiment(file))
        except StdpError as error:
            faults.append(str(error))
    for kind, known_as in ((RECORD, "report"), (PLANNED, "last run")):
        for file in sorted((root / "experiments").glob(f"*/{kind}")):
            try:
                values = read_record(file.parent).values if kind == RECORD else read_json(file)
                check_layout(values, file)
                name, spec = values["spec"]["name"], values["spec"]
                if all(spec != one.jobs["report", name].spec for one in plans.values() if one.name == name):
                    plans[f"{name} ({known_as})"] = plan(name, completed(dict(spec["experiment"]), str(file)))
            except StdpError as error:
                faults.append(str(error))
            except (KeyError, TypeError) as error:
                faults.append(f"'{file}' is damaged ({type(error).__name__}: {error}); delete it")
    return plans, faults


def unused(root: Path, plans: Iterable[Plan]) -> list[Folder]:
    """Return what no plan refers to, in the order of the stages.

    Only folders that a stage of this project made are looked at, by their place: ``results/STAGE/ID``. Reports of
    experiments are never among them.
    """
    known = {job.key for one in plans for job in one.jobs.values()}
    found = []
    for stage in STAGES:
        if stage in ("report", "illustrate"):
            continue
        ids = {path.name for path in _listed(root / stage) if path.is_dir()}
        for beside in _BESIDE:
            ids |= {path.name if path.is_dir() else path.stem for path in _listed(root / beside / stage)}
        for one in sorted(ids):
            if (stage, one) not in known:
                paths = [path for path in _places(root, stage, one) if path.exists() and not path.is_symlink()]
                if paths:
                    found.append(Folder(paths, stage, one, sum(map(size_of, paths))))
    return found


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _places(root: Path, stage: str, one: str) -> list[Path]:
    return [
        root / stage / one,
        root / "checkpoints" / stage / one,
        root / "logs" / stage / f"{one}.log",
        root / "benchmarks" / stage / f"{one}.tsv",
    ]


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; links do not count, nor files linked a second time."""
    if path.is_symlink() or path.name == KEPT:
        return 0
    if path.is_dir():
        return sum(size_of(entry) for entry in path.iterdir())
    return path.stat().st_size if path.exists() else 0


def usage(root: Path, plans: dict[str, Plan]) -> list[Usage]:
    """Return how much room the results of each experiment take, those with the most first."""
    sizes: dict[tuple[str, str], int] = {}
    shared: dict[tuple[str, str], set[str]] = {}
    for name, one in plans.items():
        for key, job in one.jobs.items():
            shared.setdefault(key, set()).add(name)
            if key not in sizes:
                sizes[key] = size_of(root / ("experiments" if job.stage == "report" else job.stage) / job.id)
    found = []
    for name, one in plans.items():
        done = [key for key in one.jobs if sizes[key]]
        own = sum(sizes[key] for key in done if shared[key] == {name})
        found.append(Usage(name, len(one.jobs), len(done), sum(sizes[key] for key in done), own))
    return sorted(found, key=lambda one: -one.n_bytes)


def remove(root: Path, folders: Iterable[Folder]) -> None:
    """Delete what nothing refers to.

    Raises
    ------
    ResultsError
        If a path leads out of the results, or cannot be deleted.
    """
    inside = root.resolve()
    for folder in folders:
        for path in folder.paths:
            if not path.resolve().is_relative_to(inside) or path.resolve() == inside:
                raise ResultsError(f"'{path}' is not inside '{root}'; nothing outside is ever removed")
            try:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            except OSError as error:
                raise ResultsError(f"cannot remove '{path}': {error.strerror}") from error
