"""What stands in a results folder: its records, making it again, what nothing refers to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from stdp_pipeline.archive.records import find_record, told
from stdp_pipeline.archive.reproduce import reproduce
from stdp_pipeline.archive.unused import experiments_in, remove, size_of, unused, usage
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import write_json
from stdp_pipeline.stages._job import StageJob, run_stage

RAW = {"dataset": {"name": "digits", "n_train": 50, "n_test": 20}, "network": {"n_exc": 9}, "embeddings": []}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """Results of two stages."""
    root = tmp_path_factory.mktemp("archive") / "results"
    jobs = _planned(root.parent, RAW).jobs
    for (stage, one), job in jobs.items():
        if stage in ("prepare", "encode"):
            inputs = {"data": root / "prepare" / job.parents["data"].id / "data.npz"} if job.parents else {}
            run_stage(StageJob(stage, job.spec, inputs, root / stage / one, "0123456789abcdef"))
    return root


def _planned(folder: Path, raw: dict):
    file = folder / "config" / "small.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(raw))
    return plan("small", load_experiment(file))


def _folder(results: Path, stage: str) -> Path:
    (folder,) = (results / stage).iterdir()
    return folder


# ---- records ---------------------------------------------------------------------------------------------------------


def test_a_result_tells_what_made_it_and_from_what(results):
    folder = _folder(results, "encode")
    for path in (folder, folder / "levels.npz"):
        text = told(find_record(path))
        known = yaml.safe_load(text.partition("made from:")[0])
        assert (known["stage"], known["code"]) == ("encode", "0123456789abcdef")
        assert known["configuration"]["encoding"]["name"] == "poisson"
        assert known["made"]["cpu_s"] >= 0
        assert known["packages"]["numpy"] == np.__version__
        assert f"data: prepare/{_folder(results, 'prepare').name}" in text


def test_a_parent_that_is_gone_is_told(results, tmp_path):
    folder = tmp_path / "results" / "encode" / "x"
    folder.mkdir(parents=True)
    (folder / "provenance.json").write_text((_folder(results, "encode") / "provenance.json").read_text())
    record = find_record(folder)
    assert "(gone)" in told(record)
    with pytest.raises(ResultsError, match="which is gone; run its experiment again"):
        reproduce(record, 1, with_parents=True)


def test_a_job_refuses_results_of_another_layout(results, tmp_path):
    shutil.copytree(_folder(results, "prepare"), tmp_path / "prepare")
    record = tmp_path / "prepare" / "provenance.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"schema_version": 0}))
    spec = find_record(_folder(results, "encode")).values["spec"]
    job = StageJob("encode", spec, {"data": tmp_path / "prepare" / "data.npz"}, tmp_path / "encode")
    with pytest.raises(ResultsError, match=r"prepare/provenance\.json' has the layout of version 0, and this is"):
        run_stage(job)
    assert list((tmp_path / "encode").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"schema_version": 99}', r"layout of version 99, and this is version 1: read it with the version"),
        ('{"schema_version": 1}', r"is no record of a job: it lacks environment, inputs, spec, stage"),
        ("{", r"provenance\.json"),
    ],
)
def test_records_that_cannot_be_read_are_explained(tmp_path, content, message):
    (tmp_path / "provenance.json").write_text(content)
    with pytest.raises(ResultsError, match=message):
        find_record(tmp_path)


def test_paths_without_a_record_are_explained(tmp_path):
    with pytest.raises(ResultsError, match="does not exist"):
        find_record(tmp_path / "nothing")
    with pytest.raises(ResultsError, match="did not finish, or it is no result"):
        find_record(tmp_path)


# ---- making it again -------------------------------------------------------------------------------------------------


def test_what_is_made_again_is_the_same_with_all_it_was_made_from(results):
    found = reproduce(find_record(_folder(results, "encode")), 1, with_parents=True)
    assert [one.record.stage for one in found] == ["prepare", "encode"]
    assert all(one.identical for one in found)
    assert "levels.npz" in found[1].equal


def test_files_that_differ_are_named(results, tmp_path):
    original = _folder(results, "prepare")
    folder = tmp_path / "results" / "prepare" / original.name
    folder.mkdir(parents=True)
    record = json.loads((original / "provenance.json").read_text())
    record["environment"]["packages"]["numpy"] = "1.0"
    (folder / "provenance.json").write_text(json.dumps(record))
    (folder / "data.npz").write_bytes(b"something else")
    (folder / "more.txt").write_text("x")
    (found,) = reproduce(find_record(folder), 1, with_parents=False)
    assert not found.identical
    assert (found.different, found.missing) == (["data.npz"], ["more.txt"])
    assert found.changed["numpy"] == ("1.0", np.__version__)


def test_what_lies_beside_a_report_is_not_compared(results, tmp_path):
    folder = tmp_path / "experiments" / "x"
    (folder / "print").mkdir(parents=True)
    (folder / "figures").mkdir()
    record = json.loads((_folder(results, "prepare") / "provenance.json").read_text()) | {"stage": "report"}
    (folder / "provenance.json").write_text(json.dumps(record))
    for name in (
        "report.html",
        "figures/a.svg",
        "planned.json",
        "partial.html",
        "print/provenance.json",
        "print/a.svg",
    ):
        (folder / name).write_text("x")
    found = [path.relative_to(folder).as_posix() for path in find_record(folder).files()]
    assert found == ["figures/a.svg", "report.html"]


# ---- what nothing refers to ------------------------------------------------------------------------------------------


def _store(tmp_path: Path, planned) -> Path:
    root = tmp_path / "results"
    for stage, one in planned.jobs:
        if stage not in ("report", "illustrate"):
            (root / stage / one).mkdir(parents=True)
            (root / stage / one / "file").write_bytes(b"x" * 100)
    return root


def test_what_a_run_was_asked_for_is_referred_to_without_a_report_and_without_its_file(tmp_path):
    planned = _planned(tmp_path, RAW)
    root = _store(tmp_path, planned)
    _planned(tmp_path, RAW | {"seeds": [7]})
    (tmp_path / "config" / "small.yaml").rename(tmp_path / "config" / "small (b).yaml")  # a name as good as others
    assert unused(root, experiments_in(root, [tmp_path / "config"])[0].values())
    asked = root / "experiments" / "small" / "planned.json"
    write_json(asked, {"schema_version": 1, "spec": planned.jobs["report", "small"].spec})
    plans, faults = experiments_in(root, [tmp_path / "config"])
    assert (list(plans), faults) == (["small (b)", "small (last run)"], [])
    assert unused(root, plans.values()) == []
    for text, message in (
        ("{}", "has no schema_version"),
        ('{"schema_version": 1}', "is damaged"),
        ("{", "planned.json"),
    ):
        asked.write_text(text)
        (fault,) = experiments_in(root, [tmp_path / "config"])[1]
        assert message in fault


def test_only_what_no_experiment_refers_to_is_removed(tmp_path):
    planned = _planned(tmp_path, RAW)
    root = _store(tmp_path, planned)
    old = root / "train" / "old-1"
    old.mkdir()
    (old / "network.npz").write_bytes(b"x" * 1000)
    for beside in ("checkpoints/train/old-1/checkpoint.npz", "logs/train/old-1.log", "logs/embed/older-2.log"):
        (root / beside).parent.mkdir(parents=True, exist_ok=True)
        (root / beside).write_bytes(b"x" * 10)
    other = root / "mine" / "notes"
    other.mkdir(parents=True)
    plans, faults = experiments_in(root, [tmp_path / "config"])
    assert (list(plans), faults) == (["small"], [])
    found = unused(root, plans.values())
    assert [(one.stage, one.id, one.n_bytes) for one in found] == [("train", "old-1", 1020), ("embed", "older-2", 10)]
    before = size_of(root)
    remove(root, found)
    assert size_of(root) == before - 1030
    assert other.is_dir()
    assert not unused(root, plans.values())


def test_a_report_keeps_what_it_was_made_of_when_its_experiment_changes(tmp_path):
    planned = _planned(tmp_path, RAW)
    root = _store(tmp_path, planned)
    report = root / "experiments" / "small"
    report.mkdir(parents=True)
    record = {"schema_version": 1, "stage": "report", "inputs": {}, "environment": {}}
    (report / "provenance.json").write_text(json.dumps(record | {"spec": planned.jobs["report", "small"].spec}))
    _planned(tmp_path, RAW | {"seeds": [7]})
    plans, _ = experiments_in(root, [tmp_path / "config"])
    assert list(plans) == ["small", "small (report)"]
    assert not unused(root, plans.values())
    assert {one.stage for one in unused(root, [plans["small"]])} >= {"train", "respond", "label", "test"}
    by_name = {one.name: one for one in usage(root, plans)}
    # The data and what the code makes of them belong to both.
    assert by_name["small (report)"].own_bytes == by_name["small (report)"].n_bytes - 2 * 100 - len(
        (report / "provenance.json").read_bytes()
    )


def test_an_experiment_that_cannot_be_read_is_told(tmp_path):
    _planned(tmp_path, RAW)
    (tmp_path / "config" / "broken.yaml").write_text("network: {n_exx: 3}")
    plans, faults = experiments_in(tmp_path / "results", [tmp_path / "config"])
    assert list(plans) == ["small"]
    assert "n_exx" in faults[0]


def test_links_are_neither_followed_nor_removed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    stage = tmp_path / "results" / "train"
    stage.mkdir(parents=True)
    (stage / "link").symlink_to(outside)
    assert unused(tmp_path / "results", []) == []
    (tmp_path / "elsewhere").mkdir()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "train").symlink_to(outside)
    assert unused(linked, []) == []
