"""The interactive page as a file: what is packed, how, and that nothing is fetched. tests/browser uses it."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from stdp_pipeline.analysis.measures import MEASURES
from stdp_pipeline.datasets import mnist
from stdp_pipeline.errors import DataError
from stdp_pipeline.report._packing import line, quantised
from stdp_pipeline.report.explore import Explore, Map, Network, TrajectoryMap, explore_page
from stdp_pipeline.stages import _maps
from stdp_pipeline.stages.measure import NO_MAP

N_IMAGES, N_EXC, SHAPE, N_CLASSES = 60, 9, (5, 7), 4


def make_network(rng: np.random.Generator, name: str = "small", **more) -> Network:
    neurons = np.sort(rng.choice(N_EXC, 6, replace=False))
    labels = rng.integers(-1, N_CLASSES, N_EXC)
    path = TrajectoryMap("PHATE", np.array([0, 100, 1000]), rng.normal(size=(3, 6, 2)), neurons, labels[neurons], {})
    made = Network(
        name,
        rng.integers(0, 256, (N_IMAGES, *SHAPE), dtype=np.uint8),
        rng.integers(0, N_CLASSES, N_IMAGES),
        ["cat", "dog", "cow", "</script>"],
        rng.integers(-1, N_CLASSES, N_IMAGES),
        rng.poisson(20, N_IMAGES),
        np.where(rng.random(N_IMAGES) < 0.1, np.nan, rng.exponential(50, N_IMAGES)),
        rng.integers(-1, N_EXC, N_IMAGES),
        rng.random((N_EXC, *SHAPE)),
        labels,
        [
            Map("counts", "PCA", "images", rng.normal(size=(N_IMAGES, 2)), {"explained_variance": 0.51234}),
            Map("counts", "UMAP", "images", np.zeros((0, 2)), {}, "umap is not installed"),
            Map("fields", "PCA", "neurons", rng.normal(size=(N_EXC, 2)), {}),
        ],
        [path],
    )
    return replace(made, **more)


class Page(HTMLParser):
    """A page's elements, and its data as the script finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.data = json.loads(self.scripts[0])

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script" and self.get_starttag_text().startswith("<script"):
            self.scripts.append(data)

    def blob(self, about: dict) -> bytes:
        return base64.b64decode(self.data["blobs"][about["blob"]])

    def array(self, about: dict) -> np.ndarray:
        return np.frombuffer(self.blob(about), np.dtype(about["type"]).newbyteorder("<"))

    def sheet(self, about: dict) -> np.ndarray:
        """Cut a sheet as the script does."""
        pixels = np.asarray(Image.open(io.BytesIO(self.blob(about))).convert("L"))
        h, w, columns = about["height"], about["width"], about["columns"]
        places = [divmod(k, columns) for k in range(about["n"])]
        return np.array([pixels[r * h : (r + 1) * h, c * w : (c + 1) * w] for r, c in places])


def page_of(*networks: Network, **more) -> Page:
    return Page(explore_page(Explore("title", networks, more.get("measures", []), more.get("notes", []))))


# ---- how large it may be ---------------------------------------------------------------------------------------------


def test_a_page_that_is_too_large_has_coarser_images_then_fewer_networks(rng, monkeypatch):
    networks = [make_network(rng, name) for name in ("first", "second")]
    known = {"features": "counts", "method": "pca", "measure": "ari", "mean": 1.0, "low": None, "high": None}
    measures = [{"network": network.name} | known for network in networks]

    of_paths = [
        {"network": network.name, "method": "pca", "measure": "long_steps", "mean": 1.0, "low": None, "high": None}
        for network in networks
    ]

    def page(limit: int) -> tuple[int, Page]:
        monkeypatch.setattr(_maps, "_MOST_BYTES", limit)
        text = _maps._fitting(Explore("title", networks, measures, ["Bear this in mind."], paths=of_paths), 3)
        return len(text.encode()), Page(text)

    full, rich = page(10**9)
    assert [n["name"] for n in rich.data["networks"]] == ["first", "second"]
    assert len(rich.data["measures"]) == 2
    assert "16 levels" not in rich.text
    assert "The first 2 of 3 networks." in rich.text
    size, coarse = page(full - 1)
    assert size < full
    assert "16 levels" in coarse.text
    assert len(coarse.data["networks"]) == 2
    less, single = page(size - 1)
    assert less < size
    assert "The first 1 of 3 networks." in single.text
    for rows in ("measures", "paths"):
        assert [row["network"] for row in single.data[rows]] == ["first"]
    assert "Bear this in mind." in single.text
    assert page(1)[0] == less


# ---- what is packed --------------------------------------------------------------------------------------------------


def test_pixels_and_numbers_come_back(rng):
    network = make_network(rng)
    page = page_of(network)
    packed = page.data["networks"][0]
    np.testing.assert_array_equal(page.sheet(packed["images"]), network.images)
    for name in ("labels", "predictions", "n_spikes", "winner", "field_labels"):
        np.testing.assert_array_equal(page.array(packed[name]), getattr(network, name))
    np.testing.assert_array_equal(page.array(packed["first_spike_ms"]), network.first_spike_ms.astype(np.float32))
    # All fields share one scale: half a grey level of it is what rounding costs.
    most = np.percentile(network.fields, 99.9)
    found = page.sheet(packed["fields"]) / 255 * most
    np.testing.assert_allclose(found, np.minimum(network.fields, most), atol=0.5001 * most / 255)


def test_coarse_images_are_off_by_half_a_step_and_smaller(rng):
    network = make_network(rng)
    fine, coarse = (Page(explore_page(Explore("title", [network], [], [], coarse))) for coarse in (False, True))
    packed = coarse.data["networks"][0]
    difference = coarse.sheet(packed["images"]).astype(int) - network.images
    assert abs(difference).max() <= 8  # 17 levels are a step
    assert len(coarse.blob(packed["images"])) < len(fine.blob(fine.data["networks"][0]["images"]))
    assert coarse.blob(packed["fields"]) == fine.blob(fine.data["networks"][0]["fields"])


@pytest.mark.parametrize(("largest", "kind"), [(127, "int8"), (128, "int16"), (32_768, "int32")])
def test_integers_take_the_smallest_type_that_holds_them(rng, largest, kind):
    n_spikes = np.arange(N_IMAGES)
    n_spikes[rng.integers(N_IMAGES)] = largest
    page = page_of(make_network(rng, n_spikes=n_spikes))
    packed = page.data["networks"][0]["n_spikes"]
    assert packed["type"] == kind
    np.testing.assert_array_equal(page.array(packed), n_spikes)


finite = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(arrays(np.float64, st.tuples(st.integers(2, 30), st.just(2)), elements=finite), st.data())
def test_distances_on_a_map_survive_quantising(coordinates, data):
    left_out = data.draw(arrays(np.bool_, len(coordinates)))
    left_out[data.draw(st.integers(0, len(coordinates) - 1))] = False
    given_rows = np.where(left_out[:, None], np.nan, coordinates)
    steps = quantised(given_rows)
    assert steps.dtype == np.uint16
    np.testing.assert_array_equal((steps == 65_535).all(axis=1), left_out)
    np.testing.assert_array_equal((steps == 65_535).any(axis=1), left_out)
    kept, q = coordinates[~left_out], steps[~left_out].astype(float)
    side = np.ptp(kept, axis=0).max()
    if side > 1e-3:  # both axes by the same scale, each coordinate to half a step
        np.testing.assert_allclose(q / 65_534 * side, kept - kept.min(axis=0), atol=0.51 * side / 65_534)


def test_equal_points_are_no_division_by_zero():
    assert (quantised(np.full((3, 2), 7.0)) == 0).all()


def test_maps_are_grouped_by_features_and_say_what_they_are(rng):
    network = make_network(rng)
    network.maps[0].coordinates[[3, 8]] = np.nan
    counts, fields = page_of(network).data["networks"][0]["features"]
    assert (counts["name"], counts["rows"], len(counts["maps"])) == ("counts", "images", 2)
    assert (fields["name"], fields["rows"], len(fields["maps"])) == ("fields", "neurons", 1)
    assert counts["maps"][0]["info"] == "explained variance 0.512, 2 left out"
    assert counts["maps"][1]["skipped"] == "umap is not installed"
    assert counts["maps"][1]["coordinates"] is None


@pytest.mark.parametrize(
    ("info", "parts", "told"),
    [
        ({}, 1, ""),
        ({"knn": 5, "graph_components": 1}, 1, "knn 5, graph components 1"),
        ({"knn": 5, "graph_components": 53}, 53, "knn 5"),
    ],
)
def test_a_graph_in_parts_is_set_apart(rng, info, parts, told):
    network = make_network(rng)
    one = replace(network.maps[0], info=info)
    packed = page_of(replace(network, maps=[one])).data["networks"][0]["features"][0]["maps"][0]
    assert (packed["parts"], packed["info"]) == (parts, told)


def test_info_becomes_a_shortline():
    info = {
        "knn": 10,
        "graph_components": 1,
        "kl": np.float64(0.00012345),
        "landmarks": None,
        "dense": True,
        "x": False,
    }
    assert line(info) == "knn 10, graph components 1, kl 0.000123, dense"
    assert line({"eigenvalues": [0.99, 0.98], "nodes": list(range(50))}) == "eigenvalues 0.99, 0.98"


def test_unknown_measures_are_null(rng):
    row = {"network": "small", "features": "counts", "method": "pca", "measure": "ari"}
    measures = [row | {"mean": np.float64(0.5), "low": np.nan, "high": None}]
    (found,) = page_of(make_network(rng), measures=measures).data["measures"]
    names = {"method": "PCA", "measure": "ARI of clusters"}
    assert found == row | names | {"mean": 0.5, "low": None, "high": None, "reference": False}


def test_what_is_no_map_is_named_and_no_rival(rng):
    row = {"network": "small", "features": "counts", "measure": "ari", "mean": 0.5, "low": None, "high": None}
    rows = [row | {"method": NO_MAP}, row | {"method": "force_directed"}]
    found = page_of(make_network(rng), measures=rows).data["measures"]
    told = [(one["method"], one["reference"]) for one in found]
    assert told == [("the features themselves", True), ("ForceAtlas2", False)]


def test_the_page_knows_what_its_measures_mean(rng):
    about = page_of(make_network(rng)).data["about"]
    assert about["largest jump"]["more"] is False
    assert about["random triplets"] == {
        "description": MEASURES["random_triplets"].description, "more": True, "chance": 0.5
    }  # fmt: skip
    row = {"network": "small", "features": "counts", "method": "pca", "measure": "beauty", "mean": 1.0}
    with pytest.raises(DataError, match="measure 'beauty' is not known; known are trustworthiness"):
        page_of(make_network(rng), measures=[row])


# ---- sharing and size ------------------------------------------------------------------------------------------------


def test_what_networks_share_is_embedded_once(rng):
    one = make_network(rng, "one")
    two = make_network(rng, "two", images=one.images.copy(), labels=one.labels.copy())
    page = page_of(one, two)
    first, second = page.data["networks"]
    assert first["images"] == second["images"]
    assert first["labels"] == second["labels"]
    assert first["fields"]["blob"] != second["fields"]["blob"]
    assert len(page.data["blobs"]) == len(set(page.data["blobs"]))


def test_the_page_of_two_networks_and_all_methods_stays_below_15_mb(rng):
    data = mnist.read(mnist.Params())
    images, labels = data.test_images.reshape(-1, 28, 28), data.test_labels
    n = len(images)
    assert n == 10_000

    def network(n_exc: int) -> Network:
        maps = [
            Map(features, f"method {k}", rows, rng.normal(size=(n if rows == "images" else n_exc, 2)), {})
            for features, rows in (("counts", "images"), ("times", "images"), ("pixels", "images"), ("rates", "images"))
            for k in range(10)
        ]
        neurons = rng.choice(n_exc, 200, replace=False)
        times = np.arange(12) * 1000
        path = [
            TrajectoryMap(f"method {k}", times, rng.normal(size=(12, 200, 2)), neurons, np.zeros(200, int), {})
            for k in range(2)
        ]
        return Network(
            f"{n_exc} neurons", images, labels, list("0123456789"), labels, rng.poisson(20, n), rng.exponential(50, n),
            rng.integers(0, n_exc, n), rng.random((n_exc, 28, 28)), rng.integers(-1, 10, n_exc), maps, path,
        )  # fmt: skip

    text = explore_page(Explore("size", [network(400), network(1600)], [], []))
    assert 5e6 < len(text.encode()) < 15e6  # all of it is in there, and no more


# ---- nothing from outside --------------------------------------------------------------------------------------------


def test_nothing_refers_to_anything_outside(rng):
    text = explore_page(Explore("title", [make_network(rng)], [], ["a note"]))
    page = Page(text)
    for tag, attributes in page.elements:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
    assert ("link", {"rel": "icon", "href": "data:,"}) in page.elements
    style, script = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1], page.scripts[-1]
    assert "url(" not in style
    assert "@import" not in style
    for word in ("fetch(", "XMLHttpRequest", "import(", "WebSocket", "sendBeacon", "http:", "https:"):
        assert word not in script
    # The browser is told so, too.
    policy = next(a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_texts_cannot_break_out(rng):
    evil = "</script><script>alert(1)</script><b>"
    network = make_network(rng, evil)
    page = Page(explore_page(Explore(evil, [network], [], [evil])))
    assert len([tag for tag, _ in page.elements if tag == "script"]) == 2  # the data and the behaviour
    assert not [tag for tag, _ in page.elements if tag == "b"]
    assert page.data["networks"][0]["name"] == evil
    assert page.data["networks"][0]["classes"][3]["name"] == "</script>"


# ---- what does not fit together --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": np.zeros(N_IMAGES - 1, int)}, "labels must have one entry for each of the 60 images, got 59"),
        ({"labels": np.full(N_IMAGES, -1)}, "labels must lie between 0 and 3"),
        ({"predictions": np.full(N_IMAGES, N_CLASSES)}, "predictions must lie between -1 and 3, as there are 4"),
        ({"winner": np.full(N_IMAGES, N_EXC)}, "winner must lie between -1 and 8"),
        ({"field_labels": np.zeros(N_EXC + 1, int)}, "field_labels must have one entry for each of the 9 neurons"),
        ({"maps": []}, "needs at least one map"),
        ({"maps": [Map("counts", "PCA", "images", np.zeros((5, 2)), {})]}, "PCA of counts must have one entry"),
        ({"maps": [Map("counts", "PCA", "images", np.full((N_IMAGES, 2), np.nan), {})]}, "not all NaN"),
        ({"maps": [Map("counts", "PCA", "images", np.full((N_IMAGES, 2), np.inf), {})]}, "must be finite"),
        (
            {
                "maps": [
                    Map("counts", "PCA", "images", np.zeros((N_IMAGES, 2)), {}),
                    Map("counts", "UMAP", "neurons", np.zeros((N_EXC, 2)), {}),
                ]
            },
            "of images and of neurons",
        ),
    ],
)
def test_a_network_that_does_not_fit_together_is_refused(rng, changed, message):
    with pytest.raises(DataError, match=re.escape(message)):
        page_of(make_network(rng, **changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images_seen": np.array([0, 100])}, "times must have one entry for each of the 2 times, got 3"),
        ({"neurons": np.arange(6) + N_EXC}, "neurons must lie between 0 and 8"),
        ({"coordinates": np.full((3, 6, 2), np.nan)}, "must place all 6 neurons at all times"),
        ({"images_seen": np.array([0, 100, 2000])}, "images_seen of other are not those of PHATE"),
    ],
)
def test_trajectories_that_do_not_fit_together_are_refused(rng, changed, message):
    network = make_network(rng)
    other = replace(network.trajectories[0], method="other", **changed)
    with pytest.raises(DataError, match=re.escape(message)):
        page_of(replace(network, trajectories=[*network.trajectories, other]))


def test_no_network_and_too_many_pixels_are_refused(rng):
    with pytest.raises(DataError, match="at least one network"):
        page_of()
    huge = np.broadcast_to(np.uint8(0), (N_IMAGES, 4096, 4096))
    with pytest.raises(DataError, match="60 pictures of 4096 x 4096 pixels are more than a browser draws"):
        page_of(make_network(rng, images=huge))
