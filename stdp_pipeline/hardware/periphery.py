"""What is around the arrays: integrators, converters and their errors.

Input spikes are binary, so a driver has two voltages and needs no converter. The current of each column of a tile, in
each time step in which one of its rows spikes, is integrated and converted; the numbers of all tiles and digits are
added. Devices of a pair, or of a column and its reference, are subtracted before that.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.engines._reading import Converters
from stdp_pipeline.random import Draws

__all__ = ["PeripheryParams", "converters"]


class PeripheryParams(Strict):
    """Integrators and converters behind the columns; the unit of currents is that of a spike on the largest weight."""

    adc_bits: Annotated[int, Field(ge=1, le=16)] | None = 8
    """Bits of the converters; null for converters without steps, so that only their errors act."""
    adc_range: Annotated[float, Field(gt=0)] = 8.0
    """Largest current that they convert; larger ones are given as this one."""
    signed: bool = True
    """Whether the range is as wide below zero; then one of the bits is for the sign. Else negative currents are 0."""
    offset: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation of their offsets, drawn once for each converter."""
    gain: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of their gains about 1, drawn once for each converter."""
    noise: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation of a conversion, drawn at each."""
    saturation: Annotated[float, Field(gt=0)] | None = None
    """Largest current that an integrator takes up in a step, before the converter; null for no bound."""

    @model_validator(mode="after")
    def _a_bit_for_the_sign(self) -> PeripheryParams:
        if self.signed and self.adc_bits == 1:
            raise ValueError("adc_bits must be at least 2 with signed true, since one bit is for the sign, got 1")
        return self


def converters(
    params: PeripheryParams, tile_rows: int, shape: tuple[int, int, int], subtracted: float, draws: Draws
) -> Converters:
    """Draw the converters of one specimen.

    Parameters
    ----------
    params : PeripheryParams
    tile_rows : int
    shape : (n_digits, n_tiles, n_cols)
    subtracted : float
        What arithmetic subtracts for each spike, after conversion.
    draws : Draws
    """
    # With a sign, as many steps on both sides, so that no current is given as none.
    steps = 0 if params.adc_bits is None else 2 ** (params.adc_bits - params.signed) - 1
    return Converters(
        tile_rows=tile_rows,
        step=params.adc_range / steps if steps else 0.0,
        low=-params.adc_range if params.signed else 0.0,
        high=params.adc_range,
        saturation=math.inf if params.saturation is None else params.saturation,
        noise=params.noise,
        gain=1.0 + params.gain * draws.normals("converter gain", shape),
        offset=params.offset * draws.normals("converter offset", shape),
        subtracted=subtracted,
    )
