"""Labels of the user's own data: whatever they are, as numbers."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.errors import DataError

__all__ = ["numbered"]

_MAX_CLASSES = 256


def numbered(labels: np.ndarray, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return classes as numbers.

    Parameters
    ----------
    labels : (n,) array
        Whole numbers from 0 to 255 stay as they are; anything else is numbered in sorted order.
    what : str
        Name of the data for messages.

    Returns
    -------
    labels : (n,) uint8
    class_names : tuple of str
        Empty where the numbers stayed.

    Raises
    ------
    DataError
        If there are more classes than 256, or labels are missing.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise DataError(f"{what}: labels must be one for each image, got an array of shape {labels.shape}")
    if np.issubdtype(labels.dtype, np.floating):
        if not np.isfinite(labels).all():
            raise DataError(f"{what}: {int((~np.isfinite(labels)).sum())} labels are missing")
        if np.all(labels == np.rint(labels)):
            labels = labels.astype(np.int64)
    if np.issubdtype(labels.dtype, np.integer) and (len(labels) == 0 or (labels.min() >= 0 and labels.max() < 256)):
        return labels.astype(np.uint8), ()
    names, numbers = np.unique(labels.astype(str), return_inverse=True)
    if len(names) > _MAX_CLASSES:
        raise DataError(f"{what}: at most {_MAX_CLASSES} classes can be told apart, got {len(names)} different labels")
    return numbers.astype(np.uint8), tuple(str(name) for name in names)
