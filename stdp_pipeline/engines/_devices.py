"""How the kernel keeps weights that are conductances of devices, and what these make of a change.

Source that is compiled, see :mod:`stdp_pipeline.engines._kernel`: another set of the functions in
:mod:`stdp_pipeline.engines._weights`. A device's constants are stored by neurons, like the columns that a postsynaptic
spike changes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from stdp_pipeline.engines._slots import normalise
from stdp_pipeline.engines._weights import count_switch, most_weight
from stdp_pipeline.plasticity._device import DeviceConstants, DeviceParams, device_constants, moved, specimen
from stdp_pipeline.random import Draws

__all__ = ["DeviceArrays", "device_arrays"]


class DeviceArrays(NamedTuple):
    """The devices of some neurons, (n_exc, n_input) each, or empty."""

    up: np.ndarray
    down: np.ndarray
    low: np.ndarray
    high: np.ndarray
    constants: DeviceConstants


@lru_cache(maxsize=8)  # training calls for them every few hundred images
def device_arrays(
    params: DeviceParams | None, precision: str, shape: tuple[int, ...], first: int, end: int, seed: int
) -> DeviceArrays:
    """Return the devices of some neurons; those of ideal synapses are empty.

    Parameters
    ----------
    params : DeviceParams or None
        None for ideal synapses.
    precision : {"float32", "float64"}
        Of the run.
    shape : (n_input, n_exc)
        Of the whole network.
    first, end : int
        These neurons.
    seed : int
    """
    real = np.dtype(precision).type
    if params is None:
        empty = np.zeros((0, 0), real)
        return DeviceArrays(empty, empty, empty, empty, DeviceConstants(*(real(0) for _ in DeviceConstants._fields)))
    devices = specimen(params, (shape[0], shape[1]), Draws(seed))
    return DeviceArrays(
        up=np.ascontiguousarray(devices.up[:, first:end].T, real),
        down=np.ascontiguousarray(devices.down[:, first:end].T, real),
        low=np.ascontiguousarray(devices.low[:, first:end].T, real),
        high=np.ascontiguousarray(devices.high[:, first:end].T, real),
        constants=DeviceConstants(*(real(x) for x in device_constants(params))),
    )


# ---- compiled --------------------------------------------------------------------------------------------------------


def realised(w, wanted, roll, up, down, low, high, run, constants):
    """Weight that a device makes of a change."""
    whole = run.w_max - run.w_min
    place = (w - run.w_min) / whole
    return run.w_min + whole * moved(place, (wanted - w) / whole, roll, up, down, low, high, constants)


def store_device(s, work, run, i, j, new, roll):
    """Let a device change for a spike."""
    d, old = work.device, s.weights[i, j]
    s.weights[i, j] = realised(old, new, roll, d.up[j, i], d.down[j, i], d.low[j, i], d.high[j, i], run, d.constants)
    if s.weights[i, j] != old:
        s.changed[j] = 1
        count_switch(s, i, j, 1)


def store_column_device(s, work, run, heard, column, fresh, n_heard, j):
    """Let the devices of neuron j change: towards ``fresh`` from ``column``, of the inputs ``heard``."""
    d, rolls = work.device, work.rolls
    low, high = d.low[j], d.high[j]
    realise_column(column, fresh, rolls, heard, d.up[j], d.down[j], low, high, run.w_min, run.w_max, d.constants)
    for h in range(n_heard):
        if fresh[h] != column[h]:
            s.weights[heard[h], j] = fresh[h]
            s.changed[j] = 1
            count_switch(s, heard[h], j, 1)


def restore_device(s, i, j, old):
    """Put back a weight whose change is undone."""
    if s.weights[i, j] != old:
        s.weights[i, j] = old
        count_switch(s, i, j, -1)


def realise_column(column, fresh, rolls, heard, up, down, low, high, w_min, w_max, constants):
    """Put what devices make of the wanted weights in their place. Side by side where all inputs are heard."""
    whole = w_max - w_min
    n_heard = column.shape[0]
    if n_heard == up.shape[0]:
        for h in range(n_heard):
            place, change = (column[h] - w_min) / whole, (fresh[h] - column[h]) / whole
            fresh[h] = w_min + whole * moved(place, change, rolls[h], up[h], down[h], low[h], high[h], constants)
    else:
        for h in range(n_heard):
            i = heard[h]
            place, change = (column[h] - w_min) / whole, (fresh[h] - column[h]) / whole
            fresh[h] = w_min + whole * moved(place, change, rolls[h], up[i], down[i], low[i], high[i], constants)


def weight_gain(s, i, j, run, rule):
    """Weight of a synapse as its neuron receives it."""
    return s.gain[j] * s.weights[i, j]


def add_rows_gain(s, work, begin, end, run, rule):
    """Add the weights of the spiking inputs, times the neurons' gains, to the excitatory conductances."""
    weights, sources, g_exc, gain = s.weights, work.sources, s.g_exc, s.gain
    for e in range(begin, end):
        a = sources[e]
        for j in range(g_exc.shape[0]):
            g_exc[j] += gain[j] * weights[a, j]


def find_out_of_bounds_device(s, run, work):
    """Return a bound of all weights; no device is out of bounds."""
    work.over[:] = 0
    return most_weight(s, run)


def scale_columns_device(s, run, rule, work, team):
    """Choose the gain of the neurons that changed since then so that their weights have the fixed sum.

    Return a bound of all weights.
    """
    n_input, n_exc = s.weights.shape
    for j in range(n_exc):
        if s.changed[j]:
            s.changed[j] = 0
            total = 0.0
            for i in range(n_input):
                total += s.weights[i, j]
            if total > 0.0:
                s.gain[j], _ = normalise(total, run.norm_total, n_input)
    return most_weight(s, run)
