"""What thousands of runs of one configuration would take on a cluster: cores, time, room, and work of the scheduler.

    python benchmarks/many_runs.py EXPERIMENT [--set KEY=VALUE ...] --runs 10000 --cores 100 1000

CPU time, memory and room come from the models of ``stdp_pipeline.workflow.costs``, the time corrected by jobs of the
experiment that are done in ``--results``. Other constants were measured as said beside them; docs/scaling.md explains
the table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from stdp_pipeline.config.job import Job
from stdp_pipeline.config.load import find_experiment, load_experiment
from stdp_pipeline.config.plan import Run, plan
from stdp_pipeline.workflow.costs import cpu_s, disk_mb, estimate, memory_mb, threads

ROOT = Path(__file__).resolve().parents[1]
OUTPUTS = {"train": 4, "quantise": 4, "respond": 2, "label": 3, "test": 3, "features": 3, "embed": 3, "crossbar": 4}
"""Declared files of a job; 3 where nothing is said. Log and benchmark come on top, and one record of Snakemake each."""
METADATA_MB, LOG_MB = 0.0041, 0.02
"""Of Snakemake for each declared file (mean of 5700), and the log of a training: results of studies, 2026-11-26."""


@dataclass(frozen=True)
class Stage:
    """The jobs of one stage in one run."""

    name: str
    n: int
    cpu_s: float
    threads: int
    memory_mb: int
    disk_mb: float
    files: int


def run_jobs(run: Run) -> Iterator[Job]:
    """Yield the jobs of a run that no other run shares: its training, and all that comes after it."""
    seen = set()

    def visit(job: Job) -> Iterator[Job]:
        for parent in job.parents.values():
            yield from visit(parent)
        if job.key not in seen and _after_training(job):
            seen.add(job.key)
            yield job

    for job in (run.test, *run.analysis.all(), *run.crossbars.values()):
        yield from visit(job)


def _after_training(job: Job) -> bool:
    return job.stage == "train" or any(map(_after_training, job.parents.values()))


def stages(jobs: Iterable[Job], factor: float) -> list[Stage]:
    """Sum up the jobs of a run by stage."""
    of: dict[str, list[Job]] = {}
    for job in jobs:
        of.setdefault(job.stage, []).append(job)
    return [
        Stage(
            name, len(some), factor * sum(map(cpu_s, some)), max(map(threads, some)), max(map(memory_mb, some)),
            sum(map(disk_mb, some)), len(some) * (OUTPUTS.get(name, 3) + 2),
        )
        for name, some in of.items()
    ]  # fmt: skip


def queued(some: list[Stage]) -> tuple[float, float]:
    """Return how many jobs a run has in the queue with the profile's groups, and their cores on average."""
    profile = yaml.safe_load((ROOT / "config" / "profiles" / "slurm" / "config.yaml").read_text())
    groups = dict(item.split("=") for item in profile["groups"])
    alone = [stage for stage in some if stage.name not in groups]
    grouped = {groups[stage.name] for stage in some if stage.name in groups}
    n = sum(stage.n for stage in alone) + len(grouped)
    return n, (sum(stage.n * stage.threads for stage in alone) + len(grouped)) / n


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", help="name in config/experiments, or path of a YAML file; its first run counts")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override, as in stdp run")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--cores", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--overhead", type=float, default=11.0, metavar="S", help="of a queued job (default: 11 s)")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder with jobs that are done")
    options = parser.parse_args()
    path = find_experiment(options.experiment, ROOT / "config" / "experiments")
    planned = plan(path.stem, load_experiment(path, options.set))
    factor = estimate(planned.jobs.values(), options.results).factor or 1.0
    some = stages(run_jobs(planned.runs[0]), factor)
    n_queued, mean_cores = queued(some)

    print("| stage | jobs | CPU s | cores | memory, MB | room, MB | files |\n|---|---|---|---|---|---|---|")
    for one in some:
        numbers = f"{one.cpu_s:.0f} | {one.threads} | {one.memory_mb} | {one.disk_mb:.2f} | {one.files}"
        print(f"| {one.name} | {one.n} | {numbers} |")
    work, room = sum(one.cpu_s for one in some), sum(one.disk_mb for one in some)
    files = sum(one.files for one in some)
    room += LOG_MB + METADATA_MB * sum(one.n * OUTPUTS.get(one.name, 3) for one in some)
    held = work + n_queued * mean_cores * options.overhead
    print(f"| one run | {sum(one.n for one in some)} | {work:.0f} | | | {room:.1f} | {files} |\n")
    print(f"CPU models times {factor:.2f} by jobs that are done; {n_queued:.0f} jobs of a run in the queue\n")
    n = options.runs
    print(f"{n} runs: {n * work / 3600:.0f} CPU hours of work, {n * (held - work) / 3600:.0f} core hours of overhead; ")
    print(f"{n * room / 1e6:.2f} TB in {n * files / 1e6:.2f} million files; {n * n_queued:.0f} jobs in the queue\n")
    print("| cores | hours | jobs per second to submit |\n|---|---|---|")
    for cores in options.cores:
        hours = n * held / cores / 3600
        print(f"| {cores} | {hours:.1f} | {n * n_queued / hours / 3600:.2f} |")


if __name__ == "__main__":
    main()
