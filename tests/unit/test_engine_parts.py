"""Integrators, per-step constants, and how a kernel is put together."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from stdp_pipeline.engines import _compile, _slots, fast
from stdp_pipeline.engines._layout import derive, trace_table

_INTEGRATORS = "stdp_pipeline.engines._integrators"
_ELEMENTARY = "stdp_pipeline.engines._elementary"
_SLOTS = (
    ("advance", _INTEGRATORS, "advance_exponential_euler"),
    ("advance_small", _INTEGRATORS, "advance_exponential_euler"),
    *((slot, _ELEMENTARY, f"{slot}_float64") for slot in ("either", "exp_neg", "power")),
    ("draw", "stdp_pipeline.encoding.poisson", "draw"),
    ("chance", "stdp_pipeline.random", "no_chance"),
    *((slot, "stdp_pipeline.plasticity.triplet", slot) for slot in ("on_pre", "on_post", "normalise")),
    *((slot, "stdp_pipeline.engines._arrivals", f"{slot}_together") for slot in fast._ARRIVAL_SLOTS),
)


@pytest.fixture(scope="module")
def integrators():
    def functions(precision):
        slots = (("exp_neg", _ELEMENTARY, f"exp_neg_{precision}"),)
        entries = tuple(
            (_INTEGRATORS, f) for f in ("advance_euler", "advance_exponential_euler", f"exp_neg_{precision}")
        )
        return _compile.compiled(entries, slots)

    return functions


def test_exp_neg_float32_is_within_two_units_in_the_last_place(integrators):
    exp_neg = integrators("float32").exp_neg_float32
    x = np.concatenate([np.linspace(0, 1, 4001), np.linspace(1, 79, 4001)]).astype(np.float32)
    found = np.array([exp_neg(v) for v in x], dtype=np.float64)
    assert np.max(np.abs(found / np.exp(-x.astype(np.float64)) - 1)) < 2.4e-7
    assert exp_neg(np.float32(1e6)) < 1e-34


def test_the_series_for_weak_conductances_equals_the_exact_step(make_model, seed):
    names = ("advance_exponential_euler", "advance_small_exponential_euler")
    slots = (("exp_neg", _ELEMENTARY, "exp_neg_float64"),)
    compiled = _compile.compiled(tuple((_INTEGRATORS, name) for name in names), slots)
    exc, _, _, _ = derive(make_model(precision="float64"))
    rng = np.random.default_rng(seed)
    for v, share in zip(rng.uniform(-105, -20, 200), rng.random(200), strict=True):
        total = rng.uniform(0, 49)  # leak * (1 + total) is at most 0.25
        g_exc, g_inh = share * total / exc.mean_exc, (1 - share) * total / exc.mean_inh
        exact, series = (getattr(compiled, name)(v, g_exc, g_inh, exc) for name in names)
        assert abs(series - exact) < 1e-6  # single precision resolves 8e-6 mV there


def test_exponential_euler_is_exact_for_constant_conductances(make_model, integrators):
    exc, _, _, _ = derive(make_model(precision="float64"))
    advance = integrators("float64").advance_exponential_euler
    v, g_exc, g_inh = -65.0, 3.0, 0.7
    e, i = g_exc * exc.mean_exc, g_inh * exc.mean_inh
    v_inf = (-65.0 + i * -100.0) / (1 + e + i)
    exact = v_inf + (v - v_inf) * np.exp(-50 * 0.005 * (1 + e + i))
    for _ in range(50):
        v = advance(v, g_exc, g_inh, exc)
    assert v == pytest.approx(exact, abs=1e-10)


def test_euler_converges_to_exponential_euler_with_the_step(make_model, integrators):
    compiled = integrators("float64")
    gaps = []
    for dt_ms in (0.5, 0.25, 0.125):
        exc, _, _, _ = derive(make_model(precision="float64", dt_ms=dt_ms))
        v = w = -65.0
        for _ in range(round(20 / dt_ms)):
            v, w = (
                compiled.advance_euler(v, 2.0, 0.0, exc),
                compiled.advance_exponential_euler(w, 2.0 / exc.mean_exc, 0.0, exc),
            )
        gaps.append(abs(v - w))
    assert gaps[1] / gaps[0] == pytest.approx(0.5, rel=0.1)  # first order
    assert gaps[2] / gaps[1] == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("integrator", ["euler", "exponential_euler"])
@pytest.mark.parametrize("conductance", ["exc", "inh"])
def test_the_drive_of_one_spike_is_weight_times_tau(make_model, integrator, conductance):
    exc, _, _, _ = derive(make_model(precision="float64", integrator=integrator))
    keep, mean, tau = {"exc": (exc.keep_exc, exc.mean_exc, 1.0), "inh": (exc.keep_inh, exc.mean_inh, 2.0)}[conductance]
    drive = sum(keep**k * mean * 0.5 for k in range(500))
    assert drive == pytest.approx(tau, rel=1e-12)


def test_traces_decay_exactly_and_end_where_they_are_negligible():
    table = trace_table(20.0, 0.5, "float64")
    assert table[40] == pytest.approx(np.exp(-1), rel=1e-14)
    assert table[-1] <= 1e-12 * 1.03
    assert len(trace_table(20.0, 0.5, "float32")) < len(table)
    assert table[0] == 1


def test_a_kernel_contains_the_functions_of_its_slots_and_nothing_stands_empty():
    source = _compile.joined_source((("stdp_pipeline.engines._kernel", "run_images"),), _SLOTS)
    names = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert {"draw", "on_pre", "on_post", "advance_exponential_euler", "philox4x32", "run_images"} <= names.keys()
    for name in _slots.SLOTS:
        assert name in names or f"\n{name} = " in source
    assert ast.unparse(names["on_pre"].body[-1]) == "return w - c.eta_pre * y_fast"
    imports = [line for line in source.splitlines() if "import" in line and "stdp_pipeline" in line]
    assert imports == ["from stdp_pipeline.engines._fma import fma"]  # an instruction, not a function


def test_another_rule_or_precision_gives_another_kernel():
    entry = (("stdp_pipeline.engines._kernel", "run_images"),)
    other = tuple((s, m, f.replace("float64", "float32")) for s, m, f in _SLOTS)
    assert _compile.joined_source(entry, _SLOTS) != _compile.joined_source(entry, other)


def test_the_cache_falls_back_when_the_chosen_folder_cannot_be_made(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("STDP_CACHE_DIR", str(blocked / "below"))
    folder = _compile.cache_dir()
    assert folder.is_dir()
    assert not str(folder).startswith(str(tmp_path))
