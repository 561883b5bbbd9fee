"""What several tests of the workflow share."""

from __future__ import annotations

from pathlib import Path

import pytest

SMALL = """
title: Small
description: The shortest chain.
dataset: {name: digits, n_train: 100, n_test: 50}
network: {n_exc: 10, exc: {theta_plus_mv: 0.1, tau_theta_ms: 5.0e+5}}
encoding: {name: poisson, rate_per_level_hz: 0.25}
plasticity: {name: triplet, eta_post: 0.05, norm_total: 9.0}
embeddings: []
representation: false
baselines: []
seeds: [0]
"""


@pytest.fixture
def small(tmp_path) -> Path:
    """Return the file of an experiment that takes seconds."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path
