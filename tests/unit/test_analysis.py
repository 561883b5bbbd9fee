"""Embeddings keep their contract; figures hold what they should; the page stands alone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from stdp_pipeline import registry
from stdp_pipeline.analysis.embed._graph import n_components, nearest
from stdp_pipeline.errors import DataError
from stdp_pipeline.figures import fields, learning, raster, results

METHODS = registry.names("embedding")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def clusters(seed):
    """Return spike counts of three clear clusters, (150, 30), and their classes."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(3), 50)
    rates = np.full((3, 30), 0.2)
    for c in range(3):
        rates[c, 10 * c : 10 * c + 10] = 6.0
    return rng.poisson(rates[classes]).astype(np.float32), classes


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_contract_and_repeats_itself(name, clusters, seed):
    module = registry.load("embedding", name)
    features, classes = clusters
    before = features.copy()
    coordinates, found = module.embed(module.Params(), features, seed)
    again, _ = module.embed(module.Params(), features, seed)
    assert coordinates.shape == (150, 2)
    assert coordinates.dtype == np.float64
    assert np.all(np.isfinite(coordinates))
    assert np.array_equal(coordinates, again)
    assert np.array_equal(features, before)
    assert all(isinstance(v, int | float | str | list) for v in found.values())
    # Well separated clusters must stay apart: the nearest other point is of the same class, for nearly all points.
    index, _ = nearest(coordinates, 2)
    assert np.mean(classes[index[:, 1]] == classes) > 0.9


@pytest.mark.parametrize("name", METHODS)
def test_too_few_or_infinite_features_are_refused(name, clusters):
    module = registry.load("embedding", name)
    features = clusters[0]
    with pytest.raises(DataError, match=r"needs more than \d+ images"):
        module.embed(module.Params(), features[:2], 0)
    broken = features.copy()
    broken[3, 3] = np.nan
    with pytest.raises(DataError, match="not finite"):
        module.embed(module.Params(), broken, 0)


def test_neighbours_are_those_of_brute_force_with_the_point_itself_first(rng):
    features = rng.integers(0, 3, (40, 4)).astype(np.float32)  # many equal rows
    index, distance = nearest(features, 6)
    assert np.array_equal(index[:, 0], np.arange(40))
    squared = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    for i in range(40):
        assert len(set(index[i])) == 6
        assert np.allclose(np.sort(distance[i]), np.sqrt(np.sort(squared[i])[:6]), atol=1e-3)


def test_components_are_counted(rng):
    apart = np.concatenate([rng.normal(0, 1, (20, 2)), rng.normal(1000, 1, (20, 2))])
    assert n_components(nearest(apart, 5)[0]) >= 2
    assert n_components(nearest(apart, 40)[0]) == 1


def svg_text(content: bytes) -> str:
    root = ET.fromstring(content)
    return " ".join("".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text"))


def test_curves_and_histograms_name_their_axes(rng):
    history = {
        "images_seen": np.arange(1.0, 6) * 100,
        "accuracy": np.array([np.nan, 0.2, 0.5, 0.7, 0.8]),
        "spikes_per_image": np.full(5, 16.0),
    }
    curve = svg_text(learning.learning_curve(history, 0.81))
    assert "accuracy (%)" in curve
    assert "81.0%" in curve
    assert "theta (mV)" in svg_text(learning.theta_histogram(rng.normal(40, 2, 50)))
    assert "weight" in svg_text(learning.weight_histogram(rng.random((20, 5))))
    assert "excitatory spikes" in svg_text(learning.spikes_per_image(rng.poisson(16, 100)))
    assert "excitatory spikes" in svg_text(learning.spikes_per_image(np.zeros(5, np.int64)))
    labels = svg_text(learning.neurons_per_label(np.array([0, 0, 1, -1], np.int16), 3))
    assert "1 silent" in labels


def test_confusion_shows_its_counts_and_images_without_prediction():
    matrix = np.array([[17, 3, 0], [1, 19, 0]])
    text = svg_text(results.confusion(matrix))
    assert {"17", "3", "19"} <= set(text.split())
    assert "none" not in text
    matrix[0, 2] = 5
    assert "none" in svg_text(results.confusion(matrix))


def test_equal_figures_give_equal_files():
    matrix = np.array([[17, 3, 0], [1, 19, 0]])
    assert results.confusion(matrix) == results.confusion(matrix)


@pytest.mark.parametrize("n_exc", [1, 5, 9])
def test_pictures_are_drawn(n_exc, rng):
    weights = rng.random((20, n_exc))
    label = rng.integers(-1, 3, n_exc).astype(np.int16)
    assert fields.receptive_fields(weights, label, (4, 5)).startswith(PNG)
    image = rng.integers(0, 255, (4, 5)).astype(np.uint8)
    step, source = np.array([0, 9], np.uint16), np.array([3, 19], np.uint16)
    assert raster.raster(image, step, source, 0.5, 350.0, "3", "poisson").startswith(PNG)
    coordinates = rng.normal(size=(30, 2))
    coordinates[4] = np.nan
    drawn = results.response_map(coordinates, rng.integers(0, 10, 30).astype(np.uint8), "umap", {"knn": 5, "x": [0.1]})
    assert drawn.startswith(PNG)


def external_references(html: str) -> list[str]:
    return [u for u in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", html) if not u.startswith(("data:", "#"))]


def test_the_search_for_external_references_finds_one():
    assert external_references('<img src="http://x/y.png"> <a href="#a">') == ["http://x/y.png"]
