"""Stuck devices: they are always on, always off, or keep the value that they happen to have.

Faults may be scattered, take whole rows or columns (a broken line), or come in clusters.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.hardware.devices._base import Devices, Drawn, Phase
from stdp_pipeline.random import Draws

__all__ = ["DRAWN", "OFF", "ON", "PHASE", "VALUE", "Params", "apply", "failed", "where_stuck"]

PHASE: Phase = "fault"
DRAWN: Drawn = "device"

OFF, ON, VALUE = 1, 2, 3

Share = Annotated[float, Field(ge=0, le=1)]


class Params(Strict):
    """Share of each kind of fault, and where they are."""

    name: Literal["stuck"] = "stuck"
    """Name of the imperfection."""
    off: Share = 0.0
    """Share of devices that are stuck at off_us."""
    on: Share = 0.0
    """Share of devices that are stuck at on_us."""
    value: Share = 0.0
    """Share of devices that are stuck at their last value: one that is random, uniform from g_min_us to g_max_us."""
    off_us: Annotated[float, Field(ge=0)] | None = None
    """Conductance of a device that is stuck off, µS; null for g_min_us. 0 is an open one."""
    on_us: Annotated[float, Field(ge=0)] | None = None
    """Conductance of a device that is stuck on, µS; null for g_max_us."""
    pattern: Literal["random", "rows", "columns", "clusters"] = "random"
    """Single devices, whole rows, whole columns, or squares of cluster_cells x cluster_cells."""
    cluster_cells: Annotated[int, Field(ge=2, le=1000)] = 8
    """Side of a cluster."""

    @model_validator(mode="after")
    def _at_most_all(self) -> Params:
        if self.off + self.on + self.value > 1:
            raise ValueError(
                f"off, on and value together must be at most 1, got {self.off:g} + {self.on:g} + {self.value:g}"
            )
        return self


def apply(g_us: np.ndarray, params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return conductances with those of stuck devices in their place."""
    kind = where_stuck(params, devices.shape, draws)
    low, high = devices.g_min_us, devices.g_max_us
    off_us = low if params.off_us is None else params.off_us
    on_us = high if params.on_us is None else params.on_us
    last = low + (high - low) * draws.uniforms("stuck value", devices.shape)
    return np.select([kind == OFF, kind == ON, kind == VALUE], [np.float64(off_us), np.float64(on_us), last], g_us)


def failed(params: Params, devices: Devices, draws: Draws) -> np.ndarray:
    """Return which devices are stuck, also where they should hold what they are stuck at."""
    return where_stuck(params, devices.shape, draws) > 0


def where_stuck(params: Params, shape: tuple[int, ...], draws: Draws) -> np.ndarray:
    """Return what each device is stuck at, 0 for none, as an array of that shape."""
    n_planes, n_rows, n_cols = shape
    size = params.cluster_cells
    # A fault covers as many devices as its pattern says: one number for all of them.
    few, ways = {
        "random": (shape, (1, 1)),
        "rows": ((n_planes, n_rows, 1), (1, n_cols)),
        "columns": ((n_planes, 1, n_cols), (n_rows, 1)),
        "clusters": ((n_planes, -(-n_rows // size), -(-n_cols // size)), (size, size)),
    }[params.pattern]
    u = draws.uniforms("stuck", few)
    edges = np.cumsum([params.off, params.on, params.value])
    kind = np.select([u < edge for edge in edges], [OFF, ON, VALUE], 0).astype(np.uint8)
    return np.repeat(np.repeat(kind, ways[0], axis=1), ways[1], axis=2)[:, :n_rows, :n_cols]
