"""Options of data sets of events: time window, polarity, size, refractory period."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.datasets._base import MAX_INPUTS, Count, Dataset, DatasetParams, Recordings
from stdp_pipeline.errors import DataError

__all__ = [
    "EventDatasetParams",
    "EventOptions",
    "TimeZero",
    "as_intensities",
    "counted",
    "filtered",
    "from_zero",
]

TimeZero = Literal["first_event", "clock"]
_MAX_US = 2**32 - 1


class EventOptions(Strict):
    """What is done to each recording, in this order: window, polarity, downsample, refractory period."""

    start_ms: Annotated[float, Field(ge=0)] = 0.0
    """Events before this time are left out, and times are counted from it, ms."""
    duration_ms: Annotated[float, Field(gt=0)] | None = None
    """Only events of so many ms from there are kept; null for all. What comes after ``simulation.image_ms`` is never
    shown."""
    polarity: Literal["both", "merged", "on", "off"] = "both"
    """'both': OFF and ON events of a pixel are two inputs. 'merged': they are one. 'on', 'off': only these."""
    downsample: Count = 1
    """Side of the squares of pixels that become one input."""
    refractory_ms: Annotated[float, Field(ge=0)] = 0.0
    """After an event, further ones of the same input are left out for so long, ms."""


class EventDatasetParams(DatasetParams):
    """Fields of every data set of events."""

    events: EventOptions = EventOptions()
    """What is done to each recording."""


def from_zero(time_us: np.ndarray, time_zero: TimeZero, what: str) -> np.ndarray:
    """Return times that count from the first event, or as the clock has them.

    Parameters
    ----------
    time_us : (n,) int64
        Not falling.
    time_zero : {"first_event", "clock"}
    what : str
        Name of the recording for messages.

    Raises
    ------
    DataError
        If a time is negative or has more than 32 bits then.
    """
    if len(time_us) == 0:
        return time_us
    first, last = int(time_us[0]), int(time_us[-1])
    if time_zero == "clock":
        if not 0 <= first <= last <= _MAX_US:
            raise DataError(
                f"{what} has times from {first} to {last} us by its clock, and they must be 0 to {_MAX_US}; set "
                "dataset.time_zero to 'first_event'"
            )
        return time_us
    if last - first > _MAX_US:
        raise DataError(f"{what} lasts longer than {_MAX_US} microseconds; cut it into pieces")
    return time_us - first


def filtered(data: Dataset, options: EventOptions) -> Dataset:
    """Apply the options to all recordings, and count their events anew.

    Parameters
    ----------
    data : Dataset
        Its images are (n, 2, height, width), OFF events first, and its channels index into one of them.

    Returns
    -------
    Dataset
    """
    if options == EventOptions():
        return data
    shape = data.train_images.shape[1:]
    splits: dict[str, Any] = {}
    for split in ("train", "test"):
        events = getattr(data, f"{split}_events")
        kept, new_shape = _filtered(events, shape, options)
        splits |= {f"{split}_events": kept, f"{split}_images": counted(kept, new_shape)}
    return replace(data, **splits)


def _filtered(events: Recordings, shape: tuple[int, ...], options: EventOptions) -> tuple[Recordings, tuple[int, ...]]:
    _, height, width = shape
    start_us = round(options.start_ms * 1e3)
    polarity, pixel = np.divmod(events.channel.astype(np.int64), height * width)
    keep = events.time_us >= start_us
    if options.duration_ms is not None:
        keep &= events.time_us < start_us + round(options.duration_ms * 1e3)
    if options.polarity in ("on", "off"):
        keep &= polarity == (options.polarity == "on")
    n_channels = 2 if options.polarity == "both" else 1
    rows, columns = -(-height // options.downsample), -(-width // options.downsample)
    y, x = np.divmod(pixel, width)
    channel = (y // options.downsample) * columns + x // options.downsample
    if n_channels == 2:
        channel += polarity * rows * columns
    time_us = events.time_us - np.uint32(start_us)  # of those left out it is not used
    new_shape = (n_channels, rows, columns)
    if options.refractory_ms > 0:
        last = np.empty(n_channels * rows * columns, np.int64)
        _refractory(time_us, channel, events.offsets, round(options.refractory_ms * 1e3), last, keep)
    small = n_channels * rows * columns <= MAX_INPUTS
    return _kept(time_us, channel, events.offsets, keep, np.uint16 if small else np.uint32), new_shape


def _kept(time_us: np.ndarray, channel: np.ndarray, offsets: np.ndarray, keep: np.ndarray, dtype: type) -> Recordings:
    before = np.concatenate([[0], np.cumsum(keep)])
    return Recordings(time_us[keep], channel[keep].astype(dtype), before[offsets].astype(np.int64))


def _refractory(time_us, channel, offsets, period_us, last, keep):  # type: ignore[no-untyped-def]
    """Clear ``keep`` where an event follows a kept one of its channel too soon."""
    from numba import njit

    @njit
    def run(time_us, channel, offsets, period_us, last, keep):  # type: ignore[no-untyped-def]
        for k in range(len(offsets) - 1):
            last[:] = -(2**40)
            for e in range(offsets[k], offsets[k + 1]):
                if not keep[e]:
                    continue
                if np.int64(time_us[e]) - last[channel[e]] < period_us:
                    keep[e] = False
                else:
                    last[channel[e]] = time_us[e]

    run(time_us, channel, offsets, period_us, last, keep)


def counted(events: Recordings, shape: tuple[int, ...]) -> np.ndarray:
    """Return how many events each channel of each recording has, at most 255: (n, *shape) uint8."""
    n_channels = int(np.prod(shape))
    images = np.empty((len(events), n_channels), np.uint8)
    for k in range(len(events)):
        own = events.channel[events.offsets[k] : events.offsets[k + 1]]
        images[k] = np.minimum(np.bincount(own, minlength=n_channels), 255)
    return images.reshape(len(events), *shape)


def as_intensities(counts: np.ndarray) -> np.ndarray:
    """Scale each recording's counts of events so that the largest is 255, for codes that take intensities.

    Parameters
    ----------
    counts : (n, *shape) uint8

    Returns
    -------
    (n, *shape) uint8
    """
    largest = counts.max(axis=tuple(range(1, counts.ndim)), keepdims=True).clip(1)
    return (counts * np.uint16(255) // largest).astype(np.uint8)
