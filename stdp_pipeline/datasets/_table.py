"""Options of data sets of real-valued features: their scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stdp_pipeline.datasets._base import Dataset, DatasetParams

__all__ = ["TableDatasetParams", "scaled"]


class TableDatasetParams(DatasetParams):
    """Fields of every data set of features."""


def scaled(data: Dataset) -> Dataset:
    """Scale each feature to 0 to 1, by its range in the training data alone.

    Parameters
    ----------
    data : Dataset
        Its 'images' are (n, 1, n_features) float32 of any range.

    Returns
    -------
    Dataset
        Test values beyond the training range become 0 or 1; a feature that never changes is 0.
    """
    low, high = data.train_images.min(axis=0), data.train_images.max(axis=0)
    width = np.where(high > low, high - low, 1).astype(np.float32)

    def fitted(values: np.ndarray) -> np.ndarray:
        return np.clip((values - low) / width, 0, 1).astype(np.float32)

    return replace(data, train_images=fitted(data.train_images), test_images=fitted(data.test_images))
