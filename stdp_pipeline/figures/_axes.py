"""What is written along an axis: in full, and only as much as has room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from stdp_pipeline.figures._style import printed, text_pt

__all__ = ["apart", "letters_pt", "name_counts", "rows_inches", "with_room"]

_PAGE_INCHES = 7.8
"""Height of a page in print, without that of a legend and of the name of an axis."""


def letters_pt(text: str, on_screen: float = 9.0) -> float:
    """Return about how wide a text becomes, in points: of several lines the longest one."""
    return 0.62 * text_pt(on_screen) * max(map(len, text.split("\n")))


def with_room(places: np.ndarray, names: Sequence[str], width_pt: float) -> list[str]:
    """Leave out names along a horizontal axis that would touch the one before.

    Parameters
    ----------
    places : (n,) float64
        Ascending, in any unit.
    names : sequence of str
    width_pt : float
        From the first place to the last one.

    Returns
    -------
    list of str
        The names, some of them empty; the last one never is.
    """
    if len(places) < 2:
        return list(names)
    at = (places - places[0]) * width_pt / (places[-1] - places[0])
    half = [letters_pt(name) / 2 + 2 for name in names]
    kept = [len(names) - 1]
    for k in range(len(names) - 1):
        before = kept[-2] if len(kept) > 1 else None
        apart = before is None or at[k] - at[before] >= half[k] + half[before]
        if apart and at[-1] - at[k] >= half[k] + half[-1]:
            kept.insert(-1, k)
    return [name if k in kept else "" for k, name in enumerate(names)]


def rows_inches(names: Sequence[str], each: float) -> float:
    """Return how high a figure is that has a row with a name for each of its values: what the text takes."""
    lines = max(name.count("\n") for name in names) + 1
    tall = (each + 0.14 * (lines - 1)) * text_pt(9) / 9
    if printed():  # many rows come closer together, so that they fit on a page
        tall = max(min(tall, _PAGE_INCHES / len(names)), 0.125 * lines)
    return 1.3 * text_pt(9) / 9 + len(names) * tall


def apart(places: np.ndarray, least: float, low: Any = -np.inf, high: Any = np.inf) -> np.ndarray:
    """Move places, (n, 2), until any two of them are so far from each other, or nearly so: a little at a time.

    They stay between ``low`` and ``high``, the corners of what they lie on, (2,) each, even if there is no room.
    """
    moved = np.array(places, np.float64)
    for _ in range(100):
        near = 0
        for i, j in combinations(range(len(moved)), 2):
            way = moved[j] - moved[i]
            distance = float(np.hypot(*way))
            if distance < 0.99 * least:
                near += 1
                step = (way / distance if distance > 0 else np.array([1.0, 0.0])) * (least - distance) / 2
                moved[i] -= step
                moved[j] += step
        moved = np.clip(moved, low, high)
        if not near:
            break
    return moved


def name_counts(axis: Any) -> None:
    """Write the numbers of a logarithmic axis in full: exponents would be smaller than text may be in print."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    in_full = FuncFormatter(lambda value, _: f"{value:,.0f}".replace(",", " "))
    axis.set_major_formatter(in_full)
    low, high = np.log10(axis.get_view_interval())
    if np.floor(high) - np.ceil(low) < 1:  # fewer than two powers of ten to name
        axis.set_minor_locator(LogLocator(subs=(2, 5) if high - low > 0.5 else range(2, 10)))
        axis.set_minor_formatter(in_full)
    else:
        axis.set_minor_formatter("")
