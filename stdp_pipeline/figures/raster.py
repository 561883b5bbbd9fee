"""One image and the spikes that a code makes of it."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.figures._style import ACCENT, bare, figure, picture, png

__all__ = ["raster"]


def raster(image: np.ndarray, step: np.ndarray, source: np.ndarray, dt_ms: float, image_ms: float, label: int) -> bytes:
    """Draw an image, its spikes over time, and the spikes added up again.

    Parameters
    ----------
    image : (height, width) or (channels, height, width) uint8
        Intensity levels; channels stand side by side.
    step, source : (n_events,) uint16
    dt_ms, image_ms : float
    label : int

    Returns
    -------
    bytes
        PNG.
    """
    with figure(9.0, 3.0, ncols=3, gridspec_kw={"width_ratios": [1, 2.6, 1]}) as (fig, (left, middle, right)):
        left.imshow(picture(image, image.shape), cmap="gray_r", interpolation="nearest")
        left.set(title=f"Image (class {label})")
        bare(left)
        middle.plot(step * dt_ms, source, "|", color=ACCENT, markersize=2.5, markeredgewidth=0.6)
        middle.set(
            title=f"{len(step)} input spikes",
            xlabel="time (ms)",
            ylabel="input channel",
            xlim=(0, image_ms),
            ylim=(image.size, 0),
        )
        counts = np.bincount(source, minlength=image.size)
        shown = right.imshow(picture(counts, image.shape), cmap="gray_r", interpolation="nearest")
        right.set(title="Spikes per channel")
        bare(right)
        fig.colorbar(shown, ax=right, shrink=0.75)
        return png(fig)
