"""The command line: what it prints, and how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stdp_pipeline import __version__
from stdp_pipeline.cli import main

ROOT = Path(__file__).parents[2]
STAGES = (
    "prepare", "encode", "events", "train", "respond", "label", "test", "baseline", "features", "embed", "measure",
    "represent", "revisit", "trajectory", "portray", "report", "illustrate",
)  # fmt: skip


def output(capsys, *arguments):
    assert main(arguments) == 0
    return capsys.readouterr().out


def failure(capsys, *arguments):
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.err


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from stdp_pipeline.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pydantic', 'numba', 'matplotlib', 'snakemake', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("run", "show", "compare", "list", "gallery", "bench", "doctor", *STAGES):
        assert f"\n    {command} " in done.stdout


def test_version(capsys):
    assert output(capsys, "--version").strip() == __version__


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("datasets", {"mnist", "digits"}),
        ("encodings", {"poisson"}),
        ("rules", {"triplet"}),
        ("engines", {"fast", "reference", "brian2", "brian2_numpy", "brian2_standalone"}),
        ("readouts", {"all_activity"}),
        ("embeddings", {"phate", "umap", "pca"}),
        ("experiments", {"quickstart", "tiny", "port_traps"}),
        ("presets", {"diehl_cook_2015_released"}),
    ],
)
def test_list(capsys, kind, expected):
    entries = json.loads(output(capsys, "list", kind, "--json"))
    assert expected <= {entry["name"] for entry in entries}
    assert all(entry["description"] for entry in entries)
    printed = output(capsys, "list", kind)
    assert all(name in printed for name in expected)


def test_show(capsys, tmp_path):
    arguments = ("--directory", str(tmp_path), "--cores", "3", "--graph", str(tmp_path / "graph.svg"))
    printed = output(capsys, "show", "quickstart", "--set", "network.n_exc=123", *arguments)
    assert "n_exc: 123" in printed
    # What is asked for most stands at the end.
    assert printed.index("n_exc: 123") < printed.index("1 run, 15 jobs; 0 of them are done") < printed.index("\ntotal")
    assert "With 3 cores" in printed
    assert b"portray" in (tmp_path / "graph.svg").read_bytes()
    shown = json.loads(output(capsys, "show", "quickstart", "--json", "--cores", "2", "--directory", str(tmp_path)))
    told = shown["estimate"]
    assert (told["n_jobs"], told["n_jobs_done"], told["cores"]) == (15, 0, 2)
    assert told["wall_s"] >= told["cpu_s"] / 2
    assert shown["configuration"]["network"]["n_exc"] == 400
    assert {job["stage"] for job in shown["jobs"]} == set(STAGES) - {"events", "baseline", "revisit", "trajectory"}


def test_bench(capsys):
    arguments = ("bench", "--neurons", "10", "20", "--images", "20", "--warmup", "5", "--repeats", "2")
    rows = json.loads(output(capsys, *arguments, "--json"))
    assert [row["n_exc"] for row in rows] == [10, 20]
    assert all(0 < row["cpu_s_min"] <= row["cpu_s_median"] <= row["cpu_s_max"] for row in rows)
    printed = output(capsys, "bench", "--engine", "reference", "--neurons", "5", "--images", "1", "--warmup", "0")
    assert "reference" in printed


def test_doctor_finds_nothing_wrong_here_and_something_wrong_elsewhere(capsys, monkeypatch, tmp_path):
    checks = json.loads(output(capsys, "doctor", "--json"))
    assert {c["what"] for c in checks} >= {"Python", "numpy", "brian2", "phate", "umap-learn", "MNIST files"}
    monkeypatch.setattr("stdp_pipeline.datasets.mnist._EMBEDDED", tmp_path)
    assert main(["doctor"]) == 1
    assert "FAIL MNIST files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "quickstat"], "no experiment 'quickstat'"),
        (["show", "quickstart", "--set", "network.n_ex=1"], "Did you mean 'n_exc'"),
        (["show", "quickstart", "--cores", "0"], "--cores must be at least 1, got 0"),
        (["show", "quickstart", "--graph", "x.gif"], "--graph must end in .svg, .png, .pdf or .dot, got 'x.gif'"),
        (["run", "quickstart", "--profile", "loca"], "unknown value 'loca'; known: ci,"),
        (["run", "quickstart", "--profile", ""], "unknown value ''; known: ci,"),
        (["run", "quickstart", "--", "--profile", "nowhere"], "unknown value 'nowhere'; known: ci,"),
        (["run", "quickstart", "--", "--profile=nowhere"], "unknown value 'nowhere'; known: ci,"),
        (["bench", "--rule", "triplt"], "Did you mean 'triplet'"),
        (["bench", "--engine", "fst"], "Did you mean 'fast'"),
        (["bench", "--images", "0"], "--images must be at least 1"),
        (["run", "quickstart", "--cores", "0"], "--cores must be at least 1"),
        (["train", "--spec", "{", "--output", "x"], "--spec must be JSON"),
        (["train", "--spec", "[]", "--output", "x"], "must be a JSON object, got list"),
        (["train", "--spec", "@nowhere", "--output", "x"], "cannot read 'nowhere'"),
        (["train", "--spec", "{}", "--input", "levels", "--output", "x"], "ROLE=FILE, got 'levels'"),
        (["train", "--spec", "{}", "--output", "x"], "lacks 'seed'"),
        (["label", "--spec", "{}", "--output", "x"], "needs --input responses=FILE"),
        (["label", "--spec", "{}", "--input", "responses=no.npz", "--output", "x"], "'no.npz' does not exist"),
        (["prepare", "--spec", '{"dataset": {"name": "mnits"}}', "--output", "x"], "Did you mean 'mnist'"),
        (["prepare", "--spec", '{"dataset": {"name": "mnist", "n_train": 70000}}', "--output", "x"], "at most 60000"),
        (["label", "--spec", "{}", "--threads", "0", "--output", "x"], "--threads must be at least 1"),
    ],
)
def test_faults_are_one_message_and_a_status(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    error = failure(capsys, *arguments)
    assert message in error
    assert error.count("error:") == 1
    assert not list(tmp_path.rglob("*.npz"))


def test_results_that_cannot_be_written_are_explained(capsys, tmp_path):
    (tmp_path / "results").write_text("a file in the way")
    assert "cannot make" in failure(capsys, "run", "tiny", "--directory", str(tmp_path))
    error = failure(
        capsys, "prepare", "--spec", '{"dataset": {"name": "digits"}}', "--output", str(tmp_path / "results" / "x")
    )
    assert "cannot write to" in error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; as root the next test stands for this one")
def test_a_read_only_folder_is_explained(capsys, tmp_path):
    (tmp_path / "results").mkdir()
    tmp_path.chmod(0o555)
    try:
        assert "is not writable" in failure(capsys, "run", "tiny", "--directory", str(tmp_path))
    finally:
        tmp_path.chmod(0o755)


def test_a_folder_that_the_system_refuses_is_explained(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "is not writable" in failure(capsys, "run", "tiny", "--directory", str(tmp_path))


def test_a_locked_folder_is_explained(capsys, tmp_path):
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("")
    error = failure(capsys, "run", "tiny", "--directory", str(tmp_path))
    assert "is locked" in error
    assert f"--directory {tmp_path} --unlock" in error


def test_doctor_says_what_single_engines_lack_and_is_content(capsys, monkeypatch):
    monkeypatch.setenv("CXX", "no_such_compiler")
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert (
        "lack C++ compiler (for brian2 and brian2_standalone): CXX is 'no_such_compiler', which is not found" in printed
    )
    assert "brian2_numpy" in printed


def test_doctor_without_brian2_is_content_and_names_the_remedy(capsys, monkeypatch):
    from stdp_pipeline.engines._brian2 import environment

    environment.load.cache_clear()
    monkeypatch.setitem(sys.modules, "brian2", None)  # 'import brian2' raises ImportError
    assert main(["doctor"]) == 0
    assert "lack brian2: Brian2 cannot be imported" in capsys.readouterr().out
    monkeypatch.undo()
    environment.load.cache_clear()


def test_a_message_of_several_lines_is_told_whole(tmp_path):
    from types import SimpleNamespace

    from stdp_pipeline.archive.progress import progress
    from stdp_pipeline.locking import Lock

    jobs = {}
    for stage, text in (
        ("prepare", "10:00:00 begun\nstdp prepare: error: not found. Looked at:\n  here\nPut it there.\n"),
        ("encode", "10:00:00 encode: done in 1.0 s -> somewhere\n"),
        ("train", "10:00:00 progress\n"),
        ("label", ""),
        ("test", "10:00:00 10 %\n"),
    ):
        log = tmp_path / "logs" / stage / "one.log"
        log.parent.mkdir(parents=True)
        log.write_text(text)
        jobs[stage, "one"] = SimpleNamespace(stage=stage, id="one")
    lock = Lock(tmp_path / "test" / ".one.lock")
    lock.acquire("test one")
    found = progress(SimpleNamespace(jobs=jobs, runs=[]), tmp_path)
    lock.release()
    told = {failure.job.stage: failure.message for failure in found.failures}
    assert told.keys() == {"prepare", "train", "label", "test"}
    assert [failure.job.stage for failure in found.failures if failure.at_work] == ["test"]
    assert told["test"] == "at work, after: 10:00:00 10 %"
    assert told["prepare"].startswith("stdp prepare: error: not found. Looked at:\n      here\n    Put it there.")
    assert told["train"].startswith("ended without a message")
    assert told["train"].endswith(", after: 10:00:00 progress")
    assert told["label"].startswith("ended without a message")
