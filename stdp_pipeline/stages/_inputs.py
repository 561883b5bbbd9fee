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

__all__ = ["input_arrays", "input_model", "inputs_of", "model_of", "stored_events"]

_SPIKES = ("step", "source", "offsets")


def model_of(spec: dict[str, Any], pass_index: int | None = None) -> Model:
    """Build the model of a ``train`` job from its parameters: as they are, or as its factors make them in one pass."""
    network = NetworkParams.model_validate(spec["network"])
    rule, rule_params = component("rule", spec["plasticity"])
    if pass_index is not None:
        rate, theta = (_factor(spec["training"], name, pass_index) for name in ("rate_factors", "theta_factors"))
        rates = {name: rate * getattr(rule_params, name) for name in rule.RATES}
        rule_params = rule_params.model_copy(update=rates)
        # Both together, so that thresholds go to where they went before, but slower: see ``training.theta_factors``.
        pace = {"theta_plus_mv": theta * network.exc.theta_plus_mv, "tau_theta_ms": network.exc.tau_theta_ms / theta}
        network = network.model_copy(update={"exc": network.exc.model_copy(update=pace)})
    simulation = {k: v for k, v in spec["simulation"].items() if k != "engine"}
    return Model(network, rule, rule_params, **simulation)


def _factor(training: dict[str, Any], name: str, pass_index: int) -> float:
    factors = training.get(name)
    return 1.0 if factors is None else float(factors[pass_index])


def input_model(spec: dict[str, Any]) -> Model:
    """Build a model that is only used to draw input spikes, from an ``encode`` job's parameters."""
    rule, rule_params = component("rule", {"name": "triplet"})
    return Model(NetworkParams(), rule, rule_params, **spec["protocol"])


def input_arrays(path: Path, split: str) -> dict[str, np.ndarray]:
    """Read what ``levels.npz`` holds of one split: levels, and the spikes of recordings."""
    return read_arrays(path, f"{split}_levels", also=[f"{split}_{part}" for part in _SPIKES])


def inputs_of(
    spec: dict[str, Any], arrays: dict[str, np.ndarray], split: str, seed: int, stored: StoredEvents | None = None
) -> Inputs:
    """Describe the inputs of one split.

    Parameters
    ----------
    spec : dict
        Names the code under 'encoding'.
    arrays : dict
        From :func:`input_arrays`.
    split : {"train", "test"}
    seed : int
    stored : StoredEvents, optional
        First presentations that need not be drawn.
    """
    encoding, params = component("encoding", spec["encoding"])
    if f"{split}_step" in arrays:
        step, source, offsets = (arrays[f"{split}_{part}"] for part in _SPIKES)
        stored = StoredEvents(step, source, offsets, recorded=True)
    return Inputs(arrays[f"{split}_levels"], encoding, params, seed, split, stored or StoredEvents.none())


def stored_events(path: Path | None, model: Model, n_images: int, n_input: int) -> StoredEvents:
    """Read the events of one pass, or return an empty store if ``path`` is None.

    Raises
    ------
    ResultsError
        If the store does not fit the images.
    """
    if path is None:
        return StoredEvents.none()
    arrays = read_arrays(path, "step", "source", "offsets")
    if len(arrays["offsets"]) != n_images + 1:
        raise ResultsError(
            f"'{path}' holds {len(arrays['offsets']) - 1} presentations, the split has {n_images} images"
        )
    step, source, offsets = (arrays[name] for name in ("step", "source", "offsets"))
    whole = offsets[0] == 0 and offsets[-1] == len(step) == len(source) and bool(np.all(np.diff(offsets) >= 0))
    if not whole or (len(step) and (step.max() >= model.n_image_steps or source.max() >= n_input)):
        raise ResultsError(
            f"'{path}' was not made for this protocol: it must hold steps below {model.n_image_steps} of sources below "
            f"{n_input}; run 'stdp events' again with the same parameters"
        )
    return StoredEvents(step, source, offsets)
