"""Variants of an experiment side by side: final accuracy beside published values, and learning curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.figures._style import ACCENT, GREY, class_colour, figure, svg

__all__ = ["accuracies", "accuracy_over_bits", "learning_curves"]


def accuracies(names: list[str], groups: list[np.ndarray], published: list[float | None], readout: str) -> bytes:
    """Draw the accuracy of each seed, their mean, and the published value, a line for each variant.

    Parameters
    ----------
    names : list of str
    groups : list of (n_seeds,) float64
        Accuracies as fractions.
    published : list of float or None
        As fractions.
    readout : str
        Whose accuracies they are.

    Returns
    -------
    bytes
        SVG.
    """
    with figure(7.2, 1.3 + 0.26 * len(names)) as (fig, axes):
        for at, (group, known) in enumerate(zip(groups, published, strict=True)):
            axes.axhline(at, color="#eceef1", linewidth=0.8, zorder=0)
            axes.plot(100 * group, np.full(len(group), at), "o", color=ACCENT, alpha=0.35, markersize=4, clip_on=False)
            axes.plot(100 * group.mean(), at, "|", color=ACCENT, markersize=13, markeredgewidth=2.2)
            if known is not None:
                axes.plot(100 * known, at, "D", color="white", markeredgecolor="#cc6677", markersize=5.5)
        axes.plot([], [], "o", color=ACCENT, alpha=0.35, markersize=4, label="one seed")
        axes.plot([], [], "|", color=ACCENT, markersize=11, markeredgewidth=2.2, label="mean")
        if any(known is not None for known in published):
            axes.plot([], [], "D", color="white", markeredgecolor="#cc6677", markersize=5.5, label="published")
        axes.set(yticks=range(len(names)), yticklabels=names, xlabel=f"accuracy, {readout} (%)")
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        fig.legend(loc="outside upper right", ncols=3, fontsize=8)
        return svg(fig)


def learning_curves(curves: list[dict[str, Any]]) -> bytes:
    """Draw accuracy over the training images seen: a panel for each size, a colour for each rule, a line for each seed.

    Parameters
    ----------
    curves : list of dict
        ``n_exc``, ``name`` (what the colour stands for), ``images_seen`` and ``accuracy``, both (n_windows,) float64.

    Returns
    -------
    bytes
        SVG.
    """
    sizes = sorted({curve["n_exc"] for curve in curves})
    names = list(dict.fromkeys(curve["name"] for curve in curves))
    n_columns = min(len(sizes), 2)
    n_rows = -(-len(sizes) // n_columns)
    with figure(4.2 * n_columns + 0.4, 3.0 * n_rows + 0.4, nrows=n_rows, ncols=n_columns, squeeze=False) as (fig, grid):
        for axes, size in zip(grid.flat, sizes, strict=False):
            for curve in curves:
                if curve["n_exc"] == size:
                    colour = class_colour(names.index(curve["name"]))
                    axes.plot(
                        curve["images_seen"] / 1000, 100 * curve["accuracy"], color=colour, linewidth=1, alpha=0.8
                    )
            axes.set(title=f"{size} neurons", ylabel="accuracy (%)", xlabel="training images seen (thousands)")
            axes.grid(axis="y", color="#eceef1")
        for axes in list(grid.flat)[len(sizes) :]:
            axes.remove()
        if len(names) > 1:
            for at, name in enumerate(names):
                grid[0, 0].plot([], [], color=class_colour(at), label=name)
            fig.legend(loc="outside upper center", ncols=min(len(names), 6), fontsize=8)
        return svg(fig)


def accuracy_over_bits(points: list[dict[str, Any]], readout: str) -> bytes:
    """Draw accuracy over the bits of a weight: a line for each way to come to few bits, marks for other networks.

    Parameters
    ----------
    points : list of dict
        ``series`` (what a line joins, if its levels differ), ``levels`` (of a weight; None for real numbers) and
        ``accuracies``, the fractions of all seeds, (n_seeds,) float64.
    readout : str
        Whose accuracies they are.

    Returns
    -------
    bytes
        SVG. An error bar is the standard deviation over the seeds.
    """
    places = sorted({point["levels"] for point in points if point["levels"] is not None})
    joined: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        joined.setdefault(point["series"], []).append(point)
    with figure(8.2, 4.6) as (fig, axes):
        for at, (series, group) in enumerate(joined.items()):
            group.sort(key=lambda point: float("inf") if point["levels"] is None else point["levels"])
            # Beside each other, so that error bars do not hide each other.
            shift = 0.3 * (at / max(len(joined) - 1, 1) - 0.5)
            x = [len(places) if p["levels"] is None else places.index(p["levels"]) for p in group]
            y = np.array([100 * p["accuracies"].mean() for p in group])
            several = len({p["levels"] for p in group}) == len(group) > 1
            axes.errorbar(
                np.array(x) + shift, y,
                yerr=[100 * p["accuracies"].std(ddof=min(len(p["accuracies"]) - 1, 1)) for p in group],
                color=class_colour(at % 10), linestyle="-" if several else "none", linewidth=1.2, elinewidth=0.9,
                marker="osD^vP"[at // 10 if several else 1 + (at + at // 10) % 5], markersize=4.5, label=series,
            )  # fmt: skip
        names = [_bits(levels) for levels in places] + ["real\nnumbers"]
        axes.set(xticks=range(len(names)), xticklabels=names, ylabel=f"accuracy, {readout} (%)")
        axes.set_xlabel("weight")
        axes.grid(axis="y", color="#eceef1")
        axes.spines["left"].set_color(GREY)
        fig.legend(loc="outside right upper", fontsize=7.5)
        return svg(fig)


def _bits(levels: int) -> str:
    """Name so many levels: by their bits where these tell all, else by their number."""
    bits = (levels - 1).bit_length()
    return f"{bits} bit{'s' * (bits > 1)}" if 2**bits == levels else f"{levels}\nlevels"
