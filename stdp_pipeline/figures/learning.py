"""How a run went: learning curve, thresholds, weights, activity."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.figures._axes import name_counts
from stdp_pipeline.figures._style import ACCENT, GREY, class_colour, figure, mark_pt, spaced, svg, text_pt, width_inches

__all__ = ["learning_curve", "neurons_per_label", "spikes_per_image", "theta_histogram", "weight_histogram"]


def learning_curve(history: dict[str, np.ndarray], test_accuracy: float) -> bytes:
    """Draw accuracy and activity over the training images seen.

    Parameters
    ----------
    history : dict of str to (n_windows,) float64
        The columns of ``history.tsv``; NaN where there is no value.
    test_accuracy : float
        Drawn as a line to compare with.

    Returns
    -------
    bytes
        SVG.
    """
    seen = history["images_seen"] / 1000
    with figure(5.6, 4.9, nrows=2, sharex=True, gridspec_kw={"height_ratios": [2, 1]}) as (fig, (top, bottom)):
        top.plot(seen, 100 * history["accuracy"], color=ACCENT, marker="o", markersize=mark_pt(3))
        top.axhline(100 * test_accuracy, color=GREY, linestyle="--", linewidth=1)
        top.annotate(
            f"test accuracy {test_accuracy:.1%}", (0, 100 * test_accuracy), (4, 3), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=GREY,
        )  # fmt: skip
        top.set(title="Accuracy on the next training images", ylabel="accuracy (%)")
        top.margins(y=0.12)
        top.set_ylim(top=min(top.get_ylim()[1], 101))
        bottom.plot(seen, history["spikes_per_image"], color=ACCENT)
        bottom.set(title="Excitatory spikes per image", xlabel="training images seen (thousands)", ylabel="spikes")
        bottom.set_ylim(bottom=0)
        return svg(fig)


_SIZE = (5.4, 3.4)  # inches; two such figures fill the width of the report
_FILLED: dict[str, Any] = {"histtype": "stepfilled", "color": ACCENT}  # one outline: no gaps between bars


def theta_histogram(theta_mv: np.ndarray) -> bytes:
    """Draw the adaptive thresholds, (n_exc,) mV, as SVG."""
    with figure(*_SIZE) as (fig, axes):
        axes.hist(theta_mv, bins=40, **_FILLED)
        axes.set(title="Adaptive thresholds", xlabel="theta (mV)", ylabel="neurons")
        return svg(fig)


def weight_histogram(weights: np.ndarray) -> bytes:
    """Draw the plastic weights, (n_input, n_exc), on a logarithmic count axis, as SVG."""
    with figure(*_SIZE) as (fig, axes):
        axes.hist(weights.ravel(), bins=50, **_FILLED)
        axes.set(title="Weights", xlabel="weight", ylabel="synapses", yscale="log")
        name_counts(axes.yaxis)
        return svg(fig)


def spikes_per_image(n_spikes: np.ndarray) -> bytes:
    """Draw the excitatory spikes of each test image, (n_images,), as SVG."""
    top = max(int(np.percentile(n_spikes, 99.5)), 1)
    width = max(top // 60, 1)  # spikes per bar, a whole number: else bars of unequal content stand side by side
    edges = np.arange(0, top + 2 * width, width) - 0.5
    with figure(*_SIZE) as (fig, axes):
        axes.hist(np.minimum(n_spikes, top), bins=edges.tolist(), **_FILLED)
        axes.axvline(float(n_spikes.mean()), color=GREY, linestyle="--", linewidth=1)
        axes.annotate(
            f"mean {n_spikes.mean():.1f}", (float(n_spikes.mean()), 1), (4, -8), xycoords=("data", "axes fraction"),
            textcoords="offset points", color=GREY,
        )  # fmt: skip
        axes.set(title="Spikes per test image", xlabel=f"excitatory spikes (last bar: {top} or more)", ylabel="images")
        return svg(fig)


def neurons_per_label(label: np.ndarray, n_classes: int) -> bytes:
    """Draw how many neurons stand for each class, and how many for none, as SVG.

    Parameters
    ----------
    label : (n_exc,) int16
        -1 for neurons that never fired.
    n_classes : int
    """
    counts = [int(np.count_nonzero(label == c)) for c in range(n_classes)]
    none = int(np.count_nonzero(label < 0))
    with figure(*_SIZE) as (fig, axes):
        bars = axes.bar(range(n_classes), counts, color=[class_colour(c) for c in range(n_classes)])
        room = 0.85 * width_inches(_SIZE[0])
        if len(spaced(n_classes, room, 1.9 * text_pt(8))) == n_classes:
            axes.bar_label(bars, fontsize=text_pt(8), color="#555b66")
            axes.margins(y=0.1)  # for the number of the highest one
        axes.set(title=f"Neurons per label ({none} silent)", xlabel="label", ylabel="neurons")
        axes.set_xticks(spaced(n_classes, room, 1.5 * text_pt(9)))
        return svg(fig)
