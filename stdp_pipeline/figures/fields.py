"""Receptive fields: what input each neuron has learned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stdp_pipeline.figures._legend import class_legend, label_colour
from stdp_pipeline.figures._style import (
    bare,
    figure,
    narrow,
    picture,
    png,
    text_pt,
    width_inches,
)
from stdp_pipeline.figures.arrangement import mosaic_shape, order_by_label

__all__ = ["receptive_fields"]

_GAP = 2  # pixels between tiles
_MANY = 1000  # frames that an SVG holds as lines; more are pixels


def receptive_fields(
    weights: np.ndarray,
    label: np.ndarray,
    image_shape: tuple[int, ...],
    marked: np.ndarray | None = None,
    order: np.ndarray | None = None,
) -> bytes:
    """Draw all receptive fields as a mosaic, each in a frame that shows its label.

    Parameters
    ----------
    weights : (n_input, n_exc)
        All fields share one grey scale, from 0 to the 99.9th percentile of the weights.
    label : (n_exc,) int16
        Class of each neuron, -1 for none; the frame's colour shows it, and the number in the corner, or where there
        is no room for numbers a legend.
    image_shape : (height, width) or (channels, height, width)
        Channels stand side by side.
    marked : (n_input, n_exc) bool, optional
        Synapses to show in colour, by their weights still.
    order : (n_exc,) int, optional
        Which neuron is at each place, row by row, so that similar fields are side by side; see
        :func:`~stdp_pipeline.figures.arrangement.order_by_similarity`. By label, if it is not given.

    Returns
    -------
    bytes
        PNG.
    """
    height, width = picture(weights[:, 0], image_shape).shape
    n_exc = weights.shape[1]
    how = "by label" if order is None else "by similarity"
    order = order_by_label(label) if order is None else order
    rows, columns = mosaic_shape(n_exc, height / width)

    def tiled(values: np.ndarray) -> np.ndarray:
        mosaic = np.full((rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP), np.nan)
        for place, neuron in enumerate(order):
            top, left = _corner(place, columns, height, width)
            mosaic[top : top + height, left : left + width] = picture(values[:, neuron], image_shape)
        return mosaic

    mosaic = tiled(weights)
    wide = min(9.5, 2.2 + 0.38 * math.sqrt(n_exc)) + 0.9
    tile_pt = 72 * (width_inches(wide) - (0 if narrow() else 0.9)) / columns
    number_pt = text_pt(5.5 * min(1.0, 22 / columns))
    numbers = columns <= 45 and number_pt < 0.4 * tile_pt

    def high(inches: float) -> float:
        beside, around = (0.1, 0.68) if narrow() else (0.9, 0.35)
        return (inches - beside) * mosaic.shape[0] / mosaic.shape[1] + around + (0 if numbers else 0.3)

    with figure(wide, high) as (fig, axes):
        most = max(float(np.percentile(weights, 99.9)), 1e-12)
        shown = axes.imshow(mosaic, cmap="gray_r", interpolation="auto", vmin=0, vmax=most)
        if marked is not None and marked.any():
            reds = tiled(np.where(marked, weights, np.nan))
            axes.imshow(reds, cmap="Reds", interpolation="nearest", vmin=-0.6 * most, vmax=most)
        axes.set_title(f"{'Fields' if narrow() else 'Receptive fields'} of {n_exc} neurons, ordered {how}")
        bare(axes)
        colours = [label_colour(int(c)) for c in label[order]]
        corners = [_corner(place, columns, height, width) for place in range(n_exc)]
        _frames(axes, corners, height, width, colours, min(0.9, 0.045 * tile_pt))
        if numbers:
            for (top, left), c, colour in zip(corners, label[order], colours, strict=True):
                axes.text(
                    left + 0.5, top + 0.5, str(c) if c >= 0 else "-", color=colour, fontsize=number_pt, va="top",
                    ha="left", weight="bold", in_layout=False,
                )  # fmt: skip
        else:
            class_legend(fig, label, title="label", marker="s")
        bar = {"location": "bottom", "shrink": 0.5, "aspect": 30} if narrow() else {"shrink": 0.35}
        fig.colorbar(shown, ax=axes, label="weight", pad=0.01, **bar)
        return png(fig, dpi=170, mosaic=True)


def _corner(place: int, columns: int, height: int, width: int) -> tuple[int, int]:
    """Return the top and left pixel of a tile."""
    y, x = divmod(place, columns)
    return _GAP + y * (height + _GAP), _GAP + x * (width + _GAP)


def _frames(
    axes: Any, corners: list[tuple[int, int]], height: int, width: int, colours: list[str], line_pt: float
) -> None:
    from matplotlib.collections import PolyCollection

    top, left = np.array(corners).T - 1
    right, bottom = left + width + 1, top + height + 1
    boxes = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    many = len(corners) > _MANY
    axes.add_collection(
        PolyCollection(list(boxes), facecolors="none", edgecolors=colours, linewidths=line_pt, rasterized=many)
    )
