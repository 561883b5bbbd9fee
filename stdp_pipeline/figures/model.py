"""How the model behaves: one input spike, one pair of spikes, one presentation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from stdp_pipeline.figures._style import (
    ACCENT,
    GREY,
    bare,
    figure,
    mark_pt,
    narrow,
    png,
    printed,
    svg,
    text_pt,
)
from stdp_pipeline.figures.diagram import INHIBITION

__all__ = ["Curve", "Layer", "Panel", "Trace", "presentation", "spike_responses", "stdp_curves"]

_INK = "#2a2e35"
_MANY = 1000  # spikes that an SVG holds as marks; more are pixels
_SMALL_BRANCH = 0.15  # a branch of an STDP curve below this share of the other one is shown enlarged as well


class Trace(NamedTuple):
    """One neuron's response: time (ms), conductance (leak conductances), potential (mV), each (n,)."""

    t_ms: np.ndarray
    g_exc: np.ndarray
    v_mv: np.ndarray


class Curve(NamedTuple):
    """One STDP curve: legend, time difference (ms), mean and standard deviation of the weight change, each (n,)."""

    label: str
    delta_ms: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


class Panel(NamedTuple):
    """The STDP curves of one rule, and the title above them."""

    title: str
    curves: Sequence[Curve]


class Layer(NamedTuple):
    """Spikes of one layer in one presentation: steps and cells, each (n_spikes,), and the number of cells."""

    step: np.ndarray
    cell: np.ndarray
    size: int


_LOOK: dict[str, dict[str, Any]] = {
    "exact": {"color": _INK, "linewidth": 1.0, "label": "exact solution"},
    "euler": {"color": INHIBITION, "marker": "s", "label": "euler"},
    "exponential_euler": {"color": ACCENT, "marker": "o", "label": "exponential_euler"},
}


def spike_responses(traces: Mapping[str, Trace], weight: float, dt_ms: float, zoom_ms: float) -> bytes:
    """Draw conductance and potential of a neuron after one input spike, by each integrator.

    Parameters
    ----------
    traces : mapping of str to Trace
        By name of the integrator, "exact" among them.
    weight : float
        Weight of the synapse, in units of the leak conductance.
    dt_ms : float
        Step of the integrators, ms.
    zoom_ms : float
        End of the first two panels, ms; the third shows all.

    Returns
    -------
    bytes
        SVG.
    """
    # One column in print has the panels one below the other.
    shape, size = ({"nrows": 3}, (3.4, 6.0)) if narrow() else ({"ncols": 3}, (9.0, 3.2))
    with figure(*size, **shape) as (fig, (left, middle, right)):
        for name, trace in traces.items():
            look = dict(_LOOK[name])
            near = trace.t_ms <= zoom_ms
            for axes, values in ((left, trace.g_exc), (middle, trace.v_mv)):
                marks = {"linestyle": "none", "markersize": mark_pt(4.0), "fillstyle": "none"}
                axes.plot(trace.t_ms[near], values[near], **{**look, **(marks if "marker" in look else {})})
            right.plot(trace.t_ms, trace.v_mv, color=look["color"], linewidth=mark_pt(1.2))
        left.set(title="Conductance", xlabel="time after the spike (ms)", ylabel="g_exc / leak conductance")
        middle.set(title="Potential", xlabel="time after the spike (ms)", ylabel="v (mV)")
        right.set(title="Potential, for longer", xlabel="time after the spike (ms)", ylabel="v (mV)")
        left.legend(loc="upper right", title=f"weight {weight:g}, step {dt_ms:g} ms", alignment="left")
        for axes in (middle, right):
            axes.ticklabel_format(axis="y", useOffset=False)
        return svg(fig)


def stdp_curves(panels: Sequence[Panel]) -> bytes:
    """Draw the weight change against the time between the spikes, one panel for each rule.

    Parameters
    ----------
    panels : sequence of Panel
        Any number of rules. Where the change by "post before pre" is much smaller than the other, it is shown
        enlarged in the empty corner.

    Returns
    -------
    bytes
        SVG.
    """
    columns = 1 if narrow() else min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    with figure(4.6 * columns, 3.7 * rows, nrows=rows, ncols=columns, squeeze=False) as (fig, grid):
        for axes, panel in zip(grid.flat, panels, strict=False):
            _stdp_panel(axes, panel)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        return svg(fig)


def _stdp_panel(axes: Any, panel: Panel) -> None:
    for curve, colour in zip(panel.curves, (ACCENT, INHIBITION, GREY), strict=False):
        _branches(axes, curve, colour)
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=0)
    axes.axvline(0, color=GREY, linewidth=0.7, zorder=0)
    axes.set(title=panel.title, ylabel="weight change")
    axes.set_xlabel("t_post − t_pre (ms)\n← post before pre\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0pre before post →")
    # An exponent would be smaller than text may be in print.
    powers: dict[str, Any] = {"axis": "y", "scilimits": (-2, 3), "useMathText": not printed()}
    axes.ticklabel_format(**powers)
    low, high = axes.get_ylim()
    reach = max(abs(low), abs(high))
    before = max(float(np.max(np.abs(c.mean[c.delta_ms < 0]), initial=0)) for c in panel.curves)
    after = max(float(np.max(np.abs(c.mean[c.delta_ms >= 0]), initial=0)) for c in panel.curves)
    axes.set_ylim(min(low, -0.12 * reach), 1.30 * high if high > 0 else 0.3 * reach)
    axes.legend(loc="upper right", fontsize=text_pt(8.5), handlelength=1.4)
    if 0 < before < _SMALL_BRANCH * after:
        inset = axes.inset_axes((0.11, 0.40, 0.31, 0.31))
        for curve, colour in zip(panel.curves, (ACCENT, INHIBITION, GREY), strict=False):
            _branch(inset, curve, curve.delta_ms < 0, colour)
        start = min(float(c.delta_ms[0]) for c in panel.curves)
        inset.set(xlim=(start, 0), ylim=(-1.25 * before, 0.25 * before))
        inset.axhline(0, color=GREY, linewidth=0.7, zorder=0)
        inset.set_xlabel("post before pre,\nenlarged", fontsize=text_pt(8))
        inset.tick_params(labelsize=text_pt(8))
        inset.ticklabel_format(**powers)
        inset.yaxis.get_offset_text().set_fontsize(text_pt(8))


def _branches(axes: Any, curve: Curve, colour: str) -> None:
    """Draw the two branches apart: the curve jumps at zero."""
    _branch(axes, curve, curve.delta_ms < 0, colour)
    _branch(axes, curve, curve.delta_ms >= 0, colour, curve.label)


def _branch(axes: Any, curve: Curve, chosen: np.ndarray, colour: str, label: str | None = None) -> None:
    t, mean, sd = curve.delta_ms[chosen], curve.mean[chosen], curve.sd[chosen]
    axes.plot(t, mean, color=colour, linewidth=mark_pt(1.3), marker="o", markersize=mark_pt(2.4), label=label)
    if sd.any():
        axes.fill_between(t, mean - sd, mean + sd, color=colour, alpha=0.18, linewidth=0)


def presentation(
    image: np.ndarray,
    counts: np.ndarray,
    field: np.ndarray,
    notes: tuple[str, str],
    inputs: Layer,
    excitatory: Layer,
    inhibitory: Layer,
    dt_ms: float,
    image_ms: float,
    rest_ms: float,
) -> bytes:
    """Draw one image and the spikes of all layers while it is shown and in the rest after it.

    Parameters
    ----------
    image : (height, width) uint8
    counts : (height, width) int
        Input spikes, drawn like the image.
    field : (height, width)
        Weights of one neuron, drawn like the image.
    notes : (str, str)
        Lines below the image and below the field.
    inputs, excitatory, inhibitory : Layer
    dt_ms, image_ms, rest_ms : float
        Step, duration of the image and of the rest, ms.

    Returns
    -------
    bytes
        PNG.
    """
    pictures = {
        "image": ("Image", image, notes[0]),
        "counts": ("Input spikes" if narrow() else "Input spikes added up", counts, ""),
        "field": ("Weights" if narrow() else "Weights of one neuron", field, notes[1]),
    }
    rows = {
        "inputs": ("Input", "channel", inputs, GREY, 2.4),
        "excitatory": ("Excitatory layer", "neuron", excitatory, ACCENT, 6.0),
        "inhibitory": ("Inhibitory layer", "neuron", inhibitory, INHIBITION, 6.0),
    }
    # One column in print has the pictures in a row above the spikes.
    if narrow():
        places = [list(pictures), *([row] * 3 for row in rows)]
    else:
        places = [list(pair) for pair in zip(pictures, rows, strict=True)]
    ratios = {"height_ratios": [1.1, 1, 1, 1]} if narrow() else {"width_ratios": [1, 3.6]}
    with figure(*((4.2, 7.4) if narrow() else (9.4, 6.6))) as (fig, empty):
        empty.remove()
        grid = fig.subplot_mosaic(places, **ratios)
        for place, (title, picture, note) in pictures.items():
            grid[place].imshow(picture, cmap="gray_r", interpolation="nearest")
            grid[place].set(title=title, xlabel=fill(note, 16) if narrow() else note)
            bare(grid[place])
        for place, (title, cell, layer, colour, size) in rows.items():
            axes = grid[place]
            axes.axvspan(image_ms, image_ms + rest_ms, color="#eef0f3", linewidth=0, zorder=0)
            axes.plot(
                layer.step * dt_ms, layer.cell, ".", color=colour, markersize=mark_pt(size), markeredgewidth=0,
                rasterized=len(layer.step) > _MANY,
            )  # fmt: skip
            known = f"{title}: {len(layer.step)} spikes"
            axes.set(
                title=known if narrow() else f"{known} of {layer.size} {cell}s",
                ylabel=cell,
                xlim=(0, image_ms + rest_ms),
                ylim=(layer.size - 0.5, -0.5),
            )
        grid["inhibitory"].set_xlabel("time (ms)")
        if rest_ms > 0:
            middle = (image_ms + rest_ms / 2, inputs.size / 2)
            grid["inputs"].text(*middle, "rest", color="#555b66", ha="center", va="center")
        return png(fig)
