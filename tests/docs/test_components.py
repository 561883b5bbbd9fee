"""The examples of new components are put into a copy of the package, and every command of their pages is run there."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# One process for all: most of the time would go into imports.
RUN_ALL = """
import json, runpy, shlex, sys
import pytest
from stdp_pipeline.cli import main

for command in json.load(sys.stdin):
    program, *arguments = shlex.split(command)
    if program == "stdp" and arguments[0] == "run":
        arguments[0] = "show"  # the contract's tests train; a whole run takes a minute
    print("##", command, flush=True)
    if program == "stdp":
        status = main(arguments)
    elif arguments[:2] == ["-m", "pytest"]:
        slow = ["--collect-only"] if "slow" in arguments else []  # takes minutes
        status = pytest.main([*arguments[2:], *slow, "-q", "-p", "no:cacheprovider", "-n", "0"])
    elif arguments == ["-m", "stdp_pipeline.config.generate"]:
        status = runpy.run_module(arguments[1], run_name="__main__") and 0
    else:
        sys.exit(f"no test knows how to check '{command}'")
    if status:
        sys.exit(f"'{command}' ended with {status!r}")
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory, component_blocks):
    """Return a copy of the project with the files of the pages in their places."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("stdp_pipeline", "config", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.rmtree(folder / "tests" / "docs")
    for block in component_blocks:
        if block.language in ("python", "yaml"):
            assert block.path, f"{block.where}: the first line must say where the file goes"
            assert not (folder / block.path).exists(), f"{block.where}: '{block.path}' is there already"
            (folder / block.path).write_text(block.text)
    return folder


def test_new_components_work_as_their_pages_say(copy, component_blocks, component_commands):
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL], cwd=copy, env=environment, input=json.dumps(component_commands), text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    files = [Path(block.path) for block in component_blocks if block.language == "python"]
    assert len(files) == 4
    for file in files:
        assert f"\n{file.stem} " in done.stdout  # as stdp list shows it
        assert file.stem in (copy / "config" / "schema.json").read_text()
    assert len(shlex.split(" ".join(component_commands))) > 40
