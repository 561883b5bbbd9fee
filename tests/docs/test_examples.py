"""Examples in Python run, and examples in YAML are experiments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import plan
from stdp_pipeline.io import write_arrays

GIVEN = {
    "CONTRIBUTING.md": "from typing import Annotated, Literal\nfrom pydantic import Field\n"
    "from stdp_pipeline.config._base import Strict\n"
}
"""What a page's examples leave out."""


@pytest.fixture
def results(tmp_path, rng, monkeypatch):
    """Change to a folder that has the results that examples read."""
    write_arrays(tmp_path / "results/train/ID/network.npz", {"theta_mv": rng.gamma(5, 4, 400).astype(np.float32)})
    table = tmp_path / "results/experiments/sizes/means.tsv"
    table.parent.mkdir(parents=True)
    table.write_text(
        "neurons\trate\treadout\tn_seeds\taccuracy\tci95_low\tci95_high\n25\t0.01\tall_activity\t3\t0.59\t0.51\t0.67\n"
    )
    runs = pd.DataFrame({"network.n_exc": [25, 25], "readout": 2 * ["all_activity"], "test_accuracy": [0.8, 0.85]})
    (tmp_path / "results/experiments/NAME").mkdir()
    runs.to_parquet(tmp_path / "results/experiments/NAME/runs.parquet")
    monkeypatch.chdir(tmp_path)


def test_python_runs(python_example, results):
    code = GIVEN.get(python_example.page.name, "") + python_example.text
    exec(compile(code, python_example.where, "exec"), {"__name__": "example"})


def test_yaml_is_an_experiment(yaml_example, tmp_path):
    if yaml_example.path and not yaml_example.path.startswith("config/experiments/"):
        assert yaml.safe_load(yaml_example.text)  # of another tool
        return
    path = tmp_path / "example.yaml"
    path.write_text(yaml_example.text)
    experiment = load_experiment(path)
    if yaml_example.path:  # a whole one
        assert plan("example", experiment).runs
