"""USPS: 7 291 + 2 007 handwritten digits from postal codes, 16 x 16 pixels, in LIBSVM's format.

Taken from ``data_dir`` or ``STDP_DATA_DIR``, from the cache, or downloaded (8 MB). Values -1 to 1 become 0 to 255, and
the file's labels 1 to 10 the digits 0 to 9.

References
----------
.. [1] Hull (1994), "A database for handwritten text recognition research", IEEE Trans. Pattern Anal. Mach. Intell.
   16:550, doi:10.1109/34.291440; files of the LIBSVM data page (C.-J. Lin).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.datasets._sources import RemoteFile, find
from stdp_pipeline.errors import DataError

__all__ = ["FILES", "Params", "fingerprint", "read", "read_libsvm"]

_MIRROR = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass"
FILES = {
    "train": RemoteFile(
        "usps.bz2",
        (f"{_MIRROR}/usps.bz2",),
        "sha256:3771e9dd6ba685185f89867b6e249233dd74652389f263963b3b741e994b034f",
    ),
    "test": RemoteFile(
        "usps.t.bz2",
        (f"{_MIRROR}/usps.t.bz2",),
        "sha256:a9c0164e797d60142a50604917f0baa604f326e9a689698763793fa5d12ffc4e",
    ),
}
"""The files by split."""

_SIDE = 16


class Params(ImageDatasetParams):
    """Where USPS comes from, and how much of it."""

    name: Literal["usps"] = "usps"
    """Name of the data set."""
    data_dir: str | None = None
    """Folder with ``usps.bz2`` and ``usps.t.bz2``; null to look in the usual places and download."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: the files have fixed checksums."""
    return {}


def read(params: Params) -> Dataset:
    """Read both files.

    Raises
    ------
    DataError
        If a file is found nowhere, damaged or not the original.
    """
    found = find("usps", list(FILES.values()), params.data_dir)
    train, test = (read_libsvm(found[FILES[split].name]) for split in ("train", "test"))
    return Dataset(*train, *test)


def read_libsvm(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read images and labels of one file.

    Returns
    -------
    images : (n, 16, 16) uint8
    labels : (n,) uint8

    Raises
    ------
    DataError
        If the file is not as described.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        values, labels = load_svmlight_file(str(path), n_features=_SIDE**2)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"'{path}' cannot be read as LIBSVM data: {error}; get the file again") from error
    values = values.toarray()
    if len(values) == 0 or np.abs(values).max() > 1 or not np.isin(labels, np.arange(1, 11)).all():
        raise DataError(f"'{path}' does not hold USPS: its values must lie in -1 to 1 and its labels in 1 to 10")
    images = np.rint((values + 1) * 127.5).astype(np.uint8).reshape(-1, _SIDE, _SIDE)
    return images, (labels - 1).astype(np.uint8)
