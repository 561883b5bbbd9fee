"""EMNIST: handwritten digits and letters of 28 x 28 pixels: 'balanced' (47 classes), 'letters' (26), 'digits' (10).

Taken from ``data_dir`` or ``STDP_DATA_DIR``, from the cache, or downloaded (562 MB, all parts in one archive). The
files hold the images with rows and columns exchanged; here they are upright, as MNIST's.

References
----------
.. [1] Cohen, Afshar, Tapson, van Schaik (2017), "EMNIST: extending MNIST to handwritten letters", IJCNN 2017,
   doi:10.1109/IJCNN.2017.7966217; 'balanced' joins letters whose capital and small forms look alike. Checksum:
   TensorFlow Datasets.
"""

from __future__ import annotations

import gzip
import string
import zipfile
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._idx import unpacked
from stdp_pipeline.datasets._idx_set import ROLES
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.datasets._sources import RemoteFile, find
from stdp_pipeline.errors import DataError

__all__ = ["CLASS_NAMES", "FILE", "Params", "fingerprint", "read", "read_archive"]

FILE = RemoteFile(
    "gzip.zip",
    (
        "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
        "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
    ),
    "sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
)
"""The archive with all parts."""

CLASS_NAMES = {
    "balanced": tuple(string.digits + string.ascii_uppercase + "abdefghnqrt"),
    "letters": tuple(string.ascii_lowercase),
    "digits": tuple(string.digits),
}
"""Characters of each part's classes, in order."""


class Params(ImageDatasetParams):
    """Which part of EMNIST, where it comes from, and how much of it."""

    name: Literal["emnist"] = "emnist"
    """Name of the data set."""
    part: Literal["balanced", "letters", "digits"] = "balanced"
    """Which of its parts: 'balanced' (112 800 + 18 800 images), 'letters' (124 800 + 20 800), 'digits'
    (240 000 + 40 000)."""
    data_dir: str | None = None
    """Folder with ``gzip.zip``; null to look in the usual places and download."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: the archive has a fixed checksum."""
    return {}


def read(params: Params) -> Dataset:
    """Read one part from the archive.

    Raises
    ------
    DataError
        If the archive is found nowhere, damaged or not the original.
    """
    return read_archive(find("emnist", [FILE], params.data_dir)[FILE.name], params.part)


def read_archive(path: Path, part: str) -> Dataset:
    """Read one part from the archive at ``path``.

    Raises
    ------
    DataError
        If the archive is damaged, or lacks a file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                f"{split}_{kind}": _member(archive, path, f"gzip/emnist-{part}-{split}-{kind}-idx{rank}-ubyte.gz", rank)
                for split in ("train", "test")
                for kind, rank in (("images", 3), ("labels", 1))
            }
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"'{path}' is damaged: {error}; get the file again") from error
    if part == "letters":  # counted from 1 in this part only
        arrays |= {name: arrays[name] - 1 for name in ("train_labels", "test_labels")}
    for name in ("train_images", "test_images"):
        arrays[name] = np.ascontiguousarray(arrays[name].transpose(0, 2, 1))
    train_images, train_labels, test_images, test_labels = (arrays[role] for role in ROLES)
    return Dataset(train_images, train_labels, test_images, test_labels, CLASS_NAMES[part])


def _member(archive: zipfile.ZipFile, path: Path, name: str, rank: int) -> np.ndarray:
    try:
        content = gzip.decompress(archive.read(name))
    except KeyError:
        raise DataError(f"'{path}' holds no '{name}'; is it EMNIST's archive of gzipped IDX files?") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"'{name}' in '{path}' is damaged: {error}; get the file again") from error
    return unpacked(content, rank, f"'{name}' in '{path}'")
