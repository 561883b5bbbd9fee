"""No code: the events of a data set of recordings go to the network as they are.

Each event is a spike of its input in the time step it falls into; further ones of the same input in that step are left
out, as are those after the end of the presentation. A level is the number of events.

References
----------
.. [1] Lichtsteiner, Posch, Delbruck (2008), "A 128 x 128 120 dB 15 us latency asynchronous temporal contrast vision
   sensor", IEEE J. Solid-State Circuits 43:566, doi:10.1109/JSSC.2007.914337.
"""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np

from stdp_pipeline.encoding._base import TimingParams, to_levels
from stdp_pipeline.encoding._trains import replay

__all__ = ["Params", "constants", "in_steps", "rate_hz", "replay", "to_levels"]


class Params(TimingParams):
    """Constants of the replay of recordings."""

    name: Literal["recorded"] = "recorded"
    """Name of the code."""


def rate_hz(params: Params, n_steps: int, dt_ms: float) -> np.ndarray:
    """Return the rate of each number of events, (256,) float64, Hz."""
    return np.arange(256) / (n_steps * dt_ms * 1e-3)


def constants(params: Params) -> tuple[float, ...]:
    """Return what :func:`replay` is given: copies at each retry."""
    return (float(params.copies_step),)


def in_steps(
    time_us: np.ndarray, channel: np.ndarray, offsets: np.ndarray, n_steps: int, dt_ms: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bring recordings into time steps.

    Parameters
    ----------
    time_us : (n_events,) uint32
    channel : (n_events,) uint16
    offsets : (n_recordings + 1,) int64
        See :class:`stdp_pipeline.datasets._base.Recordings`.
    n_steps : int
        Steps of a presentation; later events are left out.
    dt_ms : float

    Returns
    -------
    step, source : (n,) uint16
        Ordered by recording, source and step, none twice.
    offsets : (n_recordings + 1,) int64
    """
    steps, sources, lengths = [], [], []
    per_step_us = dt_ms * 1e3
    for begin, end in itertools.pairwise(offsets):
        step = (time_us[begin:end] / per_step_us).astype(np.int64)
        own = channel[begin:end][step < n_steps].astype(np.int64)
        both = np.unique(own * n_steps + step[step < n_steps])
        steps.append((both % n_steps).astype(np.uint16))
        sources.append((both // n_steps).astype(np.uint16))
        lengths.append(len(both))
    empty = np.zeros(0, np.uint16)
    return (
        np.concatenate([empty, *steps]),
        np.concatenate([empty, *sources]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )
