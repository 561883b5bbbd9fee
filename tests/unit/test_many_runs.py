"""The plan of many runs counts what the workflow does."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import yaml

from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import plan

ROOT = Path(__file__).parents[2]
RULES = "\n".join(path.read_text() for path in (ROOT / "stdp_pipeline" / "workflow").glob("*.smk"))


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("many_runs", ROOT / "benchmarks" / "many_runs.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tiny():
    return plan("tiny", load_experiment(ROOT / "config" / "experiments" / "tiny.yaml", ["seeds=[0,1]"]))


def test_another_seed_takes_what_the_script_counts(script, tiny):
    first, second = (list(script.run_jobs(run)) for run in tiny.runs)
    assert {job.key for job in first}.isdisjoint(job.key for job in second)
    shared = {"prepare", "encode", "baseline"}
    # The model is drawn once, and the report is of all runs.
    single = {"portray", "report", "illustrate"}
    assert {job.key for job in first + second} == {k for k in tiny.jobs if k[0] not in shared | single}


def test_a_group_of_the_profile_is_one_job_in_the_queue(script, tiny):
    some = script.stages(script.run_jobs(tiny.runs[0]), 1.0)
    n, cores = script.queued(some)
    of = {stage.name: stage.n for stage in some}
    assert n == sum(of.values()) - of["label"] - of["test"] - of["represent"] + 1
    assert 1 <= cores <= 2


def test_rules_of_the_profiles_and_threads_are_those_of_the_workflow(script, tiny):
    threads = dict(re.findall(r"^rule (\w+):.*?^    threads: ([^\n]+)$", RULES, re.MULTILINE | re.DOTALL))
    assert len(threads) > 15
    assert threads.pop("respond") == 'JOBS.threads("respond")'
    for job in tiny.jobs.values():
        if job.stage in threads:
            assert int(threads[job.stage]) == script.threads(job)
    assert int(threads["quantise"]) == 2
    for profile in ("slurm", "kubernetes"):
        text = (ROOT / "config" / "profiles" / profile / "config.yaml").read_text()
        groups = dict(item.split("=") for item in yaml.safe_load(text)["groups"])
        assert groups.keys() <= threads.keys()


def test_only_long_frozen_passes_take_two_threads(script):
    def of(*settings: str) -> dict[str, int]:
        planned = plan("quickstart", load_experiment(ROOT / "config" / "experiments" / "quickstart.yaml", settings))
        return {job.spec["split"]: script.threads(job) for job in planned.of("respond")}

    assert of() == {"train": 2, "test": 1}
    assert of("network.n_exc=6400") == {"train": 2, "test": 2}
    assert of("dataset.n_train=500") == {"train": 1, "test": 1}


def test_the_script_prints_tables(script, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["many_runs.py", "tiny", "--runs", "100", "--results", str(tmp_path)])
    script.main()
    printed = capsys.readouterr().out
    assert "| train | 1 |" in printed
    assert re.search(r"^\| 1000 \| \d+\.\d \| ", printed, re.MULTILINE)
