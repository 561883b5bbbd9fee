"""Iris: four measurements of 150 flowers of three species, for population coding.

The copy that scikit-learn ships; it has no test split, so 30 % of each species are held out unless ``split`` says
otherwise.

References
----------
.. [1] Fisher (1936), "The use of multiple measurements in taxonomic problems", Ann. Eugenics 7:179,
   doi:10.1111/j.1469-1809.1936.tb02137.x.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.datasets._base import Dataset, Split
from stdp_pipeline.datasets._table import TableDatasetParams

__all__ = ["Params", "fingerprint", "read"]


class Params(TableDatasetParams):
    """How Iris is divided."""

    name: Literal["iris"] = "iris"
    """Name of the data set."""
    split: Split = Split(method="held_out", test_share=0.3)
    """Which flowers are for training and which for testing."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return nothing: scikit-learn ships one version of the data."""
    return {}


def read(params: Params) -> Dataset:
    """Read Iris from scikit-learn."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    values = bunch.data.astype(np.float32)[:, None, :]
    labels = bunch.target.astype(np.uint8)
    return Dataset(values, labels, values[:0], labels[:0], tuple(map(str, bunch.target_names)))
