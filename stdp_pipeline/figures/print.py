"""Figures for print: the width of one or two columns, text of 7 to 8 pt, as SVG and as PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stdp_pipeline.errors import DataError
from stdp_pipeline.figures._style import layout

__all__ = ["COLUMNS_MM", "FONT_PT", "for_print"]

COLUMNS_MM = {"one_column": 85.0, "two_columns": 174.0}
"""Widths of figures, mm: common ones of journals with two columns a page."""

FONT_PT = 8.0
"""Titles and names of axes; ticks, legends and numbers have 7 pt."""


def for_print(name: str, draw: Callable[[], bytes], columns: Iterable[str] = tuple(COLUMNS_MM)) -> dict[str, bytes]:
    """Draw a figure for print.

    How sizes are fixed: the figure is drawn anew for each width and is as wide as the column, so a journal places it
    at 100 %, and text then has the size that is written in the file. Nothing is cut off or added at the edges. In the
    SVG, text is text, lines are lines, and its coordinates are points (1/72 inch); only pictures and clouds of
    thousands of points are pixels, of 300 dpi as all of the PNG. The PNG shows the same figure and states its
    resolution, so that it comes out at the same width.

    Parameters
    ----------
    name : str
        What the files are called.
    draw : callable
        Calls one function of ``figures`` and returns what it returns, as in
        ``lambda: learning.theta_histogram(theta_mv)``. Called once for each width.
    columns : iterable of str
        Of :data:`COLUMNS_MM`.

    Returns
    -------
    dict of str to bytes
        ``NAME_one_column.svg``, ``NAME_one_column.png``, ``NAME_two_columns.svg``, ``NAME_two_columns.png``.

    Raises
    ------
    DataError
        If nothing was drawn while ``draw`` ran, as when it returns a picture from before.
    """
    files: dict[str, bytes] = {}
    for column in columns:
        with layout(COLUMNS_MM[column], FONT_PT) as page:
            draw()
        if not page.files:
            raise DataError(f"{name}: no figure was drawn for print; give a function that calls one of figures")
        files |= {f"{name}_{column}{ending}": content for ending, content in page.files.items()}
    return files
