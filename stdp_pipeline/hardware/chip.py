"""One specimen of the hardware: weights programmed into devices, and what is read from them at some time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Reader
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.circuit.effective import effective_us
from stdp_pipeline.hardware.circuit.params import TILE, CircuitParams
from stdp_pipeline.hardware.devices import nonlinear_iv
from stdp_pipeline.hardware.devices._base import Devices, Phase
from stdp_pipeline.hardware.mapping import Mapped, mapped
from stdp_pipeline.hardware.params import HardwareParams
from stdp_pipeline.hardware.periphery import converters
from stdp_pipeline.random import Draws

__all__ = ["Chip", "Reading", "programmed"]


@dataclass(frozen=True)
class Reading:
    """What a network meets when it reads a chip.

    Attributes
    ----------
    weights : (n_rows, n_cols) float64
        In the units of the weights that were programmed.
    reader : Reader or None
        How the weights are read, if that is more than adding them up: read noise, converters.
    seen_us : (n_planes, n_rows, n_cols) float64
        Conductance of each device as the periphery sees it, wires and all.
    device_us : (n_planes, n_rows, n_cols) float64
        Conductance of each device.
    failed : (n_planes, n_rows, n_cols) bool
        Devices whose conductance a fault decides.
    """

    weights: np.ndarray
    reader: Reader | None
    seen_us: np.ndarray
    device_us: np.ndarray
    failed: np.ndarray


@dataclass(frozen=True)
class Chip:
    """Programmed devices.

    Attributes
    ----------
    params : HardwareParams
    mapped : Mapped
        What they should hold.
    devices : Devices
        Their targets, as the levels allow.
    written_us : (n_planes, n_rows, n_cols) float64
        Conductances at the end of programming.
    draws : Draws
        The specimen's random numbers.
    """

    params: HardwareParams
    mapped: Mapped
    devices: Devices
    written_us: np.ndarray
    draws: Draws

    @property
    def fluctuates(self) -> bool:
        """Whether another pass over images reads other conductances."""
        return any(module.DRAWN == "read" for module, _ in _components(self.params, "age"))

    def read(self, time_s: float | None = None, read: int = 0) -> Reading:
        """Read all devices.

        Parameters
        ----------
        time_s : float, optional
            Time since programming, s; by default that of the parameters.
        read : int, default 0
            Number of the pass over images, for noise that stays the same during one.

        Raises
        ------
        ConfigError
            If a model knows nothing about that time.
        """
        at = self.params.time_s if time_s is None else time_s
        reading = self._read(at, read)
        wanted = self.params.compensation
        if wanted is None:
            return reading
        then = self.mapped.weights
        if wanted.to == "programmed":
            then = self._read(_first_time(self.params), _CALIBRATION).weights
        return _compensated(reading, then, None if wanted.by == "array" else 0)

    def _read(self, time_s: float, read: int) -> Reading:
        devices = replace(self.devices, time_s=time_s, read=read)
        aged = _through("age", self.written_us, self.params, devices, self.draws)
        g = _through("fault", aged, self.params, devices, self.draws)
        seen = self._through_wires(_by_voltage(g, self.params))
        variances = [
            module.read_sd_us(g, one, devices) ** 2
            for module, one in _components(self.params, "read")
            if hasattr(module, "read_sd_us")
        ]
        sd = None
        if variances:
            # Wires weaken noise as they weaken the current that it is a part of.
            sd = np.sqrt(sum(variances)) * np.divide(seen, g, out=np.ones_like(g), where=g > 0)
        return Reading(self.mapped.seen(seen), self._reader(seen, sd), seen, g, self._failed(devices) | (g != aged))

    def _failed(self, devices: Devices) -> np.ndarray:
        """Return which devices imperfections call stuck, whatever they hold."""
        marked = np.zeros(devices.shape, bool)
        for phase in ("write", "fault"):
            for module, one in _components(self.params, phase):
                if hasattr(module, "failed"):
                    marked |= module.failed(one, devices, self.draws)
        return marked

    def _reader(self, seen: np.ndarray, sd: np.ndarray | None) -> Reader | None:
        """Return how an engine reads this, from conductances and the deviation of a reading, µS."""
        found, periphery = self.mapped, self.params.periphery
        noise = None if sd is None else found.variances(sd)
        if periphery is None:
            # All digits together, in units of weights.
            if noise is not None:
                noise = (noise * found.scale[:, None] ** 2).sum(axis=0, keepdims=True)
            # Where weights are negative, conductances need a bound, too.
            simple = noise is None and self.mapped.seen(seen).min() >= 0
            return None if simple else Reader(noise, specimen=self.draws.specimen)
        rows, _ = (self.params.circuit or CircuitParams()).tile(seen.shape)
        shape = (len(found.digit_factor), -(-seen.shape[1] // rows), len(found.unit))
        behind = converters(periphery, rows, shape, found.subtracted, self.draws)
        return Reader(noise, found.currents(seen), found.scale, behind, self.draws.specimen)

    def _through_wires(self, g_us: np.ndarray) -> np.ndarray:
        circuit = self.params.circuit
        if circuit is None:
            return g_us
        circuit.tile(g_us.shape)
        if not g_us.any():
            raise ConfigError(
                "hardware: nothing conducts, so the circuit has no solution: all devices are open (0 µS); raise "
                "mapping.g_min_us, or lower the share of devices.stuck.off"
            )
        seen = np.empty_like(g_us)
        for columns in self.mapped.tiles():
            # A tile with its reference is as wide as it is; other arrays are cut by the circuit.
            wide = {} if self.mapped.reference is None else {"tile_cols": len(columns)}
            for plane, found in zip(g_us, seen, strict=True):
                part = np.ascontiguousarray(plane[:, columns])
                found[:, columns] = effective_us(part, circuit.model_copy(update=wide)) if part.any() else part
        return seen


_CALIBRATION = 2**31  # number of the read that compensation compares with: no pass over images has it


def _first_time(params: HardwareParams) -> float:
    """Return the time just after programming, or the first one of which the imperfections know something, s."""
    return max([0.0, *(one.times_s[0] for one in params.devices if hasattr(one, "times_s"))])


def _compensated(now: Reading, then: np.ndarray, axis: int | None) -> Reading:
    """Multiply outputs by what calibration reads found, all inputs spiking."""
    wanted, left = (np.asarray(weights.sum(axis=axis)) for weights in (then, now.weights))
    there = (wanted > 0) & (left > 0)
    factor = np.divide(wanted, left, out=np.ones_like(left), where=there)
    return replace(now, weights=now.weights * factor, reader=None if now.reader is None else now.reader.scaled(factor))


def programmed(
    weights: np.ndarray, params: HardwareParams, draws: Draws, n_writes: np.ndarray | None = None, write: int = 0
) -> Chip:
    """Program weights into the devices of one specimen.

    Parameters
    ----------
    weights : (n_rows, n_cols)
    params : HardwareParams
    draws : Draws
    n_writes : (n_rows, n_cols), optional
        How often each synapse was written while it learned, where its devices were there already.
    write : int, default 0
        Number of this write of the array; another one has other programming errors.

    Raises
    ------
    ConfigError
        If weights are not numbers, or a model lacks what it needs.
    """
    tile_cols = None
    if params.circuit is not None:
        # A tile's reference is one of its columns.
        tile_cols = min(params.circuit.tile_cols or TILE, weights.shape[1] + 1)
    found = mapped(weights, params.mapping, tile_cols)
    seen = None
    if n_writes is not None:
        # References are never written again.
        padding = ((0, 0), (0, found.target_us.shape[2] - n_writes.shape[1]))
        seen = np.broadcast_to(np.pad(n_writes, padding).astype(np.float64), found.target_us.shape)
    devices = Devices(
        params.mapping.g_min_us,
        params.mapping.g_max_us,
        found.target_us,
        write=write,
        n_writes=seen,
        n_references=found.n_references,
    )
    target = _through("target", found.target_us, params, devices, draws)
    devices = replace(devices, target_us=target)
    return Chip(params, found, devices, _through("write", target, params, devices, draws), draws)


def _components(params: HardwareParams, phase: Phase) -> list[tuple[ModuleType, Any]]:
    loaded = [(registry.load("imperfection", one.name), one) for one in params.devices]
    return [(module, one) for module, one in loaded if phase == module.PHASE]


def _through(phase: Any, g_us: np.ndarray, params: HardwareParams, devices: Devices, draws: Draws) -> np.ndarray:
    """Let all imperfections of one phase act, in their order."""
    for module, one in _components(params, phase):
        g_us = module.apply(g_us, one, devices, draws)
    if not np.isfinite(g_us).all():
        raise ConfigError(f"hardware.devices: conductances are no numbers after the phase '{phase}'")
    return g_us


def _by_voltage(g_us: np.ndarray, params: HardwareParams) -> np.ndarray:
    """Return current over voltage at the read voltage of devices whose currents are not proportional to it."""
    for module, one in _components(params, "read"):
        if module is nonlinear_iv:
            g_us = nonlinear_iv.seen_us(g_us, params.v_read_v, one)
    return g_us
