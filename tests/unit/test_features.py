"""Features of images and neurons: what each number means, and rows that have no place."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stdp_pipeline import registry
from stdp_pipeline.analysis.features import counts, fields, latencies, normalised, pixels, rates
from stdp_pipeline.analysis.features._source import Source
from stdp_pipeline.analysis.points import N_NEIGHBORS, points_of
from stdp_pipeline.engines._contract import Responses
from stdp_pipeline.errors import DataError
from stdp_pipeline.io import write_arrays, write_json
from stdp_pipeline.stages._job import StageJob, run_stage
from stdp_pipeline.stages.features import read_points

# Three images, four neurons, steps of 0.5 ms: the second image is silent.
SPIKES = [[(0, 1), (40, 1), (350, 3)], [], [(699, 0), (800, 2)]]


def answers(images=SPIKES):
    step = np.array([s for image in images for s, _ in image], np.uint16)
    neuron = np.array([n for image in images for _, n in image], np.uint16)
    n = len(images)
    offsets = np.cumsum([0] + [len(image) for image in images])
    ones, none = np.ones(n, np.int32), np.zeros(0, np.uint16)
    return Responses(step, neuron, offsets, ones, ones, none, none, np.zeros(n + 1, np.int64))


SOURCE = Source(responses=answers(), n_exc=4)


def test_counts_are_those_of_each_neuron_and_silent_images_have_none():
    found = counts.features(counts.Params(), SOURCE)
    assert found.dtype == np.float32
    assert np.array_equal(found[[0, 2]], [[0, 2, 0, 1], [1, 0, 1, 0]])
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize(("by", "first"), [("root", [0, 2**0.5, 0, 1]), ("sum", [0, 2 / 3, 0, 1 / 3])])
def test_counts_are_normalised(by, first):
    found = normalised.features(normalised.Params(by=by), SOURCE)
    assert np.allclose(found[0], first)
    assert np.isnan(found[1]).all()


def test_normalised_rows_have_the_length_one():
    found = normalised.features(normalised.Params(by="length"), SOURCE)
    assert np.allclose(np.linalg.norm(found[[0, 2]], axis=1), 1)


def test_rates_are_spikes_per_second_of_each_part_and_the_rest_belongs_to_the_last():
    found = rates.features(rates.Params(n_bins=2), SOURCE).reshape(3, 2, 4)
    one = 1 / 0.175  # 350 ms in two parts
    assert np.allclose(found[0], [[0, 2 * one, 0, 0], [0, 0, 0, one]])
    assert np.allclose(found[2], [[0, 0, 0, 0], [one, 0, one, 0]])


@given(st.integers(1, 20))
def test_rates_add_up_to_the_counts(n_bins):
    found = rates.features(rates.Params(n_bins=n_bins), SOURCE).reshape(3, n_bins, 4)
    assert np.allclose(found.sum(axis=1)[[0, 2]] * 0.35 / n_bins, counts.features(counts.Params(), SOURCE)[[0, 2]])


def test_latencies_tell_who_fires_first():
    found = latencies.features(latencies.Params(), SOURCE)
    assert np.allclose(found[0], [0, 1, 0, 0.5])
    assert np.allclose(found[2], [1 / 700, 0, 0, 0], atol=1e-6)  # a spike in the rest is none


def test_fields_and_pixels_are_rows(rng):
    weights = rng.random((9, 4)).astype(np.float32)
    assert np.array_equal(fields.features(fields.Params(), Source(weights=weights)), weights.T)
    images = rng.integers(0, 256, (5, 3, 3)).astype(np.uint8)
    assert np.allclose(pixels.features(pixels.Params(), Source(pixels=images)), images.reshape(5, 9) / 255)
    table = rng.normal(size=(5, 4)).astype(np.float32)
    assert np.array_equal(pixels.features(pixels.Params(), Source(pixels=table)), table)


@pytest.mark.parametrize("name", registry.names("feature"))
def test_every_kind_says_what_it_needs(name):
    module = registry.load("feature", name)
    assert module.ROWS in ("images", "neurons")
    assert set(module.NEEDS) <= {"responses", "network", "pixels"}
    assert module.Params().name == name


def test_neighbours_are_those_of_brute_force_with_the_point_itself_first(rng):
    features = rng.integers(0, 3, (40, 4)).astype(np.float32)  # many equal rows
    found = points_of(features, np.zeros(40, np.int64), 0)
    assert found.index.shape == (40, 40)
    index, distance = found.nearest(6)
    assert np.array_equal(index[:, 0], np.arange(40))
    squared = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    for i in range(40):
        assert len(set(index[i])) == 6
        assert np.allclose(np.sort(distance[i]), np.sqrt(np.sort(squared[i])[:6]), atol=1e-3)


def test_features_of_which_no_map_can_be_made_are_refused(rng):
    labels = np.zeros(200, np.int64)
    features = rng.random((200, 3)).astype(np.float32)
    with pytest.raises(DataError, match="at least 3 points, got 2"):
        points_of(features[:2], labels[:2], 0)
    with pytest.raises(DataError, match="all 200 points are equal"):
        points_of(np.ones((200, 3), np.float32), labels, 0)
    broken = features.copy()
    broken[7, 1] = np.nan
    with pytest.raises(DataError, match="row 7 are not finite"):
        points_of(broken, labels, 0)
    with pytest.raises(DataError, match=f"at most {N_NEIGHBORS - 1}"):
        points_of(features, labels, 0).nearest(N_NEIGHBORS + 1)


def stage(folder, feature, responses):
    write_arrays(folder / "responses.npz", {**vars(responses), "n_exc": 4})
    write_json(folder / "model.json", {"simulation": {"dt_ms": 0.5, "image_ms": 350.0}})
    write_arrays(folder / "data.npz", {"test_labels": np.arange(responses.n_images) % 3})
    roles = {"responses": "responses.npz", "model": "model.json", "data": "data.npz"}
    inputs = {role: folder / file for role, file in roles.items()}
    job = StageJob("features", {"feature": {"name": feature}}, inputs, folder / "out")
    run_stage(job)
    return job.output


def test_the_stage_leaves_out_silent_images_and_counts_equal_ones(tmp_path):
    folder = stage(tmp_path, "counts", answers(SPIKES * 3))
    points, rows, n_rows = read_points(folder / "features.npz", 5)
    assert rows.tolist() == [0, 2, 3, 5, 6, 8]
    assert n_rows == 9
    assert points.seed == 5
    assert points.labels.tolist() == [0, 2, 0, 2, 0, 2]
    info = json.loads((folder / "info.json").read_text())
    assert (info["n_points"], info["n_left_out"], info["n_duplicates"], info["n_dimensions"]) == (6, 3, 4, 4)


def test_a_network_that_stays_silent_is_told(tmp_path):
    with pytest.raises(DataError, match="'counts': 0 of 4 images have any"):
        stage(tmp_path, "counts", answers([[]] * 4))
