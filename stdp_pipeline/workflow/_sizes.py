"""How much a job has to do with: images, neurons, rows; and the room that its results take."""

from __future__ import annotations

from collections.abc import Callable

from stdp_pipeline.config.job import Job

__all__ = ["columns", "data_mb", "disk_mb", "images", "n_exc", "points", "snapshots"]

_IMAGES = {"digits": (1438, 359), "iris": (120, 30), "usps": (7291, 2007), "emnist": (124_800, 20_800)}
"""Images of data sets that are far from 60 000 and 10 000, the size of MNIST and its relatives."""

_PIXELS = {"digits": 64, "iris": 40, "usps": 256, "nmnist": 2312}
"""Inputs of data sets that have not the 784 of MNIST and its relatives."""

_EVENT_BYTES = 9_000
"""Of one presentation: 2 250 input spikes of 4 bytes."""


def _prepared(job: Job) -> Job:
    """Return the job that read the data set."""
    return job if job.stage == "prepare" else next(_prepared(parent) for parent in job.parents.values())


def n_exc(job: Job) -> int:
    """Return the neurons of the network that a job has to do with, 400 if none."""
    if job.stage == "train":
        return int(job.spec["network"]["n_exc"])
    return max((n_exc(parent) for parent in job.parents.values()), default=400)


def images(job: Job, split: str) -> int:
    """Return how many images of a split there are: 'train' or 'test'."""
    dataset = _prepared(job).spec["dataset"]
    train, test = _IMAGES.get(dataset["name"], (60_000, 10_000))
    if dataset.get("validation"):
        train, test = train - dataset["validation"], dataset["validation"]
    return int(dataset.get(f"n_{split}") or {"train": train, "test": test}[split])


def _pixels(job: Job) -> int:
    return _PIXELS.get(_prepared(job).spec["dataset"]["name"], 784)


def data_mb(job: Job) -> float:
    """Return the size of all images, one byte a pixel, MB."""
    return 1e-6 * _pixels(job) * (images(job, "train") + images(job, "test"))


def snapshots(job: Job) -> int:
    """Return at how many times of training the network is kept."""
    return len(job.trained.spec["training"].get("snapshots") or [])


def _features(job: Job) -> Job:
    return job if job.stage == "features" else job.parents["features"]


def points(job: Job) -> int:
    """Return the rows of the features that a job lays out or makes."""
    return n_exc(job) if _features(job).spec["feature"]["name"] == "fields" else images(job, "test")


def columns(job: Job) -> int:
    """Return the columns of these features."""
    return _pixels(job) if _features(job).spec["feature"]["name"] in ("fields", "pixels") else n_exc(job)


def _weights_mb(job: Job) -> float:
    return 4e-6 * _pixels(job) * n_exc(job)


def _respond(job: Job) -> float:
    shown = job.spec["n_images"] or images(job, job.spec["split"])
    return 1e-6 * shown * (100 + n_exc(job) / 60)  # counts of the few neurons that fired


_ROOM: dict[str, Callable[[Job], float]] = {
    "prepare": data_mb,
    "encode": data_mb,
    "events": lambda job: 1e-6 * _EVENT_BYTES * images(job, job.spec["split"]),
    "train": lambda job: 0.3 + _weights_mb(job) * (1 + snapshots(job)),
    "quantise": lambda job: 0.3 + _weights_mb(job) / 4,
    "respond": _respond,
    "label": lambda job: 8e-5 * n_exc(job),
    "features": lambda job: 1e-6 * points(job) * (4 * columns(job) + 740),  # and 90 neighbours with distances
    "embed": lambda job: 16e-6 * points(job),
    "crossbar": lambda job: 0.5 + 2 * _weights_mb(job) * len(job.spec["hardware"]),
    "portray": lambda job: 0.6,
    "report": lambda job: 20.0,
    "illustrate": lambda job: 10.0,
}


def disk_mb(job: Job) -> float:
    """Return about what a job's results take, MB, by what the results of some 1 500 jobs on MNIST take (2026-11)."""
    model = _ROOM.get(job.stage)
    return model(job) if model else 0.05
