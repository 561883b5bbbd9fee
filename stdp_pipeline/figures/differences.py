"""Differences of accuracy from a reference, with intervals, a line for each."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any, Protocol

from stdp_pipeline.analysis.intervals import Interval
from stdp_pipeline.figures._axes import rows_inches
from stdp_pipeline.figures._style import ACCENT, INK, figure, mark_pt, narrow, svg, text_pt

__all__ = ["forest"]

_LEVEL = 0.05


class Compared(Protocol):
    """What is drawn of a comparison: what is compared with what, the difference as a fraction, and p, corrected."""

    @property
    def name(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def interval(self) -> Interval: ...
    @property
    def p(self) -> float | None: ...


def forest(found: Sequence[Compared]) -> bytes:
    """Draw a forest plot of differences in points of per cent.

    Parameters
    ----------
    found : sequence
        If all are compared with the same, the axis names it; else each line does.

    Returns
    -------
    bytes
        SVG.
    """
    others = list(dict.fromkeys(one.other for one in found))
    several = len(others) > 1
    names = [f"{one.name} against {one.other}" if several else one.name for one in found]
    names = [fill(name, (20 if len(names) <= 24 else 30) if narrow() else 60) for name in names]
    label = "difference of accuracy (points)" if several else f"accuracy less that of {others[0]} (points)"
    mark: dict[str, Any] = {"color": ACCENT, "markersize": mark_pt(6), "markeredgewidth": mark_pt(1.3)}
    filled, empty = {"markerfacecolor": ACCENT}, {"markerfacecolor": "white"}
    with figure(7.2, lambda _: rows_inches(names, 0.26)) as (fig, axes):
        axes.axvline(0, color=INK, linewidth=mark_pt(1), zorder=1)
        for at, one in enumerate(found):
            axes.axhline(at, color="#eceef1", linewidth=0.8, zorder=0)
            ends = one.interval
            if ends.low is not None and ends.high is not None:
                bar = [100 * ends.low, 100 * ends.high]
                axes.plot(bar, [at, at], "-", color=ACCENT, linewidth=mark_pt(1.6), solid_capstyle="butt")
            clear = one.p is not None and one.p < _LEVEL
            axes.plot(100 * ends.mean, at, "o", **mark, **(filled if clear else empty))
        axes.plot([], [], "o", label=f"p (Holm) < {_LEVEL}", **mark, **filled)
        axes.plot([], [], "o", label="not so", **mark, **empty)
        axes.set(yticks=range(len(names)), yticklabels=names)
        axes.set_xlabel(fill(label, 30 if narrow() else 90))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        fig.legend(loc="outside upper right", ncols=2, fontsize=text_pt(8))
        return svg(fig)
