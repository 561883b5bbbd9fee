"""The images are what the constraints say: read, not built, since that takes Docker."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import stdp_pipeline

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCKER = (ROOT / "Dockerfile").read_text()
APPTAINER = (ROOT / "apptainer.def").read_text()
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
}


def installed(text: str) -> Requirement:
    """Return what an image installs of the project, by the one command that uses pip."""
    (command,) = re.findall(r"python -m pip install (.*)", text)
    assert "-c constraints.txt" in command
    assert "--no-deps" not in command
    return Requirement(f"stdp_pipeline{re.search(r'-e .?[.](.*?).?$', command)[1]}")  # type: ignore[index]


def test_both_images_are_made_the_same_way():
    assert re.findall(r"^FROM (\S+)$", DOCKER, re.MULTILINE) == re.findall(r"^From: (\S+)$", APPTAINER, re.MULTILINE)
    packages = re.compile(r"apt-get install -y --no-install-recommends ([\w+ -]+) &&")
    assert packages.findall(DOCKER) == packages.findall(APPTAINER)
    assert installed(DOCKER) == installed(APPTAINER)


def test_the_image_has_a_python_that_the_project_takes():
    (version,) = re.findall(r"^FROM python:([\d.]+)-slim$", DOCKER, re.MULTILINE)
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


@pytest.mark.parametrize("extra", ["", "kubernetes"])
def test_what_the_image_installs_is_pinned(extra):
    assert extra in installed(DOCKER).extras | {""}
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for requirement in map(Requirement, wanted):
        pinned = PINS.get(canonicalize_name(requirement.name))
        assert pinned is not None, f"{requirement} is not in constraints.txt: run 'make constraints'"
        assert requirement.specifier.contains(pinned), f"{requirement}, but constraints.txt has {pinned}"


def test_the_image_gets_what_it_installs_from():
    left_out = (ROOT / ".dockerignore").read_text().split()
    for needed in ("constraints.txt", "pyproject.toml", "README.md", "stdp_pipeline", "config", "Snakefile"):
        assert needed not in left_out
        assert (ROOT / needed).exists()
    assert DOCKER.index("COPY . .") < DOCKER.index("pip install")


def test_rules_name_the_image_of_this_version():
    text = (ROOT / "stdp_pipeline" / "workflow" / "common.smk").read_text()
    (image,) = re.findall(r'^container: "docker://(\S+)"$', text, re.MULTILINE)
    assert image == f"stdp_pipeline:{stdp_pipeline.__version__}"
    assert f"docker build -t {image} ." in DOCKER


def test_the_plugin_for_slurm_is_pinned():
    # It is installed without its requirements (see the Makefile), so no extra names it.
    makefile = (ROOT / "Makefile").read_text()
    for name in ("snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep"):
        assert canonicalize_name(name) in PINS
        assert name in makefile
