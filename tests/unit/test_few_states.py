"""Synapses with few states and few-bit weights through the stages: small files, levels, counts, resumed training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline.config.load import validated
from stdp_pipeline.config.plan import plan
from stdp_pipeline.engines import fast, reference
from stdp_pipeline.engines._contract import start_state
from stdp_pipeline.errors import ConfigError, EngineError
from stdp_pipeline.hardware.energy import costs_of, dense_writes
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.stages import train
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._job import StageJob, run_stage
from stdp_pipeline.stages._network import read_network, weights_in

FILES = {
    "prepare": "data.npz", "encode": "levels.npz", "train": "network.npz", "quantise": "network.npz",
    "respond": "responses.npz",
}  # fmt: skip


def experiment(plasticity, quantisation=None, **training):
    return {
        "dataset": {"name": "digits", "n_train": 120, "n_test": 10},
        "network": {"n_exc": 8},
        "encoding": {"rate_per_level_hz": 0.5},
        "plasticity": plasticity,
        "quantisation": quantisation,
        "simulation": {"engine": "reference", "precision": "float64", "image_ms": 20.0, "rest_ms": 5.0,
                       "max_attempts": 1, "min_spikes": 1},
        "training": {"curve_every": 40, "dead_after": 1000, **training},
        "embeddings": [],
    }  # fmt: skip


WINDOW = {"name": "binary_window", "norm_total": 9.0, "p_pot": 0.3, "p_dep": 0.1}
POWER = {"name": "power_law", "norm_total": 9.0, "eta": 0.1}


def run_stages(root: Path, raw) -> dict[str, Path]:
    """Run the stages up to the frozen passes as the workflow does; return the last folder of each stage."""
    folders = {}
    for job in plan("test", validated(raw, "test")).jobs.values():
        if job.stage not in FILES:
            continue
        inputs = {
            {"train": "network", "encode": "levels"}.get(role, role): root / p.stage / p.id / FILES[p.stage]
            for role, p in job.parents.items()
        }
        if "network" in inputs:
            inputs["model"] = inputs["network"].parent / "model.json"
        folders[job.stage] = root / job.stage / job.id
        checkpoint = root / "checkpoints" / job.id
        run_stage(StageJob(job.stage, job.spec, inputs, folders[job.stage], checkpoint=checkpoint))
    return folders


def trained(folders):
    """Return a trained network's file, weights, and what its provenance says of the training."""
    path = folders["train"] / "network.npz"
    model = model_of(json.loads((folders["train"] / "model.json").read_text()))
    record = json.loads((folders["train"] / "provenance.json").read_text())["training"]
    return np.load(path), weights_in(read_network(path), model), record


def test_one_bit_is_stored_as_one_bit(tmp_path):
    arrays, weights, record = trained(run_stages(tmp_path, experiment(WINDOW)))
    assert arrays["states"].nbytes == 64 * 8 // 8
    assert "weights" not in arrays  # once is enough
    assert set(np.unique(weights)) == {0.0, 1.0}
    assert record["bits_per_synapse"] == 1
    assert record["switches_per_image"] * 120 == arrays["neuron_switches"].sum() == arrays["synapse_switches"].sum() > 0
    assert record["switches_of_one_synapse"]["most"] == arrays["synapse_switches"].max()


def test_switches_of_each_synapse_need_not_be_counted(tmp_path):
    arrays, _, record = trained(run_stages(tmp_path, experiment(WINDOW, count_switches=False)))
    assert arrays["synapse_switches"].size == 0
    assert arrays["neuron_switches"].sum() > 0
    assert record["switches_of_one_synapse"] is None


@pytest.mark.parametrize("rule", [WINDOW, POWER | {"levels": 5}, POWER])
def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path, monkeypatch, rule):
    quantisation = {"levels": 4, "every": 30} if rule is POWER else None
    raw = experiment(rule, quantisation)
    monkeypatch.setenv("STDP_CHECKPOINT_S", "0")
    monkeypatch.setattr(train, "_CHUNK", 17)
    whole, *_ = trained(run_stages(tmp_path / "whole", raw))
    update, calls = train.ProgressReport.update, []

    def dies(self, done, curve=None):
        calls.append(done)
        if len(calls) == 5:
            raise KeyboardInterrupt
        update(self, done, curve)

    monkeypatch.setattr(train.ProgressReport, "update", dies)
    with pytest.raises(KeyboardInterrupt):
        run_stages(tmp_path / "parts", raw)
    parts, _, record = trained(run_stages(tmp_path / "parts", raw))
    assert record["resumed"]
    assert whole.files == parts.files
    for name in whole.files:
        assert np.array_equal(whole[name], parts[name]), name


@pytest.mark.parametrize("levels", [2, 5])
def test_a_trained_network_is_put_on_levels_and_shown_images_with_them(tmp_path, levels):
    folders = run_stages(tmp_path, experiment(POWER, {"levels": levels}))
    weights = read_network(folders["quantise"] / "network.npz").weights
    assert 1 < len(np.unique(weights)) <= levels
    before = trained(folders)[1]
    assert len(np.unique(before)) > levels  # the trained network itself stays as it is
    record = json.loads((folders["quantise"] / "quantisation.json").read_text())
    assert record["rms_change"] == pytest.approx(np.sqrt(np.mean((weights - before) ** 2)), rel=1e-4)
    assert np.load(folders["respond"] / "responses.npz")["offsets"][-1] >= 0


def test_a_threshold_is_chosen_by_accuracy_on_training_images(tmp_path):
    section = {"levels": 2, "threshold": "chosen", "candidates": [0.5, 0.8], "choose_on": 100, "scale": "neuron"}
    folders = run_stages(tmp_path, experiment(POWER, section))
    record = json.loads((folders["quantise"] / "quantisation.json").read_text())
    accuracies = record["accuracies_on_training_images"]
    assert set(accuracies) == {"0.5", "0.8"}
    assert accuracies[f"{record['chosen_share']:g}"] == max(accuracies.values())
    with pytest.raises(ConfigError, match="choose_on must be at most the number of training images \\(120\\), got 200"):
        run_stages(tmp_path / "more", experiment(POWER, section | {"choose_on": 200}))


def test_weights_are_put_on_levels_at_intervals_and_at_the_end(tmp_path):
    raw = experiment(POWER, {"levels": 3, "every": 50, "prune_below": 0.2})
    folders = run_stages(tmp_path, raw)
    assert "quantise" not in folders
    _, weights, _ = trained(folders)
    assert len(np.unique(weights)) <= 3


@pytest.mark.parametrize("rule", [WINDOW, POWER | {"levels": 4}])
def test_states_are_not_quantised_again(rule):
    with pytest.raises(ConfigError, match="quantisation is for weights that are real numbers"):
        validated(experiment(rule, {"levels": 2}), "test")


def test_engines_refuse_weights_of_the_other_kind(bars, make_model, make_inputs, seed):
    model = make_model(4, rule_name="binary_window")
    for engine in (reference, fast):
        with pytest.raises(EngineError, match="wants weights that are states of synapses, got an array of float32"):
            engine.train(model, initial_state(model.network, 144, seed), make_inputs(bars, seed), np.arange(1), 0)


# Compiling a kernel takes many seconds: more of them with -m slow, in test_engines_agree.
@pytest.mark.equivalence
@pytest.mark.parametrize(
    ("rule", "params"),
    [
        ("binary_hybrid", {"p_anti": 0.02}),  # with stochastic neurons, in one kernel
        pytest.param("triplet", {"levels": 16, "eta_pre": 0.01}, marks=pytest.mark.slow),
        pytest.param("power_law", {"levels": 3, "normalise_by": "gain"}, marks=pytest.mark.slow),
        pytest.param("power_law", {"levels": 2, "rounding": "nearest", "eta": 0.8}, marks=pytest.mark.slow),
        pytest.param("rectangular", {"spread": 0.4, "w_high": 0.5, "alpha_pot": 0.05}, marks=pytest.mark.slow),
        pytest.param("rectangular", {"spread": 0.4, "levels": 8, "alpha_pot": 0.05}, marks=pytest.mark.slow),
    ],
)
def test_states_and_counts_are_the_same_in_both_engines_and_in_parts(bars, make_model, make_inputs, seed, rule, params):
    noise = {"escape": {"mode": "exponential", "width_mv": 2.0}, "noise_mv": 0.5, "clamp_ms": 3.0}
    exc = noise if rule == "binary_hybrid" else {}
    model = make_model(10, rule_name=rule, rule=params, exc=exc, precision="float64", image_ms=100.0, rest_ms=30.0)
    start, inputs = start_state(model, 144, seed), make_inputs(bars, seed)
    slow, spikes = reference.train(model, start, inputs, np.arange(8), 0)
    quick, others = fast.train(model, start, inputs, np.arange(8), 0, threads=1)
    part, _ = fast.train(model, start, inputs, np.arange(3), 0)
    part, _ = fast.train(model, part, inputs, np.arange(3, 8), 0)
    assert np.array_equal(spikes.step, others.step)
    assert np.array_equal(spikes.neuron, others.neuron)
    for name in ("weights", "gain", "neuron_switches", "synapse_switches"):
        assert np.allclose(getattr(slow, name), getattr(quick, name), rtol=0, atol=1e-9), name
        assert np.array_equal(getattr(part, name), getattr(quick, name)), name
    if model.storage is not None:
        assert quick.neuron_switches.sum() > 0


# ---- energy ----------------------------------------------------------------------------------------------------------


def test_synaptic_operations_count_each_spike_once_for_each_synapse_it_reaches(bars, make_model, make_inputs, seed):
    model = make_model(10, precision="float64")
    start = initial_state(model.network, 144, seed, "float64")
    answer = reference.respond(model, start, make_inputs(bars, seed), np.arange(5), 1, lambda done: None)
    n_inh = np.diff(answer.inh_offsets)
    assert answer.n_sops(10).tolist() == (answer.n_input_spikes * 10 + answer.n_spikes + n_inh * 9).tolist()


def test_energy_is_operations_times_what_one_takes():
    assert costs_of(False).energy_nj(1000, 10) == pytest.approx(1000 * 0.9e-3 + 10 * 4.6e-3)
    assert costs_of(True).energy_nj(1000, 10) == pytest.approx(1000 * 0.1e-3 + 10 * 10e-3)
    assert dense_writes(100, 3, 784, 400, acts_at_pre=False) == 3 * 784
    assert dense_writes(100, 3, 784, 400, acts_at_pre=True) == 3 * 784 + 100 * 400
