"""What a page says of an experiment that is not done: how far it is, what failed, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Fault", "Unfinished", "compactly", "page_without_runs", "section_filters"]

_MOST_NAMES = 12
"""Runs or jobs that are named in one place; of more, the number is told."""


@dataclass(frozen=True)
class Fault:
    """Jobs of one stage that ended in the same way.

    Attributes
    ----------
    stage : str
    message : str
        What the jobs said.
    explained : bool
        Whether it is an error that they told. If not, they were killed, or are running just now.
    ids : list of str
        Of the jobs.
    runs : list of str
        What tells the runs that wait for them from the others.
    log : str
        Path of the first one's log.
    tail : str
        The last lines of it.
    """

    stage: str
    message: str
    explained: bool
    ids: list[str]
    runs: list[str]
    log: str
    tail: str


@dataclass(frozen=True)
class Unfinished:
    """How far an experiment is.

    Attributes
    ----------
    n_runs, n_runs_done, n_jobs, n_jobs_done : int
    written : str
        When that was so, UTC.
    command : str
        What goes on with it.
    faults : list of Fault
    lacking : list of (str, str)
        Runs that have been tested and are shown, and what of them is not done.
    damaged : list of (str, str)
        Runs whose results cannot be read, and why.
    missing : list of (str, list of int)
        Combinations of parameters of which runs are missing, and the seeds of these.
    earlier : bool
        Whether there is a whole report, of an earlier state of the experiment.
    """

    n_runs: int
    n_runs_done: int
    n_jobs: int
    n_jobs_done: int
    written: str
    command: str
    faults: list[Fault] = field(default_factory=list)
    lacking: list[tuple[str, str]] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, list[int]]] = field(default_factory=list)
    earlier: bool = False

    @property
    def errors(self) -> list[Fault]:
        """Faults that jobs told."""
        return [fault for fault in self.faults if fault.explained]

    @property
    def silent(self) -> list[Fault]:
        """Faults without a message."""
        return [fault for fault in self.faults if not fault.explained]

    @property
    def n_failed(self) -> int:
        """Jobs that told an error."""
        return sum(len(fault.ids) for fault in self.errors)

    @property
    def n_missing(self) -> int:
        """Runs that have not been tested."""
        return sum(len(seeds) for _, seeds in self.missing)


def _named(names: Sequence[str]) -> str:
    """Return names as text: all, or the first ones and how many there are besides."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f", and {more} more" if more > 0 else "")


def compactly(numbers: Iterable[int]) -> str:
    """Return whole numbers as text, three and more in a row by their ends: ``0 to 4, 7, 8``."""
    groups: list[list[int]] = []
    for number in sorted(set(numbers)):
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    parts: list[str] = []
    for group in groups:
        parts += [f"{group[0]} to {group[-1]}"] if len(group) > 2 else map(str, group)
    return ", ".join(parts)


def section_filters() -> dict[str, Callable[..., str]]:
    """Return the filters of ``unfinished.html``."""
    return {"named": _named, "compactly": compactly}


def page_without_runs(name: str, title: str, description: str, unfinished: Unfinished) -> str:
    """Return the page of an experiment of which no run can be shown yet."""
    from stdp_pipeline.report.page import templates

    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    told = {"name": name, "title": title, "description": description, "style": style}
    return templates().get_template("no_runs.html").render(**told, unfinished=unfinished)
