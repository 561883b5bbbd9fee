"""Every command of the pages: run where that is cheap, else planned or read by the parser that would run it.

A command that none of the functions at the end knows is an error: add it there, and let it do as much as is cheap.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stdp_pipeline.cli import _parser, main
from stdp_pipeline.config.job import STAGES
from stdp_pipeline.config.load import find_experiment, load_experiment
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.pretrained import store
from stdp_pipeline.stages._job import StageJob, run_stage

ROOT = Path(__file__).parents[2]
STAND_INS = {
    "NAME": "tiny", "EXPERIMENT": "tiny", "large": "tiny", "KIND": "rules", "N": "2", "STAGE": "train",
    "path/to/photos": "photos", "'readouts=[{name: my_method}]'": "'readouts=[{name: knn}]'",
}  # fmt: skip
"""What is put in the place of words that a reader replaces."""

ENOUGH_TO_READ = {
    "bench": "takes minutes; tests/unit/test_bench.py runs each kind",
    "compare": "needs experiments that have been run; tests/unit/test_side_by_side.py compares some",
    "crate": "packs a finished experiment; tests/unit/test_crate.py does",
    **dict.fromkeys(STAGES, "a step of a run; the workflow's tests run all of them"),
}
"""Commands of stdp that are only parsed, with the reason."""


def parsed(arguments: list[str], whole: bool = True) -> argparse.Namespace | None:
    """Parse a command of stdp as its command line does; of a part of one, return None if only arguments are missing.

    Raises
    ------
    AssertionError
        If it refuses.
    """
    end = arguments.index("--") if arguments[:1] == ["run"] and "--" in arguments else len(arguments)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = _parser().parse_args(arguments[:end])
    except SystemExit:
        if whole or "the following arguments are required" not in said.getvalue():
            raise AssertionError(f"stdp does not know this: {arguments}\n{said.getvalue()}") from None
        return None
    options.snakemake = arguments[end + 1 :]
    return options


@pytest.fixture(scope="session")
def project(tmp_path_factory, written_experiments):
    """Return a folder with images and an experiment for them, and results of the first step of the tiny experiment."""
    folder = tmp_path_factory.mktemp("project")
    for k in range(40):
        path = folder / "photos" / "ab"[k % 2] / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 5 * k, np.uint8)).save(path)
    output = written_experiments / "photos.yaml"
    assert main(["new-experiment", "--images", str(folder / "photos"), "--output", str(output)]) == 0
    planned = plan("tiny", load_experiment(ROOT / "config" / "experiments" / "tiny.yaml"))
    (job,) = planned.of("prepare")
    run_stage(StageJob("prepare", job.spec, {}, folder / "results" / "prepare" / job.id, "0123456789abcdef"))
    return folder


@pytest.fixture(scope="session")
def snakemake_parser():
    """Return the parser of Snakemake's command line."""
    from snakemake.cli import get_argument_parser

    return get_argument_parser()


@pytest.fixture
def check(project, written_experiments, snakemake_parser, tmp_path, monkeypatch, capfd):
    """Return a function that checks one command of stdp."""
    monkeypatch.chdir(tmp_path)

    def planned_of(options: argparse.Namespace):
        written = written_experiments / f"{options.experiment}.yaml"
        folder = written_experiments if written.exists() else ROOT / "config" / "experiments"
        path = find_experiment(options.experiment, folder)
        options.experiment = str(path)
        return plan(path.stem, load_experiment(path, options.set))

    def run(command: list[str], options: argparse.Namespace) -> None:
        assert planned_of(options).jobs
        snakemake_parser.parse_args(options.snakemake)
        if "--dry-run" in options.snakemake or options.unlock:
            assert main([*command[:1], options.experiment, "--directory", str(project), *command[2:]]) == 0
            assert ("Job stats" in "".join(capfd.readouterr())) != options.unlock

    def show(command: list[str], options: argparse.Namespace) -> None:
        planned_of(options)
        assert main([*command[:1], options.experiment, *command[2:]]) == 0
        assert ('"configuration": {' if options.json else "resolved configuration") in capfd.readouterr().out

    def status(command: list[str], options: argparse.Namespace) -> None:
        planned_of(options)
        assert main([*command[:1], options.experiment, *command[2:], "--directory", str(project)]) == 0
        assert "runs done" in capfd.readouterr().out

    def gc(command: list[str], options: argparse.Namespace) -> None:
        shutil.copytree(project / "results", tmp_path / "results")
        assert main([*command, "--directory", str(tmp_path)]) == 0

    def index(command: list[str], options: argparse.Namespace) -> None:
        assert main([*command, "--directory", str(project)]) == 0

    def of_result(command: list[str], options: argparse.Namespace) -> None:
        (result,) = (project / "results" / "prepare").iterdir()
        assert main([command[0], str(result), *command[2:]]) == 0

    def new_experiment(command: list[str], options: argparse.Namespace) -> None:
        monkeypatch.chdir(project)
        assert main([*command, "--output", str(tmp_path / "written.yaml")]) == 0
        assert load_experiment(tmp_path / "written.yaml")

    def export_events(command: list[str], options: argparse.Namespace) -> None:
        # A NIX file keeps a train for each input: fewer of them.
        few = ["--set", "dataset.name=digits"] if options.output.suffix == ".nix" else []
        assert main([*command, "--images", "3", *few]) == 0
        assert options.output.exists()

    def test(command: list[str], options: argparse.Namespace) -> None:
        if options.pretrained in (None, "tiny"):  # a step of a run, or any network
            return
        assert store.read(store.find(options.pretrained)).measured is not None

    def exactly(command: list[str], options: argparse.Namespace) -> None:
        assert main(command) == 0

    known = {
        "run": run, "show": show, "status": status, "gc": gc, "provenance": of_result, "reproduce": of_result,
        "new-experiment": new_experiment, "export-events": export_events, "test": test, "list": exactly,
        "doctor": exactly, "index": index,
    }  # fmt: skip

    def one(command: list[str], whole: bool = True) -> None:
        options = parsed(command, whole)
        if options is None or (command[0] in ENOUGH_TO_READ and command[0] not in known):
            return
        assert command[0] in known, f"no test knows how to check 'stdp {command[0]}': add it to {Path(__file__).name}"
        known[command[0]](command, options)

    return one


def words_of(command: str) -> list[str]:
    """Return the words of a command with stand-ins for what a reader replaces."""
    for word, other in STAND_INS.items():
        command = re.sub(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", other, command)
    words = shlex.split(command.removesuffix(" ..."))
    return list(itertools.dropwhile(lambda word: re.match(r"[A-Z_]+=", word), words))  # variables of the environment


def test_commands_work(command, where, request, snakemake_parser, project):
    program, *words = words_of(command)
    if program == "stdp":
        # In text, and in a list of commands, one may be named without its arguments.
        whole = len(words) > 1 and words == shlex.split(command)[1:]
        request.getfixturevalue("check")(words, whole)
    elif program == "make":
        done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    elif program == "snakemake":
        options = snakemake_parser.parse_args(words)
        local = {Path(one).name for one in options.profile or ()} <= {"local", "ci"}  # others need a cluster
        if local and options.report is None:  # which needs finished results
            done = subprocess.run(
                [sys.executable, "-m", program, *words, "--dry-run", "--directory", str(project)], cwd=ROOT,
                capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
    elif program == "pip":
        (package,) = words[1:]
        extra = re.fullmatch(r"stdp_pipeline\[(\w+)\]", package)
        assert extra, "only the package itself"
        assert extra[1] in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    elif program == "source":
        assert words == [".venv/bin/activate"]  # which make run sets up
    else:
        pytest.fail(f"{where}: no test knows how to check '{command}': add it to {Path(__file__).name}")


def test_a_command_that_does_not_exist_is_noticed(check):
    with pytest.raises(ConfigError, match="no experiment 'tinny'"):
        check(["run", "tinny"])
    with pytest.raises(AssertionError, match="does not know"):
        check(["run", "tiny", "--corse", "2"])
    with pytest.raises(AssertionError, match="arguments are required"):
        check(["run"])
