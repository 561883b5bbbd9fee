"""How units move through training: a line for each unit, on the map of each method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection

from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._legend import class_legend, label_colour
from stdp_pipeline.figures._style import bare, figure, mark_pt, method_title, narrow, svg

__all__ = ["trajectories"]

_MANY = 1000  # steps that an SVG holds as lines; more are pixels
_ZERO_AT = 0.4  # where zero images stand on the logarithmic scale, as a share of the first number above zero


def trajectories(
    maps: Mapping[str, np.ndarray], images_seen: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()
) -> bytes:
    """Draw the paths of units through training, coloured by the images seen, and where they end, coloured by label.

    Parameters
    ----------
    maps : mapping of str to (n_times, n_units, 2) float array
        Method -> places. Finite.
    images_seen : (n_times,) int
        Ascending; the first may be 0.
    labels : (n_units,) int
        Class of each unit at the end, -1 for none.
    class_names : sequence of str
        What the classes are called; their numbers if there are none.

    Returns
    -------
    bytes
        SVG. Paths are pixels where they have thousands of steps.

    Raises
    ------
    DataError
        If there is no map, fewer than two times, times that do not ascend, or a map of another shape.
    """
    images_seen, labels = np.asarray(images_seen), np.asarray(labels)
    shape = (len(images_seen), len(labels), 2)
    if len(images_seen) < 2 or (np.diff(images_seen) <= 0).any() or images_seen[0] < 0:
        raise DataError(f"trajectories need two or more ascending times, from 0 images on; got {images_seen.tolist()}")
    for method, places in maps.items():
        if places.shape != shape or not np.isfinite(places).all():
            raise DataError(f"trajectories of {method!r} must be finite and of shape {shape}, got {places.shape}")
    if not maps:
        raise DataError("trajectories: at least one map is needed, got none")
    columns = min(len(maps), 2 if narrow() else 3)
    rows = math.ceil(len(maps) / columns)
    # Zero has no logarithm: it stands before the first number, as far as that tells them apart.
    at = np.where(images_seen > 0, images_seen, _ZERO_AT * images_seen[images_seen > 0][0])

    def high(width: float) -> float:
        return rows * (width / columns + 0.2) + 0.8

    with figure(3.1 * columns, high, nrows=rows, ncols=columns, squeeze=False) as (fig, grid):
        scale = matplotlib.cm.ScalarMappable(matplotlib.colors.LogNorm(at[0], at[-1]), "cividis")
        for axes, (method, places) in zip(grid.flat, maps.items(), strict=False):
            _paths(axes, places, scale.to_rgba(np.sqrt(at[1:] * at[:-1])), labels)
            axes.set_title(method_title(method))
        for axes in list(grid.flat)[len(maps) :]:
            axes.remove()
        decades = [d for d in 10.0 ** np.arange(10) if 1.5 * at[0] < d <= at[-1]]
        ticks = [at[0], *(decades or [at[-1]])]
        bar = fig.colorbar(scale, ax=fig.axes, location="bottom", shrink=0.6, aspect=40, label="training images seen")
        bar.set_ticks(ticks, labels=[f"{n:,.0f}".replace(",", " ") for n in (images_seen[0], *ticks[1:])])
        bar.minorticks_off()
        class_legend(fig, labels, class_names, title="end, by label:")
        return svg(fig)


def _paths(axes: Any, places: np.ndarray, colours: np.ndarray, labels: np.ndarray) -> None:
    """Draw the paths of all units, early steps below late ones, and a point at the end of each."""
    n_steps, n_units = len(places) - 1, places.shape[1]
    steps = np.stack([places[:-1], places[1:]], axis=2)  # time, unit, end, coordinate
    axes.add_collection(
        LineCollection(
            list(steps.reshape(-1, 2, 2)), colors=np.repeat(colours, n_units, axis=0), linewidths=mark_pt(0.9),
            alpha=0.7, capstyle="round", rasterized=n_steps * n_units > _MANY,
        )
    )  # fmt: skip
    axes.scatter(
        *places[-1].T, s=mark_pt(3.8) ** 2, c=[label_colour(int(c)) for c in labels], edgecolors="white",
        linewidths=0.3, zorder=3,
    )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.autoscale_view()
    bare(axes)
