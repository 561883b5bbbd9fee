"""One look for all figures: fonts, colours for classes, sizes on screen and in print; how a figure becomes bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine

__all__ = [
    "ACCENT",
    "CONTRAST",
    "GREY",
    "INK",
    "NONE_COLOUR",
    "N_COLOURS",
    "Page",
    "bare",
    "brief",
    "class_colour",
    "figure",
    "ink_on",
    "layout",
    "mark_pt",
    "method_title",
    "narrow",
    "picture",
    "png",
    "printed",
    "spaced",
    "svg",
    "text_pt",
    "width_inches",
]

ACCENT = "#2b5c8a"
CONTRAST = "#b5482f"
"""Beside ACCENT, for whatever is set against it; the two differ for every eye, and from GREY."""
GREY = "#8a8f98"
INK = "#2a2e35"
NONE_COLOUR = "#c9ccd1"

# Hues after Paul Tol's "muted" scheme (https://personal.sron.nl/~pault/), moved by a search until any two of them, and
# NONE_COLOUR, are at least 18 CIELAB units (13 by CIEDE2000) apart to normal, protanopic and deuteranopic eyes, as
# simulated by Machado et al. 2009 (doi:10.1109/TVCG.2009.113). Some pairs of the scheme itself are 1 unit apart there.
_CLASSES = (
    "#c43c4e",
    "#3b2a8c",
    "#e0b543",
    "#045c20",
    "#7cc2f2",
    "#7a1c46",
    "#3f9b82",
    "#c27a2c",
    "#a866c4",
    "#5b6778",
)
N_COLOURS = len(_CLASSES)
"""Beyond which those of classes repeat."""

_METHODS = {
    "densmap": "densMAP",
    "isomap": "Isomap",
    "m_phate": "M-PHATE",
    "pacmap": "PaCMAP",
    "pca": "PCA",
    "phate": "PHATE",
    "tsne": "t-SNE",
    "umap": "UMAP",
}

_SCREEN_PT = 9.0
_RC: Any = {
    "font.family": "sans-serif",
    "font.size": _SCREEN_PT,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555b66",
    "axes.linewidth": 0.8,
    "axes.labelcolor": INK,
    "xtick.color": "#555b66",
    "ytick.color": "#555b66",
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "stdp_pipeline",  # equal figures give equal files
    "figure.constrained_layout.use": True,
}

_PRINT_DPI = 300
_MARGIN_INCHES = 0.015
_WIDE_MM = 120.0
"""Pages that are not as wide as this are narrow: what stands side by side elsewhere stands one below the other."""


@dataclass
class Page:
    """A place in print for one figure.

    Attributes
    ----------
    width_mm : float
    font_pt : float
        Size of titles and names of axes; smaller text, as that of ticks and legends, has 1 pt less.
    files : dict of str to bytes
        The figure that was drawn last, by ending: ``.svg`` and ``.png``.
    """

    width_mm: float
    font_pt: float
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def style(self) -> dict[str, Any]:
        """What differs from the look on screen."""
        small, thin = self.font_pt - 1, 0.6
        return {
            "font.size": self.font_pt,
            "axes.titlesize": self.font_pt,
            "axes.linewidth": thin,
            "axes.titlepad": 4.0,
            "lines.linewidth": 1.0,
            **{f"{axis}tick.labelsize": small for axis in "xy"},
            **{f"{axis}tick.major.width": thin for axis in "xy"},
            **{f"{axis}tick.major.size": 2.5 for axis in "xy"},
            **{f"{axis}tick.minor.size": 1.5 for axis in "xy"},
            "legend.fontsize": small,
            "legend.title_fontsize": small,
        }


_PAGE: ContextVar[Page | None] = ContextVar("page", default=None)


@contextmanager
def layout(width_mm: float, font_pt: float) -> Iterator[Page]:
    """Draw figures for a place in print while this is open; without it they are drawn for the screen.

    Every figure is then as wide as the page, to the millimetre; text has the size it will have on paper. The figure
    functions are called as always, and still return one format; the page they leave here holds both.

    Parameters
    ----------
    width_mm : float
    font_pt : float

    Yields
    ------
    Page
    """
    page = Page(width_mm, font_pt)
    token = _PAGE.set(page)
    try:
        yield page
    finally:
        _PAGE.reset(token)


def printed() -> bool:
    """Return whether the figure is for print."""
    return _PAGE.get() is not None


def narrow() -> bool:
    """Return whether the figure is for one column in print."""
    page = _PAGE.get()
    return page is not None and page.width_mm < _WIDE_MM


def text_pt(on_screen: float) -> float:
    """Return the size of a text that has another one than its neighbours: that on screen, or one that print allows."""
    page = _PAGE.get()
    if page is None:
        return on_screen
    return page.font_pt if on_screen >= _SCREEN_PT else page.font_pt - 1


def mark_pt(on_screen: float) -> float:
    """Return the width of a line or the diameter of a mark: in one column they are smaller than elsewhere."""
    return on_screen * 0.65 if narrow() else on_screen


def width_inches(on_screen: float) -> float:
    """Return how wide a figure becomes that is so wide on screen."""
    page = _PAGE.get()
    return on_screen if page is None else page.width_mm / 25.4


def spaced(n: int, inches: float, each_pt: float) -> range:
    """Return which of n names along an axis to write so that they do not overlap: all, or every second, third, ..."""
    return range(0, n, max(1, math.ceil(n * each_pt / (72 * inches))))


def picture(values: np.ndarray, shape: Any) -> np.ndarray:
    """Return the values of all input channels as one picture.

    Parameters
    ----------
    values : (n_input,) array
    shape : (height, width) or (channels, height, width)
        Channels stand side by side.

    Returns
    -------
    (height, channels * width) array
    """
    *channels, height, width = (int(n) for n in shape)
    return values.reshape(*channels, height, width).reshape(-1, height, width).swapaxes(0, 1).reshape(height, -1)


def bare(axes: Any) -> None:
    """Remove ticks and frame: the axes hold a picture, not a diagram."""
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)


def class_colour(c: int) -> str:
    """Return the colour of one class; beyond ten classes the colours repeat."""
    return _CLASSES[c % N_COLOURS]


def ink_on(colour: Any) -> str:
    """Return the colour, white or dark, in which text on another colour can be read: white from a contrast of 3 on.

    Contrast as in WCAG 2.1 (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio), which asks for 3 or more.
    """
    encoded = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return "white" if 1.05 / (luminance + 0.05) >= 3 else INK


def brief(info: dict[str, Any]) -> dict[str, Any]:
    """Return what a method found out without long lists, such as the places of a tree's nodes."""
    return {key: value for key, value in info.items() if not isinstance(value, list | tuple) or len(value) <= 4}


def method_title(name: str) -> str:
    """Return how a method of mapping is written."""
    return _METHODS.get(name, name.replace("_", " "))


@contextmanager
def figure(width: float, height: float | Callable[[float], float], **subplots: Any) -> Iterator[tuple[Any, Any]]:
    """Open a figure with our style, and close it afterwards.

    Parameters
    ----------
    width : float
        Inches, on screen. In print, the width is that of the page.
    height : float or callable
        Inches: a number for a chart, which in print shrinks with the width but never grows, or a function of the width
        for whatever must have a certain height, as pictures and lines of text.
    **subplots
        See :func:`matplotlib.pyplot.subplots`.
    """
    page = _PAGE.get()
    drawn = width_inches(width)
    high = height(drawn) if callable(height) else height * min(drawn / width, 1.0)
    with plt.rc_context(_RC | (page.style if page else {})):
        fig, axes = plt.subplots(figsize=(drawn, high), **subplots)
        try:
            yield fig, axes
        finally:
            plt.close(fig)


def svg(fig: Any) -> bytes:
    """Return the figure as SVG."""
    return _written(fig, "svg", 100)


def png(fig: Any, dpi: int = 160, mosaic: bool = False) -> bytes:
    """Return the figure as PNG, on screen with so many dots per inch.

    A mosaic of many small pictures has 256 colours on screen, which nobody can tell from more, and half the size.
    """
    content = _written(fig, "png", dpi)
    return content if _PAGE.get() is not None or not mosaic else _indexed(content)


def _indexed(content: bytes) -> bytes:
    from PIL import Image

    buffer, drawn = io.BytesIO(), Image.open(io.BytesIO(content))
    density = drawn.info["dpi"]
    chosen = drawn.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    chosen.save(buffer, format="png", dpi=density, optimize=True)
    return buffer.getvalue()


def _written(fig: Any, kind: str, dpi: int) -> bytes:
    page = _PAGE.get()
    if page is None:
        return _saved(fig, kind, dpi)
    _settle(fig)
    page.files = {".svg": _saved(fig, "svg", _PRINT_DPI), ".png": _opaque(fig, _PRINT_DPI)}
    return page.files[f".{kind}"]


def _settle(fig: Any) -> None:
    """Lay out a figure until nothing is cut off, and fix that, so that all files show the same.

    The layout does not know how far axes of a fixed aspect will shrink, and may leave names of axes no room.
    """
    engine = fig.get_layout_engine()
    for _ in range(4):
        if engine is not None:
            engine.execute(fig)
        inside, (width, height) = fig.get_tightbbox(), fig.get_size_inches()
        beyond = max(-inside.x0, -inside.y0, inside.x1 - width, inside.y1 - height) + _MARGIN_INCHES
        if beyond <= 0 or not isinstance(engine, ConstrainedLayoutEngine):
            break
        engine.set(**{pad: engine.get()[pad] + beyond for pad in ("w_pad", "h_pad")})
    with plt.rc_context({"figure.constrained_layout.use": False}):
        fig.set_layout_engine(None)


def _saved(fig: Any, kind: str, dpi: int) -> bytes:
    """Save; the resolution of an SVG is that of the parts of it that are pixels."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format=kind, dpi=dpi, **({"metadata": {"Date": None}} if kind == "svg" else {}))
    return buffer.getvalue()


def _opaque(fig: Any, dpi: int) -> bytes:
    """Save as PNG without transparency, which print has no use for."""
    from PIL import Image

    pixels, buffer = _saved(fig, "rgba", dpi), io.BytesIO()
    width, height = (int(side * dpi) for side in fig.get_size_inches())
    drawn = Image.frombuffer("RGBA", (width, height), pixels).convert("RGB")
    drawn.save(buffer, format="png", dpi=(dpi, dpi))
    return buffer.getvalue()
