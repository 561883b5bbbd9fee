"""The report of an experiment that is not done, and what damaged results make of a report."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
import yaml

from stdp_pipeline.archive import partial
from stdp_pipeline.archive.partial import is_reported, run_again, write_partial
from stdp_pipeline.cli import main
from stdp_pipeline.config.job import OF_EXPERIMENTS, Job
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import Plan, plan
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import write_text
from stdp_pipeline.provenance import environment
from stdp_pipeline.report.page import MODEL_PICTURES
from stdp_pipeline.report.unfinished import compactly
from stdp_pipeline.stages import _job, _learned, report
from stdp_pipeline.stages._job import StageJob, run_stage
from stdp_pipeline.workflow import _FILES

RAW = {
    "title": "Six runs",
    "dataset": {"name": "digits", "n_train": 60, "n_test": 40},
    "network": {"n_exc": 6, "exc": {"theta_plus_mv": 0.1, "tau_theta_ms": 5e5}},
    "encoding": {"name": "poisson", "rate_per_level_hz": 0.25},
    "plasticity": {"name": "triplet", "norm_total": 9.0},
    "training": {"curve_every": 20},
    "baselines": [{"name": "knn"}],
    "embeddings": [{"name": "pca"}],
    "measures": {"n_draws": 1},
    "crossbars": {"stuck": {"vary": "devices.stuck.off", "values": [0.0, 0.5], "draws": 1}},
    "grid": {"network.n_exc": [5, 6]},
    "seeds": [0, 1, 2],
}
# Of elephant, whose correlations make NumPy matrices.
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")

NAMES = {"train": "network", "encode": "levels"}


def _inputs(root: Path, job: Job) -> dict[str, Path]:
    found = {NAMES.get(role, role): root / p.stage / p.id / _FILES[p.stage] for role, p in job.parents.items()}
    if "train" in job.parents:
        found["model"] = root / "train" / job.trained.id / "model.json"
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with the experiment's file and the results of all jobs but the report."""
    folder = tmp_path_factory.mktemp("partial")
    (folder / "six.yaml").write_text(yaml.safe_dump(RAW))
    root, known = folder / "results", environment()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_job, "environment", lambda: known)  # asks git, each time
        for (stage, one), job in _planned(folder).jobs.items():
            if stage == "portray":  # takes longest
                for file in (*MODEL_PICTURES, "provenance.json"):
                    write_text(root / stage / one / file, "{}")
            elif stage not in OF_EXPERIMENTS:
                run_stage(StageJob(stage, job.spec, _inputs(root, job), root / stage / one))
    return folder


def _planned(folder: Path) -> Plan:
    return plan("six", load_experiment(folder / "six.yaml"))


@pytest.fixture
def folder(finished, tmp_path) -> Path:
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def planned(folder) -> Plan:
    return _planned(folder)


@pytest.fixture
def root(folder) -> Path:
    return folder / "results"


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Let reports be made without drawing, which takes most of their time."""
    for module in (report, _learned):
        monkeypatch.setattr(module, "drawn", lambda drawings: dict.fromkeys(drawings, b"<svg/>"))


def _remove(root: Path, stage: str, one: str) -> None:
    shutil.rmtree(root / stage / one)


def _log(root: Path, stage: str, one: str, text: str) -> Path:
    log = root / "logs" / stage / f"{one}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)
    return log


def _left(root: Path) -> set[str]:
    return {path.name for path in (root / "experiments").rglob("*")}


def test_a_sweep_on_its_way_is_told_with_what_failed_and_what_is_missing(folder, root, planned, capsys, monkeypatch):
    monkeypatch.setattr(report, "_DETAILED", 1)
    lost, late, mapless = planned.runs[3], planned.runs[5], planned.runs[1]
    for stage in ("train", "respond_train", "respond_test", "label", "test"):
        _remove(root, stage.split("_")[0], lost.ids[stage])
    lines = [f"12:00:{k:02d} {k} of 60 images" for k in range(30)]
    failed = _log(root, "train", lost.ids["train"], "\n".join([*lines, "stdp train: error: activity <died>"]) + "\n")
    _remove(root, "test", late.ids["test"])
    _log(root, "test", late.ids["test"], "12:00:01 at it\n")
    _remove(root, "embed", mapless.analysis.embeddings[0].id)
    _remove(root, "crossbar", mapless.crossbars["stuck"].id)
    command = ("status", str(folder / "six.yaml"), "--directory", str(folder))
    assert main([*command, "--report"]) == 1
    printed = capsys.readouterr().out
    page = root / "experiments" / "six" / "partial.html"
    assert "six: 3 of 6 runs done" in printed
    assert str(page) in printed
    html = page.read_text()
    assert "<h2>3 of 6 runs done</h2>" in html
    assert "activity &lt;died&gt;" in html
    assert str(failed) in html
    assert "12:00:29 29 of 60 images" in html
    assert "12:00:10 10 of 60 images" not in html
    waiting = re.search(r"Waiting for it: (.*?)\.</p>", html)
    assert waiting
    assert waiting[1] == "network.n_exc = 6, seed 0"
    assert "Running just now, or killed" in html
    assert "12:00:01 at it" in html
    assert "<li>network.n_exc = 5, seed 1: no embed, measure, crossbar</li>" in html
    assert "Missing runs: 2" in html
    assert "<li>network.n_exc = 6: seeds 0, 2</li>" in html
    assert f"stdp run {folder / 'six.yaml'} --directory {folder}" in html
    # Three seeds of one combination, one of the other.
    assert re.search(r"<td>network.n_exc = 5</td><td>3</td>", html)
    assert re.search(r"<td>network.n_exc = 6</td><td>1</td>", html)
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", html)
    assert _left(root) == {"six", "partial.html", "partial.json"}
    state = json.loads((root / "experiments" / "six" / "partial.json").read_text())
    assert [state[key] for key in ("n_runs", "n_runs_done", "n_failed", "title")] == [6, 3, 1, "Six runs"]
    assert len(state["runs"]) == 4
    assert "3 of 6" in (root / "index.html").read_text()
    assert main(command) == 1
    assert "so far" not in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
def test_any_jobs_may_be_missing(root, planned, rng):
    jobs = [job for job in planned.jobs.values() if job.stage not in OF_EXPERIMENTS]
    for job in rng.permutation(len(jobs))[: rng.integers(1, 12)]:
        _remove(root, jobs[job].stage, jobs[job].id)
    page, found = write_partial(planned, root, "stdp run six")
    html = page.read_text()
    assert f"<h2>{found.n_runs_done} of 6 runs done</h2>" in html
    assert found.n_jobs_done < found.n_jobs
    missing = re.search(r"Missing runs: (\d)", html)
    lacking = re.search(r"Tested, but not done</h3>\n<ul>(.*?)</ul>", html)
    told = (int(missing[1]) if missing else 0) + (lacking[1].count("<li>") if lacking else 0)
    assert told == 6 - found.n_runs_done


def test_nothing_done_is_a_page_too(planned, tmp_path):
    log = _log(tmp_path, "prepare", planned.runs[0].ids["prepare"], "stdp prepare: error: no such file\n")
    page, found = write_partial(planned, tmp_path, "stdp run six")
    html = page.read_text()
    assert "0 of 6 runs done" in html
    assert "no such file" in html
    assert str(log) in html
    assert "<li>network.n_exc = 5: seeds 0 to 2</li>" in html
    assert len(found.failures) == 1


def test_failures_with_one_message_are_told_once(planned, tmp_path):
    for job in planned.of("train"):
        _log(tmp_path, "train", job.id, "stdp train: error: no memory\n")
    html = write_partial(planned, tmp_path, "stdp run six")[0].read_text()
    assert html.count("no memory</summary>") == 1
    assert "train, 6 jobs: no memory" in html
    assert "<b>6 failed</b>" in html


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_run_is_told_and_the_others_are_shown(root, planned):
    file = root / "test" / planned.runs[0].ids["test"] / "metrics.json"
    file.write_text("{")
    html = write_partial(planned, root, "stdp run six")[0].read_text()
    assert "network.n_exc = 5, seed 0:" in html
    assert f"{file}&#39; is damaged" in html
    assert re.search(r"<td>network.n_exc = 5</td><td>2</td>", html)


@pytest.mark.usefixtures("undrawn")
def test_the_whole_report_takes_the_place_of_the_partial_one(folder, root, planned, capsys):
    job = planned.jobs["report", "six"]
    write_partial(planned, root, "stdp run six")
    assert not is_reported(planned, root)
    run_stage(StageJob("report", job.spec, {}, root / "experiments" / "six"))
    assert {"report.html", "metrics.json"} <= _left(root)
    assert not {"partial.html", "partial.json"} & _left(root)
    assert is_reported(planned, root)
    (root / "experiments" / "six" / "partial.html").write_text("of settings that are no more")
    assert main(["status", str(folder / "six.yaml"), "--directory", str(folder), "--report"]) == 0
    assert "six: done" in capsys.readouterr().out
    assert "partial.html" not in _left(root)
    # Another state of the experiment.
    other = plan("six", load_experiment(folder / "six.yaml", ["seeds=[7]"]))
    assert not is_reported(other, root)
    html = write_partial(other, root, "stdp run six")[0].read_text()
    assert "of an earlier state" in html
    assert '<a href="report.html">' in html
    (root / "experiments" / "six" / "provenance.json").write_text("[")
    assert not is_reported(planned, root)


def test_what_goes_wrong_leaves_nothing_half_written(root, planned, monkeypatch):
    def fails(job, *_):
        (job.output / "report.html").write_text("half")
        raise ResultsError("the disk is full")

    monkeypatch.setattr(partial, "gather", fails)
    for name, age_s in (("old", 90_000), ("new", 10)):
        left = root / "experiments" / f".six.{name}.part"
        left.mkdir(parents=True)
        os.utime(left, (time.time() - age_s,) * 2)
    with pytest.raises(ResultsError, match="disk is full"):
        write_partial(planned, root, "stdp run six")
    assert _left(root) == {".six.new.part"}  # which another process may be writing


def test_the_command_that_goes_on_is_the_one_that_was_given():
    assert run_again("a b", ["x=[1, 2]"], None) == "stdp run 'a b' --set 'x=[1, 2]'"
    assert run_again("a", [], Path("/d")) == "stdp run a --directory /d"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([1, 0], "0, 1"), ([0, 1, 2, 5, 7, 8], "0 to 2, 5, 7, 8"), (range(60), "0 to 59")],
)
def test_seeds_are_told_compactly(numbers, text):
    assert compactly(numbers) == text


# ---- damaged results -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("stage", "file", "content"),
    [
        ("train", "provenance.json", "{}"),
        ("train", "model.json", "[]"),
        ("train", "history.tsv", "a\tb\nx\ty\n"),
        ("train", "network.npz", "PK"),
        ("label", "provenance.json", None),
        ("test", "metrics.json", "{}"),
        ("encode", "raster.png", None),
        ("baseline", "provenance.json", "{"),
        ("features", "info.json", "{}"),
        ("embed", "info.json", "[]"),
        ("measure", "measures.tsv", "a\tb\nx\n"),
        ("represent", "neurons.tsv", "a\n"),
        ("represent", "representation.json", "{}"),
        ("crossbar", "draws.tsv", None),
        ("crossbar", "points.json", "{}"),
        ("portray", "network.svg", None),
    ],
)
def test_a_damaged_result_ends_a_report_with_the_name_of_its_folder(root, planned, stage, file, content):
    damaged = root / stage / planned.of(stage)[0].id
    if content is None:
        (damaged / file).unlink()
    else:
        (damaged / file).write_text(content)
    job = StageJob("report", planned.jobs["report", "six"].spec, {}, root / "experiments" / "six")
    with pytest.raises(ResultsError, match=re.escape(str(damaged))):
        run_stage(job)
    assert not (job.output / "report.html").exists()
