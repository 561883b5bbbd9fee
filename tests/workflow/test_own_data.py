"""From files of a user's own to a report: recordings of an event camera, and a folder of images."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from scipy import stats

from stdp_pipeline.cli import main
from stdp_pipeline.datasets._formats import nmnist
from stdp_pipeline.datasets._formats.recording import Recording

N_TRAIN, N_TEST, N_CLASSES = 80, 60, 4


def sweeping_bar(c: int, rng: np.random.Generator) -> Recording:
    """Return what a camera sees of a bar that moves over half of its view: ON events ahead of OFF events, and noise.

    Classes differ in the bar's orientation and in the half.
    """
    along, step = np.tile(np.arange(4, 30), 12), np.repeat(np.arange(12), 26)
    ahead = step + rng.integers(2, 4) + 16 * (c % 2)
    time = step * 15_000 + rng.integers(0, 15_000, len(step))
    along, across = np.tile(along, 2), np.concatenate([ahead, ahead - 2])
    seen = rng.random(len(along)) < 0.6
    on = np.repeat([True, False], len(step))[seen]
    x, y = (across[seen], along[seen]) if c < 2 else (along[seen], across[seen])
    time = np.concatenate([time, time + 1000])[seen]
    n = 60
    x, y = (np.concatenate([place, rng.integers(0, 34, n)]).astype(np.uint16) for place in (x, y))
    time, on = np.concatenate([time, rng.integers(0, 180_000, n)]), np.concatenate([on, rng.random(n) < 0.5])
    order = np.argsort(time, kind="stable")
    return Recording(time[order].astype(np.int64), x[order], y[order], on[order], 34, 34)


@pytest.fixture
def bars(tmp_path, rng):
    folder = tmp_path / "bars"
    for split, n in (("train", N_TRAIN), ("test", N_TEST)):
        for k in range(n):
            path = folder / split / f"bar{k % N_CLASSES}" / f"{k:03d}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            nmnist.write(path, sweeping_bar(k % N_CLASSES, rng))
    return folder


def test_recordings_go_straight_to_the_network(bars, tmp_path, seed):
    experiment = {
        "dataset": {"name": "recordings", "path": str(bars), "events": {"downsample": 2, "refractory_ms": 5.0}},
        "encoding": {"name": "recorded"},
        "network": {"n_exc": 20, "exc": {"theta_plus_mv": 0.5, "tau_theta_ms": 1.0e5}},
        "simulation": {"image_ms": 200.0, "rest_ms": 100.0},
        "plasticity": {"name": "power_law", "eta": 0.05, "x_tar": 0.1, "norm_total": 40.0},
        "training": {"passes": 3, "curve_every": N_TRAIN},
        "embeddings": [],
        "seeds": [seed],
    }
    (tmp_path / "bars.yaml").write_text(yaml.safe_dump(experiment))
    assert main(["run", str(tmp_path / "bars.yaml"), "--directory", str(tmp_path), "--cores", "2"]) == 0
    folder = tmp_path / "results" / "experiments" / "bars"
    (run,) = json.loads((folder / "metrics.json").read_text())["runs"]
    # All 60 are right where this was measured; a network that guesses is right as often as this once in a million.
    assert run["test_accuracy"] * N_TEST > stats.binom.isf(1e-6, N_TEST, 1 / N_CLASSES)
    assert "bar3" in (folder / "figures" / "confusion.svg").read_text()
