"""Kubernetes, as far as it goes without a cluster: the plan, and results that are in a storage, not in the folder."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not all(
        importlib.util.find_spec(f"snakemake_{name}") for name in ("executor_plugin_kubernetes", "storage_plugin_fs")
    ),
    reason="the plugins for Kubernetes are not installed: 'make kubernetes'",
)


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_the_profile_plans_an_experiment(tmp_path):
    profile = ["--profile", str(ROOT / "config" / "profiles" / "kubernetes"), "--config", "experiment=quickstart"]
    image = ["--container-image", "registry.example.org/stdp_pipeline:0.1.0"]
    store = ["--default-storage-provider", "fs", "--default-storage-prefix", str(tmp_path / "store")]
    done = snakemake(tmp_path / "here", *profile, *image, *store, "--dry-run")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    assert re.search(r"^train +1$", said, re.MULTILINE), said[-3000:]


def test_without_a_storage_the_profile_says_so(tmp_path):
    profile = ["--profile", str(ROOT / "config" / "profiles" / "kubernetes"), "--config", "experiment=quickstart"]
    done = snakemake(tmp_path / "here", *profile)
    assert done.returncode != 0
    assert "storage" in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("rsync") is None, reason="the storage plugin fs needs rsync: apt-get install rsync")
def test_all_steps_work_on_results_in_a_storage(tmp_path, small):
    store = ["--default-storage-provider", "fs", "--default-storage-prefix", str(tmp_path / "store")]
    experiment = ["--config", f"experiment={small}"]
    done = snakemake(tmp_path / "here", *experiment, *store, "--cores", "2", "--show-failed-logs")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = tmp_path / "store" / "results"
    assert (results / "experiments" / "small" / "report.html").is_file()
    assert len(list(results.glob("train/*/network.npz"))) == 1
    assert not (tmp_path / "here" / "results").exists()
