"""The figures of the model: what is measured agrees with the formulas, and every picture is drawn."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest

from stdp_pipeline import registry
from stdp_pipeline.analysis import pairs, probe
from stdp_pipeline.engines import reference
from stdp_pipeline.errors import ActivityError
from stdp_pipeline.figures import diagram
from stdp_pipeline.figures import model as figures
from stdp_pipeline.io import write_arrays, write_json
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.network.state import initial_state
from stdp_pipeline.plasticity import power_law, triplet
from stdp_pipeline.stages import portray
from stdp_pipeline.stages._job import StageJob

PNG = b"\x89PNG\r\n\x1a\n"
NETWORK = NetworkParams()
RULES = registry.names("rule")


def is_svg(content: bytes) -> bool:
    return ET.fromstring(content).tag.endswith("svg")


def svg_text(content: bytes) -> str:
    return " ".join(ET.fromstring(content).itertext())


def changes(rule, steps, gap_steps=None, **options):
    return pairs.pair_changes(rule, rule.Params(), NETWORK, np.array(steps), gap_steps, **options)[:, 0]


# ---- measured against formulas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dt_ms", [0.5, 0.1])
def test_triplet_depresses_when_post_comes_before_pre(dt_ms):
    steps = np.array([-60, -21, -1])
    expected = -1e-4 * np.exp(steps * dt_ms / 20)
    assert changes(triplet, steps, dt_ms=dt_ms) == pytest.approx(expected, rel=1e-9)


def test_triplet_does_nothing_at_an_isolated_post_spike():
    assert np.all(changes(triplet, [0, 1, 40]) == 0)


@pytest.mark.parametrize("gap_ms", [10.0, 20.0])
def test_triplet_potentiates_after_another_post_spike(gap_ms):
    gap = round(gap_ms / 0.5)
    steps = np.array([0, 1, gap - 1, gap, gap + 1, 3 * gap])
    t = steps * 0.5
    expected = 1e-2 * np.exp(-t / 20) * math.exp(-gap_ms / 40)
    # A presynaptic spike after the first postsynaptic one is depressed by it.
    expected -= 1e-4 * np.exp(-(gap_ms - t) / 20) * (steps < gap)
    assert changes(triplet, steps, gap) == pytest.approx(expected, rel=1e-9)


def test_power_law_follows_its_formula():
    steps, p = np.array([-30, -1, 0, 1, 30, 200]), power_law.Params()
    trace = np.where(steps >= 0, np.exp(-steps * 0.5 / p.tau_pre_ms), 0)
    expected = p.eta * (trace - p.x_tar) * (NETWORK.w_max - 0.5) ** p.mu
    assert changes(power_law, steps) == pytest.approx(expected, rel=1e-9)


def test_only_the_triplet_rule_of_the_two_needs_an_earlier_spike():
    assert pairs.needs_an_earlier_spike(triplet, triplet.Params(), NETWORK)
    assert not pairs.needs_an_earlier_spike(power_law, power_law.Params(), NETWORK)


@pytest.mark.parametrize("w_max", [0.5, 1.0, 8.0])
@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_measured_at_any_distance(name, w_max):
    rule = registry.load("rule", name)
    network = NetworkParams(w_max=w_max)
    for gap_ms in (None, 4.0):
        curve = pairs.pair_curve(rule, rule.Params(), network, np.array([-3, -0.5, 0, 0.5, 4, 7]), gap_ms)
        assert curve.delta_ms.tolist() == [-3, -0.5, 0, 0.5, 4, 7]
        assert np.all(np.isfinite(curve.mean))
        assert pairs.varies(rule, rule.Params()) or np.all(curve.sd == 0)


def test_a_synapse_of_the_largest_weight_does_not_disturb_the_protocol():
    assert changes(triplet, [-20, -1], weight=1.0) == pytest.approx([-1e-4 * math.exp(-0.5), -1e-4 * math.exp(-1 / 40)])


def test_an_undriven_neuron_is_reported(monkeypatch):
    monkeypatch.setattr(pairs, "_DRIVERS", 0)
    with pytest.raises(ActivityError, match="wanted 1 postsynaptic spikes in steps"):
        changes(triplet, [5])


def coin(p: float) -> SimpleNamespace:
    """Return a stochastic rule: a postsynaptic spike sets the weight to 1 with probability p."""
    return SimpleNamespace(
        **{name: getattr(power_law, name) for name in ("Params", "constants", "normalise", "on_pre")},
        __name__="coin",
        draws=lambda params: "spike",
        ON_PRE_READS=(),
        on_post=lambda w, x_pre, y_fast, y_slow, u, c: np.where(u < p, 1.0, w),
    )


def test_repetitions_of_a_stochastic_rule_are_independent(seed):
    n, p = 300, 0.3
    curve = pairs.pair_curve(coin(p), power_law.Params(), NETWORK, np.array([1.0, 2.0]), n_repetitions=n, seed=seed)
    bound = 5 * 0.5 * math.sqrt(p * (1 - p) / n)  # five standard errors of a change of 0.5 with probability p
    assert np.all(np.abs(curve.mean - 0.5 * p) < bound)
    share = curve.mean / 0.5
    assert curve.sd == pytest.approx(0.5 * np.sqrt(share * (1 - share)))


# ---- one spike -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dt_ms", [0.5, 0.1])
@pytest.mark.parametrize("integrator", ["euler", "exponential_euler"])
def test_the_conductance_integrates_to_weight_times_time_constant(integrator, dt_ms):
    found = probe.spike_response(NETWORK, 0.7, integrator, dt_ms, 1.0, 40.0)
    tau = NETWORK.exc.tau_exc_ms
    # Each integrator's own mean over a step: the value at its start, or the exact one.
    per_step = dt_ms if integrator == "euler" else tau * (1 - math.exp(-dt_ms / tau))
    assert found.g_exc.sum() * per_step == pytest.approx(0.7 * tau, rel=1e-9)
    assert np.all(found.g_exc[found.t_ms < 0] == 0)
    assert np.all(found.v_mv[found.t_ms <= 0] == NETWORK.exc.e_rest_mv)


def test_the_exponential_integrator_is_near_the_exact_solution_and_euler_comes_near_with_its_step():
    def error(integrator, dt_ms):
        found = probe.spike_response(NETWORK, 0.5, integrator, dt_ms, 0.0, 10.0)
        exact = probe.exact_response(NETWORK.exc, 0.5, found.t_ms)
        return np.max(np.abs(found.v_mv - exact.v_mv)) / np.max(exact.v_mv - NETWORK.exc.e_rest_mv)

    assert error("exponential_euler", 0.5) < 1e-3
    assert error("euler", 0.5) > 0.05
    assert error("euler", 0.05) == pytest.approx(error("euler", 0.5) / 10, rel=0.3)


def test_the_exact_solution_solves_the_equation():
    exc = NETWORK.exc
    t = np.arange(0, 20, 1e-3)
    found = probe.exact_response(exc, 0.5, t)
    slope = np.gradient(found.v_mv, t)
    wanted = ((exc.e_rest_mv - found.v_mv) + found.g_exc * (exc.e_exc_mv - found.v_mv)) / exc.tau_mem_ms
    assert slope[1:-1] == pytest.approx(wanted[1:-1], abs=1e-6)


def test_a_neuron_that_one_spike_would_make_fire_is_recorded_without_firing():
    network = NetworkParams.model_validate({"exc": {"theta_init_mv": 0.0, "v_thresh_mv": -64.9}})
    found = probe.spike_response(network, 1.0, "euler", 0.5, 1.0, 20.0)
    assert found.v_mv.max() > -64.9
    assert found.v_mv[-1] > -64.9  # it was not reset


# ---- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["none", "axonal", "synaptic"])
def test_the_diagram_shows_the_networks_numbers(mode):
    network = NetworkParams.model_validate({"n_exc": 37, "w_inh_exc": 12.5, "delays": {"mode": mode}})
    text = svg_text(diagram.network_diagram(network, np.zeros((6, 7), np.uint8), "poisson", 63.75))
    for word in ("42 Poisson sources", "37 neurons", "12.5", "10.4", "63.75 Hz", "10 000 s"):
        assert word in text
    assert ("10 ms" in text.split("Excitatory neuron")[0]) == (mode != "none")
    other = svg_text(diagram.network_diagram(network, np.zeros((6, 7), np.uint8), "rank_order", 5.0))
    assert "42 inputs" in other
    assert "rank order" in other
    assert "Poisson" not in other


@pytest.mark.parametrize("n_rules", [1, 3])
def test_stdp_curves_of_any_number_of_rules_are_drawn(n_rules):
    t = np.arange(-3.0, 4.0)
    curves = [figures.Curve("a", t, np.where(t < 0, -1e-4, 1e-2), 0 * t), figures.Curve("b", t, t, abs(t))]
    content = figures.stdp_curves([figures.Panel(f"rule {k}", curves) for k in range(n_rules)])
    assert svg_text(content).count("weight change") == n_rules
    assert svg_text(content).count("enlarged") == 0  # curve b is large on both sides
    content = figures.stdp_curves([figures.Panel("rule", curves[:1])])
    assert "enlarged" in svg_text(content)


def test_a_rule_that_changes_nothing_is_drawn():
    t = np.arange(-3.0, 4.0)
    assert is_svg(figures.stdp_curves([figures.Panel("none", [figures.Curve("a", t, 0 * t, 0 * t)])]))


def test_a_silent_presentation_is_drawn():
    none = figures.Layer(np.zeros(0, np.uint16), np.zeros(0, np.uint16), 5)
    image = np.zeros((4, 3))
    assert figures.presentation(image, image, image, ("", ""), none, none, none, 0.5, 350.0, 0.0).startswith(PNG)


# ---- the stage -------------------------------------------------------------------------------------------------------


def test_the_stage_draws_all_figures(tmp_path, monkeypatch, bars, seed):
    rule = "power_law"
    monkeypatch.setattr(portray, "_DISTANCES", 3)
    monkeypatch.setattr(portray, "_REPETITIONS", 4)
    monkeypatch.setattr(portray, "_ALL_TAUS", 1)
    network = NetworkParams(n_exc=10)
    state = initial_state(network, bars.shape[1], seed)
    write_arrays(tmp_path / "network.npz", {**state.arrays(), "step": state.step})
    shape, rate_hz = np.array([12, 12]), np.arange(256.0)
    write_arrays(tmp_path / "levels.npz", {"train_levels": bars, "rate_hz": rate_hz, "image_shape": shape})
    spec = {
        "network": network.model_dump(mode="json"),
        "plasticity": {"name": rule, "norm_total": 10.0},
        "simulation": {"engine": "fast", "image_ms": 100.0, "rest_ms": 50.0},
        "training": {"passes": 1},
        "seed": seed,
        "encoding": {"name": "poisson", "rate_per_level_hz": 0.5},
    }
    write_json(tmp_path / "model.json", spec)
    names = {"model": "model.json", "network": "network.npz", "levels": "levels.npz"}
    inputs = {role: tmp_path / name for role, name in names.items()}
    portray.run(StageJob("portray", {}, inputs, tmp_path / "out"))
    for name in ("network", "lif_response", "stdp_curves"):
        assert is_svg((tmp_path / f"out/{name}.svg").read_bytes())
    assert (tmp_path / "out/presentation.png").read_bytes().startswith(PNG)
    numbers = json.loads((tmp_path / "out/model_figures.json").read_text())
    assert set(numbers["stdp_curves"]) == set(RULES)
    assert numbers["stdp_curves"][rule]["parameters"]["norm_total"] == 10.0
    curve = numbers["stdp_curves"][rule]["curves"][0]
    assert len(curve["delta_ms"]) == len(curve["weight_change"]) == 8
    assert numbers["presentation"]["engine"] == "reference"
    assert numbers["presentation"]["input_spikes"] > 0


def test_a_large_network_is_shown_by_the_fast_engine_in_its_own_precision(monkeypatch, bars, seed):
    network = NetworkParams(n_exc=3)
    spec = {
        "network": network.model_dump(mode="json"),
        "plasticity": {"name": "triplet"},
        "simulation": {"engine": "fast", "image_ms": 20.0, "rest_ms": 10.0, "rest_spikes": "next"},
        "seed": seed,
        "encoding": {"name": "poisson"},
    }
    called = []

    def respond(model, state, *others):  # the compiled engine is compared with the reference elsewhere
        called.append((model.precision, state.weights.dtype, model.rest_spikes))
        return reference.respond(model, state, *others)

    monkeypatch.setattr(portray, "fast", SimpleNamespace(respond=respond))
    monkeypatch.setattr(portray, "_LARGEST_FOR_REFERENCE", 2)
    state = initial_state(network, bars.shape[1], seed)
    model = portray.model_of(spec)
    _, numbers = portray._presentation(spec, model, state, {"train_levels": bars}, np.array([12, 12]), 1)
    assert called == [("float32", np.float32, "own")]
    assert numbers["engine"] == "fast"
