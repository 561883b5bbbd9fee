"""How networks represent images: maps by all methods, similarity of networks, and what single neurons tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np

from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._legend import class_legend, label_colour
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.figures._style import (
    ACCENT,
    bare,
    class_colour,
    figure,
    ink_on,
    mark_pt,
    narrow,
    printed,
    spaced,
    svg,
    text_pt,
    width_inches,
)

__all__ = ["map_grid", "neuron_distributions", "similarity_matrices"]

_LARGEST_CELL = 0.6  # inches
_MANY = 1000  # points that an SVG holds as marks; more are pixels

_OF_NEURONS = {
    "spikes": "spikes to all images",
    "wins": "images won",
    "selectivity": "class selectivity",
    "class_entropy_bits": "class entropy (bits)",
    "lifetime_sparseness": "lifetime sparseness",
    "nearest_cosine": "cosine with nearest field",
}
_LINES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def map_grid(maps: Mapping[str, np.ndarray], labels: np.ndarray, class_names: Sequence[str] = ()) -> bytes:
    """Draw the maps of all methods side by side, coloured by class.

    Parameters
    ----------
    maps : mapping of str to (n, 2) float array
        Method -> places of the same rows; NaN for rows without a place.
    labels : (n,) int
        -1 for none: grey, below the others.
    class_names : sequence of str
        What the classes are called; their numbers if there are none.

    Returns
    -------
    bytes
        SVG. Points are pixels where there are thousands.

    Raises
    ------
    DataError
        If there is no map, or one does not have a place for each label.
    """
    for method, places in maps.items():
        if places.shape != (len(labels), 2):
            raise DataError(f"map {method!r} must be ({len(labels)}, 2) as there are so many labels: {places.shape}")
    if not maps:
        raise DataError("a grid of maps needs at least one map, got none")
    labels = np.asarray(labels)
    # In a fixed random order, so that no class lies on top of the others; those without a class first.
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(labels))
    order = order[np.argsort(labels[order] >= 0, kind="stable")]
    colours = np.array([label_colour(int(c)) for c in labels])
    n = len(maps)
    columns = (2 if n == 4 else min(n, 3)) if narrow() else n if n <= 5 else min((5, 4), key=lambda c: -n % c)
    rows = math.ceil(n / columns)
    diameter = mark_pt(1.1 if len(labels) > 3000 else 1.8 if len(labels) > 600 else 2.6)
    with figure(
        2.3 * columns, lambda width: rows * (width / columns + 0.2) + 0.35, nrows=rows, ncols=columns, squeeze=False
    ) as (fig, grid):
        for axes, (method, places) in zip(grid.flat, maps.items(), strict=False):
            axes.scatter(
                *places[order].T, s=diameter**2, c=colours[order], alpha=0.6, linewidths=0,
                rasterized=len(labels) > _MANY,
            )  # fmt: skip
            axes.set_title(method_title(method))
            axes.set_aspect("equal", adjustable="datalim")
            bare(axes)
        for axes in list(grid.flat)[n:]:
            axes.remove()
        class_legend(fig, labels, class_names)
        return svg(fig)


def similarity_matrices(matrices: Mapping[str, np.ndarray], names: Sequence[str], of: str = "") -> bytes:
    """Draw how similar representations are, by one or several measures, with numbers where there is room.

    Parameters
    ----------
    matrices : mapping of str to (n, n) float array
        Title, as "linear CKA" -> similarities of all pairs, at most 1; NaN where there is none.
    names : sequence of str
        What is compared: networks, seeds, rules or checkpoints. Of more names than there is room for, every second,
        third, ... one is written.
    of : str
        What the names are, for both axes, if they do not say it themselves.

    Returns
    -------
    bytes
        SVG.

    Raises
    ------
    DataError
        If there is no matrix, or one does not have a row and a column for each name.
    """
    n = len(names)
    for title, matrix in matrices.items():
        if matrix.shape != (n, n):
            raise DataError(f"matrix {title!r} must be ({n}, {n}) as there are so many names: {matrix.shape}")
    if not matrices:
        raise DataError("similarity matrices: at least one is needed, got none")
    across = 1 if narrow() else len(matrices)
    down = math.ceil(len(matrices) / across)
    names = [fill(name, 20 if narrow() else 40) for name in names] if printed() else names
    longest = max(len(line) for name in names for line in name.split("\n"))
    lines = max(name.count("\n") for name in names) + 1
    # Inches that names take: beside as they are; below at 45 degrees, there reaching out from under the next matrix.
    aslant = 0.43 * longest * text_pt(9) / 72
    beside = 0.062 * longest + 0.25 + 0.2 * bool(of) + max(0, aslant - 0.3) * (across - 1)
    below = aslant + lines * text_pt(9) / 72 + 0.15 + 0.2 * bool(of)
    wide = (0.45 * n + 0.6) * across + beside + 0.6
    most = _LARGEST_CELL * across * n + beside + 0.8
    cell = (min(width_inches(wide), most) - beside - 0.8) / across / n
    numbers = 72 * cell > 2.4 * text_pt(8)
    named = spaced(n, n * cell, 1.5 * lines * text_pt(9))
    low = min(0.0, *(float(np.nanmin(matrix)) for matrix in matrices.values()))

    def high(width: float) -> float:
        return down * ((min(width, most) - beside - 0.8) / across + 0.25) + below

    with figure(wide, high, nrows=down, ncols=across, squeeze=False, sharex=True, sharey=True) as (fig, grid):
        if width_inches(wide) > most:  # few cells in print: they stay together in the middle
            fig.set_layout_engine("compressed")
        for axes, (title, matrix) in zip(grid.flat, matrices.items(), strict=True):
            shown = axes.imshow(matrix, cmap="cividis", vmin=low, vmax=1)
            axes.set_title(title)
            axes.set_xticks(named, [names[i] for i in named], rotation=45, ha="right", rotation_mode="anchor")
            axes.set_yticks(named, [names[i] for i in named])
            axes.tick_params(length=0)
            axes.set(xlabel=of, ylabel=of)
            for side in axes.spines.values():
                side.set_visible(False)
            for (row, column), value in np.ndenumerate(matrix):
                if numbers and not np.isnan(value):
                    number = f"{round(value, 2) + 0.0:.2f}"  # no minus at zero
                    axes.text(
                        column, row, number.replace("-", "−").replace("0.", ".", 1), ha="center", va="center",
                        fontsize=text_pt(8), color=ink_on(shown.cmap(shown.norm(value))), in_layout=False,
                    )  # fmt: skip
        fig.colorbar(shown, ax=grid, shrink=0.6, aspect=30, label="similarity")
        return svg(fig)


def neuron_distributions(
    networks: Mapping[str, Mapping[str, np.ndarray]],
    quantities: Sequence[str] = ("selectivity", "lifetime_sparseness"),
) -> bytes:
    """Draw how quantities of single neurons are distributed: a histogram of one network, or the shares of several.

    Parameters
    ----------
    networks : mapping of str to mapping of str to (n_neurons,) float array
        Network -> quantity -> values, NaN for neurons without one, as
        :func:`~stdp_pipeline.analysis.activity.per_neuron` returns them.
    quantities : sequence of str
        A panel for each.

    Returns
    -------
    bytes
        SVG. Of several networks, the height of a line at a value is the share of neurons that have at most this value.

    Raises
    ------
    DataError
        If there is no network, or a quantity has no value at all.
    """
    if not networks:
        raise DataError("distributions over neurons need at least one network, got none")
    several = len(networks) > 1
    columns = min(len(quantities), 2 if narrow() else 3)
    rows = math.ceil(len(quantities) / columns)
    with figure(
        3.2 * columns, 2.5 * rows + 0.35 * several, nrows=rows, ncols=columns, squeeze=False, sharey=several
    ) as (fig, grid):
        for axes, quantity in zip(grid.flat, quantities, strict=False):
            name = _OF_NEURONS.get(quantity, quantity.replace("_", " "))
            for at, (network, values) in enumerate(networks.items()):
                known = np.asarray(values[quantity], np.float64)
                known = known[np.isfinite(known)]
                if not len(known):
                    raise DataError(f"{name}: no neuron of network {network!r} has a value")
                if several:
                    # Colours repeat after ten networks, kinds of lines later.
                    look = {"color": class_colour(at), "linestyle": _LINES[at % len(_LINES)]}
                    axes.ecdf(known, linewidth=mark_pt(1.5), label=f"{network} ({len(known)})", **look)
                else:
                    axes.hist(known, bins=40, histtype="stepfilled", color=ACCENT)
            axes.set_xlabel(name)
        for axes in list(grid.flat)[len(quantities) :]:
            axes.remove()
        for axes in grid[:, 0]:
            axes.set_ylabel("share of neurons" if several else "neurons")
        if several:
            lines, names = grid[0, 0].get_legend_handles_labels()
            fig.legend(lines, names, loc="outside upper center", ncols=1 if narrow() else 3)
        return svg(fig)
