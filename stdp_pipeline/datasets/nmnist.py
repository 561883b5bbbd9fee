"""N-MNIST: MNIST's digits, seen by an event camera in three saccades: 60 000 + 10 000 recordings, 34 x 34 pixels.

Taken from ``data_dir`` or ``STDP_DATA_DIR``, from the cache, or downloaded (1.2 GB). With the code ``recorded`` the
events themselves go to the network; with any other code an image of how many events each channel has.

References
----------
.. [1] Orchard, Jayawant, Cohen, Thakor (2015), "Converting static image datasets to spiking neuromorphic datasets using
   saccades", Front. Neurosci. 9:437, doi:10.3389/fnins.2015.00437. Files and MD5 sums: Mendeley Data 468j46mzdv
   (doi:10.17632/468j46mzdv.1).
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from stdp_pipeline.datasets._base import Dataset, Recordings
from stdp_pipeline.datasets._events import EventDatasetParams, counted
from stdp_pipeline.datasets._formats import nmnist as format_of
from stdp_pipeline.datasets._formats.recording import channels
from stdp_pipeline.datasets._sources import RemoteFile, find
from stdp_pipeline.errors import DataError

__all__ = ["FILES", "Params", "fingerprint", "read", "read_archive"]

_MIRROR = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files"
FILES = {
    "train": RemoteFile(
        "Train.zip",
        (f"{_MIRROR}/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",),
        "md5:20959b8e626244a1b502305a9e6e2031",
    ),
    "test": RemoteFile(
        "Test.zip",
        (f"{_MIRROR}/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",),
        "md5:69ca8762b2fe404d9b9bad1103e97832",
    ),
}
"""The archives by split."""


class Params(EventDatasetParams):
    """Where N-MNIST comes from, and how much of it."""

    name: Literal["nmnist"] = "nmnist"
    """Name of the data set."""
    data_dir: str | None = None
    """Folder with ``Train.zip`` and ``Test.zip``; null to look in the usual places and download."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: the archives have fixed checksums."""
    return {}


def read(params: Params) -> Dataset:
    """Read both archives.

    Raises
    ------
    DataError
        If one is found nowhere, damaged or not the original.
    """
    found = find("nmnist", list(FILES.values()), params.data_dir)
    train, test = (read_archive(found[FILES[split].name]) for split in ("train", "test"))
    return Dataset(train[0], train[1], test[0], test[1], train_events=train[2], test_events=test[2])


def read_archive(path: Path) -> tuple[np.ndarray, np.ndarray, Recordings]:
    """Read all recordings of one archive, ``SPLIT/CLASS/NUMBER.bin``, in the order of their numbers.

    Returns
    -------
    images : (n, 2, 34, 34) uint8
        Events of each channel, OFF first.
    labels : (n,) uint8
    events : Recordings

    Raises
    ------
    DataError
        If the archive or a recording in it is damaged.
    """
    times, places, labels, lengths = [], [], [], []
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".bin") and "__MACOSX" not in name]
            # Numbers run over all classes, in the order of MNIST.
            for name in sorted(names, key=lambda name: name.rsplit("/", 1)[-1]):
                recording = format_of.decode(archive.read(name), f"'{name}' in '{path}'")
                times.append(recording.time_us.astype(np.uint32))
                places.append(channels(recording))
                labels.append(_class_of(name, path))
                lengths.append(len(recording.time_us))
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"'{path}' is damaged: {error}; get the file again") from error
    if not lengths:
        raise DataError(f"'{path}' holds no '.bin' files; is it an archive of N-MNIST?")
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    events = Recordings(np.concatenate(times), np.concatenate(places), offsets)
    return counted(events, (2, format_of.SIDE, format_of.SIDE)), np.array(labels, np.uint8), events


def _class_of(name: str, path: Path) -> int:
    folder = name.split("/")[-2] if "/" in name else ""
    if not (folder.isdigit() and int(folder) < 10):
        raise DataError(f"'{name}' in '{path}' lies in no folder named after its digit")
    return int(folder)
