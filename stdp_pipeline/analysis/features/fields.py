"""Receptive fields: the input weights of each neuron."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stdp_pipeline.analysis.features._source import Need, Source
from stdp_pipeline.config._base import Strict

__all__ = ["NEEDS", "ROWS", "Params", "features"]

ROWS = "neurons"
NEEDS: tuple[Need, ...] = ("network",)


class Params(Strict):
    """Receptive fields have no parameters."""

    name: Literal["fields"] = "fields"
    """Name of the features."""


def features(params: Params, source: Source) -> np.ndarray:
    """Return weights, (n_exc, n_input) float32."""
    assert source.weights is not None
    return np.ascontiguousarray(source.weights.T, np.float32)
