"""How the currents of an array come to the neurons, where that is more than adding up weights: noise, and converters.

In each step, the rows whose inputs spike are read. Every reading has noise of its own, of the variance that the devices
of these rows have together. With converters, the currents of each tile of rows, and of each digit of the weights, are
taken up by an integrator, converted, and added by arithmetic.

Errors of devices make some weights negative. A negative conductance takes away from the leak, and at most half of it
(:data:`LEAST`), so that no potential runs away.

The functions that begin with ``deliver`` are compiled into the kernel, see :mod:`stdp_pipeline.engines._kernel`;
:func:`currents` is the same in plain NumPy. A noise number is the sum of four uniform ones, with mean 0 and variance 1,
which is cheap and ends at 3.5: a neuron adds up hundreds of readings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from stdp_pipeline.engines._slots import add_rows
from stdp_pipeline.random import neuron_words, philox4x32

__all__ = ["LEAST", "READING", "Converters", "Reader", "ReaderArrays", "currents", "reader_arrays"]

READING = 8
"""First purpose of :func:`stdp_pipeline.random.neuron_words` for readings; tiles and digits count on by twos."""

DEVIATE_MEAN = 510.0  # of the sum of four bytes
DEVIATE_SCALE = 1.0 / math.sqrt(4 * (256.0**2 - 1) / 12)
LARGEST_DEVIATE = DEVIATE_MEAN * DEVIATE_SCALE

LEAST = -0.5
"""Lowest excitatory conductance after a reading, relative to the leak."""


@dataclass(frozen=True)
class Converters:
    """Analog-to-digital converters, one for each tile of rows, digit and column.

    Currents are in those of the largest weight.

    Attributes
    ----------
    tile_rows : int
        Rows whose currents are added on one column.
    step : float
        Current of the last digit of the converter; 0 for a converter without steps.
    low, high : float
        Range.
    saturation : float
        Largest current, of either sign, that an integrator takes up.
    noise : float
        Standard deviation of a conversion.
    gain, offset : (n_digits, n_tiles, n_exc)
    subtracted : float
        What arithmetic subtracts for each spike, after conversion.
    """

    tile_rows: int
    step: float
    low: float
    high: float
    saturation: float
    noise: float
    gain: np.ndarray
    offset: np.ndarray
    subtracted: float


@dataclass(frozen=True)
class Reader:
    """A reading that is more than adding up weights.

    Attributes
    ----------
    variance : (n_digits, n_input, n_exc) or None
        Variance of what a spike adds, from one reading to the next; with converters in the units of their currents,
        else of the weights, and with one digit. None for no noise.
    partial : (n_digits, n_input, n_exc) or None
        What a spike adds to the current of each digit; None without converters: then it adds the weight.
    scale : (n_digits, n_exc) or None
        Weight of a unit of current.
    converters : Converters or None
    specimen : int
        Which chip of its kind: its noise is its own.
    """

    variance: np.ndarray | None = None
    partial: np.ndarray | None = None
    scale: np.ndarray | None = None
    converters: Converters | None = None
    specimen: int = 0

    @property
    def purpose(self) -> int:
        """Purpose of the random numbers of its first tile and digit."""
        return READING + (self.specimen << 16)

    def scaled(self, factor: np.ndarray) -> Reader:
        """Return the same with all neurons' input times a factor of theirs, (n_exc,) or one."""
        if self.scale is not None:
            return replace(self, scale=self.scale * factor)
        return replace(self, variance=None if self.variance is None else self.variance * factor**2)


class ReaderArrays(NamedTuple):
    """A reader in the memory of the kernel; arrays without use are empty."""

    variance: np.ndarray
    partial: np.ndarray
    scale: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    numbers: np.ndarray  # noise of a reading
    current: np.ndarray  # of a reading
    spread: np.ndarray  # its variance
    constants: np.ndarray  # step, low, high, saturation, noise, subtracted, bound of what a spike adds
    tile_rows: int
    purpose: np.uint64


STEP, LOW, HIGH, SATURATION, NOISE, SUBTRACTED, MOST = range(7)


def reader_arrays(reader: Reader | None, n_exc: int, dtype: np.dtype) -> ReaderArrays:
    """Return a reader for the kernel.

    Parameters
    ----------
    reader : Reader or None
    n_exc : int
    dtype : dtype
        Precision of the run.
    """

    def array(values: np.ndarray | None, n_axes: int) -> np.ndarray:
        return np.ascontiguousarray(np.zeros((0,) * n_axes) if values is None else values, dtype)

    reader, used = reader or Reader(), reader is not None
    converters = reader.converters
    numbers = np.zeros(7, dtype)
    if converters is not None:
        c = converters
        numbers[:6] = c.step, c.low, c.high, c.saturation, c.noise, c.subtracted
    numbers[MOST] = _most(reader)
    n = -(-n_exc // 4) * 4 if used else 0
    return ReaderArrays(
        variance=array(reader.variance, 3),
        partial=array(reader.partial, 3),
        scale=array(reader.scale, 2),
        gain=array(converters.gain if converters else None, 3),
        offset=array(converters.offset if converters else None, 3),
        numbers=np.zeros(n, dtype),
        current=np.zeros(n, dtype),
        spread=np.zeros(n, dtype),
        constants=numbers,
        tile_rows=converters.tile_rows if converters else 0,
        purpose=np.uint64(reader.purpose),
    )


def _most(reader: Reader) -> float:
    """Return a bound of what one spike adds to a conductance beside its weight, or at all with converters."""
    deviation = 0.0 if reader.variance is None else math.sqrt(float(reader.variance.max())) * LARGEST_DEVIATE
    c = reader.converters
    if c is None or reader.partial is None or reader.scale is None:
        return deviation
    current = float(np.abs(reader.partial).max()) + deviation + LARGEST_DEVIATE * c.noise
    converted = current * float(np.abs(c.gain).max()) + float(np.abs(c.offset).max()) + c.step + abs(c.subtracted)
    return converted * float(np.abs(reader.scale).sum(axis=0).max())


# ---- compiled --------------------------------------------------------------------------------------------------------


def deviate(word):
    """Return a number of mean 0 and variance 1 from a random word: the sum of its four bytes."""
    byte = np.uint64(255)
    total = (word & byte) + ((word >> np.uint64(8)) & byte) + ((word >> np.uint64(16)) & byte) + (word >> np.uint64(24))
    return (np.float64(total) - DEVIATE_MEAN) * DEVIATE_SCALE


def fill_deviates(numbers, key, occasion, purpose, k, first):
    """Draw the noise of all neurons in step k, four at a time."""
    k0, k1, image, attempt = key[0], key[1], occasion[0], occasion[1]
    last = occasion[2] + np.uint64(purpose)
    where = (np.uint64(first) >> np.uint64(2)) | (np.uint64(k) << np.uint64(16))
    for q in range(numbers.shape[0] // 4):
        words = philox4x32(k0, k1, where + np.uint64(q), image, attempt, last)
        numbers[4 * q] = deviate(words[0])
        numbers[4 * q + 1] = deviate(words[1])
        numbers[4 * q + 2] = deviate(words[2])
        numbers[4 * q + 3] = deviate(words[3])


def add_up(total, rows, sources, begin, end):
    """Add up rows of spiking inputs."""
    for j in range(total.shape[0]):
        total[j] = 0
    for e in range(begin, end):
        i = sources[e]
        for j in range(rows.shape[1]):
            total[j] += rows[i, j]


def bound_below(g_exc):
    """Keep conductances above the lowest one."""
    for j in range(g_exc.shape[0]):
        g_exc[j] = max(g_exc[j], g_exc.dtype.type(LEAST))


def add_noise(total, spread, numbers):
    """Add noise of a variance to each value."""
    for j in range(total.shape[0]):
        total[j] += np.sqrt(spread[j]) * numbers[j]


def deliver_noisy(s, run, rule, work, team, w_most, exc_most, k):
    """Add the spikes that arrive in step k and the noise of their reading; return a bound of the conductances."""
    begin, end = work.first[k], work.first[k + 1]
    if begin < end:
        r = work.reader
        add_rows(s, work, begin, end, run, rule)
        if r.variance.shape[0] > 0:
            add_up(r.spread, r.variance[0], work.sources, begin, end)
            fill_deviates(r.numbers, work.key, work.occasion, r.purpose, k, team.first)
            add_noise(s.g_exc, r.spread, r.numbers)
        bound_below(s.g_exc)
    return exc_most + (end - begin) * (w_most + work.reader.constants[MOST])


def deliver_converted(s, run, rule, work, team, w_most, exc_most, k):
    """Add what converters make of the spikes that arrive in step k; return a bound of the conductances."""
    begin, end = work.first[k], work.first[k + 1]
    r = work.reader
    e = begin
    while e < end:
        tile = work.sources[e] // r.tile_rows
        tile_end = e
        while tile_end < end and work.sources[tile_end] // r.tile_rows == tile:
            tile_end += 1
        for d in range(r.partial.shape[0]):
            add_up(r.current, r.partial[d], work.sources, e, tile_end)
            if r.variance.shape[0] > 0 or r.constants[NOISE] > 0:
                spread_of(r, d, work.sources, e, tile_end)
                purpose = r.purpose + np.uint64(2 * (tile * r.partial.shape[0] + d))
                fill_deviates(r.numbers, work.key, work.occasion, purpose, k, team.first)
                add_noise(r.current, r.spread, r.numbers)
            convert(s.g_exc, r.current, r.gain[d, tile], r.offset[d, tile], r.scale[d], r.constants, tile_end - e)
        e = tile_end
    bound_below(s.g_exc)
    return exc_most + (end - begin) * r.constants[MOST]


def spread_of(r, d, sources, begin, end):
    """Put the variance of a reading before conversion into ``r.spread``."""
    if r.variance.shape[0] > 0:
        add_up(r.spread, r.variance[d], sources, begin, end)
    else:
        r.spread[:] = 0
    for j in range(r.spread.shape[0]):
        r.spread[j] += r.constants[NOISE] * r.constants[NOISE]


def convert(g_exc, current, gain, offset, scale, constants, n_spikes):
    """Take up, convert and add the currents of a tile's columns."""
    step, low, high = constants[STEP], constants[LOW], constants[HIGH]
    bound, less = constants[SATURATION], constants[SUBTRACTED] * n_spikes
    for j in range(g_exc.shape[0]):
        x = gain[j] * min(max(current[j], -bound), bound) + offset[j]
        if step > 0:
            x = min(max(np.floor(x / step + constants.dtype.type(0.5)) * step, low), high)
        g_exc[j] += scale[j] * (x - less)


# ---- plain -----------------------------------------------------------------------------------------------------------


def currents(
    reader: Reader, weights: np.ndarray, sources: np.ndarray, key: Any, occasion: np.ndarray, k: int
) -> np.ndarray:
    """Return what the spikes of one step add to the conductances, (n_exc,), which then are at least :data:`LEAST`.

    Parameters
    ----------
    reader : Reader
    weights : (n_input, n_exc)
    sources : (n_spikes,) int
        Inputs that spike, in order; at least one.
    key, occasion : uint64
        See :func:`stdp_pipeline.random.neuron_words`.
    k : int
        Step of the presentation.
    """
    n_exc = weights.shape[1]

    def noise(purpose: int) -> np.ndarray:
        neurons = np.arange(n_exc)
        words = np.choose(neurons & 3, neuron_words(key, occasion, np.uint64(purpose), k, neurons))
        byte_sum = np.sum([(words >> np.uint64(8 * b)) & np.uint64(255) for b in range(4)], axis=0, dtype=np.float64)
        return np.asarray((byte_sum - DEVIATE_MEAN) * DEVIATE_SCALE)

    if reader.converters is None or reader.partial is None or reader.scale is None:
        total = sum(weights[i] for i in sources)
        if reader.variance is not None:
            total = total + np.sqrt(sum(reader.variance[0, i] for i in sources)) * noise(reader.purpose)
        return np.asarray(total)
    c, n_digits, added = reader.converters, len(reader.partial), np.zeros(n_exc)
    for tile in np.unique(sources // c.tile_rows):
        mine = sources[sources // c.tile_rows == tile]
        for d in range(n_digits):
            x = np.asarray(sum(reader.partial[d, i] for i in mine))
            spread = np.full(n_exc, c.noise**2)
            if reader.variance is not None:
                spread = spread + sum(reader.variance[d, i] for i in mine)
            if spread.any():
                x = x + np.sqrt(spread) * noise(reader.purpose + 2 * (int(tile) * n_digits + d))
            x = c.gain[d, tile] * np.clip(x, -c.saturation, c.saturation) + c.offset[d, tile]
            if c.step > 0:
                x = np.clip(np.floor(x / c.step + 0.5) * c.step, c.low, c.high)
            added += reader.scale[d] * (x - c.subtracted * len(mine))
    return added
