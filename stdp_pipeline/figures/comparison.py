"""Variants of an experiment side by side: final accuracy beside published values, and learning curves."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from stdp_pipeline.figures._axes import rows_inches
from stdp_pipeline.figures._legend import legend_columns
from stdp_pipeline.figures._style import (
    ACCENT,
    CONTRAST,
    GREY,
    N_COLOURS,
    NONE_COLOUR,
    class_colour,
    figure,
    mark_pt,
    narrow,
    svg,
    text_pt,
)

__all__ = ["accuracies", "accuracy_over_bits", "learning_curves"]


_BAR = "#a9b0ba"
"""Of intervals that marks lie on."""
_BEST = 6
"""Of many learning curves, those that end best and have a colour."""


def accuracies(
    names: list[str],
    groups: list[np.ndarray],
    published: list[float | None],
    readout: str,
    intervals: list[tuple[float, float] | None],
) -> bytes:
    """Draw the accuracy of each seed, their mean with its interval, and the published value, a line for each variant.

    Parameters
    ----------
    names : list of str
    groups : list of (n_seeds,) float64
        Accuracies as fractions.
    published : list of float or None
        As fractions.
    readout : str
        Whose accuracies they are.
    intervals : list of (float, float) or None
        95 % intervals of the means, as fractions.

    Returns
    -------
    bytes
        SVG.
    """
    letters = 20 if len(names) <= 24 else 30  # many names have to do with a line each
    names = [fill(name, letters) if narrow() else name for name in names]
    label = fill(f"accuracy, {readout} (%)", 18) if narrow() else f"accuracy, {readout} (%)"
    one_seed: dict[str, Any] = {"color": ACCENT, "alpha": 0.45, "markersize": mark_pt(4)}
    mean: dict[str, Any] = {"color": ACCENT, "markersize": mark_pt(13), "markeredgewidth": mark_pt(2.2)}
    bar: dict[str, Any] = {"color": _BAR, "linewidth": mark_pt(1.6), "solid_capstyle": "butt"}
    of_others: dict[str, Any] = {"color": "white", "markeredgecolor": CONTRAST, "markersize": mark_pt(5.5)}
    with figure(7.2, lambda _: rows_inches(names, 0.26)) as (fig, axes):
        for at, (group, theirs, ends) in enumerate(zip(groups, published, intervals, strict=True)):
            axes.axhline(at, color="#eceef1", linewidth=0.8, zorder=0)
            if ends is not None:
                axes.plot([100 * end for end in ends], [at, at], "-", **bar)
            axes.plot(100 * group, np.full(len(group), at), "o", clip_on=False, **one_seed)
            axes.plot(100 * group.mean(), at, "|", **mean)
            if theirs is not None:
                axes.plot(100 * theirs, at, "D", **of_others)
        axes.plot([], [], "o", label="one seed", **one_seed)
        axes.plot([], [], "|", label="mean", **mean)
        if any(ends is not None for ends in intervals):
            axes.plot([], [], "-", label="95 % interval of it", **bar)
        if any(theirs is not None for theirs in published):
            axes.plot([], [], "D", label="published", **of_others)
        axes.set(yticks=range(len(names)), yticklabels=names, xlabel=label)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        fig.legend(loc="outside upper right", ncols=2 if narrow() else 4, fontsize=text_pt(8))
        return svg(fig)


def learning_curves(curves: list[dict[str, Any]]) -> bytes:
    """Draw accuracy over the training images seen: a colour for each name, a line for each seed.

    There is a panel for each data set and size of network, since accuracies on different images cannot be compared.
    Of more names than there are colours, those that end best have one, and the others are grey.

    Parameters
    ----------
    curves : list of dict
        ``dataset``, ``n_exc``, ``name`` (what the colour stands for), ``images_seen`` and ``accuracy``, both
        (n_windows,) float64.

    Returns
    -------
    bytes
        SVG.
    """
    curves = [curve for curve in curves if len(curve["accuracy"])]
    if not curves:
        return _no_curves()
    datasets = list(dict.fromkeys(curve["dataset"] for curve in curves))
    panels = sorted({(datasets.index(curve["dataset"]), curve["n_exc"]) for curve in curves})
    colours = _colours(curves)
    n_columns = 1 if narrow() else min(len(panels), 2)
    n_rows = -(-len(panels) // n_columns)
    wide = 4.2 * n_columns + 0.4

    def high(width: float) -> float:
        legend = 0.17 * -(-len(colours) // legend_columns(width, list(colours))) if len(colours) > 1 else 0
        return 3.0 * n_rows * min(width / wide, 1) + 0.4 + legend

    with figure(wide, high, nrows=n_rows, ncols=n_columns, squeeze=False) as (fig, grid):
        for axes, (at, size) in zip(grid.flat, panels, strict=False):
            for curve in curves:
                if (curve["dataset"], curve["n_exc"]) == (datasets[at], size):
                    colour = colours.get(curve["name"], NONE_COLOUR)
                    mark = "." if len(curve["accuracy"]) == 1 else ""
                    axes.plot(
                        curve["images_seen"] / 1000, 100 * curve["accuracy"], color=colour, linewidth=mark_pt(1),
                        alpha=0.8, zorder=2 + (colour != NONE_COLOUR), marker=mark,
                    )  # fmt: skip
            of = f"{datasets[at].replace('_', ' ')}, " if len(datasets) > 1 else ""
            axes.set(title=f"{of}{size} neurons", ylabel="accuracy (%)", xlabel="training images seen (thousands)")
            axes.grid(axis="y", color="#eceef1")
        for axes in list(grid.flat)[len(panels) :]:
            axes.remove()
        for dataset in range(len(datasets)):  # what can be compared has the same scale
            of_it = [axes for axes, (at, _) in zip(grid.flat, panels, strict=False) if at == dataset]
            ends = [axes.get_ylim() for axes in of_it]
            for axes in of_it:
                axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
        if len(colours) > 1:
            for name, colour in colours.items():
                grid[0, 0].plot([], [], color=colour, label=name)
            columns = legend_columns(fig.get_figwidth(), list(colours))
            fig.legend(loc="outside upper center", ncols=columns, fontsize=text_pt(8))
        return svg(fig)


def _colours(curves: list[dict[str, Any]]) -> dict[str, str]:
    """Return the colour of each name; of more than there are colours, of those that end best, and of the others."""
    ends: dict[str, list[float]] = {}
    for curve in curves:
        ends.setdefault(curve["name"], []).append(curve["accuracy"][-1])
    if len(ends) == 1:
        return dict.fromkeys(ends, ACCENT)
    if len(ends) <= N_COLOURS:
        return {name: class_colour(at) for at, name in enumerate(ends)}
    best = sorted(ends, key=lambda name: -float(np.mean(ends[name])))[:_BEST]
    coloured = {name: class_colour(at) for at, name in enumerate(best)}
    return coloured | {f"the other {len(ends) - _BEST}": NONE_COLOUR}


def _no_curves() -> bytes:
    """Draw that there is nothing to draw."""
    with figure(4.6, 1.0) as (fig, axes):
        axes.text(
            0.5, 0.5, "No learning curves: fewer training images\nthan training.curve_every", ha="center", va="center"
        )
        axes.set_axis_off()
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

    def high(width: float) -> float:
        legend = 0.15 * len(joined)  # in one column it stands below instead of beside
        return 2.4 + legend if narrow() else max(4.6 * min(width / 8.2, 1), legend + 0.3)

    with figure(8.2, high) as (fig, axes):
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
                color=class_colour(at % 10), linestyle="-" if several else "none", linewidth=mark_pt(1.2),
                elinewidth=mark_pt(0.9), marker="osD^vP"[at // 10 if several else 1 + (at + at // 10) % 5],
                markersize=mark_pt(4.5), label=series,
            )  # fmt: skip
        names = [_bits(levels) for levels in places] + ["real\nnumbers"]
        axes.set(xticks=range(len(names)), xticklabels=names, ylabel=f"accuracy, {readout} (%)")
        axes.set_xlabel("weight")
        axes.grid(axis="y", color="#eceef1")
        axes.spines["left"].set_color(GREY)
        where = (
            {"loc": "outside lower center", "ncols": legend_columns(fig.get_figwidth(), list(joined))}
            if narrow()
            else {}
        )
        fig.legend(**{"loc": "outside right upper", "fontsize": text_pt(7.5), **where})
        return svg(fig)


def _bits(levels: int) -> str:
    """Name so many levels: by their bits where these tell all, else by their number."""
    bits = (levels - 1).bit_length()
    number, unit = (bits, f"bit{'s' * (bits > 1)}") if 2**bits == levels else (levels, "levels")
    return f"{number}\n{unit}" if narrow() or unit == "levels" else f"{number} {unit}"
