"""Gather what a page that sets experiments side by side shows of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.config.plan import Plan, Run, told
from stdp_pipeline.figures.comparison import accuracies
from stdp_pipeline.figures.differences import forest
from stdp_pipeline.io import read_arrays, read_json
from stdp_pipeline.report.comparison import compare
from stdp_pipeline.report.differences import Differences, differences_table
from stdp_pipeline.report.means import mean_columns, means
from stdp_pipeline.report.side_by_side import Column, comparison_page, configuration_columns, differing
from stdp_pipeline.report.tidy import Columns, tsv
from stdp_pipeline.stages._compared import Combination, against, combinations_of, listed
from stdp_pipeline.stages._drawings import Drawings, drawn
from stdp_pipeline.stages._experiment import records
from stdp_pipeline.stages._overviews import intervals_of
from stdp_pipeline.stages._pictures import of_run

__all__ = ["Side", "side_by_side"]

Pair = tuple[Combination, Combination]


@dataclass(frozen=True)
class Side:
    """An experiment, or one of its combinations, that is set beside others.

    Attributes
    ----------
    planned : Plan
    runs : list of Run
        Those that are done, at least one.
    n_runs : int
        All.
    chosen : bool
        Whether a single combination was asked for.
    """

    planned: Plan
    runs: list[Run]
    n_runs: int
    chosen: bool

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.planned.name}: {self.runs[0].told}" if self.chosen else self.planned.name

    @property
    def configuration(self) -> dict[str, Any]:
        """The resolved parameters; what differs between the combinations is 'varied'."""
        firsts = {one.told: one.experiment for one in reversed(self.runs)}
        return _in_common([experiment.model_dump(mode="json") for experiment in firsts.values()])


def _in_common(values: Sequence[Any]) -> Any:
    """Return what sections have in common, and 'varied' in the place of what they have not."""
    if all(value == values[0] for value in values):
        return values[0]
    if all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: _in_common([value.get(key) for value in values]) for key in keys}
    return "varied"


def side_by_side(root: Path, sides: Sequence[Side], notes: Sequence[str]) -> tuple[dict[str, str], Differences]:
    """Compare experiments, the others with the first one.

    Parameters
    ----------
    root : Path
        Of the results.
    sides : sequence of Side
        At least two.
    notes : sequence of str
        Sentences to be told on the page.

    Returns
    -------
    files : dict of str to str
        ``compare.html``, ``accuracies.tsv``, ``configuration.tsv``, and ``comparison.tsv`` if anything was tested.
    differences : Differences
    """
    found = [combinations_of(root, side.runs, side.planned.name) for side in sides]
    pairs, unmatched = _pairs(found)
    same = [f"{a.title} and {b.title} are the very same runs." for a, b in pairs if _same(a, b)]
    pairs = [(a, b) for a, b in pairs if not _same(a, b)]
    tested = against(pairs)
    differences = Differences(tested.found, [*tested.left_out, *unmatched, *same])
    shown = [found[0][0], *(_shown(found[0][0], combinations, pairs) for combinations in found[1:])]
    names = [_class_names(root, side) for side in sides]
    columns, table = [], Columns()
    for side, combination in zip(sides, shown, strict=True):
        column, averaged = _column(root, side, combination)
        columns.append(column)
        who: Columns = {
            "experiment": len(averaged) * [side.planned.name],
            "combination": [told(row["varied"]) for row in averaged],
        }
        table = _stacked(table, who | mean_columns(averaged))
    configuration = differing([column.configuration for column in columns])
    files = {
        "compare.html": comparison_page(
            columns,
            differences,
            drawn(_drawings(columns, found, differences)),
            names[0] if all(one == names[0] for one in names) else [],
            notes,
        ),
        "accuracies.tsv": tsv(table),
        "configuration.tsv": tsv(configuration_columns([side.name for side in sides], configuration)),
    }
    return files | ({"comparison.tsv": differences_table(tested.found)} if tested.found else {}), differences


def _pairs(found: Sequence[list[Combination]]) -> tuple[list[Pair], list[str]]:
    """Pair combinations with those of the same name of the first experiment, or with its only one."""
    pairs, unmatched = [], []
    firsts = {one.name: one for one in found[0]}
    for combinations in found[1:]:
        alone = found[0][0] if len(firsts) == 1 else None
        partners = [(one, alone or firsts.get(one.name)) for one in combinations]
        pairs += [(one, other) for one, other in partners if other is not None]
        if lonely := [one.title for one, other in partners if other is None]:
            a = found[0][0]
            unmatched.append(
                f"Not compared, since {a.experiment} has no combination of that name: {listed(lonely)}. To compare "
                f"with one of its combinations, name it, as in '{a.experiment}:{a.name}'."
            )
    return pairs, unmatched


def _same(one: Combination, other: Combination) -> bool:
    shared = one.tests.keys() & other.tests.keys()
    return bool(shared) and all(one.tests[seed] == other.tests[seed] for seed in shared)


def _shown(first: Combination, combinations: list[Combination], pairs: list[Pair]) -> Combination:
    """Return what to show of an experiment: what is compared with the first experiment's, or its first."""
    partners = [one for one, other in pairs if other is first and any(one is each for each in combinations)]
    return partners[0] if partners else combinations[0]


def _column(root: Path, side: Side, shown: Combination) -> tuple[Column, list[dict[str, Any]]]:
    runs = side.runs
    rows = records(root, runs)
    averaged = means(rows)
    groups = compare(averaged)
    for group in groups:
        group["title"] = ": ".join(filter(None, [side.planned.name, group["name"]]))
    first = next(one for one in runs if one.told == shown.name)
    mine = [row for row in rows if runs[row["run"] - 1].told == shown.name and row["readout"] == shown.readout]
    without_maps = replace(first, analysis=replace(first.analysis, embeddings=[]))
    fields = of_run(root, without_maps)["receptive_fields.png"]()
    tests = [(side.planned.name + (f": {one.told}" if one.told else ""), one.seed, one.ids["test"]) for one in runs]
    column = Column(
        side.name, _facts(root, side, rows), side.configuration, groups, shown.title, _of_classes(mine), fields,
        f"{shown.title}, seed {first.seed}", tests,
    )  # fmt: skip
    return column, averaged


def _facts(root: Path, side: Side, rows: list[dict[str, Any]]) -> dict[str, str]:
    def listing(values: list[Any]) -> str:
        return "; ".join(dict.fromkeys(str(value) for value in values))

    trained = [read_json(root / "train" / one.ids["train"] / "provenance.json") for one in side.runs]
    jobs = {job.key for one in side.runs for job in one.tested}
    spent = [read_json(root / stage / job / "provenance.json") for stage, job in sorted(jobs)]
    return {
        "Title": side.planned.experiment.title,
        "Runs": str(len(side.runs)) if len(side.runs) == side.n_runs else f"{len(side.runs)} of {side.n_runs} done",
        "Combinations": str(len({one.told for one in side.runs})),
        "Seeds": ", ".join(dict.fromkeys(str(one.seed) for one in side.runs)),
        "Data": listing([f"{row['dataset']}, {row['split']} images: {row['n_test']}" for row in rows]),
        "Networks": listing([f"{row['n_exc']} neurons, {row['rule']}" for row in rows]),
        "CPU time up to the tests": f"{sum(record['cpu_s'] for record in spent):.0f} s, {len(jobs)} jobs",
        "Trained by commit": listing([_commit(record) for record in trained]),
        "Machine": listing([record["environment"]["cpu"] for record in trained]),
    }


def _commit(record: dict[str, Any]) -> str:
    commit = record["environment"]["commit"]
    return "not in a repository" if not commit else commit[:10] + (" with changes" if commit.endswith("+") else "")


def _of_classes(rows: list[dict[str, Any]]) -> list[float | None]:
    """Return the share of each class's images that were classified rightly, mean over seeds."""
    counts = np.array([row["confusion"] for row in rows], np.float64)  # (n_seeds, n_classes, n_classes + 1)
    right, images = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2)
    return [float((right[:, c] / images[:, c]).mean()) if images[:, c].all() else None for c in range(counts.shape[1])]


def _class_names(root: Path, side: Side) -> list[str]:
    file = root / "prepare" / side.runs[0].ids["prepare"] / "data.npz"
    data = read_arrays(file, "n_classes", "class_names", also=())
    return data["class_names"].tolist() or [str(c) for c in range(int(data["n_classes"]))]


def _drawings(columns: Sequence[Column], found: Sequence[list[Combination]], differences: Differences) -> Drawings:
    combinations = [one for each in found for one in each]
    groups = [group for column in columns for group in column.groups]
    ends = [end for group, one in zip(groups, combinations, strict=True) for end in intervals_of([group], one.readout)]
    values = [np.array(list(one.accuracy.values())) for one in combinations]
    readout = " / ".join(dict.fromkeys(one.readout for one in combinations))
    drawings: Drawings = {
        "accuracies.svg": partial(
            accuracies, [one.title for one in combinations], values, [None] * len(groups), readout, ends
        )
    }
    return drawings | ({"differences.svg": partial(forest, differences.found)} if differences.found else {})


def _stacked(above: Columns, below: Columns) -> Columns:
    """Return one table of two, with the columns of both."""
    n, m = (len(next(iter(table.values()), [])) for table in (above, below))
    names = dict.fromkeys([*above, *below])
    return {name: above.get(name, n * [None]) + below.get(name, m * [None]) for name in names}
