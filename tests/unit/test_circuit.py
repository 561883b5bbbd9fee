"""Arrays as circuits: against badcrossbar, against a dense solver written another way, and limits that are known."""

from __future__ import annotations

import importlib
import logging
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.hardware.circuit import newton
from stdp_pipeline.hardware.circuit.bias import half_select_energy_j, line_voltages, read_margin
from stdp_pipeline.hardware.circuit.effective import effective_by_nodes, effective_us, tiles
from stdp_pipeline.hardware.circuit.newton import ohmic, solve_nonlinear
from stdp_pipeline.hardware.circuit.nodal import solve
from stdp_pipeline.hardware.circuit.params import CircuitParams
from stdp_pipeline.hardware.devices import nonlinear_iv

NO_WIRES = {"r_word_ohm": 0.0, "r_bit_ohm": 0.0}


def conductances(n_rows, n_cols, seed=0):
    return 10 ** np.random.default_rng(seed).uniform(0, 2, (n_rows, n_cols))


def pattern(n_rows, seed=0):
    v = 0.1 * (np.random.default_rng(seed + 1).random(n_rows) < 0.2)
    v[0] = 0.1
    return v


def relative(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


# ---- outside references ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def badcrossbar():
    handlers, level = logging.root.handlers[:], logging.root.level
    with warnings.catch_warnings(record=True):  # it misses pycairo, which it needs for pictures only
        try:
            module = importlib.import_module("badcrossbar")
        except ImportError:
            pytest.skip("badcrossbar is missing: 'make test' installs it without what its pictures need")
    logging.root.handlers[:], logging.root.level = handlers, level  # its import sends all log lines to the screen
    return module


@pytest.mark.parametrize(
    ("shape", "ohm"), [((8, 8), 1.0), ((8, 8), 10.0), ((64, 32), 1.0), ((64, 32), 10.0), ((784, 100), 1.0)]
)
def test_wires_agree_with_badcrossbar(badcrossbar, shape, ohm):
    g, v = conductances(*shape), pattern(shape[0])
    logging.disable(logging.INFO)
    try:
        theirs = badcrossbar.compute(v[:, None], 1e6 / g, r_i=ohm, node_voltages=False, all_currents=False)
    finally:
        logging.disable(logging.NOTSET)
    params = CircuitParams(r_word_ohm=ohm, r_bit_ohm=ohm, tile_rows=shape[0], tile_cols=shape[1])
    ours = v @ effective_us(g, params) * 1e-6
    assert relative(ours, theirs.currents.output[0]) <= 1e-9


def dense_currents(g_us, params, v):
    """Solve the circuit by dense nodal analysis, node by node: an independent way, for small arrays."""
    n_rows, n_cols = g_us.shape
    n = n_rows * n_cols
    matrix, right = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)

    def join(a, b, ohm):
        matrix[a, a] += 1 / ohm
        matrix[b, b] += 1 / ohm
        matrix[a, b] -= 1 / ohm
        matrix[b, a] -= 1 / ohm

    out = params.bit_ohm + params.r_sense_ohm
    for i in range(n_rows):
        for j in range(n_cols):
            word, bit = i * n_cols + j, n + i * n_cols + j
            join(word, bit, 1e6 / g_us[i, j] + params.r_access_ohm)
            if j:
                join(word, word - 1, params.word_ohm)
            else:
                matrix[word, word] += 1 / (params.word_ohm + params.r_driver_ohm)
                right[word] += v[i] / (params.word_ohm + params.r_driver_ohm)
            if i:
                join(bit, bit - n_cols, params.bit_ohm)
            if i == n_rows - 1:
                matrix[bit, bit] += 1 / out
    return np.linalg.solve(matrix, right)[2 * n - n_cols :] / out


@pytest.mark.parametrize(
    "ohms",
    [
        {},
        {"r_driver_ohm": 200.0},
        {"r_sense_ohm": 70.0},
        {"r_driver_ohm": 500.0, "r_sense_ohm": 90.0, "r_access_ohm": 15e3},
    ],
)
def test_driver_and_sense_resistance_agree_with_a_dense_solver(ohms):
    params, g, v = CircuitParams(**ohms), conductances(8, 6), pattern(8)
    expected = dense_currents(g, params, v)
    assert relative(v @ effective_us(g, params) * 1e-6, expected) <= 1e-9
    assert relative(solve(g, params, v).output_a, expected) <= 1e-9


# ---- the fast way and its slow twin ----------------------------------------------------------------------------------


@given(
    n_rows=st.integers(1, 12),
    n_cols=st.integers(1, 12),
    seed=st.integers(0, 1000),
    ohms=st.tuples(*[st.sampled_from([0.0, 0.5, 30.0])] * 5),
)
@settings(deadline=None, max_examples=60)
def test_elimination_by_rows_is_the_nodal_solution(n_rows, n_cols, seed, ohms):
    names = ("r_word_ohm", "r_bit_ohm", "r_driver_ohm", "r_sense_ohm", "r_access_ohm")
    params = CircuitParams(**dict(zip(names, ohms, strict=True)))
    g = conductances(n_rows, n_cols, seed)
    g[0, n_cols // 2] = 0.0 if g.size > 1 else g[0, 0]
    quick, slow = effective_us(g, params), effective_by_nodes(g, params)
    np.testing.assert_allclose(quick, slow, rtol=1e-9, atol=1e-12)
    v = pattern(n_rows, seed)
    solved = solve(g, params, v)
    np.testing.assert_allclose(v @ quick * 1e-6, solved.output_a, rtol=1e-8, atol=1e-18)
    assert solved.input_a.sum() == pytest.approx(solved.output_a.sum(), rel=1e-8)


def test_an_array_without_any_resistance_is_the_ideal_product():
    g = conductances(20, 10)
    np.testing.assert_array_equal(effective_us(g, CircuitParams(**NO_WIRES)), g * 1e-6 * 1e6)
    np.testing.assert_allclose(effective_us(g, CircuitParams(r_word_ohm=1e-9, r_bit_ohm=1e-9)), g, rtol=1e-9)


@given(seed=st.integers(0, 1000), ohm=st.floats(0.1, 20), more=st.floats(1.1, 5))
@settings(deadline=None, max_examples=25)
def test_more_resistance_gives_less_current(seed, ohm, more):
    g, v = conductances(16, 8, seed), np.full(16, 0.1)
    currents = [
        v @ effective_us(g, CircuitParams(r_word_ohm=r, r_bit_ohm=r, r_driver_ohm=r)) for r in (0.0, ohm, more * ohm)
    ]
    assert currents[0].sum() > currents[1].sum() > currents[2].sum()


def test_an_array_in_tiles_is_its_tiles():
    g, params = conductances(20, 10), CircuitParams(tile_rows=8, tile_cols=6, r_word_ohm=5.0)
    found = effective_us(g, params)
    assert [(r.stop - r.start, c.stop - c.start) for r, c in tiles(g.shape, params)] == [
        (8, 6), (8, 4), (8, 6), (8, 4), (4, 6), (4, 4),
    ]  # fmt: skip
    for rows, cols in tiles(g.shape, params):
        np.testing.assert_allclose(found[rows, cols], effective_by_nodes(g[rows, cols], params), rtol=1e-9)


def test_a_tile_is_at_most_the_array():
    assert CircuitParams().tile((784, 100)) == (128, 100)
    with pytest.raises(ConfigError, match=r"circuit\.tile_rows must be at most 20, the size of the array, got 21"):
        effective_us(conductances(20, 10), CircuitParams(tile_rows=21))
    with pytest.raises(ConfigError, match=r"circuit\.tile_cols must be at most 10"):
        effective_us(conductances(20, 10), CircuitParams(tile_cols=11))


def test_several_patterns_at_once():
    g, params = conductances(9, 5), CircuitParams(r_word_ohm=3.0)
    patterns = np.stack([pattern(9, seed) for seed in range(4)], axis=1)
    both = solve(g, params, patterns)
    assert both.output_a.shape == (5, 4)
    assert both.word_v.shape == (9, 5, 4)
    for k in range(4):
        np.testing.assert_allclose(both.output_a[:, k], solve(g, params, patterns[:, k]).output_a, rtol=1e-12)


def test_hot_wires_resist_more():
    hot = CircuitParams(temperature_k=400.0)
    assert hot.word_ohm == pytest.approx(1.451)
    assert effective_us(conductances(8, 8), hot).sum() < effective_us(conductances(8, 8), CircuitParams()).sum()


# ---- devices that do not obey Ohm's law ------------------------------------------------------------------------------


@pytest.mark.parametrize("ohms", [{}, {"r_access_ohm": 2e4}, {"r_word_ohm": 0.0}, NO_WIRES])
def test_newton_finds_the_linear_solution(ohms):
    g, v, params = conductances(16, 12), pattern(16), CircuitParams(**ohms)
    assert relative(solve_nonlinear(g, ohmic, params, v).output_a, solve(g, params, v).output_a) <= 1e-9


@pytest.mark.parametrize("law", ["sinh", "cubic", "milo"])
@pytest.mark.parametrize("ohms", [{}, {"r_access_ohm": 5e3, "r_driver_ohm": 100.0}])
def test_newton_obeys_kirchhoff_and_the_law(law, ohms):
    one = nonlinear_iv.Params(law=law)
    g, v, params = np.clip(conductances(16, 12), 50, 90), 4 * pattern(16), CircuitParams(**ohms)
    found = solve_nonlinear(g, lambda g_s, v: nonlinear_iv.current(g_s, v, one), params, v)
    assert found.input_a.sum() == pytest.approx(found.output_a.sum(), rel=1e-9)
    if not ohms:
        through = nonlinear_iv.current(g * 1e-6, found.word_v - found.bit_v, one)[0]
        np.testing.assert_allclose(through.sum(axis=0), found.output_a, rtol=1e-8)


@pytest.mark.parametrize("law", ["sinh", "cubic", "milo"])
def test_the_slope_of_a_law_is_its_derivative(law):
    one, v, g, h = nonlinear_iv.Params(law=law), np.linspace(-0.5, 0.5, 21), 100e-6, 1e-6
    up, down = (nonlinear_iv.current(g, v + s, one)[0] for s in (h, -h))
    np.testing.assert_allclose((up - down) / (2 * h), nonlinear_iv.current(g, v, one)[1], rtol=1e-5)


def test_an_iteration_that_does_not_end_is_reported(monkeypatch):
    monkeypatch.setattr(newton, "_MOST_ITERATIONS", 1)
    one = nonlinear_iv.Params(k_per_v=50.0)
    with pytest.raises(ConfigError, match="did not converge in 1 iterations"):
        solve_nonlinear(
            conductances(4, 4), lambda g, v: nonlinear_iv.current(g, v, one), CircuitParams(), np.full(4, 1.0)
        )


# ---- lines that are not selected -------------------------------------------------------------------------------------


def test_floating_lines_let_current_sneak_through_three_devices():
    # Two by two, no wires, all 10 µS: the selected device beside three others in series.
    word_v, bit_v = line_voltages("float", (2, 2), 0, 0, 0.3)
    found = solve(np.full((2, 2), 10.0), CircuitParams(**NO_WIRES), word_v, bit_v)
    assert found.output_a[0] == pytest.approx(0.3 * (10e-6 + 10e-6 / 3))
    assert found.output_a[1] == 0


@pytest.mark.parametrize(("scheme", "volts"), [("half", [0.3, 0.15, 0.15, 0.0]), ("third", [0.3, 0.1, 0.1, -0.1])])
def test_half_and_third_schemes_put_known_voltages_on_devices(scheme, volts):
    word_v, bit_v = line_voltages(scheme, (2, 2), 0, 0, 0.3)
    np.testing.assert_allclose((word_v[:, None] - bit_v).ravel(), volts, atol=1e-15)


def test_large_floating_arrays_cannot_be_read():
    params = CircuitParams(**NO_WIRES)
    margins = [read_margin(n, 100.0, 1.0, params, "float") for n in (2, 8, 32)]
    assert margins[0] > margins[1] > margins[2]
    assert read_margin(32, 100.0, 1.0, params, "ground") == pytest.approx(0.99)


def test_half_select_energy_is_that_of_the_circuit_without_wires():
    g, params = conductances(5, 4), CircuitParams(**NO_WIRES)
    for scheme in ("ground", "half", "third"):
        word_v, bit_v = line_voltages(scheme, g.shape, 2, 1, 1.0)
        found = solve(g, params, word_v, bit_v)
        power = (g * 1e-6 * (found.word_v - found.bit_v) ** 2).sum() - g[2, 1] * 1e-6
        assert half_select_energy_j(g, scheme, 1.0, 1e-6)[2, 1] == pytest.approx(1e-6 * power)
    with pytest.raises(ConfigError, match="float"):
        half_select_energy_j(g, "float", 1.0, 1e-6)


# ---- what cannot be solved -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("g", "message"),
    [
        (np.array([[1.0, -2.0]]), "g_us must be finite and at least 0, got -2.0 at row 0, column 1"),
        (np.array([[np.nan, 1.0]]), "got nan at row 0, column 0"),
        (np.array([[np.inf, 1.0]]), "got inf"),
        (np.zeros((3, 3)), "all devices are open"),
        (np.ones(3), "must have rows and columns"),
    ],
)
def test_wrong_conductances_are_named(g, message):
    with pytest.raises(ConfigError, match=message):
        effective_us(g, CircuitParams())
    with pytest.raises(ConfigError, match=message):
        solve(g, CircuitParams(), np.full(len(g), 0.1))


def test_an_undetermined_voltage_is_reported():
    g = np.array([[1.0, 1.0], [0.0, 0.0]])
    with pytest.raises(ConfigError, match=r"g_us: .* no path to a given voltage"):
        solve(g, CircuitParams(), np.array([0.1, np.nan]))


def test_voltages_must_fit():
    with pytest.raises(ConfigError, match="word_v must have one voltage for each of the 2 rows, got 3"):
        solve(np.ones((2, 2)), CircuitParams(), np.ones(3))
    with pytest.raises(ConfigError, match="scheme must be one of"):
        line_voltages("quarter", (2, 2), 0, 0, 1.0)
