"""KMNIST (Kuzushiji-MNIST): 60 000 + 10 000 cursive Japanese characters of 28 x 28 pixels, 10 classes.

Taken from ``data_dir`` or ``STDP_DATA_DIR``, from the cache, or downloaded (21 MB).

References
----------
.. [1] Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto, Ha (2018), "Deep learning for classical Japanese literature",
   doi:10.48550/arXiv.1812.01718. Checksums: TensorFlow Datasets.
"""

from __future__ import annotations

from typing import Literal

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._idx_set import mnist_like, read_files
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.datasets._sources import find

__all__ = ["CLASS_NAMES", "FILES", "Params", "fingerprint", "read"]

CLASS_NAMES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
"""How the characters are read, in order."""

FILES = mnist_like(
    ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",),
    {
        "train_images": ("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", ""),
        "train_labels": ("e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17", ""),
        "test_images": ("edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5", ""),
        "test_labels": ("20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c", ""),
    },
)
"""The files by role."""


class Params(ImageDatasetParams):
    """Where KMNIST comes from, and how much of it."""

    name: Literal["kmnist"] = "kmnist"
    """Name of the data set."""
    data_dir: str | None = None
    """Folder with the four gzipped IDX files; null to look in the usual places and download."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: the files have fixed checksums."""
    return {}


def read(params: Params) -> Dataset:
    """Read the four files.

    Raises
    ------
    DataError
        If a file is found nowhere, damaged or not the original.
    """
    found = find("kmnist", list(FILES.values()), params.data_dir)
    return read_files({role: found[file.name] for role, file in FILES.items()}, CLASS_NAMES)
