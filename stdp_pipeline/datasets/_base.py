"""What every data set provides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import DataError

__all__ = ["Count", "Dataset", "DatasetParams", "Recordings", "Split", "checked"]

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]

MAX_INPUTS = 65_535
"""Input channels that an event's address, an unsigned 16-bit number, can tell apart."""


class Split(Strict):
    """Which images are for training and which for testing, if not as the data set says."""

    method: Literal["given", "held_out", "k_fold"] = "given"
    """'given': as the data set says. 'held_out': pool all images and hold out ``test_share`` of each class.
    'k_fold': pool all images, divide each class into ``folds`` parts, test on part ``fold``."""
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of each class held out for testing, with 'held_out'."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Number of parts, with 'k_fold'."""
    fold: Annotated[int, Field(ge=0)] = 0
    """Part that is tested on, 0 to ``folds - 1``, with 'k_fold'."""
    seed: Seed = 0
    """Decides which images go where."""

    @model_validator(mode="after")
    def _possible(self) -> Split:
        if self.fold >= self.folds:
            raise ValueError(f"fold must be below folds ({self.folds}), got {self.fold}")
        return self


class DatasetParams(Strict):
    """Fields that every data set's ``Params`` has."""

    classes: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None
    """Use only images of these classes, which keep their numbers; null for all."""
    split: Split = Split()
    """Which images are for training and which for testing."""
    shuffle_seed: Seed | None = None
    """Put the training images into the random order of this seed, once; null for the order of the files. For a new
    order in each pass see ``training.order``."""
    validation: Annotated[int, Field(ge=0)] = 0
    """Hold out the last so many training images and test on them; the test images are then not read at all. For
    choosing parameters."""
    n_per_class: Count | None = None
    """Use only the first so many training images of each class; null for all."""
    n_train: Count | None = None
    """Use only the first so many training images; null for all."""
    n_test: Count | None = None
    """Use only the first so many test images; null for all."""


@dataclass(frozen=True)
class Recordings:
    """Events of many recordings, one after the other.

    Attributes
    ----------
    time_us : (n_events,) uint32
        Microseconds since the start of the recording, not falling within one recording.
    channel : (n_events,) uint16
        Index into the flattened image; uint32 for a sensor of more channels, before options of events reduce it.
    offsets : (n_recordings + 1,) int64
        Recording k's events are ``time_us[offsets[k]:offsets[k + 1]]`` and so on.
    """

    time_us: np.ndarray
    channel: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, chosen: np.ndarray) -> Recordings:
        """Return some recordings in the order given, (n_chosen,) int64."""
        if len(chosen) == len(self) and np.array_equal(chosen, np.arange(len(self))):
            return self
        starts, lengths = self.offsets[:-1][chosen], np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        events = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Recordings(self.time_us[events], self.channel[events], offsets)


@dataclass(frozen=True)
class Dataset:
    """Images and labels of both splits.

    Attributes
    ----------
    train_images, test_images : (n, *shape) uint8 or float32
        Intensities: 0 to 255, or real numbers from 0 to 1 where 256 levels are too few (tables of features). The shape
        is (height, width) or (channels, height, width). Of event recordings: how many events each channel has, at most
        255.
    train_labels, test_labels : (n,) uint8
    class_names : tuple of str
        What each class is called, or nothing.
    train_events, test_events : Recordings or None
        The events themselves, if the data set is one of recordings.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...] = ()
    train_events: Recordings | None = None
    test_events: Recordings | None = None

    def n_images(self, split: str) -> int:
        """Return the number of images of one split."""
        return len(getattr(self, f"{split}_images"))


def checked(data: Dataset, name: str, complete: bool = True) -> Dataset:
    """Return the data set if it is consistent.

    Parameters
    ----------
    data : Dataset
    name : str
    complete : bool, default True
        Whether it must have test images and its real values their final scale.

    Raises
    ------
    DataError
        If images and labels are not equally many, a split is empty, values or sizes are not as they must be, or there
        are more input channels than an address can tell apart.
    """
    for split in ("train", "test"):
        images, labels = getattr(data, f"{split}_images"), getattr(data, f"{split}_labels")
        events = getattr(data, f"{split}_events")
        if len(images) != len(labels):
            raise DataError(f"data set '{name}': {len(images)} {split} images but {len(labels)} {split} labels")
        if len(images) == 0 and (complete or split == "train"):
            raise DataError(f"data set '{name}' has no {split} images")
        if images.dtype not in (np.uint8, np.float32) or labels.dtype != np.uint8:
            raise DataError(
                f"data set '{name}': {split} images must be uint8 or float32 and labels uint8, got {images.dtype} and "
                f"{labels.dtype}"
            )
        if complete and images.dtype == np.float32 and not (np.min(images) >= 0 and np.max(images) <= 1):
            raise DataError(f"data set '{name}': real {split} intensities must lie in 0 to 1, and be numbers")
        if events is not None and len(events) != len(images):
            raise DataError(f"data set '{name}': {len(images)} {split} images but {len(events)} recordings")
    shape = data.train_images.shape[1:]
    if shape != data.test_images.shape[1:]:
        raise DataError(
            f"data set '{name}': training images are {_sized(shape)}, test images {_sized(data.test_images.shape[1:])}"
        )
    if complete and not 1 <= np.prod(shape) <= MAX_INPUTS:
        raise DataError(
            f"data set '{name}': images must have 1 to {MAX_INPUTS} values, got {_sized(shape)}; choose a smaller "
            "dataset.image.size, or a larger dataset.events.downsample"
        )
    return data


def _sized(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) + " pixels"
