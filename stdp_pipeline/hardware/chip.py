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
from stdp_pipeline.hardware.circuit.params import CircuitParams
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
    """

    weights: np.ndarray
    reader: Reader | None
    seen_us: np.ndarray
    device_us: np.ndarray


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
        then = self.mapped.weights if wanted.to == "ideal" else self._read(0.0, 0).weights
        return _compensated(reading, then, None if wanted.by == "array" else 0)

    def _read(self, time_s: float, read: int) -> Reading:
        devices = replace(self.devices, time_s=time_s, read=read)
        g = self.written_us
        for phase in ("age", "fault"):
            g = _through(phase, g, self.params, devices, self.draws)
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
        return Reading(self.mapped.seen(seen), self._reader(seen, sd), seen, g)

    def _reader(self, seen: np.ndarray, sd: np.ndarray | None) -> Reader | None:
        """Return how an engine reads this, from conductances and the deviation of a reading, µS."""
        found, periphery = self.mapped, self.params.periphery
        noise = None if sd is None else found.variances(sd)
        if periphery is None:
            # All digits together, in units of weights.
            return None if noise is None else Reader((noise * found.scale[:, None] ** 2).sum(axis=0, keepdims=True))
        rows, _ = (self.params.circuit or CircuitParams()).tile(seen.shape)
        shape = (len(found.digit_factor), -(-seen.shape[1] // rows), len(found.unit))
        behind = converters(periphery, rows, shape, found.subtracted, self.draws)
        return Reader(noise, found.currents(seen), found.scale, behind)

    def _through_wires(self, g_us: np.ndarray) -> np.ndarray:
        circuit = self.params.circuit
        if circuit is None:
            return g_us
        return np.stack([effective_us(plane, circuit) if plane.any() else plane for plane in g_us])


def _compensated(now: Reading, then: np.ndarray, axis: int | None) -> Reading:
    """Multiply outputs by what calibration reads found."""
    wanted, left = (np.asarray(np.abs(weights).sum(axis=axis)) for weights in (then, now.weights))
    factor = np.divide(wanted, left, out=np.ones_like(left), where=left > 0)
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
    found = mapped(weights, params.mapping)
    seen = None
    if n_writes is not None:
        # The reference column is never written again.
        padding = ((0, 0), (0, found.target_us.shape[2] - n_writes.shape[1]))
        seen = np.broadcast_to(np.pad(n_writes, padding).astype(np.float64), found.target_us.shape)
    devices = Devices(params.mapping.g_min_us, params.mapping.g_max_us, found.target_us, write=write, n_writes=seen)
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
