"""What the jobs of an experiment will take: CPU time, memory and room by measured models, corrected by what is done.

The models are straight lines through what was measured (docs/performance.md, docs/analysis.md, docs/hardware.md, and
the records of some 1 500 jobs, on an AMD EPYC of family 25, 2026-11); they tell the order of magnitude. Machines differ
by a factor of two and more, so the estimate is multiplied by how long jobs of this experiment took here, where some are
done.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stdp_pipeline.config.job import OF_EXPERIMENTS, Job, place
from stdp_pipeline.io import read_json
from stdp_pipeline.workflow._sizes import columns, data_mb, disk_mb, images, n_exc, points, snapshots

__all__ = ["SLOWER", "Estimate", "StageCost", "cpu_s", "estimate", "memory_mb", "minutes", "threads"]

SLOWER = {"reference": 1000, "brian2": 2000, "brian2_numpy": 4000, "brian2_standalone": 120}
"""About how many times as long as the fast engine another one takes (measured at 400 neurons, with a margin)."""

_RULES = {
    "exponential": 1.3, "binary_multistep": 1.3, "rectangular": 1.3, "long_short_term": 1.6, "binary_hybrid": 1.7,
    "bistable_cells": 1.7,
}  # fmt: skip
"""Training time of rules that differ from that of ``triplet`` by more than a quarter."""

_LEVELS, _DEVICE = 1.5, 1.3
"""Training time of weights on levels, and of weights that are devices, by that of real numbers."""

_SETUP_S = 3.0  # imports, reading, and kernels from the cache

_MAPS_S = {
    "pca": 1.4, "diffusion_map": 1.2, "principal_tree": 4.0, "pacmap": 6.0, "isomap": 7.5, "phate": 24.0, "umap": 27.0,
    "force_directed": 28.0, "tsne": 55.0,
}  # fmt: skip
"""Maps of 10 000 answers of 400 neurons, CPU s on one core; about proportional to the points."""

_FIXED_S = {
    "prepare": 2.0, "encode": 3.0, "quantise": 1.0, "label": 1.0, "portray": 7.0, "represent": 3.0, "trajectory": 14.0,
}  # fmt: skip

_MARGIN, _LEAST_MIN = 10.0, 15
"""How many times the model's time a job may take, and how many minutes more, before a scheduler gives it up."""

_SHARED_S = 8.0
"""Work that is worth a second thread, CPU s: the start of a job takes 2 to 3 s, in which it can use one only."""

_TRIED_S = 15.0
"""Jobs that are shorter, by the model or in truth, say nothing about how fast the machine is."""


@dataclass(frozen=True)
class StageCost:
    """Jobs of one stage.

    Attributes
    ----------
    stage : str
    n, n_done : int
        All jobs, and those whose results are there.
    cpu_s : float
        Of all jobs: measured of those that are done, estimated of the rest.
    left_cpu_s : float
        Of those that are not done.
    memory_mb : int
        The most that one of them takes.
    disk_mb : float
        Room for the results of all.
    """

    stage: str
    n: int
    n_done: int
    cpu_s: float
    left_cpu_s: float
    memory_mb: int
    disk_mb: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """All stages of an experiment.

    Attributes
    ----------
    stages : list of StageCost
        In the order of the chain.
    factor : float or None
        How long this machine takes, in terms of the models; None if no job of some length is done.
    path_s : float
        Of the jobs that are not done, the longest chain in which each waits for the one before, CPU s.
    left_mb : list of int
        Memory of each job that is not done, largest first.
    done : set of (str, str)
        Stage and id of the jobs that are done.
    """

    stages: list[StageCost]
    factor: float | None
    path_s: float = 0.0
    left_mb: list[int] = field(default_factory=list)
    done: frozenset[tuple[str, str]] = frozenset()

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all jobs."""
        return sum(stage.cpu_s for stage in self.stages)

    @property
    def left_cpu_s(self) -> float:
        """CPU seconds of the jobs that are not done."""
        return sum(stage.left_cpu_s for stage in self.stages)

    @property
    def disk_mb(self) -> float:
        """Room for all results, MB."""
        return sum(stage.disk_mb for stage in self.stages)

    def wall_s(self, cores: int) -> float:
        """Return how long the rest takes at least: shared evenly among cores, but no less than the longest chain."""
        return max(self.path_s, self.left_cpu_s / cores)

    def at_once_mb(self, cores: int) -> int:
        """Return the memory that so many jobs take together, at most: one on each core, the largest ones."""
        return sum(self.left_mb[:cores])


def estimate(jobs: Iterable[Job], root: Path) -> Estimate:
    """Estimate what jobs take.

    Parameters
    ----------
    jobs : iterable of Job
        Of one experiment, parents before children.
    root : Path
        Of the results, where jobs that are done have their records.
    """
    listed = list(jobs)
    done = _done(listed, root)
    tried = [(done[job.key], cpu_s(job)) for job in listed if job.key in done]
    ratios = [took / model for took, model in tried if min(took, model) >= _TRIED_S]
    factor = statistics.median(ratios) if ratios else None
    left = {job.key: cpu_s(job) * (factor or 1.0) for job in listed if job.key not in done}
    memory = {job.key: memory_mb(job) for job in listed}
    stages: dict[str, list[Job]] = {}
    for job in listed:
        stages.setdefault(job.stage, []).append(job)
    costs = []
    for stage, group in stages.items():
        spent = [done[job.key] for job in group if job.key in done]
        to_do = sum(left.get(job.key, 0.0) for job in group)
        most, room = max(memory[job.key] for job in group), sum(map(disk_mb, group))
        costs.append(StageCost(stage, len(group), len(spent), sum(spent) + to_do, to_do, most, room))
    chains: dict[tuple[str, str], float] = {}
    for job in listed:
        before = max((chains.get(parent.key, 0.0) for parent in job.parents.values()), default=0.0)
        chains[job.key] = before + left.get(job.key, 0.0)
    left_mb = sorted((memory[key] for key in left), reverse=True)
    return Estimate(costs, factor, max(chains.values(), default=0.0), left_mb, frozenset(done))


def _done(jobs: list[Job], root: Path) -> dict[tuple[str, str], float]:
    """Return the CPU time of the jobs that are done; those of the whole experiment only if all others are."""
    done = {}
    for job in jobs:
        of_all = job.stage in OF_EXPERIMENTS
        if of_all and any(other.key not in done for other in jobs if other.stage not in OF_EXPERIMENTS):
            break
        if not (file := root / place(job.stage, job.id) / "provenance.json").is_file():
            continue
        found = read_json(file)
        # Their folder is the experiment's name, so they may be of another state of it.
        if not of_all or found.get("spec") == job.spec:
            done[job.key] = float(found.get("cpu_s") or 0.0)
    return done


def cpu_s(job: Job) -> float:
    """Return the CPU seconds of a job by the models."""
    model = _MODELS.get(job.stage)
    return _SETUP_S + model(job) if model else _FIXED_S.get(job.stage, 10.0)


def threads(job: Job) -> int:
    """Return the threads of a job: two, if it can use them and has more to do than to start."""
    return 2 if job.stage == "quantise" or (job.stage == "respond" and cpu_s(job) > _SHARED_S) else 1


def minutes(job: Job) -> int:
    """Return an upper estimate of a job's run time, for schedulers that end what takes longer: the model, many times.

    It holds on one core, on slow machines, and for networks that have images repeated again and again.
    """
    return _LEAST_MIN + math.ceil(_MARGIN * cpu_s(job) / 60)


def memory_mb(job: Job) -> int:
    """Return an upper estimate of a job's peak memory, MB (measured, with a margin)."""
    return math.ceil(_MEMORY.get(job.stage, lambda job: 500.0)(job))


def _engine_mb(job: Job) -> float:
    """Return what a simulation takes. Compiling a kernel, which the first job of its kind does, takes 550 MB of it."""
    spec = job.trained.spec
    n = n_exc(job)
    # Brian keeps every synapse of the lateral inhibition, and the traces of the plastic ones.
    brian = n + n**2 // 15_000 if spec["simulation"]["engine"].startswith("brian2") else 0
    return 750 + n / 8 + 2 * data_mb(job) + brian


def _rows_mb(job: Job) -> float:
    """Return the size of a matrix of features."""
    return 4e-6 * points(job) * columns(job)


def _classified_mb(job: Job) -> float:
    """Return what readouts take: those that learn have all training answers as a table."""
    n = n_exc(job)
    learned = any(readout["name"] not in _BY_COUNTS for readout in job.spec["readouts"])
    return 400 + n / 8 + (8e-6 * n * images(job, "train") if learned else 0)


_MEMORY: dict[str, Callable[[Job], float]] = {
    **dict.fromkeys(("train", "quantise", "respond", "revisit", "portray"), _engine_mb),
    "crossbar": lambda job: _engine_mb(job) + n_exc(job),  # one more array for each property of devices
    "prepare": lambda job: 400 + 5 * data_mb(job),
    "encode": lambda job: 400 + 5 * data_mb(job),
    "events": lambda job: 400 + 2.5 * disk_mb(job),
    "label": lambda job: 400 + n_exc(job) / 8,
    "test": _classified_mb,
    "baseline": lambda job: 600 + 30 * data_mb(job),
    "features": lambda job: 500 + 6 * _rows_mb(job),
    "embed": lambda job: 600 + 0.06 * points(job) + 3 * _rows_mb(job),
    "measure": lambda job: 600 + 0.06 * points(job) + 3 * _rows_mb(job),
    "represent": lambda job: 400 + 16e-6 * n_exc(job) * images(job, "test"),
    "trajectory": lambda job: 800 + 24e-6 * (snapshots(job) * job.spec["n_neurons"]) ** 2,
    "report": lambda job: 1200 + len(job.parents) / 4,
    "illustrate": lambda job: 1200 + len(job.parents) / 4,
}


def _presentation_ms(job: Job, frozen: bool = False) -> float:
    """Return the time of one training image or frozen presentation."""
    spec = job.trained.spec
    slower = SLOWER.get(spec["simulation"]["engine"], 1)
    n, rule = spec["network"]["n_exc"], spec["plasticity"]
    # The repeated presentations of a network without much to say are not foreseen.
    ms = 0.06 + 0.00035 * n if frozen else (0.10 + 0.00041 * n) * _RULES.get(rule["name"], 1.0)
    if not frozen:
        ms *= (_LEVELS if rule.get("levels") else 1.0) * (_DEVICE if rule.get("device") else 1.0)
    if spec["network"]["delays"]["mode"] == "synaptic":
        ms *= 4.0
    return float(ms * slower)


def _train(job: Job) -> float:
    return 1e-3 * job.spec["training"]["passes"] * images(job, "train") * _presentation_ms(job)


def _respond(job: Job) -> float:
    n_images = job.spec["n_images"] or images(job, job.spec["split"])
    return 1e-3 * n_images * _presentation_ms(job, frozen=True)


def _revisit(job: Job) -> float:
    return 1e-3 * snapshots(job) * job.spec["n_images"] * _presentation_ms(job, frozen=True)


def _crossbar(job: Job) -> float:
    shown = (job.spec["label_images"] or images(job, "train")) + images(job, "test")
    plain_s = 1.4e-3 * shown * _presentation_ms(job, frozen=True)  # weak specimens are shown images again and again
    wires_s = 7.0 * n_exc(job) / 400
    points_s = (
        plain_s * (3 if hardware["periphery"] else 1) + (wires_s if hardware["circuit"] else 0)
        for hardware in job.spec["hardware"]
    )
    return job.spec["draws"] * sum(points_s)


def _embed(job: Job) -> float:
    return _MAPS_S.get(job.spec["embedding"]["name"], 30.0) * points(job) / 10_000


_MODELS: dict[str, Callable[[Job], float]] = {
    "train": _train,
    "respond": _respond,
    "revisit": _revisit,
    "crossbar": _crossbar,
    "test": lambda job: 10.0 * sum(readout["name"] not in _BY_COUNTS for readout in job.spec["readouts"]),
    # 60 s for the 60 000 training images of MNIST.
    "baseline": lambda job: 1e-3 * len(job.spec["baselines"]) * images(job, "train"),
    "events": lambda job: 1e-4 * images(job, job.spec["split"]),
    "features": lambda job: 1e-4 * points(job) * (1 + 0.005 * columns(job)),
    "embed": _embed,
    "measure": lambda job: 8.0 * sum(role.startswith("map_") for role in job.parents) * points(job) / 10_000,
    "report": lambda job: 40.0 + 0.02 * len(job.parents),
    "illustrate": lambda job: 40.0,
}

_BY_COUNTS: Any = ("all_activity", "proportion", "confidence", "ngram")
"""Readouts that cost next to nothing; the others learn a classifier."""
