"""Resistances and tiles of an array."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import ConfigError

__all__ = ["CircuitParams", "cell_conductance", "checked"]

Resistance = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]

WIRE_PER_KELVIN = 0.00451
TILE = 128


class CircuitParams(Strict):
    """The circuit around the devices.

    Word lines (rows) are driven at their left end; bit lines (columns) end at their lower end in a virtual ground.
    There is one segment of wire before the first device of a line, between neighbours, and after the last one of a
    column, as in badcrossbar (doi:10.1016/j.softx.2020.100617).
    """

    tile_rows: Count | None = None
    """Rows of a tile, at most those of the array; null for 128, or all of a smaller array. A larger array is cut into
    tiles with drivers and sense amplifiers of their own, whose outputs are added without loss."""
    tile_cols: Count | None = None
    """Columns of a tile, in the same way."""
    r_word_ohm: Resistance = 1.0
    """Resistance of a word line from one device to the next, ohm, at 300 K. 2F cells of the 32, 22 and 14 nm nodes:
    0.7, 1.1 and 2.0 (3D_NeuroSim, wire table)."""
    r_bit_ohm: Resistance = 1.0
    """The same of a bit line."""
    r_driver_ohm: Resistance = 0.0
    """Resistance of the driver of a word line, ohm."""
    r_sense_ohm: Resistance = 0.0
    """Resistance between a bit line and the virtual ground, ohm."""
    r_access_ohm: Resistance = 0.0
    """Resistance of the selector or access transistor in series with each device, ohm (NeuroSim's default: 15 000)."""
    temperature_k: Annotated[float, Field(ge=200, le=500)] = 300.0
    """Temperature of the wires, K; their resistance grows by 0.451 % a kelvin away from 300 K (NeuroSim)."""

    def tile(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return rows and columns of a tile of an array.

        Raises
        ------
        ConfigError
            If a tile is larger than the array.
        """
        for name, given, n in (("tile_rows", self.tile_rows, shape[-2]), ("tile_cols", self.tile_cols, shape[-1])):
            if given is not None and given > n:
                raise ConfigError(f"circuit.{name} must be at most {n}, the size of the array, got {given}")
        return self.tile_rows or min(TILE, shape[-2]), self.tile_cols or min(TILE, shape[-1])

    @property
    def word_ohm(self) -> float:
        """Resistance of a segment of a word line at its temperature, ohm."""
        return self.r_word_ohm * (1 + WIRE_PER_KELVIN * abs(self.temperature_k - 300.0))

    @property
    def bit_ohm(self) -> float:
        """Resistance of a segment of a bit line at its temperature, ohm."""
        return self.r_bit_ohm * (1 + WIRE_PER_KELVIN * abs(self.temperature_k - 300.0))


def checked(g_us: np.ndarray) -> np.ndarray:
    """Return conductances as double precision, if they can be those of an array.

    Parameters
    ----------
    g_us : (n_rows, n_cols)
        Conductance of each device, µS; 0 is an open device.

    Raises
    ------
    ConfigError
        If the shape is wrong, one is negative, infinite or not a number, or all are 0.
    """
    g = np.asarray(g_us, np.float64)
    if g.ndim != 2 or g.size == 0:
        raise ConfigError(f"g_us must have rows and columns, got an array of shape {g.shape}")
    wrong = np.argwhere(~np.isfinite(g) | (g < 0))
    if len(wrong):
        i, j = (int(k) for k in wrong[0])
        raise ConfigError(
            f"g_us must be finite and at least 0, got {g[i, j]} at row {i}, column {j} ({len(wrong)} such devices)"
        )
    if not g.any():
        raise ConfigError("g_us: all devices are open (0 µS), so no current flows; at least one must conduct")
    return g


def cell_conductance(g_us: np.ndarray, r_access_ohm: float) -> np.ndarray:
    """Return the conductance of devices in series with their access device, S, from that of the devices in µS."""
    g = np.asarray(g_us, np.float64) * 1e-6
    return g / (1.0 + g * r_access_ohm)
