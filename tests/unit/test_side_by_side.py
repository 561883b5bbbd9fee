"""Experiments side by side, from results of real runs."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from pyarrow.parquet import read_table

from stdp_pipeline import commands
from stdp_pipeline.cli import main
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import Plan, plan
from stdp_pipeline.report.side_by_side import differing
from stdp_pipeline.stages._job import StageJob, run_stage
from stdp_pipeline.workflow import Workflow

SMALL = {
    "dataset": {"name": "digits", "n_train": 60, "n_test": 40},
    "network": {"n_exc": 9},
    "encoding": {"name": "poisson", "rate_per_level_hz": 0.25},
    "plasticity": {"name": "triplet", "norm_total": 9.0},
    "embeddings": [],
    "measures": None,
    "representation": False,
}
EXPERIMENTS = {
    "two": SMALL | {"variants": {"slow": {"plasticity.eta_post": 0.001}, "fast": {"plasticity.eta_post": 0.1}},
                    "seeds": [0, 1], "title": "Two rates"},
    "one": SMALL | {"plasticity": {"name": "power_law", "norm_total": 9.0}, "seeds": [1, 2]},
    "later": SMALL | {"seeds": [5]},
    "others": SMALL | {"dataset": {"name": "digits", "n_train": 60, "n_test": 30}, "seeds": [1]},
}  # fmt: skip


def planned_in(folder: Path, name: str, raw: dict) -> Plan:
    file = folder / "config" / "experiments" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(raw, sort_keys=False))
    return plan(name, load_experiment(file))


def make(root: Path, planned: Plan) -> None:
    """Run what Snakemake would, in this process."""
    of_workflow = Workflow(planned)
    for (stage, one), job in planned.jobs.items():
        output = root / stage / one
        if stage in ("report", "illustrate", "portray") or (output / "provenance.json").exists():
            continue
        files = of_workflow.files(stage)(SimpleNamespace(id=one))
        inputs = {role: root.parent / path for role, path in files.items()}
        run_stage(StageJob(stage, job.spec, inputs, output))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A project with results of all experiments."""
    folder = tmp_path_factory.mktemp("side_by_side")
    for name, raw in EXPERIMENTS.items():
        make(folder / "results", planned_in(folder, name, raw))
    return folder


@pytest.fixture
def compare(made, monkeypatch, capsys):
    """Return a function: arguments -> exit status, what was printed, and what went wrong."""
    monkeypatch.setattr(commands, "project_root", lambda: made)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["compare", *arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return status, captured.out, captured.err

    return run


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_all_combinations_are_compared_with_an_experiment_of_one(compare, made):
    status, printed, _ = compare("one", "two")
    folder = made / "results" / "comparisons" / "one-vs-two"
    assert status == 0
    assert f"page: {folder / 'compare.html'}" in printed
    found = table(folder / "comparison.tsv")
    assert {row["combination"] for row in found} == {"two: slow", "two: fast"}
    assert {(row["seed"], row["n"]) for row in found} == {("1", "40")}  # they have that seed in common
    assert "McNemar's test, seed 1" in printed
    means = table(folder / "accuracies.tsv")
    assert [(row["experiment"], row["combination"], row["n_seeds"]) for row in means] == [
        ("one", "", "2"), ("two", "slow", "2"), ("two", "fast", "2"),
    ]  # fmt: skip
    rows = {row["parameter"]: (row["one"], row["two"]) for row in table(folder / "configuration.tsv")}
    assert rows["plasticity.name"] == ("power_law", "triplet")
    assert rows["seeds"] == ("[1,2]", "[0,1]")
    assert not any(path.startswith(("dataset", "network", "title")) for path in rows)
    page = (folder / "compare.html").read_text()
    references = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
    assert sum("image/svg" in one for one in references) == 2
    assert sum("image/png" in one for one in references) == 2
    assert all(one.startswith("data:") for one in references)
    assert "<script" not in page
    for text in ("By class", "synaptic operations", "two: slow", "power_law", "less one"):
        assert text in page


def test_a_combination_can_be_chosen_and_two_of_one_experiment(compare, made):
    status, printed, _ = compare("two:slow", "two: fast ", "one", "--output", str(made / "elsewhere"))
    assert status == 0
    assert "two: fast against two: slow" in printed
    assert "paired t-test over 2 seeds" in printed
    assert "one against two: slow" in printed
    found = table(made / "elsewhere" / "configuration.tsv")
    assert [row["two: fast"] for row in found if row["parameter"] == "plasticity.eta_post"] == ["0.1"]


def test_what_is_the_very_same_is_neither_tested_nor_counted(compare, made):
    status, printed, _ = compare("two:slow", "two", "--output", str(made / "same"))
    assert status == 0
    assert "two: slow and two: slow are the very same runs" in printed
    found = table(made / "same" / "comparison.tsv")
    assert {row["combination"] for row in found} == {"two: fast"}
    assert all(row["p"] == row["p_holm"] for row in found)  # a single comparison
    configuration = {row["parameter"]: row for row in table(made / "same" / "configuration.tsv")}
    assert configuration["plasticity.eta_post"]["two"] == "varied"


def test_what_cannot_be_paired_is_told_and_the_rest_is_shown(compare, made):
    status, printed, _ = compare("one", "later", "others")
    assert status == 0
    assert "Not compared with one, since they have no seed in common: later." in printed
    assert "Not compared with one, since their test images are others: others." in printed
    folder = made / "results" / "comparisons" / "one-vs-later-vs-others"
    assert not (folder / "comparison.tsv").exists()
    page = (folder / "compare.html").read_text()
    assert "since their test images are others" in page
    assert "McNemar" not in page
    assert "differences.svg" not in page
    status, printed, _ = compare("two", "one")
    assert "two has no combination of that name: one" in printed
    assert "'two:slow'" in printed


def test_faults_are_told_with_what_to_do(compare, made):
    for arguments, message in (
        (("one",), "name two experiments or more, got only 'one'"),
        (("one", "one"), "'one' is given twice"),
        (("two:slow", "two:slow"), "'two: slow' is given twice"),
        (("one", "onne"), "Did you mean 'one'?"),
        (("one", "two:slo"), "unknown value 'slo'; known: slow, fast. Did you mean 'slow'?"),
        (("one", "one:x"), "it has a single combination: name it without"),
    ):
        status, _, error = compare(*arguments)
        assert status == 1
        assert message in error
    planned_in(made, "never", SMALL | {"seeds": [99]})
    status, _, error = compare("one", "never")
    assert status == 1
    assert "no run of 'never' has been tested" in error
    assert "stdp run" in error


def test_finished_runs_of_an_unfinished_experiment_are_compared(compare, made):
    planned_in(made, "more", EXPERIMENTS["one"] | {"seeds": [1, 2, 98]})
    status, printed, _ = compare("one", "more")
    assert status == 0
    assert "Of more, 2 of 3 runs have been tested: these are compared." in printed
    assert "more and one are the very same runs." in printed


def test_experiments_are_compared_as_their_reports_show_them(compare, made, tmp_path):
    """With the settings that they were run with, whatever has become of their files since."""
    planned = planned_in(made, "reported", EXPERIMENTS["two"])
    root = made / "results"
    shutil.copytree(made / "results", tmp_path / "results")
    root = tmp_path / "results"
    portrait = planned.portrait
    inputs = {
        role: root.parent / path
        for role, path in Workflow(planned).files("portray")(SimpleNamespace(id=portrait.id)).items()
    }
    run_stage(StageJob("portray", portrait.spec, inputs, root / "portray" / portrait.id))
    report = root / "experiments" / "reported"
    run_stage(StageJob("report", planned.jobs["report", "reported"].spec, {}, report))
    assert table(report / "comparison.tsv")[0]["combination"] == "fast"
    assert "Differences, all_activity" in (report / "report.html").read_text()
    runs = read_table(report / "runs.parquet").to_pydict()
    assert runs["variant"] == ["slow", "slow", "fast", "fast"]
    assert [set(row) for row in table(report / "summary.tsv")] == 4 * [set(runs)]
    planned_in(made, "reported", SMALL | {"seeds": [97]})
    status, printed, _ = compare("reported:fast", "one", "--directory", str(tmp_path))
    assert status == 0
    assert "reported is compared as its report shows it: its file is another now" in printed
    (made / "config" / "experiments" / "reported.yaml").unlink()
    status, printed, _ = compare("reported:fast", "one", "--directory", str(tmp_path))
    assert status == 0
    assert "its file" not in printed


def test_only_what_differs_is_told():
    a = {"title": "a", "network": {"n": 1, "m": 2}, "encoding": {"name": "x", "p": 1}, "grid": {}, "report": {"x": 1}}
    b = {"title": "b", "network": {"n": 1, "m": 3}, "encoding": {"name": "y", "q": [1]}, "grid": {"k": [1, 2]}}
    assert differing([a, b]) == {
        "network.m": ["2", "3"], "encoding.name": ["x", "y"], "encoding.p": ["1", ""], "encoding.q": ["", "[1]"],
        "grid.k": ["", "[1,2]"],
    }  # fmt: skip
    assert differing([a, a]) == {}
