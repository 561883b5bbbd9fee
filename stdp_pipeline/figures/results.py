"""What the network knows: confusion matrix and maps of its responses."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from stdp_pipeline.figures._axes import apart
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.figures._style import (
    INK,
    bare,
    brief,
    class_colour,
    figure,
    ink_on,
    mark_pt,
    narrow,
    png,
    spaced,
    svg,
    text_pt,
    width_inches,
)

__all__ = ["confusion", "response_map"]


def confusion(matrix: np.ndarray, class_names: Sequence[str] = ()) -> bytes:
    """Draw a confusion matrix.

    Parameters
    ----------
    matrix : (n_classes, n_classes + 1) int64
        Images by true class (row) and prediction (column); the last column counts those without a prediction and is
        drawn only if it is not empty.
    class_names : sequence of str
        What the classes are called; their numbers if there are none. Of more names than there is room for, every
        second, third, ... one is written.

    Returns
    -------
    bytes
        SVG. Where numbers of images are too long for their cells, shares in percent take their place.
    """
    n_classes = len(matrix)
    shown = matrix if matrix[:, -1].any() else matrix[:, :-1]
    share = shown / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    names = list(class_names) or [str(c) for c in range(n_classes)]
    names += ["none"] * (shown.shape[1] - n_classes)
    few = n_classes <= 12
    name_pt, longest = text_pt(9 if few else 6), max(map(len, names))
    side = (0.98 if narrow() else 0.8) * width_inches(5.6) - 0.35 - 0.55 * longest * name_pt / 72  # inches
    fits = 0.64 * len(str(shown.max())) * text_pt(7.5) + 2 < 72 * side / len(names)
    high = 1.16 if narrow() else 0.875  # the bar of shares stands below
    with figure(5.6, lambda width: high * width) as (fig, axes):
        drawn = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        axes.set(
            title="Confusion matrix (images)" if fits or not few else "Confusion matrix (% of the true class)",
            xlabel="predicted class",
            ylabel="true class",
        )
        turned = longest > 4
        across = spaced(len(names), side, 1.15 * name_pt if turned else 0.65 * longest * name_pt + 2)
        down = spaced(n_classes, side, name_pt)
        axes.set_xticks(across, [names[i] for i in across])
        axes.set_yticks(down, [names[i] for i in down])
        axes.tick_params(length=0, labelsize=name_pt)
        if turned:
            for text in axes.get_xticklabels():
                text.set(rotation=60, ha="right", rotation_mode="anchor")
        if few:
            for (row, column), count in np.ndenumerate(shown):
                text = str(count) if fits else f"{100 * share[row, column]:.0f}"
                if text != "0":
                    colour = "white" if share[row, column] > 0.5 else INK
                    axes.text(
                        column, row, text, ha="center", va="center", fontsize=text_pt(7.5), color=colour,
                        in_layout=False,
                    )  # fmt: skip
        bar: dict[str, Any] = {"location": "bottom", "shrink": 0.6, "aspect": 30} if narrow() else {"shrink": 0.8}
        fig.colorbar(drawn, ax=axes, label="share of the true class", **bar)
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
    size = mark_pt((3.0 if len(points) > 3000 else 8.0) ** 0.5) ** 2
    with figure(5.8, lambda width: 0.9 * width) as (fig, axes):
        colours = np.array([class_colour(int(c)) for c in classes])
        axes.scatter(*points[order].T, s=size, c=colours[order], alpha=0.55, linewidths=0, rasterized=True)
        found = np.unique(classes)
        middles = np.array([np.median(points[classes == c], axis=0) for c in found]).reshape(-1, 2)
        across = np.ptp(points, axis=0).max(initial=0) / (72 * fig.get_figheight() - 40)  # about so far is a point
        badge_pt = text_pt(10) * (1.6 if found.max(initial=0) < 10 else 2.1)
        corners = (points.min(axis=0), points.max(axis=0)) if len(points) else ()  # beyond them, badges may be cut off
        for c, (x, y) in zip(found, apart(middles, badge_pt * across, *corners), strict=True):
            axes.text(
                x, y, str(c), ha="center", va="center", fontsize=text_pt(10), weight="bold",
                color=ink_on(class_colour(int(c))),
                bbox={"boxstyle": "circle,pad=0.25", "facecolor": class_colour(int(c)), "edgecolor": "white"},
            )  # fmt: skip
        known = ", ".join(f"{k.replace('_', ' ')} {_short(v)}" for k, v in brief(info).items())
        bare(axes)
        wrapped = "\n".join(wrap(known, 58 if narrow() else 110))
        axes.set(title=f"{method_title(method)} of {len(points)} test responses", xlabel=wrapped)
        axes.set_aspect("equal", adjustable="datalim")
        axes.xaxis.label.set(fontsize=text_pt(7.5), color="#555b66")
        return png(fig)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(_short(v) for v in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
