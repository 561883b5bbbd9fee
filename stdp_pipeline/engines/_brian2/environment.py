"""Brian2 itself and what its targets need: is it there, does it work, and what to do if not.

No target stands in for another one that cannot run: a user who asks for compiled code gets it, or an error.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shlex
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Literal

from stdp_pipeline.engines._brian2.folders import build_folder
from stdp_pipeline.errors import EngineError

__all__ = ["COMPILER_FLAGS", "REMEDY", "Need", "Target", "checks", "compiler", "load", "preferences", "require"]

Target = Literal["cython", "numpy", "cpp_standalone"]
"""Brian's ways to run a network."""

# Optimised, but every operation rounded as IEEE 754 says. Brian's own flags include -ffast-math, which lets the
# compiler reorder sums, and processors with a fused multiply-add would round once less. Python's own flags ask for
# debugging information, which takes long to write.
COMPILER_FLAGS = ["-w", "-g0", "-O2", "-ffp-contract=off"]

REMEDY = "install the versions that were tested together: 'make install', or pip install -c constraints.txt -e ."
"""What to do if Brian2 does not import."""


@dataclass(frozen=True)
class Need:
    """One thing that some engines need: what, whether it is there, what was found, what to do if not, and which."""

    what: str
    ok: bool
    found: str
    remedy: str
    engines: tuple[str, ...]


@cache
def load() -> ModuleType:
    """Import Brian2, without its log files and without its grip on warnings and uncaught errors.

    Raises
    ------
    EngineError
        If that fails, whatever the reason.
    """
    hook = sys.excepthook
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Brian and of what it imports; none is about the network
            import brian2
    except Exception as error:  # an import can fail in any way; which one is what the user must see
        raise EngineError(
            f"Brian2 cannot be imported: {type(error).__name__}: {error}. Brian2 2.9 needs numpy < 2.4; {REMEDY} "
            "Or use simulation.engine 'fast', which does not need Brian2."
        ) from error
    sys.excepthook = hook
    _silence(brian2.BrianLogger)
    return brian2


def _silence(brian_logger: type) -> None:
    """Give Python's warnings back and remove the files that Brian's logging opened in the temporary folder.

    Brian opens them when it is imported, before any preference could say otherwise.
    """
    logging.captureWarnings(False)
    log, handler = logging.getLogger("brian2"), brian_logger.file_handler  # type: ignore[attr-defined]
    if handler is not None:
        log.removeHandler(handler)
        handler.close()
        brian_logger.file_handler = None  # type: ignore[attr-defined]
    for name in ("tmp_log", "tmp_script"):
        path = getattr(brian_logger, name)
        setattr(brian_logger, name, None)
        if path is not None:
            with suppress(OSError):
                os.remove(path)
    # What goes wrong is said by our own errors; Brian's remarks about numbers that are not finite only repeat them.
    log.setLevel(logging.ERROR)


@contextmanager
def preferences(target: Target) -> Iterator[None]:
    """Set Brian's preferences for one target, and put the former ones back at the end."""
    brian = load()
    wanted: dict[str, Any] = {
        "codegen.target": "numpy" if target == "numpy" else "cython",
        "codegen.cpp.extra_compile_args": COMPILER_FLAGS,
        # Brian ends a run early at Ctrl-C and goes on as if nothing had happened; half a presentation is no result.
        "core.stop_on_keyboard_interrupt": False,
        "logging.file_log": False,
        "logging.std_redirection_to_file": False,  # files that a killed process would leave in the temporary folder
    }
    if target == "cython":
        folder = build_folder() / "cython"
        folder.mkdir(exist_ok=True)
        wanted["codegen.runtime.cython.cache_dir"] = str(folder)
    if target == "cpp_standalone":
        wanted["codegen.target"] = "numpy"  # for what is computed before the program exists
        wanted["codegen.cpp.extra_compile_args"] = []  # they are given with the compiler's name
        wanted["devices.cpp_standalone.openmp_threads"] = 0
    former = {name: brian.prefs[name] for name in wanted}
    try:
        for name, value in wanted.items():
            brian.prefs[name] = value
        with warnings.catch_warnings():
            # Brian's own use of functions that pyparsing and others rename; nothing that a user could change.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for name, value in former.items():
            brian.prefs[name] = value


def compiler() -> str | None:
    """Return the C++ compiler's command: ``CXX``, else g++, c++ or clang++; None if there is none."""
    chosen = os.environ.get("CXX", "").strip()
    if chosen:
        return chosen if shutil.which(shlex.split(chosen)[0]) else None
    return next((name for name in ("g++", "c++", "clang++") if shutil.which(name)), None)


def _compiler_need() -> Need:
    found, chosen = compiler(), os.environ.get("CXX", "").strip()
    missing = f"CXX is '{chosen}', which is not found" if chosen else "none of g++, c++, clang++ is on the PATH"
    return Need(
        "C++ compiler",
        found is not None,
        found or missing,
        "install one ('apt install g++', 'conda install cxx-compiler') or set CXX to yours; without one use "
        "simulation.engine 'fast', or 'brian2_numpy', which is slow",
        ("brian2", "brian2_standalone"),
    )


def _make_need() -> Need:
    found = shutil.which("make")
    remedy = "install it ('apt install make'); without it use simulation.engine 'fast' or 'brian2'"
    return Need("make", found is not None, found or "not on the PATH", remedy, ("brian2_standalone",))


def _cython_need() -> Need:
    found = importlib.util.find_spec("Cython") is not None
    remedy = "'pip install cython'; without it use simulation.engine 'fast', 'brian2_standalone' or 'brian2_numpy'"
    return Need("Cython", found, "installed" if found else "not installed", remedy, ("brian2",))


def checks() -> list[Need]:
    """Look at all that Brian's targets need besides Brian2; nothing but the Brian2 engines needs any of it."""
    return [_cython_need(), _compiler_need(), _make_need()]


def require(target: Target) -> ModuleType:
    """Return Brian2 if the target can run.

    Raises
    ------
    EngineError
        If Brian2 or something that the target needs is missing; the message says what, and what to do.
    """
    needs = {"numpy": (), "cython": (_cython_need, _compiler_need), "cpp_standalone": (_compiler_need, _make_need)}
    engine = {"numpy": "brian2_numpy", "cython": "brian2", "cpp_standalone": "brian2_standalone"}[target]
    for look in needs[target]:
        need = look()
        if not need.ok:
            raise EngineError(f"engine '{engine}' needs {need.what}, but {need.found}: {need.remedy}.")
    return load()
