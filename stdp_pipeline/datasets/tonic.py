"""A data set of events of the library tonic, by the name of its class: DVSGesture, CIFAR10DVS, POKERDVS, SHD, ...

Needs the extra ``tonic``: ``pip install 'stdp_pipeline[tonic]'``. The library [1]_ finds, downloads and checks the
files. Any of its classes whose recordings belong to one class each can be used. Where the library divides recordings
into training and test, so does this data set; else ``split`` must. Events of sounds have no y: their sensor has a
height of 1. Where the library gives one polarity only, all events are ON: set ``events.polarity: 'on'``.

References
----------
.. [1] Lenz et al. (2021), "Tonic: event-based datasets and transformations", doi:10.5281/zenodo.5079802.
"""

from __future__ import annotations

import difflib
import inspect
import os
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import numpy as np
from pydantic import Field, field_validator

from stdp_pipeline.datasets._base import MAX_INPUTS, Dataset, Recordings
from stdp_pipeline.datasets._events import EventDatasetParams, EventOptions, TimeZero, counted, from_zero
from stdp_pipeline.datasets._labels import numbered
from stdp_pipeline.datasets._sources import cache_folder
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["Params", "fingerprint", "read"]

_REMEDY = "pip install 'stdp_pipeline[tonic]' (in a clone of the project: pip install -e '.[tonic]')"
_OURS = ("save_to", "train", "split", "transform", "target_transform", "transforms")
_MAX_SIDE = 2**16


class Params(EventDatasetParams):
    """Which of tonic's data sets, and where its files are."""

    name: Literal["tonic"] = "tonic"
    """Name of the data set."""
    dataset: Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")] = "DVSGesture"
    """Name of the class in ``tonic.datasets``."""
    data_dir: str | None = None
    """Folder in which tonic keeps files, ``save_to``: it has a folder of its own for each data set, there. Null for
    ``STDP_DATA_DIR/tonic``, or the cache."""
    options: dict[str, bool | int | float | str] = {}  # noqa: RUF012 (pydantic copies it)
    """Further arguments of the class, for example {first_saccade_only: true} for NMNIST."""
    time_zero: TimeZero = "first_event"
    """Where times count from: 'first_event', or 'clock', the zero of the times that tonic gives."""

    @field_validator("options")
    @classmethod
    def _not_ours(cls, options: dict[str, Any]) -> dict[str, Any]:
        if taken := [name for name in _OURS if name in options]:
            raise ValueError(f"{', '.join(taken)} cannot be given here: this data set sets it; see data_dir and split")
        return options


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: tonic knows its files by fixed checksums, and may not have downloaded them yet."""
    return {}


def read(params: Params) -> Dataset:
    """Read all recordings, within the window of ``events``.

    Raises
    ------
    ConfigError
        If tonic is not installed, has no such data set, or does not divide it and ``split`` does not either.
    DataError
        If tonic cannot read the files or get them, or recordings have no single class or no addresses.
    """
    kind = _class_of(params)
    takes = inspect.signature(kind).parameters
    halves: dict[str, dict[str, Any]] = {"all": {}}
    if "train" in takes:
        halves = {"train": {"train": True}, "test": {"train": False}}
    elif "split" in takes:
        halves = {"train": {"split": "train"}, "test": {"split": "test"}}
    elif params.split.method == "given" and not params.validation:
        raise ConfigError(
            f"dataset.split: tonic does not divide {params.dataset} into training and test, so say how: "
            "dataset.split.method must be 'held_out' or 'k_fold'"
        )
    if unknown := sorted(set(params.options) - set(takes)):
        raise ConfigError(
            f"dataset.options: tonic's {params.dataset} takes no {', '.join(unknown)}; known: "
            f"{', '.join(name for name in takes if name not in _OURS) or 'none'}"
        )
    folder = _folder(params)
    parts = {split: _Part(params, kind, folder, more) for split, more in halves.items()}
    train = parts.get("all") or parts["train"]
    test = parts.get("test")
    labels = train.labels + (test.labels if test else [])
    numbers, names = numbered(np.array(labels), f"tonic's {params.dataset}")
    names = names or train.class_names(int(numbers.max(initial=0)) + 1)
    width, height = (max(sizes) for sizes in zip(*(part.size for part in parts.values()), strict=True))

    def arrays(part: _Part | None, own: np.ndarray) -> tuple[np.ndarray, np.ndarray, Recordings]:
        events = _joined(part.recordings if part else [], width, height)
        return counted(events, (2, height, width)), own, events

    first, second = arrays(train, numbers[: len(train.labels)]), arrays(test, numbers[len(train.labels) :])
    return Dataset(*first[:2], *second[:2], names, first[2], second[2])


class _Part:
    """The recordings of one split: their events, as (time_us, x, y, polarity), and labels."""

    def __init__(self, params: Params, kind: Any, folder: Path, more: dict[str, Any]) -> None:
        what = f"tonic's {params.dataset}"
        self.recordings: list[tuple[np.ndarray, ...]] = []
        self.labels: list[Any] = []
        try:
            self._given = kind(save_to=str(folder), **more, **params.options)
            for k in range(len(self._given)):
                events, label = self._given[k]
                self.labels.append(_label(label, f"{what}, recording {k}"))
                self.recordings.append(_events(events, params, f"{what}, recording {k}"))
        except (ConfigError, DataError):
            raise
        except Exception as error:  # a library of many readers may fail in any way
            raise DataError(
                f"{what} cannot be read from '{folder / params.dataset}': {type(error).__name__}: {error}. Delete "
                "damaged files there, and tonic will get them again; or check dataset.options"
            ) from error
        if not self.labels:
            raise DataError(
                f"{what} has no recordings in '{folder / params.dataset}'; is it the right dataset.data_dir?"
            )
        self.size = self._size(what)

    def _size(self, what: str) -> tuple[int, int]:
        """Return width and height: what tonic says, or what events need where recordings differ."""
        seen = [1 + max((int(one[axis].max(initial=0)) for one in self.recordings), default=0) for axis in (1, 2)]
        said = getattr(self._given, "sensor_size", None)
        if said is None:
            return seen[0], seen[1]
        width, height = int(said[0]), int(said[1])
        if seen[0] > width or seen[1] > height:
            raise DataError(f"{what} has events at {seen[0]} x {seen[1]} pixels, its sensor {width} x {height}")
        return width, height

    def class_names(self, n_classes: int) -> tuple[str, ...]:
        """Return the names that tonic gives to the classes, or nothing if they do not fit."""
        classes = getattr(self._given, "classes", None)
        if isinstance(classes, dict):
            classes = (
                sorted(classes, key=classes.__getitem__) if sorted(classes.values()) == [*range(len(classes))] else ()
            )
        if classes is None or len(classes) < n_classes:
            return ()
        return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in classes)


def _class_of(params: Params) -> Any:
    """Return tonic's class, which downloads nothing if it must not."""
    try:
        from tonic import datasets
    except ImportError as error:
        raise ConfigError(f"dataset.name: 'tonic' needs the library tonic ({error}): {_REMEDY}") from None
    known = [name for name, one in vars(datasets).items() if inspect.isclass(one) and hasattr(one, "__getitem__")]
    if params.dataset not in known:
        near = difflib.get_close_matches(params.dataset, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ConfigError(f"dataset.dataset: tonic has no '{params.dataset}'; it has {', '.join(sorted(known))}.{hint}")
    kind = getattr(datasets, params.dataset)
    if os.environ.get("STDP_OFFLINE", "0") in ("", "0"):
        return kind

    def download(self: Any) -> NoReturn:
        raise DataError(
            f"tonic's {params.dataset} lacks files in '{self.location_on_system}', and STDP_OFFLINE is set, so nothing "
            "was downloaded. Put them there, or name the folder above with dataset.data_dir"
        )

    # Of the same name, which is that of the folder.
    return type(kind.__name__, (kind,), {"download": download, "__module__": kind.__module__})


def _folder(params: Params) -> Path:
    if params.data_dir:
        return Path(params.data_dir)
    shared = os.environ.get("STDP_DATA_DIR")
    own = Path(shared) / "tonic" if shared else None
    return own if own is not None and own.is_dir() else cache_folder("tonic")


def _label(label: Any, what: str) -> Any:
    value = np.asarray(label)
    if value.size != 1 or value.dtype.kind not in "iuUSb":
        raise DataError(f"{what}: found the label {label!r}, expected the number or name of one class")
    return value.item()


def _events(events: Any, params: Params, what: str) -> tuple[np.ndarray, ...]:
    """Return (time_us, x, y, polarity) of one recording: uint32, uint16, uint16, bool; in the order of time."""
    fields = getattr(getattr(events, "dtype", None), "names", None) or ()
    if "t" not in fields or "x" not in fields:
        raise DataError(
            f"{what}: found {type(events).__name__} with the fields {', '.join(fields) or 'none'}, expected events "
            "with t and x; this data set of tonic is not one of events and classes"
        )
    time = np.asarray(events["t"]).astype(np.int64)
    order = slice(None) if np.all(time[1:] >= time[:-1]) else np.argsort(time, kind="stable")
    time = from_zero(time[order], params.time_zero, what)
    kept = _window(time, params.events)
    x, y = (
        np.asarray(events[name])[order][kept] if name in fields else np.zeros(len(time[kept]), np.int64)
        for name in ("x", "y")
    )
    for name, values in (("x", x), ("y", y)):
        if len(values) and not 0 <= values.min() <= values.max() < _MAX_SIDE:
            raise DataError(
                f"{what}: found {name} from {values.min()} to {values.max()}, expected 0 to {_MAX_SIDE - 1}"
            )
    on = np.asarray(events["p"])[order][kept] > 0 if "p" in fields else np.ones(len(x), np.bool_)
    return time[kept].astype(np.uint32), x.astype(np.uint16), y.astype(np.uint16), on


def _window(time_us: np.ndarray, options: EventOptions) -> slice:
    """Return which events are in the window: others need no memory. They are shifted where all options are applied."""
    begin = round(options.start_ms * 1e3)
    end = None if options.duration_ms is None else begin + round(options.duration_ms * 1e3)
    return slice(np.searchsorted(time_us, begin), None if end is None else np.searchsorted(time_us, end))


def _joined(recordings: list[tuple[np.ndarray, ...]], width: int, height: int) -> Recordings:
    small = 2 * width * height <= MAX_INPUTS
    dtype = np.uint16 if small else np.uint32
    channels = [((on * np.int64(height) + y) * width + x).astype(dtype) for _, x, y, on in recordings]
    times = [one[0] for one in recordings]
    return Recordings(
        np.concatenate([np.zeros(0, np.uint32), *times]),
        np.concatenate([np.zeros(0, dtype), *channels]),
        np.cumsum([0, *map(len, times)]).astype(np.int64),
    )
