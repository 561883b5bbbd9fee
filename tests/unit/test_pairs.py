"""Every data set with every code, rule and engine: one contract, on tiny copies of the data sets."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pydantic import ValidationError

from stdp_pipeline import registry
from stdp_pipeline.config.schema import experiment_model
from stdp_pipeline.datasets._base import Recordings
from stdp_pipeline.datasets._read import read
from stdp_pipeline.engines._contract import start_state
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.stages._inputs import inputs_of
from stdp_pipeline.stages.encode import encoded
from stdp_pipeline.stages.prepare import arrays_of

DATASETS, CODES, RULES = (registry.names(kind) for kind in ("dataset", "encoding", "rule"))
HAVE_EVENTS = {name for name in DATASETS if "events" in registry.load("dataset", name).Params.model_fields}
PAIRS = [(d, c) for d, c in product(DATASETS, CODES) if c != "recorded" or d in HAVE_EVENTS]
N_SHOWN = 3


@pytest.fixture
def inputs_from(tiny_dataset, seed):
    """Return a function: data set and code -> inputs as the stages make them, and the protocol they were made for."""

    def make(dataset, code, model):
        module, params = tiny_dataset(dataset, n_train=N_SHOWN, n_test=1)
        data, n_classes = read(module, params)
        encoding = registry.load("encoding", code)
        arrays = encoded(arrays_of(data, n_classes), encoding, encoding.Params(), model)
        return inputs_of({"encoding": {"name": code}}, arrays, "train", seed), arrays, data

    return make


@pytest.fixture
def short(make_model):
    """Return a function that builds a model with short presentations."""

    def make(rule="triplet", **more):
        return make_model(n_exc=4, rule_name=rule, image_ms=60.0, rest_ms=20.0, min_spikes=1, max_attempts=2, **more)

    return make


@pytest.mark.parametrize(("dataset", "code"), PAIRS)
def test_every_pair_makes_spikes_that_train_a_network_by_some_rule(dataset, code, inputs_from, short, seed):
    # In turn, so that each rule meets every code and every data set.
    rule = RULES[(DATASETS.index(dataset) + CODES.index(code)) % len(RULES)]
    model = short(rule)
    inputs, arrays, data = inputs_from(dataset, code, model)
    n_images, n_input = inputs.levels.shape
    assert n_images == data.n_images("train")
    assert int(np.prod(arrays["image_shape"])) == n_input
    shown = np.arange(N_SHOWN)
    n_events = 0
    for image in shown:
        step, source = draw_events(model, inputs, image, 0, 0)
        place = step.astype(np.int64) * n_input + source
        assert np.all(np.diff(place) > 0)
        assert np.all(step < model.n_image_steps)
        assert np.all(source < n_input)
        again = draw_events(model, inputs, image, 0, 0)
        assert np.array_equal(step, again[0])
        assert np.array_equal(source, again[1])
        n_events += len(step)
    assert n_events > 0
    state = start_state(model, n_input, seed)
    trained, responses = registry.load("engine", "reference").train(model, state, inputs, shown, 0)
    assert responses.n_images == N_SHOWN
    first = [len(draw_events(model, inputs, image, 0, int(n) - 1)[0]) for image, n in enumerate(responses.attempts)]
    assert responses.n_input_spikes.tolist() == first
    assert np.all(np.isfinite(trained.weights))


@pytest.mark.parametrize("dataset", sorted(set(DATASETS) - HAVE_EVENTS))
def test_images_cannot_be_replayed(dataset):
    with pytest.raises(ValidationError, match=r"'recorded' needs a data set of events"):
        experiment_model()(dataset={"name": dataset}, encoding={"name": "recorded"})


def test_recordings_have_events_and_images_have_none(tiny_dataset):
    for name in DATASETS:
        module, params = tiny_dataset(name)
        data, _ = read(module, params)
        assert isinstance(data.train_events, Recordings) == (name in HAVE_EVENTS)


def agree(dataset, code, rule, inputs_from, short, seed):
    """Train by both engines and compare: spikes exactly, weights to rounding."""
    model = short(rule, precision="float64")
    inputs, *_ = inputs_from(dataset, code, model)
    state = start_state(model, inputs.levels.shape[1], seed)
    slow, quick = (
        registry.load("engine", name).train(model, state, inputs, np.arange(N_SHOWN), 0)
        for name in ("reference", "fast")
    )
    for field in ("step", "neuron", "attempts", "n_input_spikes"):
        assert np.array_equal(getattr(slow[1], field), getattr(quick[1], field)), field
    assert np.allclose(slow[0].weights, quick[0].weights, atol=1e-9)


@pytest.mark.equivalence
@pytest.mark.parametrize(
    ("dataset", "code"), [("digits", "latency"), ("iris", "population"), ("recordings", "recorded")]
)
def test_the_fast_engine_agrees_on_pairs(dataset, code, inputs_from, short, seed):
    agree(dataset, code, "triplet", inputs_from, short, seed)


@pytest.mark.slow
@pytest.mark.equivalence
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("code", CODES)
def test_the_fast_engine_agrees_on_every_pair_and_rule(code, rule, inputs_from, short, seed):
    for dataset in (d for d, c in PAIRS if c == code):
        agree(dataset, code, rule, inputs_from, short, seed)
