"""Check that everything a run needs is there."""

from __future__ import annotations

import importlib
import platform
import sys
import tempfile
import warnings
from dataclasses import dataclass

from stdp_pipeline.errors import StdpError
from stdp_pipeline.provenance import version

__all__ = ["Check", "examine"]

# Distribution -> module to import, if the import itself tells something.
_PACKAGES = {
    "numpy": "numpy",
    "scipy": "scipy.sparse",
    "scikit-learn": "sklearn",
    "numba": "numba",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "matplotlib": "matplotlib",
    "pydantic": "pydantic",
    "snakemake": "snakemake",
    "phate": "phate",
    "umap-learn": "umap",
}
# Distribution -> extra that brings it, and what it is for.
_EXTRAS = {
    "neo": ("neo", "export-events to .nix"),
    "nixio": ("neo", "export-events to .nix"),
    "tonic": ("tonic", "the data set tonic"),
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what, whether it is fine, what was found, and what to do if not.

    Without what is not ``needed``, only single engines or features are missing.
    """

    what: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True


def examine() -> list[Check]:
    """Look at Python, the packages, the embedded data and the cache of compiled code."""
    python = Check(
        "Python",
        sys.version_info >= (3, 11),
        platform.python_version(),
        "install Python 3.11 or newer, then 'make run'",
    )
    packages = (_package(name, module) for name, module in _PACKAGES.items())
    extras = (_extra(name, extra, use) for name, (extra, use) in _EXTRAS.items())
    return [python, *packages, _brian2(), *_needs_of_brian2(), *extras, _data(), _cache()]


def _package(name: str, module: str) -> Check:
    remedy = "install the pinned versions: 'make install', or pip install -c constraints.txt -e ."
    found = version(name)
    if found is None:
        return Check(name, False, "not installed", remedy)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(module)
    except Exception as error:  # an import can fail in any way; which one is what the user must see
        return Check(name, False, f"{found}, but 'import {module}' fails: {type(error).__name__}: {error}", remedy)
    return Check(name, True, found)


def _extra(name: str, extra: str, use: str) -> Check:
    """Look whether a package is there that one feature needs; it is not imported, since that takes seconds."""
    found = version(name)
    remedy = f"pip install -c constraints.txt -e '.[{extra}]'"
    return Check(f"{name} (for {use})", found is not None, found or "not installed", remedy, needed=False)


def _brian2() -> Check:
    """Import Brian2 as its engines do: it may be installed and still not work with the numpy that is there."""
    from stdp_pipeline.engines._brian2 import environment

    try:
        environment.load()
    except StdpError as error:
        return Check("brian2", False, str(error), environment.REMEDY, needed=False)
    return Check("brian2", True, str(version("brian2")))


def _needs_of_brian2() -> list[Check]:
    """Look at what only the compiled Brian2 engines need."""
    from stdp_pipeline.engines._brian2 import environment

    return [
        Check(f"{need.what} (for {' and '.join(need.engines)})", need.ok, need.found, need.remedy, needed=False)
        for need in environment.checks()
    ]


def _data() -> Check:
    from stdp_pipeline.datasets import mnist

    remedy = "get the files again: 'git checkout stdp_pipeline/datasets/_data', or correct STDP_DATA_DIR"
    try:
        data = mnist.read(mnist.Params())
    except StdpError as error:
        return Check("MNIST files", False, str(error), remedy)
    return Check("MNIST files", True, f"{len(data.train_images)} + {len(data.test_images)} images, checksums right")


def _cache() -> Check:
    from stdp_pipeline.engines._compile import cache_dir

    folder = cache_dir()
    temporary = str(folder).startswith(tempfile.gettempdir())
    note = " (temporary: kernels are compiled anew after a restart; set STDP_CACHE_DIR)" if temporary else ""
    return Check("compiled kernels", True, f"{folder}{note}")
