r"""Population code: each feature drives a row of inputs, each tuned to another value, by a bell-shaped curve.

.. math::

    a_k = \exp\left(-\frac{(v - \mu_k)^2}{2 \sigma^2}\right), \qquad \mu_k = \frac{k - 1/2}{K - 2}, \qquad
    \sigma = \frac{1}{\beta (K - 2)}, \qquad k = 0, \dots, K - 1

for a value v from 0 to 1; the outermost centres lie outside of this range, as in [1]_. An input then fires at random,
as in the ``poisson`` code, at a rate proportional to its activity, or once, the earlier the more active it is (then
inputs below ``threshold`` are silent), as in [1]_.

References
----------
.. [1] Bohte, Kok, La Poutre (2002), "Error-backpropagation in temporally encoded networks of spiking neurons",
   Neurocomputing 48:17, doi:10.1016/S0925-2312(01)00658-0, section 4.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.encoding._base import EncodingParams, counted_rate_hz
from stdp_pipeline.encoding._trains import bernoulli_train, put

__all__ = ["Params", "constants", "draw", "rate_hz", "to_levels"]


class Params(EncodingParams):
    """Constants of the population code."""

    name: Literal["population"] = "population"
    """Name of the code."""
    n_fields: Annotated[int, Field(ge=3, le=1000)] = 12
    """Inputs K for each feature."""
    beta: Annotated[float, Field(gt=0)] = 1.5
    """Width of the curves: the larger the narrower (1.5 in [1]_)."""
    spikes: Literal["rate", "latency"] = "rate"
    """How an input tells its activity: by its rate, or by the time of one spike."""
    rate_max_hz: Annotated[float, Field(gt=0)] = 63.75
    """Rate at full activity, Hz, with 'rate'."""
    rate_step: Annotated[float, Field(ge=0)] = 0.5
    """With 'rate': rise of the rates, as a share of those of a first presentation, each time a row is shown again."""
    window_ms: Annotated[float, Field(gt=0)] = 50.0
    """Latest time of a spike, ms, with 'latency'."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Activity that an input must exceed to fire, with 'latency' (0.1 in [1]_)."""
    copies_step: Annotated[int, Field(ge=0)] = 1
    """With 'latency': spikes that follow each spike when a row is shown again; see the code ``latency``."""


def to_levels(images: np.ndarray, params: Params) -> np.ndarray:
    """Return the activity of each input as a level.

    Parameters
    ----------
    images : (n, *shape) uint8 or float32
        Values, in 256 levels or from 0 to 1.
    params : Params

    Returns
    -------
    (n, n_features, n_fields) uint8
        Of tables, whose "images" have the shape (1, n_features). Of pictures, a picture for each centre:
        (n, n_fields * n_channels, height, width).
    """
    values = images.reshape(len(images), -1)
    values = values / np.float32(255) if values.dtype == np.uint8 else values
    spacing = 1 / (params.n_fields - 2)
    centres = ((np.arange(params.n_fields) - 0.5) * spacing).astype(np.float32)
    distance = (values[:, :, None] - centres) * np.float32(params.beta / spacing)
    levels = np.rint(255 * np.exp(-0.5 * distance**2)).astype(np.uint8)
    *_, height, width = images.shape
    return levels if height == 1 else np.moveaxis(levels, 2, 1).reshape(len(images), -1, height, width)


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each of the 256 levels in a first presentation, (256,) float64, Hz."""
    if params.spikes == "latency":
        return counted_rate_hz(draw, constants(params), n_steps, dt_ms)
    return np.minimum(np.arange(256) / 255 * params.rate_max_hz, 1e3 / dt_ms)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`draw` reads: rate (Hz; 0 for latency) and its step, window (ms), threshold, copies."""
    rate_max_hz = params.rate_max_hz if params.spikes == "rate" else 0.0
    return (rate_max_hz, params.rate_step, params.window_ms, params.threshold, float(params.copies_step))


def draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source):
    """Draw the input spikes of one presentation; see :mod:`stdp_pipeline.encoding`."""
    rate_max_hz, rate_step, window_ms, threshold, copies_step = constants
    per_level = rate_max_hz * (1.0 + attempt * rate_step) * dt_ms * 1e-3 / 255.0
    copies = 1 + attempt * int(copies_step)
    n = 0
    for i in range(levels.shape[0]):
        x = levels[i] / 255.0
        if rate_max_hz > 0.0 and levels[i] > 0:
            p = min(levels[i] * per_level, 1.0)
            n = bernoulli_train(p, 1, n_steps, k0, k1, c1, c2, c3, i, n, step, source)
        elif rate_max_hz == 0.0 and x > threshold:
            n = put(int(np.rint(window_ms * (1.0 - x) / dt_ms)), copies, n_steps, i, n, step, source)
        if n < 0:
            break
    return n
