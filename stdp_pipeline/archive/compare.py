"""Set experiments that have been run side by side."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stdp_pipeline.archive.progress import Done
from stdp_pipeline.archive.records import RECORD, read_record
from stdp_pipeline.config.explain import unknown
from stdp_pipeline.config.load import find_experiment, load_experiment
from stdp_pipeline.config.plan import Plan, plain, plan
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.io import write_text
from stdp_pipeline.stages._experiment import plan_of
from stdp_pipeline.stages._side_by_side import Side, side_by_side

__all__ = ["compare"]

_FILES = ("compare.html", "accuracies.tsv", "configuration.tsv", "comparison.tsv")
_LONGEST = 120  # of a folder's name


def compare(options: argparse.Namespace, experiments: Path) -> int:
    """Write a page that sets experiments side by side, and print how they differ.

    Parameters
    ----------
    options : Namespace
        ``experiments`` (names, or paths of YAML files, each maybe with ``:COMBINATION``), ``directory``, ``output``.
    experiments : Path
        Folder with the files of experiments.

    Raises
    ------
    ConfigError
        If there are fewer than two, or twice the same.
    ResultsError
        If one has not been run.
    """
    if len(options.experiments) < 2:
        raise ConfigError(f"name two experiments or more, got only '{options.experiments[0]}'")
    root = options.directory / "results"
    sides: list[Side] = []
    notes: list[str] = []
    for text in options.experiments:
        side, more = _side(text, root, experiments, options.directory)
        if side.name in [one.name for one in sides]:
            raise ConfigError(f"'{side.name}' is given twice; name different experiments or combinations of one")
        sides.append(side)
        notes += more
    files, differences = side_by_side(root, sides, notes)
    folder = options.output or root / "comparisons" / _folder([side.name for side in sides])
    for name in _FILES:
        if name in files:
            write_text(folder / name, files[name])
        else:  # of an earlier comparison
            (folder / name).unlink(missing_ok=True)
    for line in [*notes, *(one.told() for one in differences.found), *differences.left_out]:
        print(line)
    print(f"page: {folder / 'compare.html'}")
    return 0


def _side(text: str, root: Path, experiments: Path, directory: Path) -> tuple[Side, list[str]]:
    """Return what an argument of the command line names, and what is to be said about it."""
    name, combination = _split(text, root, experiments)
    planned, notes = _planned(name, root, experiments)
    done = Done(root)  # maps and curves may still be missing
    runs = [
        one if one.baseline is None or done(one.baseline) else replace(one, baseline=None)
        for one in planned.runs
        if done(one.test)
    ]
    wanted = planned.runs
    if combination is not None:
        known = list(dict.fromkeys(one.told for one in planned.runs))
        given = combination
        combination = next((one for one in known if plain(one) == plain(given)), given)
        if combination not in known:
            told = unknown(combination, known) if known != [""] else "it has a single combination: name it without"
            raise ConfigError(f"'{text}': {told}")
        runs, wanted = ([one for one in each if one.told == combination] for each in (runs, wanted))
    if not runs:
        raise ResultsError(
            f"no run of '{text}' has been tested in '{root}': run it first with 'stdp run', or give the folder that "
            f"has its results: --directory (now '{directory}')"
        )
    if len(runs) < len(wanted):
        notes.append(f"Of {text}, {len(runs)} of {len(wanted)} runs have been tested: these are compared.")
    return Side(planned, runs, len(wanted), combination is not None), notes


def _split(text: str, root: Path, experiments: Path) -> tuple[str, str | None]:
    """Divide ``EXPERIMENT:COMBINATION``; a name may have a colon of its own."""
    whole = (experiments / f"{text}.yaml", Path(text), root / "experiments" / text / RECORD)
    if any(path.is_file() for path in whole):
        return text, None
    name, colon, combination = text.partition(":")
    return name, combination if colon else None


def _planned(name: str, root: Path, experiments: Path) -> tuple[Plan, list[str]]:
    """Lay out an experiment as it was run last: as its report says, if there is one, else as its file does."""
    path = Path(name)
    stem = path.stem if path.suffix in (".yaml", ".yml") else name
    folder = root / "experiments" / stem
    if stem in ("", ".", "..") or "/" in stem or not (folder / RECORD).is_file():
        path = find_experiment(name, experiments)
        return plan(path.stem, load_experiment(path)), []
    record = read_record(folder).values
    made = plan_of(record["spec"], str(folder / RECORD))
    try:
        path = find_experiment(name, experiments)
    except ConfigError:
        return made, []  # its file is gone: the report is enough
    if plan(stem, load_experiment(path)).jobs["report", stem].spec != record["spec"]:
        return made, [f"{stem} is compared as its report shows it: its file is another now, or --set was used."]
    return made, []


def _folder(names: Sequence[str]) -> str:
    plain = "-vs-".join(re.sub(r"[^A-Za-z0-9._=-]+", "_", name) for name in names)
    return plain[:_LONGEST].lstrip(".")
