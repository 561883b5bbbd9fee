"""What made a result: parameters, code, versions, machine, time and memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from stdp_pipeline.errors import ResultsError

__all__ = [
    "SCHEMA_VERSION",
    "Stopwatch",
    "check_layout",
    "cpu_model",
    "cpu_seconds",
    "environment",
    "peak_rss_mb",
    "version",
]

SCHEMA_VERSION = 1
"""Version of the layout of all result files."""


def check_layout(values: Any, file: Path) -> None:
    """Refuse what was read from a file of another version of the layout.

    Raises
    ------
    ResultsError
        Which tells both versions, and what to do.
    """
    found = values.get("schema_version") if isinstance(values, dict) else None
    if found != SCHEMA_VERSION:
        has = "has no schema_version" if found is None else f"has the layout of version {found}"
        raise ResultsError(
            f"'{file}' {has}, and this is version {SCHEMA_VERSION}: read it with the "
            "version of stdp_pipeline that made it, or make the result anew with 'stdp run'"
        )


_PACKAGES = ("numpy", "numba", "scipy", "scikit-learn", "phate", "umap-learn", "snakemake", "brian2", "matplotlib")


def version(package: str) -> str | None:
    """Return the installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def cpu_model() -> str:
    """Return the processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """Return the git commit of the source tree, with '+' if it has changes; None outside a repository."""
    here = Path(__file__).parent
    try:

        def ask(*command: str) -> str:
            answer = subprocess.run(["git", *command], cwd=here, capture_output=True, text=True, timeout=10, check=True)
            return answer.stdout.strip()

        head, changed = ask("rev-parse", "HEAD"), ask("status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+" if changed else "")


def environment() -> dict[str, Any]:
    """Return versions and machine."""
    return {
        "stdp_pipeline": version("stdp_pipeline"),
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "cpu": cpu_model(),
        "n_cpus": os.cpu_count(),
    }


def _children() -> list[psutil.Process]:
    """Return the programs that this process has running: an engine may be one."""
    return psutil.Process().children(recursive=True)


def cpu_seconds() -> float:
    """Return the CPU time of this process so far, with that of the programs it ran or is running."""
    times = os.times()
    seconds = time.process_time() + times.children_user + times.children_system
    for child in _children():
        try:
            used = child.cpu_times()
        except psutil.Error:  # it has just ended
            continue
        # Those that ended before are in its own account of children.
        seconds += used.user + used.system + used.children_user + used.children_system
    return seconds


def peak_rss_mb() -> float:
    """Return the most memory that this process has had resident so far, with the programs it has running now, MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    for child in _children():
        try:
            status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
        except OSError:
            continue
        peak += sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return round(peak / 2**20, 1)


class Stopwatch:
    """Wall time, CPU time and peak memory of this process, and of the programs it ran, since the watch was started."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = cpu_seconds()
        self.started = datetime.now(UTC).isoformat(timespec="seconds")

    def read(self) -> dict[str, Any]:
        """Return start (UTC), seconds of wall and CPU time, and the process's peak memory in MB."""
        return {
            "started": self.started,
            "wall_s": round(time.perf_counter() - self._wall, 3),
            "cpu_s": round(cpu_seconds() - self._cpu, 3),
            "peak_rss_mb": peak_rss_mb(),
        }
