"""Digits: scikit-learn's 1 797 handwritten digits of 8 x 8 pixels, for tests and quick trials.

Intensities 0 to 16 are scaled to 0 to 255. The first 1 300 images are for training, the other 497 for testing.

References
----------
.. [1] Alpaydin & Kaynak (1998), "Optical recognition of handwritten digits", UCI Machine Learning Repository,
   doi:10.24432/C50P49; the copy that scikit-learn ships.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._image import ImageDatasetParams

__all__ = ["Params", "fingerprint", "read"]

_N_TRAIN = 1300


class Params(ImageDatasetParams):
    """How much of the digits to use."""

    name: Literal["digits"] = "digits"
    """Name of the data set."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: scikit-learn ships one version of the data."""
    return {}


def read(params: Params) -> Dataset:
    """Read the digits from scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.uint8)
    return Dataset(images[:_N_TRAIN], labels[:_N_TRAIN], images[_N_TRAIN:], labels[_N_TRAIN:])
