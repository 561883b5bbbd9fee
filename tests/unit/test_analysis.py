"""Figures hold what they should; the page stands alone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from stdp_pipeline.figures import fields, learning, raster, results

PNG = b"\x89PNG\r\n\x1a\n"


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
