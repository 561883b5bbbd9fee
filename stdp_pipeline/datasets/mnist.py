"""MNIST: 60 000 + 10 000 handwritten digits of 28 x 28 pixels, embedded in the package.

The four IDX files are part of the package (``_data/mnist``, licence note beside them), so nothing is downloaded.
``data_dir``, or the environment variable ``STDP_DATA_DIR``, points to other files of the same names; with
``check_sha256: false`` they may be any images and labels in IDX format.

References
----------
.. [1] LeCun, Bottou, Bengio, Haffner (1998), "Gradient-based learning applied to document recognition",
   Proc. IEEE 86:2278, doi:10.1109/5.726791.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from stdp_pipeline.datasets._base import Dataset, DatasetParams
from stdp_pipeline.datasets._idx import find
from stdp_pipeline.datasets._idx import read as read_idx

__all__ = ["FILES", "Params", "files", "read"]

FILES = {
    "train_images": (
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train_labels": (
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test_images": (
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "test_labels": (
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
"""Content -> (file name without ``.gz``, SHA-256 of the unpacked file)."""


class Params(DatasetParams):
    """Where MNIST comes from, and how much of it."""

    name: Literal["mnist"] = "mnist"
    """Name of the data set."""
    data_dir: str | None = None
    """Folder with the four IDX files, gzipped or not; null for the embedded ones (or ``STDP_DATA_DIR``)."""
    check_sha256: bool = True
    """Whether the files must be the originals, byte for byte."""


def files(params: Params) -> dict[str, Path]:
    """Return the path of each of the four files.

    Raises
    ------
    DataError
        If one is missing.
    """
    chosen = params.data_dir or os.environ.get("STDP_DATA_DIR")
    folder = Path(chosen) if chosen else Path(__file__).parent / "_data" / "mnist"
    return {content: find(folder, stem) for content, (stem, _) in FILES.items()}


def read(params: Params) -> Dataset:
    """Read the four files.

    Raises
    ------
    DataError
        If a file is missing, damaged or not the original.
    """
    arrays = {}
    for content, path in files(params).items():
        rank = 3 if content.endswith("images") else 1
        arrays[content] = read_idx(path, rank, FILES[content][1] if params.check_sha256 else None)
    return Dataset(**arrays)
