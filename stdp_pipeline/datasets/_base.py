"""What every data set provides, and how a run selects from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["Dataset", "DatasetParams", "checked", "selected"]

Count = Annotated[int, Field(ge=1)]


class DatasetParams(Strict):
    """Fields that every data set's ``Params`` has."""

    n_train: Count | None = None
    """Use only the first so many training images; null for all."""
    n_test: Count | None = None
    """Use only the first so many test images; null for all."""
    validation: Annotated[int, Field(ge=0)] = 0
    """Hold out the last so many training images and test on them; the test images are then not read at all. For
    choosing parameters."""


@dataclass(frozen=True)
class Dataset:
    """Images and labels of both splits.

    Attributes
    ----------
    train_images, test_images : (n, height, width) uint8
    train_labels, test_labels : (n,) uint8
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def checked(data: Dataset, name: str) -> Dataset:
    """Return the data set if it is consistent.

    Raises
    ------
    DataError
        If images and labels are not equally many, a split is empty, or the splits' image sizes differ.
    """
    for split in ("train", "test"):
        images, labels = getattr(data, f"{split}_images"), getattr(data, f"{split}_labels")
        if len(images) != len(labels):
            raise DataError(f"data set '{name}': {len(images)} {split} images but {len(labels)} {split} labels")
        if len(images) == 0:
            raise DataError(f"data set '{name}' has no {split} images")
    if data.train_images.shape[1:] != data.test_images.shape[1:]:
        raise DataError(
            f"data set '{name}': training images are {data.train_images.shape[1:]} pixels, "
            f"test images {data.test_images.shape[1:]}"
        )
    if np.prod(data.train_images.shape[1:]) > 65535:
        raise DataError(f"data set '{name}': more than 65535 pixels per image; resize the images")
    return data


def selected(data: Dataset, params: DatasetParams) -> Dataset:
    """Apply ``validation``, ``n_train`` and ``n_test``.

    Raises
    ------
    ConfigError
        If more images are asked for than there are.
    """
    if params.validation:
        if params.validation >= len(data.train_images):
            raise ConfigError(
                f"dataset.validation must be below the number of training images ({len(data.train_images)}), "
                f"got {params.validation}"
            )
        held = slice(len(data.train_images) - params.validation, None)
        data = Dataset(
            data.train_images[: held.start],
            data.train_labels[: held.start],
            data.train_images[held],
            data.train_labels[held],
        )
    for split, wanted in (("train", params.n_train), ("test", params.n_test)):
        available = len(getattr(data, f"{split}_images"))
        if wanted is not None and wanted > available:
            raise ConfigError(f"dataset.n_{split} must be at most {available}, got {wanted}")
    train, test = slice(params.n_train), slice(params.n_test)
    return Dataset(data.train_images[train], data.train_labels[train], data.test_images[test], data.test_labels[test])
