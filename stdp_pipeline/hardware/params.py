"""A hardware configuration: four separate things, and when and how they are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.config.union import one_of
from stdp_pipeline.hardware.circuit.params import CircuitParams
from stdp_pipeline.hardware.energy import EnergyParams
from stdp_pipeline.hardware.mapping import MappingParams
from stdp_pipeline.hardware.periphery import PeripheryParams

__all__ = ["Compensation", "HardwareParams"]

_Imperfections: Any = list[one_of("imperfection")]  # type: ignore[misc]


class Compensation(Strict):
    """Factors behind the converters, from calibration reads.

    With all inputs spiking: the sum of the weights as it was over what it is; 1 where one of the two is not above 0.
    """

    by: Literal["array", "column"] = "array"
    """One factor for all columns, or one for each (aihwkit: GlobalDriftCompensation, PerColumnDriftCompensation)."""
    to: Literal["programmed", "ideal"] = "programmed"
    """The currents just after programming, which makes up for drift, or those of ideal devices without wires, which
    makes up for wires and mean errors of programming, too."""


class HardwareParams(Strict):
    """Devices that hold the weights of a network, in arrays, and what is around them."""

    title: str = ""
    """What it is, in a few words."""
    mapping: MappingParams = MappingParams()
    """From weights to conductances."""
    devices: Annotated[_Imperfections, Field(max_length=32)] = []  # noqa: RUF012 (pydantic copies it)
    """Imperfections of the devices ('stdp list imperfections'). They act in the order of a device's life: target,
    write, age, fault, read; those of one phase in the order of this list. Each may be named once."""
    circuit: CircuitParams | None = None
    """Wires and what is at their ends; null for none of it."""
    periphery: PeripheryParams | None = None
    """Integrators and converters behind the columns; null for ideal ones. Their tiles are those of the circuit, or,
    without one, of 128 rows."""
    time_s: Annotated[float, Field(ge=0, le=1e10)] = 0.0
    """Time from programming to reading, s: a year is 3.2e7."""
    compensation: Compensation | None = None
    """What makes up for systematic losses; null for nothing."""
    v_read_v: Annotated[float, Field(gt=0, le=5)] = 0.1
    """Voltage of a word line while its input spikes; idle ones are at 0 V. V."""
    t_read_s: Annotated[float, Field(gt=0, le=1)] = 10e-9
    """Duration of that voltage, s."""
    energy: EnergyParams = EnergyParams()
    """What drivers, converters and devices take in energy and area."""

    @model_validator(mode="after")
    def _each_once(self) -> HardwareParams:
        names = [one.name for one in self.devices]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"devices: each imperfection may be named once, got {', '.join(twice)} again")
        return self

    @model_validator(mode="after")
    def _is_known(self) -> HardwareParams:
        for one in self.devices:
            if one.name == "relaxation" and not one.times_s[0] <= self.time_s <= one.times_s[-1]:
                raise ValueError(
                    f"time_s must be {one.times_s[0]:g} to {one.times_s[-1]:g} with the imperfection 'relaxation', "
                    f"which was measured at these times only, got {self.time_s:g}"
                )
            if one.name == "finite_levels" and one.spacing == "logarithmic" and self.mapping.g_min_us == 0:
                raise ValueError("mapping.g_min_us must be above 0 with logarithmic finite_levels, got 0")
        return self
