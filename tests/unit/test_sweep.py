"""Sweeps: grids, lists that vary together, drawn combinations, conditions, names of axes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline.config.load import combinations, completed, validated
from stdp_pipeline.config.plan import plan
from stdp_pipeline.config.sweep import Range, Sampled
from stdp_pipeline.errors import ConfigError

BASE = {"dataset": {"name": "digits"}, "embeddings": [], "representation": False}


def told(more: dict) -> list[dict]:
    return [varied for varied, _ in combinations(completed(BASE | more, "test"))]


def test_lists_vary_together_and_are_combined_with_the_grid():
    found = told(
        {
            "grid": {"network.n_exc": [9, 16]},
            "zipped": [
                {"training.passes": [1, 2], "plasticity.eta_post": [0.02, 0.01]},
                {"simulation.rest_ms": [0.0, 50.0, 100.0]},
            ],
        }
    )
    assert len(found) == 2 * 2 * 3
    assert {(row["training.passes"], row["plasticity.eta_post"]) for row in found} == {(1, 0.02), (2, 0.01)}
    assert [row["network.n_exc"] for row in found] == [9] * 6 + [16] * 6
    assert list(found[0]) == ["network.n_exc", "plasticity.eta_post", "training.passes", "simulation.rest_ms"]


def test_drawn_combinations_reach_the_experiments():
    neurons, rules = {"low": 9, "high": 30, "integer": True}, ["triplet", "power_law"]
    sampled = {"n": 4, "values": {"network.n_exc": neurons, "plasticity.name": rules}}
    found = combinations(completed(BASE | {"sampled": sampled}, "test"))
    assert len(found) == 4
    assert all(one.network.n_exc == varied["network.n_exc"] for varied, one in found)
    assert sorted(varied["plasticity.name"] for varied, _ in found) == ["power_law"] * 2 + ["triplet"] * 2


@given(st.integers(1, 60), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_a_latin_hypercube_has_one_value_in_each_part_of_the_range(n, seed, log, integer):
    low, high = (1.0, float(8 * n)) if integer else (0.5, 200.0)
    asked = Range(low=low, high=high, log=log, integer=integer)
    values = np.array([row["a"] for row in Sampled(n=n, seed=seed, values={"a": asked}).drawn()], float)
    assert low <= values.min() <= values.max() <= high
    if integer:
        assert np.array_equal(values, np.rint(values))
        return
    share = (np.log(values / low) / np.log(high / low)) if log else (values - low) / (high - low)
    # Rounding to four digits may move a value over the border of its part.
    moved = 1e-3 if log else 1e-3 * high / (high - low)
    assert np.abs(np.sort(share) - (np.arange(n) + 0.5) / n).max() <= 0.5 / n + moved


@given(st.integers(2, 40), st.integers(0, 1000), st.sampled_from(["latin_hypercube", "random"]))
def test_another_parameter_changes_no_drawn_value_and_random_ones_stay_when_more_are_drawn(n, seed, method):
    one, other = Range(low=0.0, high=1.0), Range(low=5.0, high=9.0)
    alone = Sampled(n=n, seed=seed, method=method, values={"b": one}).drawn()
    both = Sampled(n=n, seed=seed, method=method, values={"b": one, "a": other}).drawn()
    assert [row["b"] for row in both] == [row["b"] for row in alone]
    if method == "random":
        more = Sampled(n=n + 3, seed=seed, method=method, values={"b": one}).drawn()
        assert more[:n] == alone


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ({"a": 1, "network.n_exc": 9}, {(1, 16), (1, 25), (2, 9), (2, 16), (2, 25)}),
        ({"neurons": {"above": 9, "at_most": 16}}, {(1, 9), (2, 9), (1, 25), (2, 25)}),
        ({"neurons": {"at_least": 16}, "a": 2}, {(1, 9), (1, 16), (1, 25), (2, 9)}),
        ({"neurons": [9, 25]}, {(1, 16), (2, 16)}),
        ({"neurons": {"below": 9}}, set(itertools.product((1, 2), (9, 16, 25)))),
        ({"variant": "one", "neurons": 9}, {(1, 16), (1, 25), (2, 16), (2, 25)}),
    ],
)
def test_a_condition_drops_what_it_holds_for(condition, left):
    raw = {
        "grid": {"training.passes": [1, 2], "network.n_exc": [9, 16, 25]},
        "axes": {"training.passes": "a", "network.n_exc": "neurons"},
        "drop": [condition],
        "variants": {"one": {}},
    }
    found = told(raw)
    assert {(row["a"], row["neurons"]) for row in found} == left
    assert all(list(row) == ["variant", "a", "neurons"] for row in found)


def test_runs_of_a_sweep_share_what_they_can():
    raw = BASE | {"sampled": {"n": 20, "values": {"plasticity.eta_post": {"low": 0.001, "high": 0.1, "log": True}}}}
    planned = plan("x", completed(raw | {"seeds": [0, 1]}, "test"))
    assert (len(planned.of("prepare")), len(planned.of("encode")), len(planned.of("train"))) == (1, 1, 40)


def test_the_report_lays_out_the_same_runs_from_what_it_is_given():
    raw = BASE | {
        "sampled": {"n": 3, "values": {"plasticity.eta_post": {"low": 0.001, "high": 0.1}}},
        "zipped": [{"training.passes": [1, 2], "network.n_exc": [9, 16]}],
        "axes": {"network.n_exc": "neurons"},
    }
    planned = plan("x", completed(raw, "test"))
    again = plan("x", completed(dict(sorted(planned.jobs["report", "x"].spec["experiment"].items())), "report"))
    assert [one.varied for one in again.runs] == [one.varied for one in planned.runs]
    assert again.jobs.keys() == planned.jobs.keys()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"grid": {"network.n_exc": []}}, r"grid\.network\.n_exc: .*at least 1 item"),
        ({"zipped": [{"a.b": [1], "c.d": [1, 2]}]}, r"zipped: lists .* same length, got 'a\.b' 1, 'c\.d' 2"),
        ({"zipped": [{"a.b": [1]}], "grid": {"a.b": [2]}}, r"'a\.b' is varied twice"),
        ({"sampled": {"n": 0, "values": {"a": [1]}}}, r"sampled\.n: should be greater than or equal to 1, got 0"),
        ({"sampled": {"n": 2, "values": {"a": {"low": 3, "high": 1}}}}, r"\.a: low must be below high \(1\), got 3"),
        ({"sampled": {"n": 2, "values": {"a": {"low": 0, "high": 1, "log": True}}}}, "low must be positive"),
        ({"sampled": {"n": 2, "values": {"a": {"low": 0.5, "high": 2, "integer": True}}}}, "whole numbers"),
        ({"sampled": {"n": 2, "values": {"a": {"low": 3, "hihg": 4}}}}, r"values\.a\.hihg: .*Did you mean 'high'"),
        ({"sampled": {"n": 2, "values": {"a": 3}}}, r"values\.a: should be a valid list, got 3"),
        ({"sampled": {"n": 2, "values": {"a": [1]}, "method": "sobol"}}, "unknown value 'sobol'; known: .*random"),
        ({"drop": [{"a": {"abve": 3}}]}, r"drop\.0\.a\.abve: unknown key. Did you mean 'above'"),
        ({"drop": [{"a": {}}]}, "at least one of above"),
        ({"drop": [{"a": 3}]}, "drop: 'a' is not varied; varied: nothing"),
        ({"grid": {"network.n_exc": [9]}, "drop": [{"network.n_exc": 9}]}, "leave nothing to run"),
        ({"axes": {"network.n_exc": "neurons"}}, r"axes: 'network\.n_exc' is not varied; varied: nothing"),
        ({"grid": {"network.n_exc": [9]}, "axes": {"network.n_exc": "variant"}}, "axes: names must differ"),
        ({"grid": {"network.n_exc": [9]}, "axes": {"network.n_exc": "a.b"}}, r"axes\.network\.n_exc: "),
        ({"sampled": {"n": 2, "values": {"seeds": [1]}}}, "'seeds' cannot be varied; list seeds under 'seeds'"),
        ({"grid": {"drop": [1]}}, "'drop' cannot be varied"),
    ],
)  # fmt: skip
def test_a_wrong_sweep_is_explained(raw, message):
    with pytest.raises(ConfigError, match=message):
        combinations(validated(BASE | raw, "test"))
