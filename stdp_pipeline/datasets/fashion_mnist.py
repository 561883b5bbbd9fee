"""Fashion-MNIST: 60 000 + 10 000 pictures of clothes, 28 x 28 pixels, 10 classes, in MNIST's format.

Taken from ``data_dir`` or ``STDP_DATA_DIR``, from Debian's package ``dataset-fashion-mnist``, from the cache, or
downloaded (30 MB).

References
----------
.. [1] Xiao, Rasul, Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine learning
   algorithms", doi:10.48550/arXiv.1708.07747. Checksums of the packed files: TensorFlow Datasets; of their content:
   Debian's package, version 0.0~git20200523.
"""

from __future__ import annotations

from typing import Literal

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._idx_set import mnist_like, read_files
from stdp_pipeline.datasets._image import ImageDatasetParams
from stdp_pipeline.datasets._sources import find

__all__ = ["CLASS_NAMES", "FILES", "Params", "fingerprint", "read"]

CLASS_NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
"""What the classes are, in order."""

FILES = mnist_like(
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
    ),
    {
        "train_images": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        "train_labels": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        "test_images": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        "test_labels": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    },
)
"""The files by role."""

_SYSTEM = ("/usr/share/datasets/fashion-mnist",)
_HINT = "or install Debian's package: apt install dataset-fashion-mnist"


class Params(ImageDatasetParams):
    """Where Fashion-MNIST comes from, and how much of it."""

    name: Literal["fashion_mnist"] = "fashion_mnist"
    """Name of the data set."""
    data_dir: str | None = None
    """Folder with the four IDX files, gzipped or not; null to look in the usual places and download."""


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
    found = find("fashion_mnist", list(FILES.values()), params.data_dir, _SYSTEM, hint=_HINT)
    return read_files({role: found[file.name] for role, file in FILES.items()}, CLASS_NAMES)
