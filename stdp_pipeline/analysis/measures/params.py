"""How many points, and how often, the measures of maps look at."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stdp_pipeline.config._base import Strict

__all__ = ["MeasuresParams"]


class MeasuresParams(Strict):
    """Measures of maps."""

    n_points: Annotated[int, Field(ge=100, le=5000)] = 2000
    """Points, drawn at random from those that have a place on all maps; all pairs of them are looked at."""
    n_draws: Annotated[int, Field(ge=1, le=100)] = 3
    """How often; the mean over the draws counts."""
