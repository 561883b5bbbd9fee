"""How a run went: learning curve, thresholds, weights, activity."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.figures._style import ACCENT, GREY, class_colour, figure, svg

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
    with figure(7.4, 4.4, nrows=2, sharex=True, gridspec_kw={"height_ratios": [2, 1]}) as (fig, (top, bottom)):
        top.plot(seen, 100 * history["accuracy"], color=ACCENT, marker="o", markersize=3)
        top.axhline(100 * test_accuracy, color=GREY, linestyle="--", linewidth=1)
        place = (1.0, 100 * test_accuracy)
        top.annotate(
            f"test {test_accuracy:.1%}", place, (0, 3), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", color=GREY,
        )  # fmt: skip
        top.set(title="Accuracy on the next training images", ylabel="accuracy (%)")
        top.margins(y=0.12)
        bottom.plot(seen, history["spikes_per_image"], color=ACCENT)
        bottom.set(title="Excitatory spikes per image", xlabel="training images seen (thousands)", ylabel="spikes")
        bottom.set_ylim(bottom=0)
        return svg(fig)


def _histogram(values: np.ndarray, title: str, xlabel: str, ylabel: str, bins: int = 50) -> bytes:
    with figure(3.6, 2.6) as (fig, axes):
        axes.hist(values, bins=bins, color=ACCENT)
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        return svg(fig)


def theta_histogram(theta_mv: np.ndarray) -> bytes:
    """Draw the adaptive thresholds, (n_exc,) mV, as SVG."""
    return _histogram(theta_mv, "Adaptive thresholds", "theta (mV)", "neurons", 40)


def weight_histogram(weights: np.ndarray) -> bytes:
    """Draw the plastic weights, (n_input, n_exc), on a logarithmic count axis, as SVG."""
    with figure(3.6, 2.6) as (fig, axes):
        axes.hist(weights.ravel(), bins=50, color=ACCENT)
        axes.set(title="Weights", xlabel="weight", ylabel="synapses", yscale="log")
        return svg(fig)


def spikes_per_image(n_spikes: np.ndarray) -> bytes:
    """Draw the excitatory spikes of each test image, (n_images,), as SVG."""
    top = max(int(np.percentile(n_spikes, 99.5)), 1)
    clipped = np.minimum(n_spikes, top)
    return _histogram(clipped, "Spikes per test image", f"excitatory spikes (last bar: {top} or more)", "images", min(top + 1, 60))


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
    with figure(3.6, 2.6) as (fig, axes):
        bars = axes.bar(range(n_classes), counts, color=[class_colour(c) for c in range(n_classes)])
        axes.bar_label(bars, fontsize=7, color="#555b66")
        axes.set(title=f"Neurons per label ({none} silent)", xlabel="label", ylabel="neurons", xticks=range(n_classes))
        return svg(fig)
