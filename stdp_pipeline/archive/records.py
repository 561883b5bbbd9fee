"""Find the record of what made a result, and of what that was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import read_json
from stdp_pipeline.provenance import check_layout

__all__ = ["PLANNED", "RECORD", "Record", "ancestors", "find_record", "read_record", "told"]

RECORD = "provenance.json"
PLANNED = "planned.json"
"""In the folder of an experiment: what ``stdp run`` was asked for last, finished or not."""
_OF_RUNS = (PLANNED, "partial.html", "partial.json")
"""What lies beside a report without being a part of it."""


@dataclass(frozen=True)
class Record:
    """What made the results of one folder.

    Attributes
    ----------
    folder : Path
    values : dict
        The content of ``provenance.json``.
    """

    folder: Path
    values: dict[str, Any]

    @property
    def stage(self) -> str:
        """The stage."""
        return str(self.values["stage"])

    @property
    def inputs(self) -> dict[str, Path]:
        """The files that were read, by role."""
        return {role: _at_its_place(self.folder / path) for role, path in self.values["inputs"].items()}

    @property
    def root(self) -> Path:
        """The results folder."""
        return self.folder.parent.parent

    def files(self) -> list[Path]:
        """Return all results in the folder, less the record itself, which holds times, and what begins with a dot.

        Folders with a record of their own, such as the figures for print beside a report, are results of other jobs.
        """
        files = (path for path in self.folder.rglob("*") if path.is_file() and path != self.folder / RECORD)
        others = {path.parent for path in self.folder.glob(f"*/**/{RECORD}")}
        return sorted(
            path
            for path in files
            if not any(part.startswith(".") for part in path.relative_to(self.folder).parts)
            and others.isdisjoint(path.parents)
            and not (self.stage == "report" and path.parent == self.folder and path.name in _OF_RUNS)
        )


def _at_its_place(path: Path) -> Path:
    """Return the absolute path, without following the file itself: Snakemake's cache leaves links into itself."""
    return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()


def find_record(path: Path) -> Record:
    """Return the record of a result: of its own folder, or of the nearest one above it.

    Parameters
    ----------
    path : Path
        A file or folder of results.

    Raises
    ------
    ResultsError
        If there is no such path, or no record.
    """
    if not path.exists():
        raise ResultsError(f"'{path}' does not exist; give a file or folder of results, such as results/train/ID")
    path = _at_its_place(path)
    for folder in (path, *path.parents)[:4]:
        if (folder / RECORD).is_file():
            return read_record(folder)
    raise ResultsError(
        f"no {RECORD} in '{path}' or above it: the job that makes it did not finish, or it is no result of this project"
    )


def read_record(folder: Path) -> Record:
    """Read the record in a folder.

    Raises
    ------
    ResultsError
        If it is missing, damaged, or of another version of the layout.
    """
    file = folder / RECORD
    values = read_json(file)
    check_layout(values, file)
    if missing := {"stage", "spec", "inputs", "environment"} - values.keys():
        raise ResultsError(f"'{file}' is no record of a job: it lacks {', '.join(sorted(missing))}")
    return Record(folder.resolve(), values)


def ancestors(record: Record) -> Iterator[tuple[str, Record | Path]]:
    """Yield what a result was made from, by role, parents only: the record, or the path where that is gone."""
    for role, file in record.inputs.items():
        yield role, read_record(file.parent) if (file.parent / RECORD).is_file() else file


def told(record: Record) -> str:
    """Return all that is known of how a result came to be, as text: YAML, with its parents as a tree."""
    values, made = record.values, record.values["environment"]
    packages = {name: number for name, number in made.get("packages", {}).items() if number}
    known = {
        "result": str(record.folder),
        "stage": record.stage,
        "code": values.get("code") or None,
        "commit": _commit(made.get("commit")),
        "version": made.get("stdp_pipeline"),
        "seed": values["spec"].get("seed", _seed(record)),
        "made": {
            "started": values.get("started"),
            **{key: values.get(key) for key in ("wall_s", "cpu_s", "peak_rss_mb", "threads")},
            **{key: made.get(key) for key in ("cpu", "n_cpus", "system", "python")},
        },
        "packages": packages,
        "configuration": values["spec"],
    }
    text = yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=120)
    lines = ["made from:", *_tree(record, "  ", set())]
    return text + ("\n".join(lines) + "\n" if len(lines) > 1 else "")


def _commit(commit: str | None) -> str | None:
    if commit is None or not commit.endswith("+"):
        return commit
    return f"{commit[:-1]} with changes that were not committed"


def _seed(record: Record) -> int | None:
    """Return the seed of the network that a result has to do with."""
    for _, parent in ancestors(record):
        if isinstance(parent, Record):
            seed = parent.values["spec"].get("seed", _seed(parent))
            if seed is not None:
                return int(seed)
    return None


def _tree(record: Record, indent: str, seen: set[Path]) -> list[str]:
    """Return a line for each ancestor; what stands further up already is not unfolded again."""
    lines = []
    for role, parent in ancestors(record):
        if isinstance(parent, Path):
            lines.append(f"{indent}{role}: {parent} (gone)")
            continue
        again = parent.folder in seen
        seen.add(parent.folder)
        name = parent.folder.relative_to(record.root) if parent.folder.is_relative_to(record.root) else parent.folder
        lines.append(f"{indent}{role}: {name}{' (see above)' if again else ''}")
        if not again:
            lines += _tree(parent, indent + "  ", seen)
    return lines
