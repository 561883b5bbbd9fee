"""Your own recordings of an event camera: a folder with one folder of files for each class, or one AER store.

A folder is laid out as one of ``images``: ``FOLDER/CLASS/*`` or ``FOLDER/train/CLASS/*`` and ``FOLDER/test/CLASS/*``.
Files are AEDAT 2.0 (``.aedat``, ``.aedat2``), AEDAT 3.1 (``.aedat``, ``.aedat3``; which of both, the file says itself)
or N-MNIST's format (``.bin``). An AER store (``.h5``) holds recordings of both splits in one file; see
:mod:`stdp_pipeline.datasets._formats.store` for its layout. Other formats can be brought into a store through the
library tonic [1]_, or read directly: data set ``tonic``. Times of AEDAT files count from the first event, unless
``time_zero`` says otherwise; N-MNIST's format and stores have them from the start of the recording.

References
----------
.. [1] Lenz et al. (2021), "Tonic: event-based datasets and transformations", doi:10.5281/zenodo.5079802.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.datasets._base import MAX_INPUTS, Dataset, Recordings
from stdp_pipeline.datasets._digest import digest_of
from stdp_pipeline.datasets._events import EventDatasetParams, TimeZero, counted, from_zero
from stdp_pipeline.datasets._folder import Found, listed
from stdp_pipeline.datasets._formats import aedat2, aedat3, nmnist
from stdp_pipeline.datasets._formats.recording import Recording
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["SUFFIXES", "Params", "fingerprint", "read"]

SUFFIXES = frozenset({".aedat", ".aedat2", ".aedat3", ".bin"})
"""File names that are taken for recordings."""
_STORES = frozenset({".h5", ".hdf5"})


class Params(EventDatasetParams):
    """Where the recordings are."""

    name: Literal["recordings"] = "recordings"
    """Name of the data set."""
    path: Annotated[str, Field(min_length=1)] = "recordings"
    """Folder of recordings, or a file with the ending ``.h5``."""
    camera: Literal["dvs128", "davis346"] = "dvs128"
    """Camera of AEDAT files: 128 x 128 pixels, or 346 x 260."""
    time_zero: TimeZero = "first_event"
    """Where times of AEDAT files count from: 'first_event', or 'clock', the zero of the camera's clock, if that was
    reset when the recording began."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return a digest of all files."""
    path = Path(params.path)
    if path.suffix in _STORES:
        return {"store": digest_of([path], path.parent)}
    found = listed(path, SUFFIXES, "dataset.path")
    return {"recordings": digest_of((file for part in found.files.values() for file, _ in part), path)}


def read(params: Params) -> Dataset:
    """Read all recordings.

    Raises
    ------
    DataError
        If files cannot be read, or differ in the size of the sensor.
    ConfigError
        If the folder does not divide the recordings into training and test, and ``dataset.split`` does not either.
    """
    path = Path(params.path)
    if path.suffix in _STORES:
        return _of_store(path)
    found = listed(path, SUFFIXES, "dataset.path")
    if "all" in found.files and params.split.method == "given" and not params.validation:
        raise ConfigError(
            f"dataset.split: '{path}' has no folders 'train' and 'test', so say how to divide the recordings: "
            "dataset.split.method must be 'held_out' or 'k_fold'"
        )
    return _of_folder(found, params)


def _of_store(path: Path) -> Dataset:
    from stdp_pipeline.datasets._formats import store

    parts: dict[str, Any] = {}
    for split in store.SPLITS:
        stored = store.read(path, split)
        shape = (2, stored.height, stored.width)
        events = Recordings(stored.time_us, stored.channel, stored.offsets)
        parts |= {
            f"{split}_images": counted(events, shape),
            f"{split}_labels": stored.labels,
            f"{split}_events": events,
        }
    return Dataset(**parts)


def _of_folder(found: Found, params: Params) -> Dataset:
    read_files = {
        split: [(_read_file(file, params), number) for file, number in files] for split, files in found.files.items()
    }
    sizes = {(one.height, one.width) for part in read_files.values() for one, _ in part}
    if len(sizes) > 1:
        told = ", ".join(f"{h} x {w}" for h, w in sorted(sizes))
        raise DataError(f"the recordings in '{params.path}' differ in the size of the sensor: {told} pixels")
    height, width = next(iter(sizes))
    # A large sensor has more channels than the network can have inputs; options of events make them fewer.
    small = 2 * height * width <= MAX_INPUTS

    def joined(split: str) -> tuple[np.ndarray, np.ndarray, Recordings]:
        part = read_files.get(split, [])
        times = [one.time_us for one, _ in part]
        events = Recordings(
            np.concatenate([np.zeros(0), *times]).astype(np.uint32),
            np.concatenate([np.zeros(0), *(_channels(one) for one, _ in part)]).astype(
                np.uint16 if small else np.uint32
            ),
            np.cumsum([0, *map(len, times)]).astype(np.int64),
        )
        return counted(events, (2, height, width)), np.array([number for _, number in part], np.uint8), events

    train, test = joined("all" if "all" in read_files else "train"), joined("test")
    return Dataset(*train[:2], *test[:2], found.class_names, train[2], test[2])


def _channels(one: Recording) -> np.ndarray:
    return (one.polarity * one.height + one.y.astype(np.int64)) * one.width + one.x


def _read_file(path: Path, params: Params) -> Recording:
    if path.suffix == ".bin":
        return nmnist.read(path)
    try:
        with path.open("rb") as file:
            third = file.read(12).startswith(b"#!AER-DAT3")
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}") from error
    one = aedat3.read(path, *aedat2.SIZES[params.camera]) if third else aedat2.read(path, params.camera)
    return replace(one, time_us=from_zero(one.time_us, params.time_zero, f"'{path}'"))
