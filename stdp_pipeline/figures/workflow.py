"""The graph of an experiment's jobs: what is made from what, how many jobs each step has, and how many are done."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stdp_pipeline.figures._layers import layered
from stdp_pipeline.figures._style import ACCENT, GREY, INK, bare, figure

__all__ = ["FORMATS", "Edge", "Node", "dot", "draw"]

FORMATS = ("svg", "png", "pdf")
"""What :func:`draw` can write."""

_BOX = (1.62, 0.52)  # inches
_STEP = (2.2, 0.74)  # from layer to layer, and from box to box
_MARGIN, _TITLE = 0.3, 0.45
_DONE, _PALE, _LINE = "#dbe6f1", "#f5f6f8", "#9aa5b4"


@dataclass(frozen=True)
class Node:
    """A box.

    Attributes
    ----------
    title, note : str
        Its two lines.
    done : float
        Share that is done, 0 to 1.
    """

    title: str
    note: str
    done: float


@dataclass(frozen=True)
class Edge:
    """An arrow from one box to another.

    Attributes
    ----------
    start, end : int
        Numbers of boxes; start is below end.
    n : int
        Pairs of jobs of which one reads what the other made.
    told : bool
        Whether to write that into the picture.
    """

    start: int
    end: int
    n: int = 1
    told: bool = False


def draw(title: str, note: str, nodes: Sequence[Node], edges: Sequence[Edge], kind: str) -> bytes:
    """Draw a graph from left to right.

    Parameters
    ----------
    title, note : str
        Written above.
    nodes : sequence of Node
    edges : sequence of Edge
    kind : str
        One of :data:`FORMATS`.

    Returns
    -------
    bytes
    """
    laid = layered(len(nodes), [(edge.start, edge.end) for edge in edges])
    x, y = laid.places[:, 0] * _STEP[0], laid.places[:, 1] * _STEP[1]
    tallest = max([y.max(), *(way[:, 1].max() * _STEP[1] for way in laid.ways)])
    width = max(x.max() + _BOX[0] + 2 * _MARGIN, 4.5)
    height = tallest + _BOX[1] + 2 * _MARGIN + _TITLE
    with figure(width, height) as (fig, axes):
        fig.set_layout_engine("none")
        axes.set_position([0, 0, 1, 1])
        bare(axes)
        left = _MARGIN + _BOX[0] / 2
        axes.set(xlim=(-left, width - left), ylim=(tallest + _BOX[1] / 2 + _MARGIN, -_BOX[1] / 2 - _MARGIN - _TITLE))
        heading = -_BOX[1] / 2 - _TITLE
        axes.text(-_BOX[0] / 2, heading, title, weight="bold", size=10, color=INK, va="center")
        axes.text(-_BOX[0] / 2, heading + 0.2, note, size=8, color=GREY, va="center")
        for edge, way in zip(edges, laid.ways, strict=True):
            _arrow(axes, way * _STEP, edge.n if edge.told else None)
        for node, at_x, at_y in zip(nodes, x, y, strict=True):
            _box(axes, node, at_x, at_y)
        buffer = io.BytesIO()
        undated: Any = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
        fig.savefig(buffer, format=kind, dpi=160, metadata=undated)
        return buffer.getvalue()


def _box(axes: Any, node: Node, x: float, y: float) -> None:
    """Draw a box; as much of it as is done is coloured."""
    from matplotlib.patches import FancyBboxPatch, Rectangle

    left, top = x - _BOX[0] / 2, y - _BOX[1] / 2
    style: Any = {"boxstyle": "round,pad=0,rounding_size=0.07", "zorder": 3}
    frame = FancyBboxPatch((left, top), *_BOX, facecolor=_PALE, edgecolor=ACCENT, linewidth=1.0, **style)
    axes.add_patch(frame)
    if node.done > 0:
        part = Rectangle((left, top), node.done * _BOX[0], _BOX[1], facecolor=_DONE, linewidth=0, zorder=3)
        axes.add_patch(part)
        part.set_clip_path(frame)
        axes.add_patch(FancyBboxPatch((left, top), *_BOX, facecolor="none", edgecolor=ACCENT, linewidth=1.0, **style))
    axes.text(x, y - 0.09, node.title, ha="center", va="center", weight="bold", size=8.5, color=INK, zorder=4)
    axes.text(x, y + 0.12, node.note, ha="center", va="center", size=7.2, color="#4a515c", zorder=4)


def _arrow(axes: Any, way: Any, n: int | None) -> None:
    """Draw an arrow through all its places, level where it passes them, and perhaps a number on it."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    half = _BOX[0] / 2
    # From the right side of the first box to the left side of the last.
    points = [(x + side, y) for x, y in way for side in (-half, half)][1:-1]
    path, codes = [points[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in zip(points[::2], points[1::2], strict=True):
        if path[-1] != (x0, y0):
            path.append((x0, y0))
            codes.append(Path.LINETO)
        middle = (x0 + x1) / 2
        path += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    axes.add_patch(
        FancyArrowPatch(
            path=Path(path, codes), arrowstyle="-|>,head_width=2.2,head_length=4", color=_LINE, linewidth=0.9, zorder=1
        )
    )
    if n is not None:
        (x0, y0), (x1, y1) = points[-2:]  # where it is alone; the other end it may share
        axes.text(
            (x0 + x1) / 2, (y0 + y1) / 2, f"{n:,}".replace(",", " "), ha="center", va="center", size=6.5,
            color="#4a515c", zorder=2, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip


def dot(title: str, nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    """Return the graph in the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    lines = [f"digraph {quoted(title)} {{", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    told = [quoted("\n".join((node.title, node.note))) for node in nodes]
    lines += [f"  n{k} [label={text}];" for k, text in enumerate(told)]
    lines += [f'  n{edge.start} -> n{edge.end} [label="{edge.n}"];' for edge in edges]
    return "\n".join([*lines, "}"]) + "\n"
