"""Brian2 through the same stages as the other engines: the same files, and the same bits after an interruption."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline.config.load import validated
from stdp_pipeline.config.plan import plan
from stdp_pipeline.engines import brian2_numpy
from stdp_pipeline.stages._job import StageJob, run_stage

FILES = {"prepare": "data.npz", "encode": "levels.npz", "train": "network.npz", "respond": "responses.npz"}


def planned(engine):
    raw = {
        "dataset": {"name": "digits", "n_train": 12, "n_test": 4},
        "network": {"n_exc": 8},
        "encoding": {"rate_per_level_hz": 0.5},
        "plasticity": {"name": "triplet", "norm_total": 9.0},
        "simulation": {
            "engine": engine,
            "integrator": "euler",
            "precision": "float64",
            "image_ms": 100.0,
            "rest_ms": 30.0,
            "max_attempts": 3,
        },
        "training": {"curve_every": 4},
        "embeddings": [],
    }
    return plan("test", validated(raw, "test")).jobs.values()


def run_stages(root: Path, engine: str) -> Path:
    """Run the stages up to the frozen passes as the workflow does, and return the folder of results."""
    for job in planned(engine):
        if job.stage not in FILES:
            continue
        inputs = {
            {"train": "network", "encode": "levels"}.get(role, role): root
            / parent.stage
            / parent.id
            / FILES[parent.stage]
            for role, parent in job.parents.items()
        }
        if job.stage == "respond":
            inputs["model"] = inputs["network"].parent / "model.json"
        output = root / job.stage / job.id
        if not (output / "provenance.json").exists():
            run_stage(StageJob(job.stage, job.spec, inputs, output, checkpoint=root / "checkpoints" / job.id))
    return root


def results(root: Path, stage: str) -> dict[str, dict[str, np.ndarray]]:
    """Return the arrays of one stage's jobs, by the part of the id before the hash."""
    return {p.parent.name.rpartition("-")[0]: dict(np.load(p)) for p in (root / stage).glob(f"*/{FILES[stage]}")}


def test_the_same_files_from_brian2_and_the_reference_engine(tmp_path):
    trusted, slow = (run_stages(tmp_path / name, name) for name in ("brian2_numpy", "reference"))
    for stage in ("train", "respond"):
        found, expected = results(trusted, stage), results(slow, stage)
        assert found.keys() == expected.keys()
        for name, arrays in found.items():
            assert arrays.keys() == expected[name].keys()
            for key, array in arrays.items():
                assert array.dtype == expected[name][key].dtype, key
                assert np.allclose(array, expected[name][key], rtol=0, atol=1e-9), (stage, key)
    histories = [next(root.glob("train/*/history.tsv")).read_text() for root in (trusted, slow)]
    assert histories[0] == histories[1]
    assert len(results(slow, "respond")["digits-8-triplet-s0-train"]["step"]) > 10


def test_an_interrupted_training_in_brian2_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    whole = results(run_stages(tmp_path / "whole", "brian2_numpy"), "train")
    monkeypatch.setenv("STDP_CHECKPOINT_S", "0")
    train, calls = brian2_numpy.train, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(*arguments)

    monkeypatch.setattr(brian2_numpy, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_stages(tmp_path / "parts", "brian2_numpy")
    monkeypatch.setattr(brian2_numpy, "train", train)
    parts = results(run_stages(tmp_path / "parts", "brian2_numpy"), "train")
    record = json.loads(next((tmp_path / "parts").glob("train/*/provenance.json")).read_text())
    assert record["training"]["resumed"] is True
    for name, arrays in whole.items():
        assert all(np.array_equal(array, parts[name][key]) for key, array in arrays.items())
