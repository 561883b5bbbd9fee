"""Rebuild what an engine needs from a stage's parameters and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.engines._contract import Inputs, Model, StoredEvents
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import read_arrays
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.stages._job import component

__all__ = ["input_model", "inputs_of", "model_of", "stored_events"]


def model_of(spec: dict[str, Any]) -> Model:
    """Build the model of a ``train`` job from its parameters."""
    rule, rule_params = component("rule", spec["plasticity"])
    simulation = {k: v for k, v in spec["simulation"].items() if k != "engine"}
    return Model(NetworkParams.model_validate(spec["network"]), rule, rule_params, **simulation)


def input_model(spec: dict[str, Any]) -> Model:
    """Build a model that is only used to draw input spikes, from an ``encode`` job's parameters."""
    rule, rule_params = component("rule", {"name": "triplet"})
    return Model(NetworkParams(), rule, rule_params, **spec["protocol"])


def inputs_of(
    spec: dict[str, Any], levels: np.ndarray, split: str, seed: int, stored: StoredEvents | None = None
) -> Inputs:
    """Describe the inputs of one split; ``spec`` names the code under 'encoding'."""
    encoding, params = component("encoding", spec["encoding"])
    return Inputs(levels, encoding, params, seed, split, stored or StoredEvents.none())


def stored_events(path: Path | None, n_images: int) -> StoredEvents:
    """Read the events of one pass, or return an empty store if ``path`` is None.

    Raises
    ------
    ResultsError
        If the store does not fit the images.
    """
    if path is None:
        return StoredEvents.none()
    arrays = read_arrays(path)
    if len(arrays["offsets"]) != n_images + 1:
        raise ResultsError(
            f"'{path}' holds {len(arrays['offsets']) - 1} presentations, the split has {n_images} images"
        )
    return StoredEvents(arrays["step"], arrays["source"], arrays["offsets"])
