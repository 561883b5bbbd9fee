"""Presentations as recordings of an event camera: our AER store, or a folder of AEDAT or N-MNIST files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stdp_pipeline.datasets._formats import aedat2, aedat3, nmnist, store
from stdp_pipeline.datasets._formats.recording import Recording
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.export.spikes import Sensor, Spikes, times_us
from stdp_pipeline.io import folder_written_whole

__all__ = ["FOLDERS", "write_folder", "write_store"]

FOLDERS = {"aedat2": ".aedat", "aedat3": ".aedat", "nmnist": ".bin"}
"""Formats of one file for each presentation, and how the files end."""


def write_store(path: Path, spikes: Spikes, progress: Callable[[int], None]) -> int:
    """Write one HDF5 file, laid out as :mod:`stdp_pipeline.datasets._formats.store` says, and return its events.

    Raises
    ------
    DataError
        If there are more channels than it can hold.
    ResultsError
        If the file cannot be written.
    """
    sensor, n_events = spikes.sensor, 0
    with store.Writer(path, sensor.width, sensor.height, spikes.n_classes) as writer:
        for k, one in enumerate(spikes.presentations()):
            recording = sensor.recording(times_us(one.step, spikes.model.dt_ms), one.source)
            writer.append(one.split, recording, one.label, start_us=0)
            n_events += len(recording)
            progress(k + 1)
    return n_events


def write_folder(path: Path, kind: str, spikes: Spikes, progress: Callable[[int], None]) -> int:
    """Write ``FOLDER/SPLIT/CLASS/00000`` with an ending, a file for each presentation, and return the events.

    The sensor is the smallest camera of the format that the input channels fit on; they are its upper left corner.

    Raises
    ------
    ConfigError
        If the input channels fit on none.
    ResultsError
        If the files cannot be written.
    """
    write, width, height = _camera(kind, spikes.sensor)
    n_events = 0
    seen: Counter[tuple[str, int]] = Counter()
    with folder_written_whole(path) as folder:
        for k, one in enumerate(spikes.presentations()):
            time_us = times_us(one.step, spikes.model.dt_ms)
            number, seen[one.split, one.label] = seen[one.split, one.label], seen[one.split, one.label] + 1
            file = folder / one.split / _class_folder(one.label, spikes) / f"{number:05d}{FOLDERS[kind]}"
            write(file, spikes.sensor.recording(time_us, one.source, width, height))
            n_events += len(time_us)
            progress(k + 1)
    return n_events


def _camera(kind: str, sensor: Sensor) -> tuple[Callable[[Path, Recording], None], int, int]:
    cameras: dict[str, tuple[int, int]] = {"nmnist": (nmnist.SIDE, nmnist.SIDE)} if kind == "nmnist" else aedat2.SIZES
    for name, (width, height) in cameras.items():
        if sensor.width <= width and sensor.height <= height:
            if kind == "aedat2":
                return partial(aedat2.write, camera=name), width, height
            return (aedat3 if kind == "aedat3" else nmnist).write, width, height
    told = ", ".join(f"{width} x {height}" for width, height in cameras.values())
    raise ConfigError(
        f"--format {kind}: the input channels make {sensor.width} x {sensor.height} pixels, at most {told} fit; choose "
        "an AER store (--output FILE.h5) or a smaller dataset.image.size"
    )


def _class_folder(label: int, spikes: Spikes) -> str:
    """Return a name that sorts by number, which is how the folder's reader numbers classes."""
    number = f"{label:0{len(str(spikes.n_classes - 1))}d}"
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", spikes.class_names[label]) if spikes.class_names else number
    return number if name == number else f"{number}-{name}"
