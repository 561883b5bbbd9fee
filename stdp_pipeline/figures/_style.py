"""One look for all figures: fonts, colours for classes, and how a figure becomes bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

__all__ = ["ACCENT", "GREY", "NONE_COLOUR", "bare", "class_colour", "figure", "picture", "png", "svg"]

ACCENT = "#2b5c8a"
GREY = "#8a8f98"
NONE_COLOUR = "#c9ccd1"

# Ten hues that stay apart under the common colour deficiencies by differing in lightness as well: Paul Tol's "muted"
# scheme (https://personal.sron.nl/~pault/), its sand darkened so that thin lines show, and a dark grey.
_CLASSES = (
    "#cc6677",
    "#332288",
    "#c2a83e",
    "#117733",
    "#88ccee",
    "#882255",
    "#44aa99",
    "#999933",
    "#aa4499",
    "#555555",
)

_RC: Any = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555b66",
    "axes.linewidth": 0.8,
    "axes.labelcolor": "#2a2e35",
    "xtick.color": "#555b66",
    "ytick.color": "#555b66",
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "stdp_pipeline",  # equal figures give equal files
    "figure.constrained_layout.use": True,
}


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
    return _CLASSES[c % len(_CLASSES)]


@contextmanager
def figure(width: float, height: float, **subplots: Any) -> Iterator[tuple[Any, Any]]:
    """Open a figure of a size in inches with our style, and close it afterwards."""
    with plt.rc_context(_RC):
        fig, axes = plt.subplots(figsize=(width, height), **subplots)
        try:
            yield fig, axes
        finally:
            plt.close(fig)


def svg(fig: Any) -> bytes:
    """Return the figure as SVG."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def png(fig: Any, dpi: int = 160) -> bytes:
    """Return the figure as PNG."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
