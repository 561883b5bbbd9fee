"""An experiment as RO-Crate."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from stdp_pipeline.archive import crate
from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError, MissingPackageError, ResultsError
from stdp_pipeline.io import write_json

RAW = {"title": "Small", "dataset": {"name": "digits"}, "embeddings": [], "seeds": [0, 1]}
MADE = {
    "stdp_pipeline": "0.1.0", "commit": "abc", "python": "3.11.0", "packages": {"numpy": "2.0", "brian2": None},
}  # fmt: skip


@pytest.fixture
def planned():
    return plan("small", completed(RAW, "test"))


@pytest.fixture
def root(planned, tmp_path) -> Path:
    root = tmp_path / "results"
    for job in planned.jobs.values():
        folder = crate._folder(root, job)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{job.stage}.npz").write_bytes(job.id.encode())
        of_whole = job.stage in ("report", "illustrate")
        inputs = {} if of_whole else {r: f"../../{p.stage}/{p.id}/{p.stage}.npz" for r, p in job.parents.items()}
        times = {"started": "2026-01-01T12:00:00+00:00", "wall_s": 61.5}
        record = {"schema_version": 1, "stage": job.stage, "id": job.id, "spec": job.spec, "inputs": inputs}
        write_json(folder / "provenance.json", record | times | {"environment": MADE})
    return root


def graph(folder: Path) -> dict[str, dict]:
    entities = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in entities}


def test_each_job_is_an_action_with_its_inputs_and_results(planned, root, tmp_path):
    told = crate.write_crate(planned, root, tmp_path / "crate", True, "CC-BY-4.0", "https://orcid.org/0000-0001")
    entities = graph(tmp_path / "crate")
    actions = {name: entity for name, entity in entities.items() if entity["@type"] == "CreateAction"}
    assert told["actions"] == len(actions) == len(planned.jobs)
    train = planned.of("train")[0]
    action = actions[f"#train/{train.id}"]
    encode = train.parents["encode"].id
    assert {"@id": f"results/encode/{encode}/encode.npz"} in action["object"]
    assert {"@id": f"results/train/{train.id}/train.npz"} in action["result"]
    assert (action["startTime"], action["endTime"]) == ("2026-01-01T12:00:00+00:00", "2026-01-01T12:01:01+00:00")
    assert json.loads(action["description"]) == train.spec
    software = entities[action["instrument"]["@id"]]
    assert software["softwareRequirements"] == ["Python 3.11.0", "numpy 2.0"]
    assert entities["./"]["license"] == "https://spdx.org/licenses/CC-BY-4.0"
    assert entities["./"]["creator"] == {"@id": "https://orcid.org/0000-0001"}
    files = [entity for entity in entities.values() if entity["@type"] == "File"]
    assert told["files"] == len(files) == 2 * len(planned.jobs) + 1
    assert all((tmp_path / "crate" / entity["@id"]).is_file() for entity in files)


def test_without_results_reports_and_records_remain(planned, root, tmp_path):
    told = crate.write_crate(planned, root, tmp_path / "small.zip", False, None, None)
    names = zipfile.ZipFile(tmp_path / "small.zip").namelist()
    train = planned.of("train")[0].id
    assert f"results/train/{train}/provenance.json" in names
    assert f"results/train/{train}/train.npz" not in names
    assert "results/experiments/small/report.npz" in names
    assert told["bytes"] == (tmp_path / "small.zip").stat().st_size


def test_what_cannot_be_packed_is_explained(planned, root, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="exists; give another name"):
        crate.write_crate(planned, root, root, True, None, None)
    (root / "train" / planned.of("train")[0].id / "provenance.json").unlink()
    with pytest.raises(ResultsError, match=r"1 of \d+ jobs of 'small' are not done, such as train"):
        crate.write_crate(planned, root, tmp_path / "other", True, None, None)
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with pytest.raises(MissingPackageError, match=r"stdp_pipeline\[crate\]"):
        crate.write_crate(planned, root, tmp_path / "other", True, None, None)
