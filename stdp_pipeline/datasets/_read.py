"""Read a data set as a run wants it: the chosen images, with the options of images applied."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline.datasets._base import Dataset, checked
from stdp_pipeline.datasets._events import EventDatasetParams, filtered
from stdp_pipeline.datasets._image import ImageDatasetParams, prepared
from stdp_pipeline.datasets._selection import selected
from stdp_pipeline.datasets._table import TableDatasetParams, scaled

__all__ = ["read"]


def read(module: ModuleType, params: Any) -> tuple[Dataset, int]:
    """Read, check and select.

    Parameters
    ----------
    module : module
        One of :mod:`stdp_pipeline.datasets`.
    params : DatasetParams
        Its parameters.

    Returns
    -------
    data : Dataset
    n_classes : int
        Of the whole data set, whatever was selected.

    Raises
    ------
    DataError
        If files are missing or damaged, or the data set is inconsistent.
    ConfigError
        If more is asked for than there is.
    """
    # Data without a test split of their own have one only after the selection, and features a common scale.
    data = checked(module.read(params), params.name, complete=False)
    labels = np.concatenate([data.train_labels, data.test_labels])
    n_classes = max(int(labels.max()) + 1, len(data.class_names))
    data = selected(data, params)
    if isinstance(params, ImageDatasetParams):
        data = prepared(data, params.image)
    if isinstance(params, EventDatasetParams):
        data = filtered(data, params.events)
    if isinstance(params, TableDatasetParams):
        data = scaled(data)
    return checked(data, params.name), n_classes
