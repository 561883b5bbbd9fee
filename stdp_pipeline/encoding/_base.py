"""What all codes share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stdp_pipeline.config._base import Strict

__all__ = ["EncodingParams"]


class EncodingParams(Strict):
    """Fields that every code's ``Params`` has."""

    intensity: Annotated[float, Field(gt=0)] = 2.0
    """Factor on the input in a first presentation (code)."""
    intensity_step: Annotated[float, Field(ge=0)] = 1.0
    """Rise of that factor each time an image is shown again, because it caused too few spikes (code)."""
    materialize: bool = False
    """Store the spikes of all first presentations as well; training then reads them. The result is the same."""
