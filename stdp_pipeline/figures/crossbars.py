"""Networks on hardware: accuracy over one thing about it, conductances, and what wires take away."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from stdp_pipeline.analysis.recovery import Recovery
from stdp_pipeline.figures._axes import name_counts, rows_inches, with_room
from stdp_pipeline.figures._legend import legend_columns
from stdp_pipeline.figures._style import (
    ACCENT,
    CONTRAST,
    GREY,
    bare,
    class_colour,
    figure,
    mark_pt,
    narrow,
    png,
    svg,
    text_pt,
    width_inches,
)

__all__ = ["accuracy_curves", "conductances", "recovered", "wire_losses"]


def accuracy_curves(vary: list[str], values: list[Any], lines: list[dict[str, Any]]) -> bytes:
    """Draw accuracy over what is varied, with the 95 % interval of the mean as a band.

    Parameters
    ----------
    vary : list of str
        What is varied; several paths have the same values.
    values : list
        Numbers make an axis, logarithmic where they span more than two decades; anything else a row of names.
    lines : list of dict
        ``network``, ``ideal_accuracy``, and for "kept" and "assigned" labels ``mean``, ``low`` and ``high``,
        (n_values,) float64 as fractions, the intervals NaN where there is none.

    Returns
    -------
    bytes
        SVG. Dashed lines keep the labels of the ideal network, solid ones have labels from this hardware.
    """
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values) and len(values) > 1
    x, ticks = np.arange(len(values), dtype=float), ["" if v is None else str(v) for v in values]
    if numeric:
        x, ticks = _places(values)
    elif narrow():
        ticks = [fill(tick, 20) for tick in ticks]
    wide = 6.6 if numeric else 7.4
    names = [f"{line['network']}, " if line["network"] else "" for line in lines]

    def height(width: float) -> float:
        if not numeric:
            return rows_inches(ticks, 0.42) + 0.2
        return 3.7 * min(width / wide, 1) + (0.2 + 0.28 * len(lines) if narrow() else 0)  # the legend takes more there

    with figure(wide, height) as (fig, axes):
        for at, line in enumerate(lines):
            colour = class_colour(at)
            name = names[at]
            for labels, style, shift in (("assigned", "-", -0.09), ("kept", "--", 0.09)):
                mean, low, high = (100 * np.asarray(line[labels][key], float) for key in ("mean", "low", "high"))
                if numeric:
                    look = {"linestyle": style, "marker": "o", "markersize": mark_pt(3.5), "color": colour}
                    axes.plot(x, mean, label=f"{name}labels {labels}", **look)
                    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
                else:
                    spread = np.nan_to_num(np.array([mean - low, high - mean]))
                    y = x + shift + 0.3 * (at - (len(lines) - 1) / 2) / max(len(lines), 1)
                    inside = colour if labels == "assigned" else "white"
                    axes.errorbar(
                        mean, y, xerr=spread, fmt="o", color=colour, markerfacecolor=inside, markersize=mark_pt(5),
                        label=f"{name}labels {labels}",
                    )  # fmt: skip
            draw = axes.axhline if numeric else axes.axvline
            draw(100 * line["ideal_accuracy"], color=colour, linewidth=0.8, linestyle=":")
        if numeric:
            axes.set_xticks(x, with_room(x, ticks, 72 * (width_inches(wide) - 0.8)))
            axes.set(xlabel=(" =\n" if narrow() else " = ").join(vary), ylabel="test accuracy (%)")
            axes.grid(axis="y", color="#eceef1")
        else:
            axes.set_yticks(x, ticks)
            axes.set(xlabel="test accuracy (%)", ylim=(len(values) - 0.5, -0.5))
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color="#eceef1")
        told = axes.get_legend_handles_labels()[1]
        fig.legend(loc="outside upper center", ncols=legend_columns(fig.get_figwidth(), told, 2), fontsize=text_pt(8))
        return svg(fig)


def _places(values: list[Any]) -> tuple[np.ndarray, list[str]]:
    """Return places on the axis and their names: by the logarithm where the numbers span more than two decades."""
    x = np.array(values, float)
    positive = x[x > 0]
    if len(positive) < 3 or x.min() < 0 or positive.max() / positive.min() <= 100:
        return x, [_number(v) for v in x]
    logs = np.log10(np.where(x > 0, x, positive.min()))
    # Zero has a place of its own, to the left of the smallest number.
    return np.where(x > 0, logs, logs.min() - 0.6), [_number(v) for v in x]


def _number(value: float) -> str:
    """Write a number, a long one with two digits and its power of ten."""
    text = f"{value:g}"
    return text if len(text) <= 6 else f"{value:.1e}".replace("e+0", "e").replace("e-0", "e−")


def recovered(found: list[Recovery]) -> bytes:
    """Draw accuracies of transferring weights to devices and of learning on them, a line for each kind, as SVG."""
    names = [fill(one.name, 20) if narrow() else one.name for one in found]
    mark: dict[str, Any] = {"marker": "o", "markersize": mark_pt(5)}
    thick = mark_pt(1.4)
    with figure(7.4, lambda _: rows_inches(names, 0.34) + (0.3 if narrow() else 0)) as (fig, axes):
        for at, one in enumerate(found):
            axes.axhline(at, color="#eceef1", linewidth=0.8, zorder=0)
            axes.plot([100 * one.ideal.mean] * 2, [at - 0.35, at + 0.35], ":", color=GREY, linewidth=mark_pt(1.2))
            for found_here, colour, shift in ((one.transferred, CONTRAST, -0.12), (one.in_place, ACCENT, 0.12)):
                y = at + shift
                axes.plot(100 * found_here.mean, y, color=colour, clip_on=False, **mark)
                if found_here.low is not None and found_here.high is not None:
                    axes.plot([100 * found_here.low, 100 * found_here.high], [y, y], color=colour, linewidth=thick)
        axes.plot([], [], color=CONTRAST, label="transferred to the devices", **mark)
        axes.plot([], [], color=ACCENT, label="learned on the devices", **mark)
        axes.plot([], [], ":", color=GREY, label="without devices")
        axes.set(yticks=range(len(found)), yticklabels=names, xlabel="test accuracy (%)")
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        fig.legend(loc="outside upper right", ncols=1 if narrow() else 3, fontsize=text_pt(8))
        return svg(fig)


def conductances(panels: list[dict[str, Any]]) -> bytes:
    """Draw histograms of conductances, as they should be and as they are read.

    Parameters
    ----------
    panels : list of dict
        ``title``, ``target_us`` and ``device_us``, arrays of equal shape.

    Returns
    -------
    bytes
        SVG.
    """
    n_columns = min(len(panels), 2 if narrow() else 3)
    n_rows = -(-len(panels) // n_columns)
    wide = 2.6 * n_columns + 0.6

    def high(width: float) -> float:
        return 2.0 * n_rows * min(width / wide, 1) + 0.5

    with figure(wide, high, nrows=n_rows, ncols=n_columns, squeeze=False) as (fig, grid):
        for axes, panel in zip(grid.flat, panels, strict=False):
            target, device = panel["target_us"].ravel(), panel["device_us"].ravel()
            edges = np.linspace(0, max(float(target.max()), float(np.quantile(device, 0.9995)), 1e-9), 61)
            axes.hist(
                np.minimum(device, edges[-1]), edges, histtype="stepfilled", color=ACCENT, alpha=0.75, label="as read"
            )
            axes.hist(target, edges, histtype="step", color=CONTRAST, linewidth=mark_pt(1), label="target")
            axes.set(yscale="log", xlabel="conductance (µS)")
            axes.set_title(panel["title"], fontsize=text_pt(8.5))
            name_counts(axes.yaxis)
        for axes in list(grid.flat)[len(panels) :]:
            axes.remove()
        for axes in grid[:, 0]:
            axes.set_ylabel("devices")
        handles, names = grid[0, 0].get_legend_handles_labels()
        fig.legend(handles, names, loc="outside upper right", ncols=2, fontsize=text_pt(8))
        return svg(fig)


def wire_losses(share: np.ndarray, tile: tuple[int, int]) -> bytes:
    """Draw how much of each device's current reaches the end of its column.

    Parameters
    ----------
    share : (n_rows, n_cols) float64
        1 for no loss.
    tile : (rows, columns)
        Size of a tile; its borders are drawn.

    Returns
    -------
    bytes
        PNG.
    """
    n_rows, n_cols = share.shape
    width = float(np.clip(7.0 * n_cols / n_rows, 3.0, 9.0))
    with figure(width + 1.3, np.clip(width * n_rows / n_cols, 2.0, 7.0) + 0.6) as (fig, axes):
        shown = axes.imshow(100 * share, cmap="viridis", interpolation="nearest", aspect="auto", vmax=100)
        for edge in range(tile[0], n_rows, tile[0]):
            axes.axhline(edge - 0.5, color="white", linewidth=0.6)
        for edge in range(tile[1], n_cols, tile[1]):
            axes.axvline(edge - 0.5, color="white", linewidth=0.6)
        bare(axes)
        axes.set(xlabel="columns (neurons)", ylabel="rows (inputs)")
        axes.set_title(f"Mean loss {100 * (1 - share.mean()):.1f} %", color=GREY)
        fig.colorbar(shown, ax=axes, shrink=0.7, label="current that arrives (%)", pad=0.02)
        return png(fig)
