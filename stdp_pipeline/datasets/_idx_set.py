"""Data sets in four IDX files: images and labels of two splits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._idx import read as read_idx
from stdp_pipeline.datasets._sources import RemoteFile

__all__ = ["ROLES", "mnist_like", "read_files"]

ROLES = ("train_images", "train_labels", "test_images", "test_labels")
"""What each file holds."""

_STEMS = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def mnist_like(mirrors: tuple[str, ...], sums: Mapping[str, tuple[str, str]]) -> dict[str, RemoteFile]:
    """Return the four files of a data set that uses MNIST's file names.

    Parameters
    ----------
    mirrors : tuple of str
        Addresses of folders.
    sums : mapping of role to (str, str)
        SHA-256 of the packed file and of its content; an empty one is not known.
    """
    return {
        role: RemoteFile(
            f"{_STEMS[role]}.gz",
            tuple(f"{mirror}/{_STEMS[role]}.gz" for mirror in mirrors),
            f"sha256:{packed}" if packed else "",
            content or None,
        )
        for role, (packed, content) in sums.items()
    }


def read_files(paths: Mapping[str, Path], class_names: tuple[str, ...] = ()) -> Dataset:
    """Read the four files, by role.

    Raises
    ------
    DataError
        If one is damaged.
    """
    ranks = {role: 3 if role.endswith("images") else 1 for role in ROLES}
    arrays = {role: read_idx(paths[role], ranks[role]) for role in ROLES}
    train_images, train_labels, test_images, test_labels = (arrays[role] for role in ROLES)
    return Dataset(train_images, train_labels, test_images, test_labels, class_names)
