"""MNIST: 60 000 + 10 000 handwritten digits of 28 x 28 pixels, embedded in the package.

The four IDX files are part of the package (``_data/mnist``, licence note beside them), so nothing is downloaded.
``data_dir``, or the environment variable ``STDP_DATA_DIR``, points to other copies of the same files. For images of
your own in this format, use the data set ``idx``.

References
----------
.. [1] LeCun, Bottou, Bengio, Haffner (1998), "Gradient-based learning applied to document recognition",
   Proc. IEEE 86:2278, doi:10.1109/5.726791.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._idx_set import mnist_like, read_files
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.datasets._sources import find

__all__ = ["FILES", "Params", "files", "fingerprint", "read"]

FILES = mnist_like(
    (),
    {
        "train_images": ("", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        "train_labels": ("", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        "test_images": ("", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        "test_labels": ("", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    },
)
"""The files by role."""

_EMBEDDED = Path(__file__).parent / "_data" / "mnist"


class Params(ImageDatasetParams):
    """Where MNIST comes from, and how much of it."""

    name: Literal["mnist"] = "mnist"
    """Name of the data set."""
    data_dir: str | None = None
    """Folder with the four IDX files, gzipped or not; null for the embedded ones (or ``STDP_DATA_DIR``)."""


def files(params: Params) -> dict[str, Path]:
    """Return the path of each of the four files, by role.

    Raises
    ------
    DataError
        If one is missing or not the original.
    """
    found = find("mnist", list(FILES.values()), params.data_dir, (str(_EMBEDDED),))
    return {role: found[file.name] for role, file in FILES.items()}


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: the files have fixed checksums."""
    return {}


def read(params: Params) -> Dataset:
    """Read the four files.

    Raises
    ------
    DataError
        If a file is missing, damaged or not the original.
    """
    return read_files(files(params))
