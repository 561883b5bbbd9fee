"""Any event data set of the library tonic: DVSGesture, CIFAR10DVS, N-Caltech101, POKERDVS, SHD and more.

Needs ``pip install 'stdp_pipeline[tonic]'``, which brings much with it. Files are kept, and downloaded if they are not
there, by tonic. Events are pixels of a sensor with two polarities; where tonic's sensor has one, all are ON events
(then ``events.polarity: on`` leaves the others out). Times count from the start of the recording.

References
----------
.. [1] Lenz et al. (2021), "Tonic: event-based datasets and transformations", doi:10.5281/zenodo.5079802.
"""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.datasets._base import MAX_INPUTS, Dataset, Recordings
from stdp_pipeline.datasets._events import EventDatasetParams, counted
from stdp_pipeline.datasets._labels import numbered
from stdp_pipeline.datasets._sources import cache_folder
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["Params", "fingerprint", "read"]


class Params(EventDatasetParams):
    """Which data set, and where its files are."""

    name: Literal["tonic"] = "tonic"
    """Name of the data set."""
    dataset: Annotated[str, Field(min_length=1)] = "DVSGesture"
    """Name of the class in ``tonic.datasets``."""
    data_dir: str | None = None
    """Folder in which tonic keeps its files; null for the cache."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: tonic checks what it downloads."""
    return {}


def read(params: Params) -> Dataset:
    """Read all recordings.

    Raises
    ------
    ConfigError
        If tonic is not installed or has no such data set, or the data set does not say what is for testing and
        ``dataset.split`` does not either.
    DataError
        If the files cannot be had, or events are not what a sensor gives.
    """
    kind = _class(params.dataset)
    given = "train" in inspect.signature(kind.__init__).parameters
    if not given and params.split.method == "given" and not params.validation:
        raise ConfigError(
            f"dataset.split: tonic's {params.dataset} does not divide its recordings into training and test; say how: "
            "dataset.split.method must be 'held_out' or 'k_fold'"
        )
    opened = [_open(kind, params, {"train": train} if given else {}) for train in ((True, False) if given else (True,))]
    events = [[_checked(one, params.dataset) for one, _ in part] for part in opened]
    width, height = _size(kind, [one for part in events for one in part])
    labels, names = numbered(np.array([label for part in opened for _, label in part]), f"tonic's {params.dataset}")
    classes = getattr(kind, "classes", None)
    if not names and isinstance(classes, list) and len(labels) and labels.max() < len(classes):
        names = tuple(str(name) for name in classes)
    parts = [_recordings(part, width, height) for part in events]
    empty = Recordings(np.zeros(0, np.uint32), parts[0].channel[:0], np.zeros(1, np.int64))
    train, test = parts if given else (parts[0], empty)
    shape = (2, height, width)
    return Dataset(
        counted(train, shape), labels[: len(train)], counted(test, shape), labels[len(train) :], names, train, test
    )


def _class(name: str) -> Any:
    try:
        datasets = importlib.import_module("tonic.datasets")
    except ImportError as error:
        raise ConfigError(
            f"dataset.name: 'tonic' needs the package tonic ({error}); install it with pip install "
            "'stdp_pipeline[tonic]', or 'pip install tonic'"
        ) from None
    known = sorted(key for key, value in vars(datasets).items() if isinstance(value, type) and not key.startswith("_"))
    if name not in known:
        raise ConfigError(f"dataset.dataset must be one of tonic's data sets, {', '.join(known)}; got '{name}'")
    return getattr(datasets, name)


def _open(kind: Any, params: Params, options: dict[str, bool]) -> list[tuple[Any, Any]]:
    """Return all recordings with their labels."""
    folder = Path(params.data_dir) if params.data_dir else cache_folder("tonic")
    offline = os.environ.get("STDP_OFFLINE", "0") not in ("", "0")

    def refuse(self: Any) -> None:
        raise OSError("STDP_OFFLINE is set, so nothing was downloaded")

    # Of the same name, since tonic names its folders by the class.
    chosen = type(kind.__name__, (kind,), {"download": refuse}) if offline else kind
    try:
        data = chosen(save_to=str(folder), **options)
        return [data[k] for k in range(len(data))]
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise DataError(
            f"tonic's {params.dataset}: {error}. Looked in '{folder / kind.__name__}'; put the files there, or name "
            "another folder with dataset.data_dir"
        ) from error


def _checked(events: Any, name: str) -> Any:
    """Return the events of one recording, in the order of time, if they are what a sensor gives."""
    fields = getattr(getattr(events, "dtype", None), "names", None) or ()
    if not {"x", "t"} <= set(fields):
        raise DataError(f"tonic's {name} has no events with x and t, got {fields or type(events).__name__}")
    if np.any(np.diff(events["t"].astype(np.int64)) < 0):
        events = events[np.argsort(events["t"], kind="stable")]
    return events


def _size(kind: Any, events: list[Any]) -> tuple[int, int]:
    """Return width and height of the sensor: as tonic says, or as large as the events need."""
    size = getattr(kind, "sensor_size", None)
    if size is not None:
        return int(size[0]), int(size[1])
    width, height = (1 + max((int(_field(one, axis).max()) for one in events if len(one)), default=0) for axis in "xy")
    return width, height


def _field(events: Any, name: str) -> np.ndarray:
    there = name in events.dtype.names
    return events[name].astype(np.int64) if there else np.zeros(len(events), np.int64)


def _recordings(events: list[Any], width: int, height: int) -> Recordings:
    times, channels = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    for k, one in enumerate(events):
        t, x, y = (_field(one, name) for name in "txy")
        on = _field(one, "p") > 0 if "p" in one.dtype.names else np.ones(len(one), np.bool_)
        wrong = (x < 0) | (x >= width) | (y < 0) | (y >= height) | (t < 0) | (t >= 2**32)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"recording {k}, event {at}: found x {x[at]}, y {y[at]}, time {t[at]} us, expected a pixel of "
                f"{width} x {height} and a time from 0 to {2**32 - 1} us"
            )
        times.append(t.astype(np.uint32))
        channels.append((on * height + y) * width + x)
    small = 2 * width * height <= MAX_INPUTS
    return Recordings(
        np.concatenate(times),
        np.concatenate(channels).astype(np.uint16 if small else np.uint32),
        np.cumsum([0, *map(len, events)]).astype(np.int64),
    )
