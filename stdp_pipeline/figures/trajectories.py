"""How units move through training: a line for each unit, on the map of each method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection

from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._axes import with_room
from stdp_pipeline.figures._legend import class_legend, label_colour
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.figures._style import bare, figure, mark_pt, narrow, svg

__all__ = ["trajectories"]

_MANY = 1000  # steps that an SVG holds as lines; more are pixels
_BAR = 0.8  # width of the scale of colours, as a share of the figure's
_LIGHTEST = 0.92  # of the scale of colours: lines that are lighter cannot be seen on white


def trajectories(
    maps: Mapping[str, np.ndarray], images_seen: np.ndarray, labels: np.ndarray, class_names: Sequence[str] = ()
) -> bytes:
    """Draw the paths of units through training, coloured by the images seen, and where they end, coloured by label.

    Each step from one time to the next has its own colour, whether a hundred images lie between or ten thousand.

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
    n_steps = len(images_seen) - 1
    shades = matplotlib.colormaps["viridis"](np.linspace(0, _LIGHTEST, n_steps))

    def high(width: float) -> float:
        return rows * (width / columns + 0.2) + 0.8

    with figure(3.1 * columns, high, nrows=rows, ncols=columns, squeeze=False) as (fig, grid):
        for axes, (method, places) in zip(grid.flat, maps.items(), strict=False):
            _paths(axes, places, shades, labels)
            axes.set_title(method_title(method))
        for axes in list(grid.flat)[len(maps) :]:
            axes.remove()
        ends = np.arange(n_steps + 1)
        scale = matplotlib.cm.ScalarMappable(
            matplotlib.colors.BoundaryNorm(ends, n_steps), matplotlib.colors.ListedColormap(shades)
        )
        bar = fig.colorbar(scale, ax=fig.axes, location="bottom", shrink=_BAR, aspect=40, label="training images seen")
        names = [f"{n:,}".replace(",", " ") for n in images_seen]
        bar.set_ticks(ends, labels=with_room(ends.astype(float), names, 72 * 0.95 * _BAR * fig.get_figwidth()))
        bar.minorticks_off()
        class_legend(fig, labels, class_names, title="end, by label:")
        return svg(fig)


def _paths(axes: Any, places: np.ndarray, colours: np.ndarray, labels: np.ndarray) -> None:
    """Draw the paths of all units, long steps below short ones, and a point at the end of each."""
    n_steps, n_units = len(places) - 1, places.shape[1]
    steps = np.stack([places[:-1], places[1:]], axis=2)  # time, unit, end, coordinate
    steps, colours = steps.reshape(-1, 2, 2), np.repeat(colours, n_units, axis=0)
    order = np.argsort(-np.linalg.norm(steps[:, 1] - steps[:, 0], axis=1), kind="stable")
    axes.add_collection(
        LineCollection(
            list(steps[order]), colors=colours[order], linewidths=mark_pt(0.9),
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
