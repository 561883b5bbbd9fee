"""Legends: of class colours below a figure, and of lines in as many columns as have room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stdp_pipeline.figures._axes import letters_pt
from stdp_pipeline.figures._style import NONE_COLOUR, class_colour

__all__ = ["class_legend", "label_colour", "legend_columns"]


def label_colour(c: int) -> str:
    """Return the colour of a label: that of its class, or grey for none (-1)."""
    return class_colour(c) if c >= 0 else NONE_COLOUR


def legend_columns(width_inches: float, names: Sequence[str], most: int = 6) -> int:
    """Return in how many columns a legend across the whole width has room for names of lines."""
    each = max(letters_pt(name, 8) for name in names) + 40  # with the line, and the distances around it
    return max(1, min(len(names), most, int(72 * width_inches / each)))


def class_legend(
    fig: Any, labels: np.ndarray, class_names: Sequence[str] = (), title: str = "", marker: str = "o"
) -> None:
    """Name the colours of all labels that occur, in as many rows as it takes.

    Parameters
    ----------
    fig : matplotlib figure
        With constrained layout.
    labels : (n,) int
        -1 for none.
    class_names : sequence of str
        What the classes are called; their numbers if there are none.
    title : str
        Stands in front.
    marker : str
        Of matplotlib: what the colours have in the figure.
    """
    from matplotlib.lines import Line2D

    found = [int(c) for c in np.unique(labels)]
    found = [c for c in found if c >= 0] + [-1] * (-1 in found)
    names = ["none" if c < 0 else class_names[c] if c < len(class_names) else str(c) for c in found]
    marks = [Line2D([], [], color=label_colour(c), marker=marker, linestyle="none", markersize=5) for c in found]
    # A letter takes about 4.5 pt, a mark and the distances around it 14 pt.
    room, each = 72 * fig.get_figwidth(), [4.5 * len(name) + 14 for name in (title, *names)]
    if sum(each) <= room:
        columns = len(found) + bool(title)
        if title:
            names, marks, title = [title, *names], [Line2D([], [], linestyle="none"), *marks], ""
    else:
        columns = max(1, int(room / max(each[1:])))
    # Matplotlib fills column after column; in this order, rows are read from left to right.
    order = [i for column in range(columns) for i in range(column, len(names), columns)]
    fig.legend(
        [marks[i] for i in order], [names[i] for i in order], title=title or None, loc="outside lower center",
        ncols=columns, handlelength=1.0, handletextpad=0.2, columnspacing=0.9, borderpad=0.1,
    )  # fmt: skip
