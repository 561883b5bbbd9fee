"""A curve of an inference study: one thing about the hardware is varied, and several specimens are drawn at each value.

Presets are YAML files with a source for every number, in :mod:`stdp_pipeline.hardware.presets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_serializer, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.config.explain import explained, unknown
from stdp_pipeline.config.load import merged, read_yaml
from stdp_pipeline.hardware.params import HardwareParams

__all__ = ["CurveParams", "Point", "presets", "with_values"]

_PRESETS = Path(__file__).parent / "presets"


def presets() -> dict[str, Path]:
    """Return the hardware presets by name."""
    return {path.stem: path for path in sorted(_PRESETS.glob("*.yaml"))}


@dataclass(frozen=True)
class Point:
    """One value of a curve.

    Attributes
    ----------
    value : object
        What the varied parameters are set to; None if nothing is varied.
    hardware : HardwareParams
    """

    value: Any
    hardware: HardwareParams


class CurveParams(Strict):
    """Accuracy of the trained network on hardware, over one thing that is varied."""

    preset: str | None = None
    """Hardware to start from ('stdp list hardware')."""
    hardware: HardwareParams = HardwareParams()
    """What is different from the preset, or, without one, from ideal devices. A list of devices replaces that of the
    preset."""
    vary: str | list[str] | None = None
    """What is varied: a dotted path in the hardware, such as time_s, circuit.r_bit_ohm, or devices.stuck.off, with
    imperfections by their names; several paths, which get the same values; or 'preset'. Null for a single point."""
    values: list[Any] | None = None
    """Its values."""
    draws: Annotated[int, Field(ge=1, le=1000)] = 10
    """Specimens at each value: each has devices of its own, and the same ones at all values."""
    label_images: Annotated[int, Field(ge=100)] | None = 10_000
    """Training images, the first ones, by which neurons are labelled anew on each specimen, or all if there are fewer;
    null for all."""

    @field_serializer("hardware", when_used="json")
    def _as_given(self, hardware: HardwareParams) -> dict[str, Any]:
        # Defaults would take the place of the preset's values if they were read again.
        return hardware.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="after")
    def _every_point_exists(self) -> CurveParams:
        if (self.vary is None) != (self.values is None):
            raise ValueError("vary and values belong together: give both or none")
        if self.vary is not None and not (self.paths and all(self.paths)):
            raise ValueError("vary must not be empty; leave it out for a single point")
        if self.values is not None and not self.values:
            raise ValueError("values must not be empty")
        if "preset" in self.paths and len(self.paths) > 1:
            raise ValueError("vary: 'preset' cannot be varied together with something else")
        self.points()
        return self

    @property
    def paths(self) -> list[str]:
        """The varied paths."""
        return [] if self.vary is None else [self.vary] if isinstance(self.vary, str) else list(self.vary)

    def points(self) -> list[Point]:
        """Return the hardware at each value.

        Raises
        ------
        ValueError
            If a preset or path does not exist, or a value is not allowed.
        """
        # Only what was given: a preset's values stay where nothing else is said.
        own = self.hardware.model_dump(mode="json", exclude_unset=True)
        found = []
        for value in self.values or [None]:
            name = value if "preset" in self.paths else self.preset
            raw = merged(_preset(name), own) if name is not None else own
            try:
                raw = with_values(raw, [path for path in self.paths if path != "preset"], value)
            except (TypeError, KeyError):
                raise ValueError(f"vary: {value!r} cannot be set at {', '.join(self.paths)}") from None
            try:
                found.append(Point(value, HardwareParams.model_validate(raw)))
            except ValidationError as error:
                at = f" at {', '.join(self.paths)} = {value!r}" if self.paths else ""
                raise ValueError(f"hardware{at}: {explained(error.errors()[0], raw, HardwareParams)}") from None
        return found


def _preset(name: Any) -> dict[str, Any]:
    known = presets()
    if name not in known:
        raise ValueError(f"preset: {unknown(str(name), list(known))}")
    return read_yaml(known[name])


def with_values(raw: dict[str, Any], paths: list[str], value: Any) -> dict[str, Any]:
    """Return a raw hardware section with a value at each path.

    Parameters
    ----------
    raw : dict
    paths : list of str
        Dotted; ``devices.NAME.FIELD`` is a field of the imperfection of that name, which is added if it is not there.
    value : object
    """
    result = {**raw, "devices": [dict(one) for one in raw.get("devices", [])]}
    for path in paths:
        section, *rest = path.split(".")
        if section == "devices" and len(rest) == 2:
            name, field = rest
            there = [one for one in result["devices"] if one["name"] == name]
            if not there:
                there = [{"name": name}]
                result["devices"] += there
            there[0][field] = value
        elif rest:
            if len(rest) > 1:
                raise ValueError(f"vary: '{path}' must be SECTION.FIELD, or devices.NAME.FIELD")
            result[section] = {**(result.get(section) or {}), rest[0]: value}
        else:
            result[section] = value
    return result
