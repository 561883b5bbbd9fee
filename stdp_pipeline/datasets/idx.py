"""Your own images in the IDX format of MNIST: four files, gzipped or not.

The format is described on Y. LeCun's MNIST page; see ``mnist`` for the original data
(doi:10.1109/5.726791).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._digest import digest_of
from stdp_pipeline.datasets._idx_set import ROLES, read_files
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.errors import DataError

__all__ = ["Params", "files", "fingerprint", "read"]

Name = Annotated[str, Field(min_length=1)]


class Params(ImageDatasetParams):
    """Where the files are."""

    name: Literal["idx"] = "idx"
    """Name of the data set."""
    folder: Name = "data"
    """Folder with the four files."""
    train_images: Name = "train-images-idx3-ubyte"
    """File of training images, (n, height, width) unsigned bytes; with or without ``.gz``."""
    train_labels: Name = "train-labels-idx1-ubyte"
    """File of their labels, (n,) unsigned bytes."""
    test_images: Name = "t10k-images-idx3-ubyte"
    """File of test images."""
    test_labels: Name = "t10k-labels-idx1-ubyte"
    """File of their labels."""


def files(params: Params) -> dict[str, Path]:
    """Return the path of each file, by role.

    Raises
    ------
    DataError
        If one is missing.
    """
    folder = Path(params.folder)
    if not folder.is_dir():
        raise DataError(f"the folder '{folder}' does not exist; check dataset.folder")
    found = {}
    for role in ROLES:
        name = getattr(params, role)
        here = [path for path in (folder / f"{name}.gz", folder / name) if path.is_file()]
        if not here:
            raise DataError(f"no '{name}.gz' or '{name}' in '{folder}'; check dataset.folder and dataset.{role}")
        found[role] = here[0]
    return found


def fingerprint(params: Params) -> dict[str, str]:
    """Return a digest of each file."""
    return {role: digest_of([path], path.parent) for role, path in files(params).items()}


def read(params: Params) -> Dataset:
    """Read the four files.

    Raises
    ------
    DataError
        If one is missing or damaged.
    """
    return read_files(files(params))
