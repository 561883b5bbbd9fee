"""Receptive fields: what input each neuron has learned."""

from __future__ import annotations

import math

import numpy as np

from stdp_pipeline.figures._style import NONE_COLOUR, bare, class_colour, figure, picture, png

__all__ = ["receptive_fields"]


def receptive_fields(
    weights: np.ndarray, label: np.ndarray, image_shape: tuple[int, ...], marked: np.ndarray | None = None
) -> bytes:
    """Draw all receptive fields as a mosaic, ordered by label, each with its label.

    Parameters
    ----------
    weights : (n_input, n_exc)
        All fields share one grey scale, from 0 to the 99.9th percentile of the weights.
    label : (n_exc,) int16
        Class of each neuron, -1 for none; the frame's colour and the number in the corner show it.
    image_shape : (height, width) or (channels, height, width)
        Channels stand side by side.
    marked : (n_input, n_exc) bool, optional
        Synapses to show in colour, by their weights still.

    Returns
    -------
    bytes
        PNG.
    """
    height, width = picture(weights[:, 0], image_shape).shape
    n_exc = weights.shape[1]
    order = np.lexsort((np.arange(n_exc), np.where(label < 0, np.iinfo(np.int16).max, label)))
    columns = math.ceil(math.sqrt(n_exc * (height / width)))  # so that the whole is a square
    rows = math.ceil(n_exc / columns)
    gap = 2

    def tiled(values: np.ndarray) -> np.ndarray:
        mosaic = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap), np.nan)
        for place, neuron in enumerate(order):
            y, x = divmod(place, columns)
            top, left = gap + y * (height + gap), gap + x * (width + gap)
            mosaic[top : top + height, left : left + width] = picture(values[:, neuron], image_shape)
        return mosaic

    mosaic = tiled(weights)

    size = min(9.5, 2.2 + 0.38 * math.sqrt(n_exc))
    with figure(size + 0.9, size * mosaic.shape[0] / mosaic.shape[1] + 0.3) as (fig, axes):
        shown = axes.imshow(
            mosaic, cmap="gray_r", interpolation="nearest", vmin=0, vmax=max(float(np.percentile(weights, 99.9)), 1e-12)
        )
        if marked is not None and marked.any():
            most = max(float(np.percentile(weights, 99.9)), 1e-12)
            axes.imshow(tiled(np.where(marked, weights, np.nan)), cmap="Reds", vmin=-0.6 * most, vmax=most)
        axes.set_title(f"Receptive fields of {n_exc} neurons, ordered by label")
        bare(axes)
        for place, neuron in enumerate(order):
            y, x = divmod(place, columns)
            top, left = gap + y * (height + gap), gap + x * (width + gap)
            colour = class_colour(int(label[neuron])) if label[neuron] >= 0 else NONE_COLOUR
            frame = {"fill": False, "edgecolor": colour, "linewidth": 0.9}
            axes.add_patch(_rectangle(left - 1, top - 1, width + 1, height + 1, **frame))
            if columns <= 45:
                text = str(label[neuron]) if label[neuron] >= 0 else "-"
                scale = 5.5 * min(1.0, 22 / columns)
                axes.text(left + 0.5, top + 0.5, text, color=colour, fontsize=scale, va="top", ha="left", weight="bold")
        fig.colorbar(shown, ax=axes, shrink=0.35, label="weight", pad=0.01)
        return png(fig, dpi=170)


def _rectangle(x: float, y: float, width: float, height: float, **style: object) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **style)  # type: ignore[arg-type]
