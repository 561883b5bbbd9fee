"""What ``stdp show`` says of an experiment's jobs: how many there are and are done, and what they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stdp_pipeline.config.plan import Plan
from stdp_pipeline.workflow.costs import Estimate

__all__ = ["as_json", "counted", "summary", "time_told"]


def as_json(planned: Plan, found: Estimate, cores: int) -> dict[str, Any]:
    """Return the estimate as JSON can hold it: times in s, sizes in MB."""
    return {
        "n_runs": len(planned.runs),
        "n_jobs": sum(stage.n for stage in found.stages),
        "n_jobs_done": sum(stage.n_done for stage in found.stages),
        "cpu_s": found.cpu_s,
        "left_cpu_s": found.left_cpu_s,
        "factor": found.factor,
        "cores": cores,
        "wall_s": found.wall_s(cores),
        "path_s": found.path_s,
        "memory_mb": max(stage.memory_mb for stage in found.stages),
        "at_once_mb": found.at_once_mb(cores),
        "disk_mb": found.disk_mb,
        "stages": [vars(stage) for stage in found.stages],
    }


def summary(planned: Plan, found: Estimate, cores: int, root: Path) -> str:
    """Return the estimate for people: a table of stages, and what all take together.

    Parameters
    ----------
    planned : Plan
    found : Estimate
    cores : int
        That are used.
    root : Path
        Of the results, where jobs were looked for.
    """
    n_jobs, n_done = sum(stage.n for stage in found.stages), sum(stage.n_done for stage in found.stages)
    lines = [
        f"# {planned.name}: {counted(len(planned.runs), 'run')}, {counted(n_jobs, 'job')}; {n_done} of them are done "
        f"in '{root}'",
        f"{'stage':11s} {'jobs':>6s} {'done':>6s} {'CPU time':>10s} {'left':>10s} {'memory':>8s} {'disk':>8s}",
    ]
    for stage in found.stages:
        lines.append(
            f"{stage.stage:11s} {stage.n:6d} {stage.n_done:6d} {time_told(stage.cpu_s):>10s} "
            f"{time_told(stage.left_cpu_s):>10s} {_size(stage.memory_mb):>8s} {_size(stage.disk_mb):>8s}"
        )
    most = max(stage.memory_mb for stage in found.stages)
    lines.append(
        f"{'total':11s} {n_jobs:6d} {n_done:6d} {time_told(found.cpu_s):>10s} {time_told(found.left_cpu_s):>10s} "
        f"{_size(most):>8s} {_size(found.disk_mb):>8s}"
    )
    if n_done < n_jobs:
        together = found.at_once_mb(cores)
        lines.append(
            f"With {counted(cores, 'core')} the rest takes about {time_told(found.wall_s(cores))}, and at most "
            f"{_size(together)} of memory; the longest chain of jobs alone takes {time_told(found.path_s)}."
        )
    if found.factor is not None:
        source = f"times {found.factor:.2f}, as long as the jobs that are done took here"
    else:
        source = "on one machine; yours may take half or twice as long"
    lines.append(f"Estimates, from what such jobs took {source}; memory is the most that one job takes.")
    return "\n".join(lines)


def counted(n: int, what: str) -> str:
    """Return a number of things, with the plural where there is one."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def time_told(seconds: float) -> str:
    """Return a time with the unit that suits it."""
    for unit, one in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * one:
            n = seconds / one
            return f"{n:.0f} {unit}" if n >= 10 else f"{n:.1f} {unit}"
    return f"{seconds:.0f} s"


def _size(mb: float) -> str:
    """Return a size with the unit that suits it."""
    return f"{mb / 1000:.1f} GB" if mb >= 1000 else f"{mb:.0f} MB" if mb >= 1 else f"{mb * 1000:.0f} kB"
