"""One image and the spikes that a code makes of it."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.figures._style import ACCENT, bare, figure, picture, png

__all__ = ["raster"]


def raster(
    image: np.ndarray, step: np.ndarray, source: np.ndarray, dt_ms: float, image_ms: float, label: str, code: str
) -> bytes:
    """Draw an image, its spikes over time, how many each channel has, and when the first one comes.

    Parameters
    ----------
    image : (height, width) or (channels, height, width) uint8
        Intensity levels; channels stand side by side.
    step, source : (n_events,) uint16
    dt_ms, image_ms : float
    label, code : str
        Names of the class and of the code, for the titles.

    Returns
    -------
    bytes
        PNG.
    """
    first = np.full(image.size, np.nan)
    first[source[::-1]] = step[::-1] * dt_ms  # events are in order of time, so the first one stays
    counts = np.bincount(source, minlength=image.size)
    height, width = picture(first, image.shape).shape
    wide = float(np.clip(0.6 * width / height, 1.0, 2.0))  # channels side by side need more room
    layout = {"width_ratios": [wide, 2.4, 1.2 * wide, 1.2 * wide]}
    with figure(6.6 + 2.0 * wide, 2.8, ncols=4, gridspec_kw=layout) as (fig, (left, middle, *rest)):
        left.imshow(picture(image, image.shape), cmap="gray_r", interpolation="nearest")
        left.set(title=f"Image (class {label})")
        bare(left)
        middle.plot(step * dt_ms, source, "|", color=ACCENT, markersize=2.5, markeredgewidth=0.6)
        middle.set(
            title=f"{code}: {len(step)} input spikes",
            xlabel="time (ms)",
            ylabel="input channel",
            xlim=(0, image_ms),
            ylim=(image.size, 0),
        )
        maps = (("Spikes", counts, "gray_r"), ("First spike (ms)", first, "viridis"))
        for axes, (title, values, colours) in zip(rest, maps, strict=True):
            shown = axes.imshow(picture(values, image.shape), cmap=colours, interpolation="nearest", vmin=0)
            axes.set(title=title)
            bare(axes)
            fig.colorbar(shown, ax=axes, shrink=0.75)
        return png(fig)
