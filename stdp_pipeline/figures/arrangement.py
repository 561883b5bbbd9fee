"""Places in a mosaic: by label, or so that similar fields are neighbours."""

from __future__ import annotations

import math

import numpy as np

from stdp_pipeline.errors import DataError

__all__ = ["mosaic_shape", "order_by_label", "order_by_similarity"]

_COMPONENTS = 32  # principal components of the fields that are compared
_BLOCK = 256  # places that are assigned anew at once: the time of an assignment grows with their third power
_SHRINK = 0.93  # of the radius of smoothing, from one round to the next
_LAST_RADIUS = 0.5  # in places; a smoothed grid then is nearly the grid itself


def mosaic_shape(n: int, aspect: float = 1.0) -> tuple[int, int]:
    """Return rows and columns of a mosaic that is about square.

    Parameters
    ----------
    n : int
        Tiles.
    aspect : float
        Height of a tile over its width.
    """
    columns = math.ceil(math.sqrt(n * aspect))
    return math.ceil(n / columns), columns


def order_by_label(label: np.ndarray) -> np.ndarray:
    """Return the neurons by label, those without one (-1) last: which neuron is at each place, (n_exc,) int."""
    return np.lexsort((np.arange(len(label)), label, label < 0))


def order_by_similarity(fields: np.ndarray, columns: int, seed: int = 0) -> np.ndarray:
    """Put similar fields side by side.

    The grid is smoothed, and fields are assigned to places so that each is as near as possible to the smoothed field
    there, over and over while the radius of smoothing shrinks (linear assignment sorting [1]_, a self-organising map
    with one field for each place). Of many fields, blocks of random places are assigned one after the other.

    Parameters
    ----------
    fields : (n_input, n_exc) float
        Weights. Fields are compared by direction, after their mean is taken away.
    columns : int
        Of the mosaic, which is filled row by row; see :func:`mosaic_shape`.
    seed : int
        Of the blocks.

    Returns
    -------
    (n_exc,) int
        Which neuron is at each place.

    Raises
    ------
    DataError
        If there are no columns, or weights that are not finite.

    References
    ----------
    .. [1] Barthel, Hezel, Jung & Schall (2023), Computer Graphics Forum 42:261, doi:10.1111/cgf.14718.
    """
    from scipy.ndimage import gaussian_filter
    from scipy.optimize import linear_sum_assignment

    if columns < 1:
        raise DataError(f"a mosaic needs at least 1 column, got {columns}")
    if not np.isfinite(fields).all():
        raise DataError("fields cannot be compared: some weights are not finite")
    features = _directions(fields)
    n, depth = features.shape
    rows = math.ceil(n / columns)
    rng = np.random.default_rng(seed)
    # Start: the first component goes down the rows, the second one along each.
    down = np.argsort(features[:, 0], kind="stable")
    order = np.concatenate(
        [row[np.argsort(features[row, 1], kind="stable")] for row in np.split(down, range(columns, n, columns))]
    )
    filled = (np.arange(rows * columns) < n).astype(np.float32).reshape(rows, columns)
    grid = np.zeros((rows * columns, depth), np.float32)
    radius = max(rows, columns) / 4
    while radius > _LAST_RADIUS:
        grid[:n] = features[order]
        smooth = gaussian_filter(grid.reshape(rows, columns, depth), (radius, radius, 0), mode="nearest", truncate=2.5)
        share = gaussian_filter(filled, radius, mode="nearest", truncate=2.5)
        wanted = smooth.reshape(-1, depth)[:n] / share.reshape(-1, 1)[:n]
        for places in np.array_split(rng.permutation(n), math.ceil(n / _BLOCK)):
            # The sum of squared distances is least where that of the products is greatest: the rest does not depend
            # on who goes where.
            chosen = order[places]
            _, best = linear_sum_assignment(wanted[places] @ features[chosen].T, maximize=True)
            order[places] = chosen[best]
        radius *= _SHRINK
    return order


def _directions(fields: np.ndarray) -> np.ndarray:
    """Return the principal components of the fields at length 1, (n_exc, n_components) float32, at least two."""
    rows = np.asarray(fields, np.float64).T
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(length > 0, length, 1)
    rows = rows - rows.mean(axis=0)
    few = len(rows) < rows.shape[1]  # then the small matrix has the same components
    values, vectors = np.linalg.eigh(rows @ rows.T if few else rows.T @ rows)  # ascending
    values, vectors = values[::-1][:_COMPONENTS], vectors[:, ::-1][:, :_COMPONENTS]
    found = (vectors * np.sqrt(np.maximum(values, 0)) if few else rows @ vectors).astype(np.float32)
    return np.pad(found, ((0, 0), (0, max(2 - found.shape[1], 0))))
