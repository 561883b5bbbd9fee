"""The picture of what the code makes of the first training image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.figures.raster import raster
from stdp_pipeline.stages._inputs import input_model, inputs_of
from stdp_pipeline.stages.encode import SAMPLE_SEED

__all__ = ["first_raster"]


def first_raster(
    spec: Mapping[str, Any], arrays: Mapping[str, np.ndarray], data: Mapping[str, np.ndarray]
) -> Callable[[], bytes]:
    """Return what draws the first training image and its spikes, of those that the encode stage counted.

    Parameters
    ----------
    spec : dict
        ``encoding`` and ``protocol``, as in ``encoder.json``.
    arrays : dict
        ``levels.npz``: the training split, and ``image_shape``.
    data : dict
        ``train_labels``, ``n_classes`` and ``class_names`` of ``data.npz``.
    """
    model = input_model(dict(spec))
    step, source = draw_events(model, inputs_of(dict(spec), dict(arrays), "train", SAMPLE_SEED), 0, 0, 0)
    names = data["class_names"].tolist() or list(range(int(data["n_classes"])))
    return partial(
        raster,
        arrays["train_levels"][0].reshape(arrays["image_shape"]),
        step,
        source,
        dt_ms=model.dt_ms,
        image_ms=model.image_ms,
        label=str(names[data["train_labels"][0]]),
        code=spec["encoding"]["name"],
    )
