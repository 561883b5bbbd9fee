"""The training stage: what a pass does to the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline import registry
from stdp_pipeline.config.load import validated
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.stages import train
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._job import StageJob, run_stage
from stdp_pipeline.stages._network import read_network
from stdp_pipeline.stages._snapshots import Snapshots, read_snapshots


def experiment(**training):
    return {
        "dataset": {"name": "digits", "n_train": 8, "n_test": 2},
        "network": {"n_exc": 6},
        "encoding": {"rate_per_level_hz": 0.5},
        "plasticity": {"name": "triplet", "norm_total": 9.0},
        "simulation": {
            "engine": "reference",
            "precision": "float64",
            "image_ms": 60.0,
            "rest_ms": 20.0,
            "max_attempts": 2,
        },
        "training": {"curve_every": 4, **training},
        "embeddings": [],
    }


def weights(folder: Path, **training) -> np.ndarray:
    """Train, and return the weights, each neuron's scaled to the sum 1."""
    files = {"prepare": "data.npz", "encode": "levels.npz", "train": "network.npz"}
    for job in plan("test", validated(experiment(**training), "test")).jobs.values():
        if job.stage in files:
            roles = {"encode": "levels"}
            inputs = {
                roles.get(role, role): folder / parent.stage / parent.id / files[parent.stage]
                for role, parent in job.parents.items()
            }
            run_stage(StageJob(job.stage, job.spec, inputs, folder / job.stage / job.id))
    found = np.load(next(folder.glob("train/*/network.npz")))["weights"]
    return found / found.sum(axis=0)


def test_a_pass_with_the_factor_zero_teaches_nothing(tmp_path):
    once = weights(tmp_path / "once", passes=1)
    assert np.allclose(weights(tmp_path / "still", passes=2, rate_factors=[1.0, 0.0]), once, rtol=0, atol=1e-12)
    assert not np.allclose(weights(tmp_path / "twice", passes=2), once, rtol=0, atol=1e-4)
    # A factor of 1 is no factor.
    same = weights(tmp_path / "same", passes=2, rate_factors=[1.0, 1.0])
    assert np.array_equal(same, weights(tmp_path / "none", passes=2))


@pytest.mark.parametrize("name", registry.names("rule"))
def test_factors_scale_the_learning_rates_and_nothing_else(name):
    raw = experiment(passes=2, rate_factors=[1.0, 0.5]) | {"plasticity": {"name": name, "norm_total": 9.0}}
    spec = validated(raw, "test").model_dump(mode="json")
    plain, whole, half = model_of(spec), model_of(spec, 0), model_of(spec, 1)
    assert plain == whole
    assert half.network == whole.network
    for key, value in whole.rule_params.model_dump().items():
        scaled = key in registry.load("rule", name).RATES
        assert getattr(half.rule_params, key) == (0.5 * value if scaled else value)


def test_theta_factors_slow_the_thresholds_and_keep_what_they_tend_to():
    spec = validated(experiment(passes=2, theta_factors=[1.0, 0.25]), "test").model_dump(mode="json")
    whole, slow = model_of(spec, 0), model_of(spec, 1)
    assert slow.rule_params == whole.rule_params
    assert slow.network.exc.theta_plus_mv == 0.25 * whole.network.exc.theta_plus_mv
    assert slow.network.exc.tau_theta_ms == 4 * whole.network.exc.tau_theta_ms
    # In equilibrium a neuron that fires every T has theta = theta_plus tau / T.
    exc = whole.network.exc
    assert slow.network.exc.theta_plus_mv * slow.network.exc.tau_theta_ms == exc.theta_plus_mv * exc.tau_theta_ms
    others = {key: value for key, value in exc if key not in ("theta_plus_mv", "tau_theta_ms")}
    assert others.items() <= dict(slow.network.exc).items()


def test_the_second_pass_trains_with_its_own_pace(tmp_path):
    twice = weights(tmp_path / "twice", passes=2)
    assert np.array_equal(weights(tmp_path / "same", passes=2, theta_factors=[1.0, 1.0]), twice)
    # Thresholds that rise a thousand times as fast silence neurons, so other weights come out.
    assert not np.allclose(weights(tmp_path / "fast", passes=2, theta_factors=[1.0, 1000.0]), twice, rtol=0, atol=1e-4)


@pytest.mark.parametrize("factors", [[1.0], [1.0, 0.5, 0.1]])
def test_there_must_be_one_factor_for_each_pass(factors):
    for name in ("rate_factors", "theta_factors"):
        with pytest.raises(ConfigError, match=rf"{name} must hold one factor for each of the passes \(2\)"):
            validated(experiment(passes=2, **{name: factors}), "test")


def test_snapshots_are_the_network_on_its_way_and_change_nothing(tmp_path):
    plain = weights(tmp_path / "plain", passes=2)
    assert np.array_equal(weights(tmp_path / "kept", passes=2, snapshots=[0, 3, 8, 16]), plain)
    (network,) = (tmp_path / "kept").glob("train/*/network.npz")
    images_seen, states = read_snapshots(network)
    assert images_seen.tolist() == [0, 3, 8, 16]
    assert np.array_equal(states[-1].weights, read_network(network).weights)
    # One pass is the first half of two.
    once = weights(tmp_path / "once", passes=1)
    assert np.array_equal(states[2].weights / states[2].weights.sum(axis=0), once)
    assert not np.array_equal(states[0].weights, states[1].weights)


def test_a_training_that_goes_on_from_a_checkpoint_keeps_its_earlier_snapshots(tmp_path, monkeypatch):
    whole = tmp_path / "whole"
    weights(whole, passes=2, snapshots=[0, 3, 16])
    (network,) = whole.glob("train/*/network.npz")
    (job,) = (
        one
        for one in plan("test", validated(experiment(passes=2, snapshots=[0, 3, 16]), "test")).jobs.values()
        if one.stage == "train"
    )
    files = {role: whole / one.stage / one.id for role, one in job.parents.items()}
    inputs = {"levels": files["encode"] / "levels.npz", "data": files["data"] / "data.npz"}
    again = StageJob("train", job.spec, inputs, tmp_path / "again", checkpoint=tmp_path / "checkpoint")
    monkeypatch.setenv("STDP_CHECKPOINT_S", "0")
    keep = Snapshots.at

    def stop_after_ten(self, done, state, model):
        keep(self, done, state, model)
        if done >= 10:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Snapshots, "at", stop_after_ten)
        patch.setattr(train, "_CHUNK", 2)
        with pytest.raises(KeyboardInterrupt):
            run_stage(again)
    run_stage(again)
    for one, other in zip(read_snapshots(network)[1], read_snapshots(again.output / "network.npz")[1], strict=True):
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.theta_mv, other.theta_mv)


def test_snapshots_beyond_the_end_and_missing_ones_are_told(tmp_path):
    with pytest.raises(ConfigError, match=r"training\.snapshots must be at most 8, the training images"):
        weights(tmp_path / "beyond", passes=1, snapshots=[0, 9])
    with pytest.raises(ConfigError, match="snapshots must rise"):
        validated(experiment(snapshots=[5, 0]), "test")
    weights(tmp_path / "none", passes=1)
    (network,) = (tmp_path / "none").glob("train/*/network.npz")
    with pytest.raises(ResultsError, match=r"trained without training\.snapshots"):
        read_snapshots(network)
