"""What the jobs of an experiment will take: CPU time by measured models, corrected by the jobs that are done already.

The models are straight lines through what was measured (docs/performance.md, docs/analysis.md, docs/hardware.md, on an
AMD EPYC of family 25, 2026-11); they tell the order of magnitude. Machines differ by a factor of two and more, so the
estimate is multiplied by how long jobs of this experiment took here, where some are done.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stdp_pipeline.config.job import Job
from stdp_pipeline.io import read_json

__all__ = ["SLOWER", "Estimate", "StageCost", "cpu_s", "estimate", "memory_mb"]

SLOWER = {"reference": 1000, "brian2": 2000, "brian2_numpy": 4000, "brian2_standalone": 120}
"""About how many times as long as the fast engine another one takes (measured at 400 neurons, with a margin)."""

_SIZES = {"digits": (1438, 359), "iris": (120, 30), "usps": (7291, 2007), "emnist": (124_800, 20_800)}
"""Images of data sets that are far from 60 000 and 10 000, the size of MNIST and its relatives."""

_RULES = {"exponential": 1.3, "long_short_term": 1.3, "bistable_cells": 1.7}
"""Training time of rules that differ from that of ``triplet`` by more than a quarter."""

_SETUP_S = 6.0  # imports, reading, and kernels from the cache

_MAPS_S = {
    "pca": 1.4, "diffusion_map": 1.2, "principal_tree": 4.0, "pacmap": 6.0, "isomap": 7.5, "phate": 24.0, "umap": 27.0,
    "force_directed": 28.0, "tsne": 48.0,
}  # fmt: skip
"""Maps of 10 000 answers of 400 neurons, CPU s on one core; about proportional to the points."""

_FIXED_S = {
    "prepare": 2.0, "encode": 3.0, "quantise": 1.0, "label": 1.0, "portray": 8.0, "represent": 8.0, "trajectory": 40.0,
    "illustrate": 20.0, "report": 10.0,
}  # fmt: skip


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
    """

    stage: str
    n: int
    n_done: int
    cpu_s: float
    left_cpu_s: float
    memory_mb: int


@dataclass(frozen=True)
class Estimate:
    """All stages of an experiment.

    Attributes
    ----------
    stages : list of StageCost
        In the order of the chain.
    factor : float or None
        How long this machine takes, in terms of the models; None if no job of some length is done.
    """

    stages: list[StageCost]
    factor: float | None


def estimate(jobs: Iterable[Job], root: Path) -> Estimate:
    """Estimate what jobs take.

    Parameters
    ----------
    jobs : iterable of Job
        Of one experiment.
    root : Path
        Of the results, where jobs that are done have their records.
    """
    listed = list(jobs)
    done = {job.key: found for job in listed if (found := _recorded(root, job)) is not None}
    ratios = [done[job.key] / model for job in listed if job.key in done and (model := cpu_s(job)) >= 20]
    factor = statistics.median(ratios) if ratios else None
    stages: dict[str, list[Job]] = {}
    for job in listed:
        stages.setdefault(job.stage, []).append(job)
    costs = []
    for stage, group in stages.items():
        left = sum(cpu_s(job) * (factor or 1.0) for job in group if job.key not in done)
        there = [done[job.key] for job in group if job.key in done]
        costs.append(StageCost(stage, len(group), len(there), sum(there) + left, left, max(map(memory_mb, group))))
    return Estimate(costs, factor)


def _recorded(root: Path, job: Job) -> float | None:
    """Return the CPU time of a job that is done; the report is always made anew when something changed."""
    file = root / job.stage / job.id / "provenance.json"
    if not file.is_file() or job.stage in ("report", "illustrate"):
        return None
    found = read_json(file).get("cpu_s")
    return float(found) if found is not None else None


def cpu_s(job: Job) -> float:
    """Return the CPU seconds of a job by the models."""
    model = _MODELS.get(job.stage)
    return _SETUP_S + model(job) if model else _FIXED_S.get(job.stage, 10.0)


def memory_mb(job: Job) -> int:
    """Return an upper estimate of a job's peak memory, MB (measured, with a margin)."""
    if job.stage in ("train", "respond", "revisit", "crossbar"):
        return _engine_mb(job)
    n_exc = _n_exc(job)
    return {
        "features": 1200 + 2 * n_exc, "embed": 2500, "measure": 2000, "represent": 900 + n_exc, "trajectory": 4000,
        "label": 900 + n_exc, "test": 900 + n_exc, "prepare": 1500, "encode": 1500,
    }.get(job.stage, 1500)  # fmt: skip


def _engine_mb(job: Job) -> int:
    spec = job.trained.spec
    n_exc = spec["network"]["n_exc"]
    # Brian keeps every synapse of the lateral inhibition, and the traces of the plastic ones.
    brian = n_exc + n_exc**2 // 15_000 if spec["simulation"]["engine"].startswith("brian2") else 0
    return int(700 + n_exc // 5 + brian)


def _n_exc(job: Job) -> int:
    """Return the neurons of the network that a job has to do with, 400 if none."""
    if job.stage == "train":
        return int(job.spec["network"]["n_exc"])
    return max((_n_exc(parent) for parent in job.parents.values()), default=400)


def _prepared(job: Job) -> Job:
    """Return the job that read the data set."""
    return job if job.stage == "prepare" else next(_prepared(parent) for parent in job.parents.values())


def _images(job: Job, split: str) -> int:
    dataset = _prepared(job).spec["dataset"]
    train, test = _SIZES.get(dataset["name"], (60_000, 10_000))
    if dataset.get("validation"):
        train, test = train - dataset["validation"], dataset["validation"]
    return int(dataset.get(f"n_{split}") or {"train": train, "test": test}[split])


def _presentation_ms(job: Job, frozen: bool = False) -> float:
    """Return the time of one training image or frozen presentation."""
    spec = job.trained.spec
    slower = SLOWER.get(spec["simulation"]["engine"], 1)
    n_exc = spec["network"]["n_exc"]
    # The repeated presentations of a network without much to say are not foreseen.
    ms = 0.06 + 0.00035 * n_exc if frozen else (0.10 + 0.00041 * n_exc) * _RULES.get(spec["plasticity"]["name"], 1.0)
    if spec["network"]["delays"]["mode"] == "synaptic":
        ms *= 4.0
    return float(ms * slower)


def _train(job: Job) -> float:
    return 1e-3 * job.spec["training"]["passes"] * _images(job, "train") * _presentation_ms(job)


def _respond(job: Job) -> float:
    n_images = job.spec["n_images"] or _images(job, job.spec["split"])
    return 1e-3 * n_images * _presentation_ms(job, frozen=True)


def _revisit(job: Job) -> float:
    times = len(job.trained.spec["training"].get("snapshots") or [])
    return 1e-3 * times * job.spec["n_images"] * _presentation_ms(job, frozen=True)


def _crossbar(job: Job) -> float:
    images = (job.spec["label_images"] or _images(job, "train")) + _images(job, "test")
    # Periphery and read noise double the time, and weak specimens show images again and again.
    return 1e-3 * len(job.spec["hardware"]) * job.spec["draws"] * images * 2 * _presentation_ms(job, frozen=True)


def _points(job: Job) -> int:
    features = job if job.stage == "features" else job.parents["features"]
    return _n_exc(job) if features.spec["feature"]["name"] == "fields" else _images(job, "test")


def _embed(job: Job) -> float:
    return _MAPS_S.get(job.spec["embedding"]["name"], 30.0) * _points(job) / 10_000


_MODELS: dict[str, Callable[[Job], float]] = {
    "train": _train,
    "respond": _respond,
    "revisit": _revisit,
    "crossbar": _crossbar,
    "test": lambda job: 10.0 * sum(readout["name"] not in _BY_COUNTS for readout in job.spec["readouts"]),
    "baseline": lambda job: 60.0 * len(job.spec["baselines"]),
    "events": lambda job: 1e-4 * _images(job, job.spec["split"]),
    "features": lambda job: 10.0 * _points(job) / 10_000,
    "embed": _embed,
    "measure": lambda job: 10.0 * sum(role.startswith("map_") for role in job.parents),
}

_BY_COUNTS: Any = ("all_activity", "proportion", "confidence", "ngram")
"""Readouts that cost next to nothing; the others learn a classifier."""
