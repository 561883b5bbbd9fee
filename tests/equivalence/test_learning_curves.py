"""Learning curves of the fast engine, as it is used, and of Brian2 in double precision, over 2 000 images of MNIST."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.datasets import mnist
from stdp_pipeline.engines import brian2_standalone, fast
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.stages._inputs import inputs_of, model_of
from stdp_pipeline.stages._monitor import LearningCurve

ROOT = Path(__file__).parents[2]
N_IMAGES, WINDOW, SEEDS = 2000, 500, 3


def curve(engine, model, spec, data, seed):
    """Return accuracy, spikes per image and mean theta of each window but the first, (n_windows - 1, 3)."""
    levels = data.train_images[:N_IMAGES].reshape(N_IMAGES, -1)
    inputs = inputs_of(spec, levels, "train", seed)
    state = initial_state(model.network, levels.shape[1], seed, model.precision, model.dt_ms)
    found = LearningCurve(data.train_labels, 10, WINDOW, model.min_spikes)
    for start in range(0, N_IMAGES, WINDOW):
        images = np.arange(start, start + WINDOW)
        state, responses = engine.train(model, state, inputs, images, 0)
        found.add(images, responses, state)
    header, *rows = (line.split("\t") for line in found.table().splitlines())
    columns = [header.index(name) for name in ("accuracy", "spikes_per_image", "theta_mean_mv")]
    return np.array([[float(row[c]) for c in columns] for row in rows[1:]])


@pytest.mark.slow
def test_fast_and_brian2_learn_alike_within_the_spread_over_seeds(seed, capsys):
    """The two differ by rounding alone, which moves single spikes; means over seeds must not tell the engines apart."""
    data = mnist.read(mnist.Params())
    config = load_experiment(ROOT / "config/experiments/quickstart.yaml").model_dump(mode="json")
    model = model_of(config)
    assert (model.precision, model.integrator) == ("float32", "exponential_euler")
    seeds = range(seed, seed + SEEDS)
    quick = np.array([curve(fast, model, config, data, s) for s in seeds])
    trusted = np.array([curve(brian2_standalone, replace(model, precision="float64"), config, data, s) for s in seeds])
    gap = quick.mean(axis=0) - trusted.mean(axis=0)
    spread = np.sqrt((quick.var(axis=0, ddof=1) + trusted.var(axis=0, ddof=1)) / 2)
    with capsys.disabled():
        for name, k in (("accuracy", 0), ("spikes per image", 1), ("mean theta, mV", 2)):
            print(f"\n{name}: fast {quick[..., k].mean(axis=0)}, Brian2 {trusted[..., k].mean(axis=0)}", end="")
            print(f", gap {gap[:, k]}, standard deviation over seeds {spread[:, k]}", end="")
    # Student's t for two samples, on the mean over the windows: one false alarm in a thousand runs over the three.
    means = quick.mean(axis=1), trusted.mean(axis=1)
    spread = np.sqrt((means[0].var(axis=0, ddof=1) + means[1].var(axis=0, ddof=1)) / 2)
    limit = stats.t.ppf(1 - 1e-3 / 6, 2 * SEEDS - 2) * spread * np.sqrt(2 / SEEDS)
    assert np.all(np.abs(gap.mean(axis=0)) <= limit)
