"""One image and the spikes that a code makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.figures._style import ACCENT, bare, figure, mark_pt, narrow, picture, png

__all__ = ["raster"]

_MANY = 1000  # spikes that an SVG holds as lines; more are pixels


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
    # One column in print has the pictures in a row below the spikes.
    places = [["spikes"] * 3, ["image", "counts", "first"]] if narrow() else [["image", "spikes", "counts", "first"]]
    ratios = {"height_ratios": [1.2, 1]} if narrow() else {"width_ratios": [wide, 2.4, 1.2 * wide, 1.2 * wide]}
    size = (4.2, 4.6) if narrow() else (6.6 + 2.0 * wide, 2.8)
    bar: dict[str, Any] = {"location": "bottom", "aspect": 12, "shrink": 0.9} if narrow() else {"shrink": 0.75}
    with figure(*size) as (fig, empty):
        empty.remove()
        axes = fig.subplot_mosaic(places, **ratios)
        axes["image"].imshow(picture(image, image.shape), cmap="gray_r", interpolation="nearest")
        axes["image"].set(title="Image", xlabel=f"class {label}")
        bare(axes["image"])
        axes["spikes"].plot(
            step * dt_ms, source, "|", color=ACCENT, markersize=mark_pt(2.5), markeredgewidth=mark_pt(0.6),
            rasterized=len(step) > _MANY,
        )  # fmt: skip
        axes["spikes"].set(
            title=f"{code}: {len(step)} input spikes",
            xlabel="time (ms)",
            ylabel="input channel",
            xlim=(0, image_ms),
            ylim=(image.size, 0),
        )
        maps = (("counts", "Spikes", "", counts, "gray_r"), ("first", "First spike", "ms", first, "viridis"))
        for place, title, unit, values, colours in maps:
            shown = axes[place].imshow(picture(values, image.shape), cmap=colours, interpolation="nearest", vmin=0)
            axes[place].set(title=title)
            bare(axes[place])
            fig.colorbar(shown, ax=axes[place], label=unit, **bar)
        if narrow():  # one has no bar below, and so another height
            for place in places[1]:
                axes[place].set_anchor("N")
        return png(fig)
