"""Methods by measures: a table with numbers, coloured by how good they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from stdp_pipeline.analysis.measures import MEASURES, TRAJECTORY_MEASURES, Measure
from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.figures._style import ACCENT, GREY, INK, figure, ink_on, narrow, svg, text_pt

__all__ = ["measure_table"]

_KINDS = {
    "local": "Neighbourhoods",
    "global": "Large structure",
    "classes": "Classes",
    "paths": "Paths through training",
}
_KNOWN = MEASURES | TRAJECTORY_MEASURES
_CHANCE = "by chance"


class _Cell(NamedTuple):
    """A mean, the ends of its interval (equal to it where there is none), and whether it takes part in a comparison."""

    mean: float
    low: float
    high: float
    compared: bool


class _Line(NamedTuple):
    """A line of the table: features alone for a heading."""

    features: str
    method: str | None


def measure_table(rows: Sequence[dict[str, Any]], references: Collection[str] = ()) -> bytes:
    """Draw what methods score by measures: a panel for each kind of measure, a line for each method.

    In each column, and for each kind of features apart, the colour goes from the worst value (white) to the best, the
    best is framed, and values whose intervals meet that of the best are bold. Below a value stands the longer arm of
    its interval; one column in print has no room for it. A last line says what a map of random places scores.

    Parameters
    ----------
    rows : sequence of dict
        ``method``, ``features``, ``measure`` (a name of :data:`~stdp_pipeline.analysis.measures.MEASURES` or of
        :data:`~stdp_pipeline.analysis.measures.TRAJECTORY_MEASURES`), ``mean``, and ``low`` and ``high``, the ends of
        its interval, None or NaN where there is none. Lines and columns come in the order in which they appear here.
        With several kinds of features, each gets a heading.
    references : collection of str
        Methods that are shown but not compared, as the features themselves.

    Returns
    -------
    bytes
        SVG.

    Raises
    ------
    DataError
        If there are no rows, or one of a measure that is not known.
    """
    cells = _cells(rows, references)
    lines = _lines(rows)
    panels = _panels(rows)
    n_measures = [len(names) for names in panels.values()]
    tall = 0.18 if narrow() else 0.33
    head = 0.75 if narrow() else 0.85
    n_down = len(panels) if narrow() else 1
    high = n_down * (head + tall * (len(lines) + 1)) + 0.3
    ratios: dict[str, Any] = {} if narrow() else {"width_ratios": n_measures}
    wide = 1.6 + 0.68 * sum(n_measures)
    shape = {"nrows": n_down, "ncols": len(panels) // n_down, "squeeze": False}
    with figure(wide, lambda _: high, **shape, **ratios) as (fig, grid):
        for at, (axes, (kind, names)) in enumerate(zip(grid.flat, panels.items(), strict=True)):
            _panel(axes, names, lines, cells)
            axes.set_title(_KINDS[kind])
            if narrow() or at == 0:
                axes.set_yticks(range(len(lines) + 1), [_name(line) for line in lines] + [_CHANCE])
                for text, line in zip(axes.get_yticklabels(), lines, strict=False):
                    text.set(weight="normal" if line.method else "bold", color=INK)
        fig.align_titles()
        note = "Framed: best of its column. Bold: interval meets that of the best."
        if not narrow():
            note += " ±: longer arm of the 95 % interval."
        fig.supxlabel(note, fontsize=text_pt(8), color="#555b66")
        return svg(fig)


def _cells(rows: Sequence[dict[str, Any]], references: Collection[str]) -> dict[tuple[str, str, str], _Cell]:
    """Return features, method, measure -> what was found."""
    if not rows:
        raise DataError("a table of measures needs at least one row, got none")
    unknown = sorted({row["measure"] for row in rows} - set(_KNOWN))
    if unknown:
        raise DataError(f"measure {unknown[0]!r} is not known; known are {', '.join(_KNOWN)}")
    found = {}
    for row in rows:
        mean = float(row["mean"])
        low, high = (mean if row[end] is None or np.isnan(row[end]) else float(row[end]) for end in ("low", "high"))
        key = (row["features"], row["method"], row["measure"])
        found[key] = _Cell(mean, low, high, row["method"] not in references)
    return found


def _lines(rows: Sequence[dict[str, Any]]) -> list[_Line]:
    kinds = list(dict.fromkeys(row["features"] for row in rows))
    lines = []
    for features in kinds:
        if len(kinds) > 1:
            lines.append(_Line(features, None))
        methods = dict.fromkeys(row["method"] for row in rows if row["features"] == features)
        lines += [_Line(features, method) for method in methods]
    return lines


def _panels(rows: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Return kind -> names of its measures."""
    names = list(dict.fromkeys(row["measure"] for row in rows))
    panels = {kind: [name for name in names if _KNOWN[name].tells == kind] for kind in _KINDS}
    return {kind: found for kind, found in panels.items() if found}


def _name(line: _Line) -> str:
    return line.features.replace("_", " ") if line.method is None else method_title(line.method)


def _panel(axes: Any, names: list[str], lines: list[_Line], cells: dict[tuple[str, str, str], _Cell]) -> None:
    from matplotlib.pyplot import get_cmap

    shades = get_cmap("Blues")
    for x, name in enumerate(names):
        measure = _KNOWN[name]
        for features in dict.fromkeys(line.features for line in lines):
            places = {y: line for y, line in enumerate(lines) if line.features == features and line.method}
            column = {y: cells[key] for y, line in places.items() if (key := (features, line.method, name)) in cells}
            column = {y: cell for y, cell in column.items() if not np.isnan(cell.mean)}
            _column(axes, x, column, measure, shades)
            for y in places.keys() - column.keys():
                axes.text(x, y, "–", ha="center", va="center", color=GREY, in_layout=False)
        if measure.chance is not None:
            axes.text(x, len(lines), f"{measure.chance:g}", ha="center", va="center", fontsize=text_pt(8), color=GREY)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(lines) + 0.5, -0.5), yticks=[])
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    titles = [fill(_KNOWN[name].title, 16) + (" ↓" if not _KNOWN[name].higher_is_better else "") for name in names]
    axes.set_xticks(range(len(names)), titles, rotation=40, ha="left", rotation_mode="anchor", fontsize=text_pt(8))
    axes.tick_params(axis="x", pad=1)
    for side in axes.spines.values():
        side.set_visible(False)


def _column(axes: Any, x: int, column: dict[int, _Cell], measure: Measure, shades: Any) -> None:
    """Draw the values of one measure for one kind of features: line -> cell."""
    from matplotlib.patches import Rectangle

    sign = 1 if measure.higher_is_better else -1
    compared = {y: cell for y, cell in column.items() if cell.compared}
    means = [sign * cell.mean for cell in compared.values()]
    worst, best = (min(means), max(means)) if means else (0.0, 0.0)
    best_ones = [y for y, cell in compared.items() if sign * cell.mean == best]
    reach = [compared[best_ones[0]].low, compared[best_ones[0]].high] if best_ones else []
    for y, cell in column.items():
        share = (sign * cell.mean - worst) / (best - worst) if best > worst else 0.5
        colour = shades(0.75 * share) if cell.compared else (1.0, 1.0, 1.0, 1.0)
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=1))
        near = cell.compared and cell.high >= reach[0] and cell.low <= reach[1]
        ink: dict[str, Any] = {"ha": "center", "color": ink_on(colour), "fontsize": text_pt(8), "in_layout": False}
        arm = max(cell.high - cell.mean, cell.mean - cell.low)
        spread = arm > 0 and not narrow()
        weight = "bold" if near else "normal"
        axes.text(x, y - (0.2 if spread else 0), _number(cell.mean), va="center", weight=weight, **ink)
        if spread:
            axes.text(x, y + 0.22, f"±{_number(arm)}", va="center", **ink)
    for y in best_ones if len(compared) > 1 else []:
        frame: dict[str, Any] = {"facecolor": "none", "edgecolor": ACCENT, "linewidth": 1.4, "zorder": 3}
        axes.add_patch(Rectangle((x - 0.46, y - 0.45), 0.92, 0.9, **frame))


def _number(value: float) -> str:
    """Write a number with three decimals, a true minus sign and no needless zero in front."""
    text = f"{value:.3f}".replace("-", "−")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
