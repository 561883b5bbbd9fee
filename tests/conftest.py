"""Fixtures that all tests share.

Tests hold for any seed: STDP_TEST_SEED=N runs them with another one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from stdp_pipeline import registry
from stdp_pipeline.encoding import poisson
from stdp_pipeline.engines._contract import Inputs, Model, StoredEvents
from stdp_pipeline.network.params import NetworkParams

settings.register_profile("default", deadline=None, derandomize="STDP_TEST_SEED" not in os.environ)
settings.load_profile("default")


@pytest.fixture(scope="session")
def seed() -> int:
    """Return the seed of this test run."""
    return int(os.environ.get("STDP_TEST_SEED", "0"))


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    """Return a fresh generator for test data."""
    return np.random.default_rng(seed)


def strokes(n: int, side: int, seed: int) -> np.ndarray:
    """Return n images of a bright random bar, (n, side * side) uint8: quick to present and not all alike."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, side, side), np.uint8)
    for image in images:
        line = rng.integers(side)
        view = image if rng.random() < 0.5 else image.T
        view[line] = rng.integers(150, 256, side)
        view[(line + 1) % side] = rng.integers(0, 120, side)
    return images.reshape(n, -1)


@pytest.fixture(scope="session")
def bars(seed: int) -> np.ndarray:
    """Return 60 images of bars, (60, 144) uint8."""
    return strokes(60, 12, seed)


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    """Return a function that builds a small model; its arguments replace the defaults."""

    def make(
        n_exc: int = 20,
        rule: dict[str, Any] | None = None,
        exc: dict[str, Any] | None = None,
        network: dict[str, Any] | None = None,
        rule_name: str = "triplet",
        **options: Any,
    ) -> Model:
        params = NetworkParams.model_validate({"n_exc": n_exc, "exc": exc or {}, **(network or {})})
        module = registry.load("rule", rule_name)
        defaults = {} if hasattr(module, "n_states") else {"norm_total": 30.0}
        defaults |= {"eta_post": 0.05} if rule_name == "triplet" else {}
        return Model(params, module, module.Params.model_validate(defaults | (rule or {})), **options)

    return make


@pytest.fixture(scope="session")
def make_inputs() -> Callable[..., Inputs]:
    """Return a function that describes Poisson inputs for some images."""

    def make(
        levels: np.ndarray,
        seed: int,
        split: str = "train",
        stored: StoredEvents | None = None,
        rate_per_level_hz: float = 0.5,  # small images need more spikes per pixel than MNIST's
    ) -> Inputs:
        params = poisson.Params(rate_per_level_hz=rate_per_level_hz)
        return Inputs(levels, poisson, params, seed, split, stored or StoredEvents.none())

    return make
