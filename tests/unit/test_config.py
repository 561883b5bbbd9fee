"""Configuration: faults are explained, generated files are up to date, jobs have the parameters they depend on."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.config.generate import default_yaml, json_schema
from stdp_pipeline.config.job import OF_EXPERIMENTS
from stdp_pipeline.config.load import (
    combinations,
    completed,
    find_experiment,
    load_experiment,
    presets,
    read_yaml,
    validated,
    with_overrides,
    with_preset,
)
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted((ROOT / "config" / "experiments").glob("*.yaml"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("network.n_ex=10", r"network.n_ex: unknown key. Did you mean 'n_exc'"),
        ("netwrok.n_exc=10", r"netwrok: unknown key. Did you mean 'network'"),
        ("network.n_exc=abc", r"network.n_exc: should be a valid integer.*got 'abc'"),
        ("network.n_exc=0", r"network.n_exc: should be greater than or equal to 1, got 0"),
        ("network.exc.tau_mm_ms=3", r"network.exc.tau_mm_ms: unknown key. Did you mean 'tau_mem_ms'"),
        ("plasticity.name=triplt", r"plasticity.name: unknown value 'triplt'.*Did you mean 'triplet'"),
        ("dataset.name=mnits", r"dataset.name: unknown value 'mnits'; known: .*emnist.*usps. Did you mean 'mnist'"),
        ("dataset.foo=1", r"dataset.foo: unknown key. Known here: .*n_train"),
        ("plasticity=binary_window", r"plasticity: should be a section with keys of its own.*, got 'binary_window'"),
        ("plasticity={name: binary_window, levels: 4}", r"plasticity.levels: unknown key. Levels are for rules with"),
        (
            "plasticity={name: rectangular, w_high: 2}",
            r"plasticity.w_high must be .*w_max \(1\), got 2",
        ),
        (
            "plasticity={name: binary_window, window_ms: 1.0e+4}",
            r"plasticity.window_ms must be at most 80 times",
        ),
        (
            "plasticity={name: binary_hybrid, window_anti_ms: 1.0e+4}",
            r"plasticity.window_anti_ms must be at most 80 times plasticity.tau_post_fast_ms",
        ),
        ("plasticity={name: binary_window, tau_pre_ms: 2.0e+4}", r"plasticity.tau_pre_ms must be at most 10000 with a"),
        ("network.exc.escape.width_mv=3", r"escape: width_mv: without effect with mode 'none'"),
        ("network.exc.escape={mode: mtj, rate_hz: 5}", r"escape: rate_hz: without effect with mode 'mtj'"),
        ("quantisation={threshold: otsu, share: 0.9}", r"quantisation: share: only with threshold fixed or neuron or"),
        ("quantisation={threshold: fixed, choose_on: 900}", r"quantisation: choose_on: only with threshold chosen"),
        ("encoding.intensty=3", r"encoding.intensty: unknown key. Did you mean 'intensity'"),
        ("simulation.integrator=eulr", r"simulation.integrator: unknown value 'eulr'.*Did you mean 'euler'"),
        ("simulation.engine=fastt", r"simulation.engine: unknown engine 'fastt'.*Did you mean 'fast'"),
        ("simulation.dt_ms=0.3", r"image_ms must be a multiple of dt_ms \(0.3\), got 350"),
        ("simulation.dt_ms=.nan", r"simulation.dt_ms: .*finite"),
        ("seeds=[1,1]", r"seeds must differ"),
        ("seeds=[]", r"seeds: .*at least 1 item"),
        ("network.w_init_low=0.9", r"w_min <= w_init_low < w_init_high <= w_max"),
        ("network.n_exc='100'", r"network.n_exc: should be a valid integer, got '100'"),
        ("network.n_exc=true", r"network.n_exc: should be a valid integer, got True"),
        ("simulation.dt_ms='0.5'", r"simulation.dt_ms: should be a valid number, got '0.5'"),
        ("simulation.rest_ms=1.0e+9", r"together must be 1 to 65535 steps"),
        ("simulation={dt_ms: 1.0, integrator: euler}", r"below the smallest time constant \(1 ms\)"),
        ("network.exc.refractory_ms=0.7", r"network.exc.refractory_ms must be a multiple"),
        ("network.inh.v_thresh_mv=-70", r"inhibitory neurons must not fire without input"),
        ("network.delays={mode: synaptic, max_ms: 1000}", r"network.delays.max_ms"),
        ("readouts=[{name: all_activity}, {name: all_activity}]", r"readouts: each may be named once"),
        ("embeddings=[{name: umap}, {name: umap, n_neighbors: 5}]", r"embeddings: each may be named once"),
        ("grid={network.n_exc: [10, 10]}", r"grid: the values of 'network.n_exc' must differ"),
        ("labelling.n_images=5000", r"labelling.n_images must be at most dataset.n_train \(500\), got 5000"),
        ("training.passes=1.5", r"training.passes: should be a valid integer"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(override, message):
    with pytest.raises(ConfigError, match=message):
        load_experiment(ROOT / "config/experiments/tiny.yaml", [override])


def test_all_faults_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        validated({"network": {"n_exc": 0, "w_maxx": 1}, "trainin": {}}, "here")
    assert str(caught.value).count("\n") == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", r"line 2: the key 'a' is given twice"),
        ("a:\n\t- 1\n", r"line 2.*never with tabs"),
        ("a: [1, 2\n", r"line \d"),
        ("title: x\nseeds: !!binary aGk=\n", "holds a value that is no text"),
        ("? [a, b]\n: 1\n", "a key must be text"),
        ("a: &n\n  b: *n\n", "no text, number, list or section"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("- 1\n", "must hold 'key: value' pairs, got list"),
    ],
)
def test_faulty_yaml_is_explained(tmp_path, text, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_yaml(path)


def test_a_date_is_read_as_text_and_merge_keys_work(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("title: 2024-01-01\na: &base {n: 1, m: 2}\nb:\n  <<: *base\n  n: 3\n")
    assert read_yaml(path) == {"title": "2024-01-01", "a": {"n": 1, "m": 2}, "b": {"n": 3, "m": 2}}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"eta_post": -1}, r"plasticity.eta_post: .*, got -1 \(plasticity.name is not given, which means 'triplet'\)"),
        ({"p_pot": 0.1}, r"plasticity.p_pot: unknown key \(plasticity.name is not given, which means 'triplet'\)"),
    ],
)
def test_a_section_without_a_name_says_which_component_it_means(section, message):
    with pytest.raises(ConfigError, match=message):
        validated({"plasticity": section}, "x")


@pytest.mark.parametrize("engine", ["brian2", "brian2_numpy", "brian2_standalone"])
def test_what_brian_does_not_have_is_refused_before_anything_runs(engine):
    for rule in ("binary_multistep", "bistable_cells", "long_short_term"):
        with pytest.raises(ConfigError, match=f"'{rule}' cannot be run by Brian2.*'fast'"):
            validated({"plasticity": {"name": rule}, "simulation": {"engine": engine}}, "x")
    for rule in ("triplet", "binary_window", "binary_exponential", "binary_hybrid"):
        validated({"plasticity": {"name": rule}, "simulation": {"engine": engine}}, "x")


def test_a_factor_that_makes_a_probability_too_large_is_named():
    raw = {"plasticity": {"name": "bistable_cells", "p_pot": 0.5}, "training": {"passes": 2, "rate_factors": [1, 2]}}
    with pytest.raises(ConfigError, match=r"training.rate_factors: 2 makes plasticity.p_pot 1, .* less than 1"):
        validated(raw, "x")


@pytest.mark.parametrize("name", ["x{y}.yaml", "a<b>.yaml", "..yaml", "a\nb.yaml"])
def test_names_that_cannot_be_folders_of_the_workflow_are_refused(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(ConfigError, match="an experiment cannot be called"):
        find_experiment(str(tmp_path / name), tmp_path)


def test_a_misspelt_experiment_gets_a_suggestion():
    with pytest.raises(ConfigError, match="Did you mean 'quickstart'"):
        find_experiment("quickstat", ROOT / "config" / "experiments")
    with pytest.raises(ConfigError, match="does not exist"):
        find_experiment("nowhere/x.yaml", ROOT)


@pytest.mark.parametrize("item", ["foo", "=3", "embeddings.3.name=x", "title.x=1"])
def test_a_faulty_override_is_explained(item):
    raw = {"embeddings": [{"name": "pca"}], "title": "t"}
    with pytest.raises(ConfigError):
        with_overrides(raw, [item])


def test_overrides_reach_into_lists_and_leave_the_original_alone():
    raw = {"embeddings": [{"name": "pca"}]}
    assert with_overrides(raw, ["embeddings.0.name=umap", "network.n_exc=7"]) == {
        "embeddings": [{"name": "umap"}],
        "network": {"n_exc": 7},
    }
    assert raw == {"embeddings": [{"name": "pca"}]}


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: p.stem)
def test_every_experiment_is_valid_and_survives_a_round_trip(path):
    experiment = load_experiment(path)
    dumped = experiment.model_dump(mode="json")
    assert validated(json.loads(json.dumps(dumped)), "again").model_dump(mode="json") == dumped
    assert plan(path.stem, experiment).jobs


def test_generated_files_are_up_to_date():
    assert (ROOT / "config/default.yaml").read_text() == default_yaml(), "run: python -m stdp_pipeline.config.generate"
    assert (ROOT / "config/schema.json").read_text() == json_schema(), "run: python -m stdp_pipeline.config.generate"


def test_the_default_file_is_the_default():
    raw = yaml.safe_load((ROOT / "config/default.yaml").read_text())
    assert validated(raw, "default") == validated({}, "empty")


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_component_has_a_description(kind):
    for name in registry.names(kind):
        summary = registry.summary(kind, name)
        assert 20 < len(summary) <= 120
        assert summary.endswith((".", "global order"))


# ---- the plan -------------------------------------------------------------------------------------------------------

BASE = {"dataset": {"name": "digits"}, "embeddings": [{"name": "pca"}]}
LOOKED_AT = ("features", "embed", "measure", "represent")


def ids(raw):
    return {job.key for job in plan("x", validated(raw, "test")).jobs.values() if job.stage not in OF_EXPERIMENTS}


def changed_stages(raw):
    return {stage for stage, _ in ids(raw) - ids(BASE)}


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        ({"title": "other"}, set()),
        (
            {"dataset": {"name": "digits", "n_test": 100}},
            {"prepare", "encode", "train", "respond", "label", "test", *LOOKED_AT, "portray"},
        ),
        (
            {"encoding": {"name": "poisson", "intensity": 3}},
            {"encode", "train", "respond", "label", "test", *LOOKED_AT, "portray"},
        ),
        (
            {"encoding": {"name": "poisson", "materialize": True}},
            {"events", "train", "respond", "label", "test", *LOOKED_AT, "portray"},
        ),
        ({"network": {"n_exc": 10}}, {"train", "respond", "label", "test", *LOOKED_AT, "portray"}),
        ({"simulation": {"rest_ms": 100}}, {"train", "respond", "label", "test", *LOOKED_AT, "portray"}),
        ({"labelling": {"n_images": 100}}, {"respond", "label", "test", "represent"}),
        ({"embeddings": [{"name": "umap"}]}, {"embed", "measure"}),
        ({"measures": {"n_draws": 5}}, {"measure"}),
        ({"features": [{"name": "latencies"}]}, {"features", "embed", "measure"}),
        ({"features": [{"name": "fields"}]}, {"features", "embed", "measure"}),
        ({"training": {"snapshots": [0, 100]}}, {"train", "respond", "label", "test", *LOOKED_AT, "portray"}),
    ],
)
def test_a_changed_parameter_concerns_exactly_what_depends_on_it(change, stages):
    assert changed_stages(BASE | change) == stages


def test_a_new_seed_adds_only_its_own_jobs():
    before, after = ids(BASE | {"seeds": [0]}), ids(BASE | {"seeds": [0, 1]})
    assert before < after
    assert sorted(stage for stage, _ in after - before) == sorted(
        ["train", "respond", "respond", "label", "test", *LOOKED_AT]
    )


def test_runs_share_features_that_need_no_network():
    raw = BASE | {"features": [{"name": "pixels"}, {"name": "counts"}], "seeds": [0, 1]}
    of_features = [job.spec["feature"]["name"] for job in plan("x", validated(raw, "test")).of("features")]
    assert sorted(of_features) == ["counts", "counts", "pixels"]


def test_networks_share_maps_and_measures_that_need_no_network():
    raw = BASE | {"features": [{"name": "pixels"}], "grid": {"network.n_exc": [9, 16]}, "seeds": [0]}
    planned = plan("x", validated(raw, "test"))
    for stage in ("embed", "measure"):
        assert {job.id.partition("-pixels")[0] for job in planned.of(stage)} == {"digits-s0"}
    assert len(planned.of("measure")) == 1
    assert len(planned.of("train")) == 2


def test_without_maps_nothing_is_made_for_them():
    raw = BASE | {"embeddings": [], "representation": False}
    assert changed_stages(raw) == set()
    assert not {stage for stage, _ in ids(raw)} & set(LOOKED_AT)


def test_trajectories_need_snapshots():
    with pytest.raises(ConfigError, match=r"trajectories needs training\.snapshots"):
        validated(BASE | {"trajectories": {}}, "test")
    jobs = plan("x", validated(BASE | {"trajectories": {}, "training": {"snapshots": [0, 10]}}, "test"))
    assert [job.spec["embedding"]["name"] for job in jobs.of("trajectory")] == ["m_phate", "phate"]
    with pytest.raises(ConfigError, match=r"embeddings.*m_phate"):  # it knows nothing to do with single rows
        validated(BASE | {"embeddings": [{"name": "m_phate"}]}, "test")


def test_a_grid_makes_all_combinations_and_shares_what_it_can():
    raw = BASE | {"grid": {"network.n_exc": [5, 6], "plasticity.eta_post": [0.1, 0.2]}, "seeds": [0, 1]}
    planned = plan("x", validated(raw, "test"))
    assert len(planned.runs) == 8
    assert len(planned.of("train")) == 8
    assert len(planned.of("encode")) == 1


def test_a_grid_may_choose_another_component():
    raw = {"grid": {"dataset.name": ["mnist", "digits"]}, "dataset": {"name": "mnist", "data_dir": None}}
    with pytest.raises(ConfigError, match=r"^dataset\.name=digits:"):  # data_dir is not a parameter of digits
        plan("x", validated(raw, "test"))
    raw["dataset"] = {"name": "mnist"}
    assert len(plan("x", validated(raw, "test")).of("prepare")) == 2


def test_a_wrong_path_in_a_grid_is_explained():
    with pytest.raises(ConfigError, match=r"network\.n_exx: unknown key. Did you mean 'n_exc'"):
        plan("x", validated(BASE | {"grid": {"network.n_exx": [1]}}, "test"))
    with pytest.raises(ConfigError, match="list seeds under 'seeds'"):
        plan("x", validated(BASE | {"grid": {"seeds": [[1]]}}, "test"))


@given(st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_keys(random):
    raw = BASE | {"network": {"n_exc": 9, "w_max": 0.9}, "simulation": {"dt_ms": 0.5, "rest_ms": 100.0}}

    def shuffled(value):
        if not isinstance(value, dict):
            return copy.copy(value)
        items = list(value.items())
        random.shuffle(items)
        return {k: shuffled(v) for k, v in items}

    assert ids(raw) == ids(shuffled(raw))


def test_equal_numbers_give_equal_ids():
    assert ids(BASE | {"simulation": {"rest_ms": 100}}) == ids(BASE | {"simulation": {"rest_ms": 100.0}})


def test_parents_come_before_children():
    planned = plan("x", validated(BASE, "test"))
    seen = set()
    for job in planned.jobs.values():
        assert all(parent.key in seen for parent in job.parents.values())
        seen.add(job.key)


def test_a_section_without_a_name_means_the_default_component():
    experiment = validated({"plasticity": {"eta_post": 0.1}, "dataset": {"n_train": 100}}, "here")
    assert (experiment.plasticity.name, experiment.dataset.name) == ("triplet", "mnist")
    with pytest.raises(ConfigError, match="eta_post"):
        validated({"plasticity": {"name": "power_law", "eta_post": 0.1}}, "here")


# ---- presets and variants --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_is_a_valid_experiment(name):
    experiment = validated(with_preset({"preset": name}), name)
    assert experiment.preset == name


def test_the_released_code_is_what_the_facts_say():
    experiment = validated(with_preset({"preset": "diehl_cook_2015_released"}), "test")
    simulation, exc = experiment.simulation, experiment.network.exc
    assert (simulation.integrator, simulation.dt_ms, simulation.rest_spikes) == ("euler", 0.5, "next")
    assert (exc.refractory_ms, exc.clamp_ms) == (5.0, 0.0)
    assert experiment.network.delays.mode == "synaptic"
    assert (experiment.training.order, experiment.training.passes) == ("sequential", 3)
    assert (experiment.plasticity.name, experiment.plasticity.norm_total) == ("triplet", 78.0)
    assert (experiment.encoding.intensity, experiment.encoding.intensity_step) == (2.0, 1.0)
    assert experiment.frozen.carry_over


def test_an_experiment_wins_over_its_preset_and_another_component_takes_nothing_of_it():
    raw = {
        "preset": "diehl_cook_2015_released",
        "network": {"n_exc": 9},
        "plasticity": {"name": "power_law", "eta": 0.5},
    }
    experiment = validated(with_preset(raw), "test")
    assert experiment.network.n_exc == 9
    assert experiment.network.delays.mode == "synaptic"
    assert (experiment.plasticity.name, experiment.plasticity.eta) == ("power_law", 0.5)
    for wrong in ("diehl", ["diehl_cook_2015_released"]):
        with pytest.raises(ConfigError, match=r"preset: unknown value '.*'; known: .*diehl_cook_2015_released"):
            with_preset({"preset": wrong})


def test_each_variant_is_run_with_every_combination_of_the_grid():
    raw = {
        "variants": {
            "base": {},
            "clamped": {"network.exc.clamp_ms": 5.0},
            "code": {"preset": "diehl_cook_2015_released"},
        },
        "grid": {"network.n_exc": [10, 20]},
        "seeds": [0, 1],
    }
    found = combinations(validated(raw, "test"))
    assert [varied for varied, _ in found] == [
        {"variant": name, "network.n_exc": n} for name in raw["variants"] for n in (10, 20)
    ]
    assert [e.network.exc.clamp_ms for _, e in found] == [0, 0, 5, 5, 0, 0]
    assert [e.simulation.integrator for _, e in found] == ["exponential_euler"] * 4 + ["euler"] * 2
    assert [e.network.n_exc for _, e in found] == [10, 20] * 3
    assert len(plan("test", validated(raw, "test")).runs) == 12


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ({"a": {"network.clamp": 1}}, r"variant=a:\n  network.clamp: unknown key"),
        ({"a": {"network.exc.clamp_ms": 7.0}}, r"clamp_ms must be at most refractory_ms \(5\), got 7"),
        ({"a": {"seeds": []}}, r"variant=a:\n  seeds: "),
        ({"a": {"published": None}}, r"variant 'a': 'published' cannot be varied"),
        ({"a": {"preset": "nothing"}}, r"preset: unknown value 'nothing'"),
        ({"a": 3}, r"variants.a: should be a section with keys of its own, got 3"),
    ],
)
def test_a_wrong_variant_is_explained(variants, message):
    with pytest.raises(ConfigError, match=message):
        combinations(validated({"variants": variants}, "test"))


def test_a_variant_may_take_another_component_than_the_preset():
    raw = {"preset": "diehl_cook_2015_released", "grid": {"plasticity.name": ["triplet", "power_law"]}}
    triplet, power_law = (one for _, one in combinations(completed(raw, "test")))
    assert triplet.plasticity.eta_pre == 1e-4
    assert power_law.plasticity.name == "power_law"
    assert power_law.network.delays.mode == "synaptic"


def test_nested_sections_of_a_variant_change_what_they_name_and_no_more():
    raw = {
        "network": {"n_exc": 9},
        "variants": {"a": {"network": {"exc": {"clamp_ms": 5}}, "plasticity.eta_post": 0.5}},
    }
    ((_, one),) = combinations(validated(raw, "test"))
    assert (one.network.n_exc, one.network.exc.clamp_ms, one.plasticity.eta_post) == (9, 5, 0.5)


def test_a_path_in_the_grid_and_in_a_variant_is_refused():
    raw = {"variants": {"three": {"training.passes": 3}}, "grid": {"training.passes": [1, 2]}}
    with pytest.raises(ConfigError, match=r"variant 'three': 'training.passes' is varied by the sweep, too"):
        combinations(validated(raw, "test"))


def test_labels_from_the_test_images_share_the_training():
    raw = {"variants": {"a": {}, "leak": {"labelling.split": "test"}}}
    a, leak = (run.ids for run in plan("test", validated(raw, "test")).runs)
    assert a["train"] == leak["train"]
    assert a["label"] != leak["label"]


def test_a_variant_may_have_seeds_and_a_preset_of_its_own():
    raw = {
        "variants": {"code": {"preset": "diehl_cook_2015_released", "seeds": [4, 5, 6]}, "default": {}},
        "seeds": [1],
        "published": {"source": "a table", "accuracy": {"code": 91.4}},
    }
    planned = plan("test", validated(raw, "test"))
    assert [(r.varied["variant"], r.seed) for r in planned.runs] == [
        ("code", 4),
        ("code", 5),
        ("code", 6),
        ("default", 1),
    ]
    assert planned.runs[0].experiment.training.passes == 3
    # What others published is part of the report alone.
    without = plan("test", validated({k: v for k, v in raw.items() if k != "published"}, "test"))
    assert {j.id for j in planned.jobs.values()} == {j.id for j in without.jobs.values()}


def test_published_values_must_be_of_a_variant():
    raw = {"variants": {"a": {}}, "published": {"source": "a table", "accuracy": {"b": 91.4}}}
    with pytest.raises(ConfigError, match=r"published.accuracy: its names must be variants \(a\), got b"):
        validated(raw, "test")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"plasticity": {"name": "power_law", "device": {"puls": 3}}}, r"device\.puls: .*'pulses'"),
        ({"crossbars": {"a": {"valus": [1]}}}, r"crossbars\.a\.valus: unknown key. Did you mean 'values'"),
        ({"crossbars": {"a": {"hardware": {"circuit": {"r_bitt_ohm": 1}}}}}, r"circuit\.r_bitt_ohm: .*'r_bit_ohm'"),
        ({"crossbars": {"a": {"vary": "circuit.r_wrd_ohm", "values": [1]}}}, r"r_wrd_ohm = 1: .*'r_word_ohm'"),
        ({"crossbars": {"a": {"vary": "", "values": [1]}}}, r"crossbars\.a: vary must not be empty"),
        (
            {"crossbars": {"a": {"preset": "rram_wan_2022", "vary": "time_s", "values": [1e9]}}},
            r"crossbars\.a: hardware at time_s = 1000000000\.0: time_s must be",
        ),
    ],
)  # fmt: skip
def test_misspelled_keys_of_nested_sections_are_explained(raw, message):
    with pytest.raises(ConfigError, match=message):
        validated(raw, "test")


def test_what_is_shown_of_a_curve_means_the_same_when_it_is_read_again():
    raw = {"crossbars": {"a": {"preset": "pcm_joshi_2020", "hardware": {"time_s": 100.0}}}}
    first = validated(raw, "test")
    again = validated(first.model_dump(mode="json"), "shown")
    assert again.crossbars["a"].points() == first.crossbars["a"].points()
