"""Your own images in one ``.npz`` file of arrays.

The arrays are ``train_images``, ``train_labels``, ``test_images``, ``test_labels`` or, as Keras names them,
``x_train``, ``y_train``, ``x_test``, ``y_test``; or ``X`` and ``y``, to be divided by ``split``. Images are (n, height,
width), or (n, height, width, 3) for colour, which becomes luminance (ITU-R 601-2); uint8, or real numbers from 0 to 1.

References
----------
.. [1] NumPy's documentation, "numpy.lib.format" (doi:10.1038/s41586-020-2649-2). Files with pickled objects are
   refused.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._digest import digest_of
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.datasets._labels import numbered
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["Params", "arrays_of", "fingerprint", "read"]

_NAMES = (
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
    ("X_train", "y_train", "X_test", "y_test"),
)
_POOLED = (("X", "y"), ("images", "labels"))
_LUMINANCE = np.array([299, 587, 114]) / 1000


class Params(ImageDatasetParams):
    """Where the file is."""

    name: Literal["npz"] = "npz"
    """Name of the data set."""
    file: Annotated[str, Field(min_length=1)] = "data.npz"
    """The ``.npz`` file."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return a digest of the file."""
    path = Path(params.file)
    return {"file": digest_of([path], path.parent)}


def arrays_of(path: Path, split_is_given: bool) -> list[np.ndarray]:
    """Return inputs and labels of the training split and, if the file has them, of the test split.

    Raises
    ------
    DataError
        If the file cannot be read, or lacks the arrays.
    ConfigError
        If it holds one pool of data and ``dataset.split`` does not divide it.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            there = list(file)
            names = next((n for n in (*_NAMES, *_POOLED) if set(n) <= set(there)), ())
            arrays = [file[name] for name in names]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = error.strerror if isinstance(error, FileNotFoundError) else error
        raise DataError(f"cannot read '{path}' as a .npz file: {reason}; check dataset.file") from error
    if not names:
        known = "; ".join(", ".join(names) for names in (*_NAMES, *_POOLED))
        raise DataError(f"'{path}' holds {', '.join(there) or 'nothing'}; its arrays must be named {known}")
    if len(names) == 2 and split_is_given:
        raise ConfigError(
            f"dataset.split: '{path}' holds one pool of data ({', '.join(names)}), so say how to divide it: "
            "dataset.split.method must be 'held_out' or 'k_fold'"
        )
    return arrays


def read(params: Params) -> Dataset:
    """Read the file.

    Raises
    ------
    DataError
        If it cannot be read, lacks the arrays, or they are not images.
    ConfigError
        If nothing divides its data into training and test.
    """
    path = Path(params.file)
    arrays = arrays_of(path, params.split.method == "given" and not params.validation)
    images = [_images(values, f"'{path}'") for values in arrays[::2]]
    all_labels, names = numbered(np.concatenate(arrays[1::2]), f"'{path}'")
    labels = np.split(all_labels, [len(arrays[1])])
    if len(images) == 1:
        images.append(images[0][:0])
    return Dataset(images[0], labels[0], images[1], labels[1], names)


def _images(values: np.ndarray, what: str) -> np.ndarray:
    if values.ndim == 4 and values.shape[-1] == 3:
        values = values @ _LUMINANCE
        values = np.rint(values).astype(np.uint8) if values.max(initial=0) > 1 else values
    elif values.ndim == 4 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise DataError(f"{what}: images must be (n, height, width) or (n, height, width, 3), got {values.shape}")
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if np.issubdtype(values.dtype, np.integer) and low >= 0 and high <= 255:
        return values.astype(np.uint8)
    if np.issubdtype(values.dtype, np.floating) and low >= 0 and high <= 1:
        return np.rint(values * 255).astype(np.uint8)
    raise DataError(
        f"{what}: images must be whole numbers from 0 to 255 or real numbers from 0 to 1, got {values.dtype} from "
        f"{low:g} to {high:g}"
    )
