"""What the network knows: confusion matrix and maps of its responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stdp_pipeline.figures._style import bare, class_colour, figure, png, svg

__all__ = ["confusion", "response_map"]


def confusion(matrix: np.ndarray, class_names: Sequence[str] = ()) -> bytes:
    """Draw a confusion matrix.

    Parameters
    ----------
    matrix : (n_classes, n_classes + 1) int64
        Images by true class (row) and prediction (column); the last column counts those without a prediction and is
        drawn only if it is not empty.
    class_names : sequence of str
        What the classes are called; their numbers if there are none.

    Returns
    -------
    bytes
        SVG.
    """
    n_classes = len(matrix)
    shown = matrix if matrix[:, -1].any() else matrix[:, :-1]
    share = shown / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    names = list(class_names) or [str(c) for c in range(n_classes)]
    names += ["none"] * (shown.shape[1] - n_classes)
    with figure(5.6, 4.9) as (fig, axes):
        drawn = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        axes.set(
            title="Confusion matrix (images)",
            xlabel="predicted class",
            ylabel="true class",
            xticks=range(len(names)),
            xticklabels=names,
            yticks=range(n_classes),
            yticklabels=names[:n_classes],
        )
        axes.tick_params(length=0, labelsize=9 if n_classes <= 12 else 6)
        if max(map(len, names)) > 4:
            axes.tick_params(axis="x", rotation=60)
        if n_classes <= 12:
            for (row, column), count in np.ndenumerate(shown):
                if count:
                    colour = "white" if share[row, column] > 0.5 else "#2a2e35"
                    axes.text(column, row, str(count), ha="center", va="center", fontsize=7.5, color=colour)
        fig.colorbar(drawn, ax=axes, shrink=0.8, label="share of the true class")
        return svg(fig)


def response_map(coordinates: np.ndarray, labels: np.ndarray, method: str, info: dict[str, Any]) -> bytes:
    """Draw a two-dimensional map of test responses, coloured by class.

    Parameters
    ----------
    coordinates : (n_images, 2) float64
        NaN for images without a place.
    labels : (n_images,) uint8
    method : str
    info : dict
        What the method reports, for the line below the map.

    Returns
    -------
    bytes
        PNG.
    """
    placed = np.isfinite(coordinates[:, 0])
    points, classes = coordinates[placed], labels[placed]
    # In a fixed random order, so that no class lies on top of the others.
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(points))
    size = 3.0 if len(points) > 3000 else 8.0
    with figure(5.8, 5.3) as (fig, axes):
        colours = np.array([class_colour(int(c)) for c in classes])
        axes.scatter(*points[order].T, s=size, c=colours[order], alpha=0.55, linewidths=0, rasterized=True)
        for c in np.unique(classes):
            x, y = np.median(points[classes == c], axis=0)
            axes.text(
                x, y, str(c), ha="center", va="center", fontsize=10, weight="bold", color="white",
                bbox={"boxstyle": "circle,pad=0.25", "facecolor": class_colour(int(c)), "edgecolor": "white"},
            )  # fmt: skip
        known = ", ".join(f"{k.replace('_', ' ')} {_short(v)}" for k, v in info.items())
        bare(axes)
        axes.set(title=f"{method.upper()} of {len(points)} test responses", xlabel=known)
        axes.set_aspect("equal", adjustable="datalim")
        axes.xaxis.label.set(fontsize=7.5, color="#555b66")
        return png(fig)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(_short(v) for v in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
