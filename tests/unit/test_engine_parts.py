"""Integrators, per-step constants, and how a kernel is put together."""

from __future__ import annotations

import ast
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline.engines import _compile, _slots, fast
from stdp_pipeline.engines._layout import derive, trace_table

_INTEGRATORS = "stdp_pipeline.engines._integrators"
_ELEMENTARY = "stdp_pipeline.engines._elementary"
_SLOTS = (
    ("advance", _INTEGRATORS, "advance_exponential_euler"),
    ("advance_small", _INTEGRATORS, "advance_exponential_euler"),
    *((slot, _ELEMENTARY, f"{slot}_float64") for slot in ("either", "exp_neg", "power", "real")),
    ("first_spikes", "stdp_pipeline.engines._presentations", "drawn_spikes"),
    ("draw", "stdp_pipeline.encoding.poisson", "draw"),
    *((slot, "stdp_pipeline.engines._numbers", name) for slot, name in (
        ("chance", "chance_none"), ("draw_chances", "draw_none"), ("drawn", "drawn_none"),
        ("dice", "dice_nearest"), ("roll", "roll_nearest"), ("rolled", "rolled_nearest"),
    )),
    *((slot, "stdp_pipeline.engines._weights", f"{slot}_real")
      for slot in (*fast._STORING_SLOTS, "change_pre", "change_post", "scale_columns")),
    ("level", "stdp_pipeline.engines._weights", "is_its_level"),
    ("fires", "stdp_pipeline.engines._escape", "fires_none"),
    ("jolt", "stdp_pipeline.engines._escape", "jolt_none"),
    *((slot, "stdp_pipeline.engines._team", f"{slot}_alone") for slot in ("max_of_threads", "sum_of_threads")),
    *((slot, "stdp_pipeline.plasticity.triplet", slot) for slot in ("on_pre", "on_post", "normalise")),
    *((slot, "stdp_pipeline.engines._arrivals", f"{slot}_together") for slot in fast._ARRIVAL_SLOTS),
    ("deliver", "stdp_pipeline.engines._arrivals", "deliver_together"),
    *((slot, "stdp_pipeline.engines._team", f"{slot}_alone") for slot in ("most", "total")),
)  # fmt: skip


@pytest.fixture(scope="module")
def integrators():
    def functions(precision):
        slots = (("exp_neg", _ELEMENTARY, f"exp_neg_{precision}"),)
        return _compile.compiled(
            tuple((_INTEGRATORS, name) for name in ("advance_euler", "advance_exponential_euler")), slots
        )

    return functions


@pytest.fixture(scope="module")
def elementary():
    names = (f"{name}_{precision}" for name in ("either", "exp_neg", "power") for precision in ("float32", "float64"))
    return _compile.compiled(tuple((_ELEMENTARY, name) for name in names), ())


EPS = 2.0**-23  # distance of 1 from the next number of single precision
floats32 = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False, width=32).filter(bool)
exponents = st.floats(0, 2, allow_subnormal=False, width=32)


@given(x=st.floats(0, 79, width=32))
def test_exp_neg_float32_is_within_two_units_in_the_last_place(elementary, x):
    assert elementary.exp_neg_float32(np.float32(x)) == pytest.approx(math.exp(-x), rel=2 * EPS)


def test_exp_neg_float32_is_within_two_units_in_the_last_place_all_over_its_range(elementary):
    x = np.concatenate([np.linspace(0, 1, 4001), np.linspace(1, 79, 4001)]).astype(np.float32)
    found = np.array([elementary.exp_neg_float32(v) for v in x], dtype=np.float64)
    assert np.max(np.abs(found / np.exp(-x.astype(np.float64)) - 1)) < 2 * EPS
    assert elementary.exp_neg_float32(np.float32(0)) == 1
    assert elementary.exp_neg_float32(np.float32(1e6)) < 1e-34


@given(x=st.floats(0, 700), base=st.floats(0, 10, allow_subnormal=False), exponent=st.floats(0, 2))
def test_the_functions_of_double_precision_are_those_of_the_library(elementary, x, base, exponent):
    assert elementary.exp_neg_float64(x) == pytest.approx(math.exp(-x), rel=1e-15)
    assert elementary.power_float64(base, exponent) == pytest.approx(math.pow(base, exponent), rel=1e-15, abs=1e-300)


def power_bound(base, exponent):
    """Bound of the relative error of power_float32.

    Its exponential is good to 2 units. Three roundings of half a unit go into the argument z = exponent ln(base) in
    proportion to it, and an error of z is a relative error of the result. So only powers near 1 are right to a few
    units; a small one is off by many of its own units, but by less than three units of 1.
    """
    return (2 + 1.5 * np.abs(exponent * np.log(base))) * EPS


@given(base=st.floats(2.0**-20, 10, width=32), exponent=exponents)
def test_power_float32_is_exact_to_the_rounding_of_its_logarithm(elementary, base, exponent):
    found = elementary.power_float32(np.float32(base), np.float32(exponent))
    assert found == pytest.approx(math.pow(base, exponent), rel=power_bound(base, exponent))


def test_power_float32_is_exact_to_the_rounding_of_its_logarithm_all_over_its_range(elementary, rng):
    base = np.exp(rng.uniform(np.log(1e-16), np.log(10), 20_000)).astype(np.float32)  # z is 74 at most
    exponent = rng.uniform(0, 2, len(base)).astype(np.float32)
    found = np.array([elementary.power_float32(b, e) for b, e in zip(base, exponent, strict=True)], np.float64)
    base, exponent = base.astype(np.float64), exponent.astype(np.float64)
    exact = base**exponent
    assert np.all(np.abs(found / exact - 1) <= power_bound(base, exponent))
    # Weights are at most 1, and it is the absolute error that shows in them.
    assert np.max(np.abs(found - exact)[base <= 1]) < 3 * EPS


@given(exponent=exponents)
def test_power_float32_is_exact_where_the_answer_is_0_or_1(elementary, exponent):
    power, exponent = elementary.power_float32, np.float32(exponent)
    for zero in (np.float32(0.0), np.float32(-0.0)):  # the second comes of a negative number times False
        assert power(zero, exponent) == (exponent == 0)
    assert power(np.float32(1), exponent) == 1


@given(base=st.floats(0, 10, allow_subnormal=False, width=32))
def test_power_float32_of_any_number_to_the_0_is_1(elementary, base):
    assert elementary.power_float32(np.float32(base), np.float32(0)) == 1


@given(base=st.floats(2.0**-126, 1, width=32), exponent=exponents)
def test_power_float32_of_tiny_numbers_is_nearly_nothing_and_never_more_than_1(elementary, base, exponent):
    found = elementary.power_float32(np.float32(base), np.float32(exponent))
    assert 0 < found <= 1
    if exponent * math.log(base) < -80:  # from there on the exponential stands still
        assert found < 2e-35


@pytest.mark.parametrize(("real", "whole"), [(np.float32, np.int32), (np.float64, np.int64)])
@given(values=st.lists(floats32, min_size=1))
def test_either_is_negative_if_and_only_if_one_of_its_arguments_is(elementary, real, whole, values):
    either = getattr(elementary, f"either_{real.__name__}")
    found = either(whole(0), real(1))  # as the kernel starts
    assert found >= 0
    for x in values:
        found = either(whole(found), real(x))
    assert (found < 0) == any(x < 0 for x in values)


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
    source = _compile.joined_source((("stdp_pipeline.engines._presentations", "run_images"),), _SLOTS)
    names = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert {"draw", "on_pre", "on_post", "advance_exponential_euler", "philox4x32", "run_images"} <= names.keys()
    unused = {"power", "level", "real", "restore", "weight"}  # by the triplet rule, without delays
    for name in set(_slots.SLOTS) - unused:
        assert name in names or f"\n{name} = " in source
    assert ast.unparse(names["on_pre"].body[-1]) == "return w - c.eta_pre * y_fast"
    assert not [name for name, node in names.items() if ast.get_docstring(node)]  # that is all an empty slot has
    imports = [line for line in source.splitlines() if "import" in line and "stdp_pipeline" in line]
    assert len(imports) == 1
    assert imports[0].startswith("from stdp_pipeline.engines._intrinsics import")  # instructions, not functions


def test_another_rule_or_precision_gives_another_kernel():
    entry = (("stdp_pipeline.engines._presentations", "run_images"),)
    other = tuple((s, m, f.replace("float64", "float32")) for s, m, f in _SLOTS)
    rule = tuple((s, m.replace("triplet", "power_law"), f) for s, m, f in _SLOTS)
    assert len({_compile.joined_source(entry, slots) for slots in (_SLOTS, other, rule)}) == 3
    assert "\npower = power_float64" in _compile.joined_source(entry, rule)


def test_the_cache_falls_back_when_the_chosen_folder_cannot_be_made(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("STDP_CACHE_DIR", str(blocked / "below"))
    folder = _compile.cache_dir()
    assert folder.is_dir()
    assert not str(folder).startswith(str(tmp_path))


def test_a_slot_for_which_nothing_was_chosen_is_refused():
    with pytest.raises(AssertionError, match="nothing was chosen for the slot 'exp_neg'"):
        _compile.joined_source(((_INTEGRATORS, "advance_exponential_euler"),), ())


def test_an_annotated_constant_is_copied(tmp_path, monkeypatch):
    (tmp_path / "annotated_rule.py").write_text("ETA: float = 0.5\n\n\ndef on_pre(w):\n    return w - ETA\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "ETA: float = 0.5" in _compile.joined_source((("annotated_rule", "on_pre"),), ())
