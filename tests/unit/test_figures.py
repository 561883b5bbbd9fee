"""Figures fit their place in print, can be read there, and say what they should; colours differ for every eye."""

from __future__ import annotations

import io
import math
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from stdp_pipeline.analysis.intervals import Interval
from stdp_pipeline.analysis.measures import MEASURES, TRAJECTORY_MEASURES
from stdp_pipeline.analysis.recovery import recovery
from stdp_pipeline.errors import DataError
from stdp_pipeline.figures import _style, comparison, crossbars, fields, learning, model, raster, results
from stdp_pipeline.figures._axes import apart, with_room
from stdp_pipeline.figures.arrangement import mosaic_shape, order_by_label, order_by_similarity
from stdp_pipeline.figures.diagram import network_diagram
from stdp_pipeline.figures.differences import forest
from stdp_pipeline.figures.measure_table import measure_table
from stdp_pipeline.figures.print import COLUMNS_MM, FONT_PT, for_print
from stdp_pipeline.figures.representations import map_grid, neuron_distributions, similarity_matrices
from stdp_pipeline.figures.trajectories import trajectories
from stdp_pipeline.network.params import NetworkParams

SVG = "{http://www.w3.org/2000/svg}"
PAGE_MM = 234.0  # height of the text on a page of common journals

Draw = Callable[[], bytes]


# What is drawn

FEW = ("pca", "phate", "diffusion_map", "force_directed")
METHODS = (*(f"method_{k}" for k in range(9)), "(no map)")
RULES = ("power_law", "triplet", "binary_window")


def bumps(n: int, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return fields with one round bump each, (side * side, n), and in which quarter it is, (n,)."""
    y, x = rng.random((2, n)) * side
    down, right = np.mgrid[:side, :side].reshape(2, -1, 1)
    weights = np.exp(-((down - y) ** 2 + (right - x) ** 2) / (side / 3) ** 2)
    return weights.astype(np.float32), (2 * (y > side / 2) + (x > side / 2)).astype(np.int16)


def table_rows(
    rng: np.random.Generator, features: tuple[str, ...] = ("counts",), methods: Sequence = FEW
) -> list[dict]:
    rows = []
    for kind in features:
        for method in methods:
            for measure in MEASURES:
                mean, arm = rng.uniform(-0.2, 0.98), rng.uniform(0, 0.05)
                rows.append(
                    {"method": method, "features": kind, "measure": measure, "mean": mean, "low": mean - arm,
                     "high": mean + arm}
                )  # fmt: skip
    return rows


def places(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a map of ten clusters that are apart, (n, 2), and their classes, (n,)."""
    labels = np.arange(n) % 10
    angle = 2 * np.pi * labels / 10
    return 10 * np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(size=(n, 2)), labels


def all_figures(rng: np.random.Generator) -> dict[str, Draw]:
    weights, quarter = bumps(225, 12, rng)
    label = np.where(rng.random(225) < 0.1, -1, quarter).astype(np.int16)
    similar = order_by_similarity(weights, mosaic_shape(225)[1])
    confusion = rng.integers(0, 1100, (10, 11))
    names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    history = {
        "images_seen": np.arange(1.0, 13) * 5000,
        "accuracy": np.append(np.nan, np.sort(rng.uniform(0.1, 0.95, 11))),
        "spikes_per_image": rng.uniform(5, 30, 12),
    }
    image = rng.integers(0, 256, (12, 12)).astype(np.uint8)
    step = np.sort(rng.integers(0, 700, 2000)).astype(np.uint16)
    source = rng.integers(0, 144, 2000).astype(np.uint16)
    spots, classes = places(1200, rng)
    maps = dict.fromkeys(("pca", "phate", "tsne", "force_directed", "principal_tree"), spots)
    seen = np.array([0, 100, 300, 1000, 3000, 10_000, 60_000])
    ends, end_classes = places(60, rng)
    moving = np.linspace(0, 1, 7)[:, None, None] * ends + rng.normal(0, 0.1, (7, 60, 2))
    paths = dict.fromkeys(("m_phate", "phate", "tsne"), moving)
    alike = rng.uniform(-0.1, 1, (6, 6))
    compared = ["pixels", *(f"{n} neurons, seed {seed}" for n in (400, 1600) for seed in (0, 1)), "6400 neurons"]
    neurons = {f"400 neurons, seed {k}": {q: rng.random(400) for q in OF_NEURONS} for k in range(4)}
    return {
        "fields_by_similarity": lambda: fields.receptive_fields(weights, label, (12, 12), order=similar),
        "confusion": lambda: results.confusion(confusion),
        "confusion_with_names": lambda: results.confusion(confusion, names),
        "confusion_of_many": lambda: results.confusion(rng.integers(0, 50, (47, 48))),
        "map": lambda: results.response_map(spots, classes.astype(np.uint8), "umap", {"min_dist": 0.1, "x": [0.5] * 9}),
        "raster": lambda: raster.raster(image, step, source, 0.5, 350.0, "Ankle boot", "time_to_first_spike"),
        "weight_histogram": lambda: learning.weight_histogram(rng.random((784, 400)) ** 4),
        "learning_curve": lambda: learning.learning_curve(history, 0.91),
        "neurons_per_label": lambda: learning.neurons_per_label(rng.integers(-1, 10, 4000), 10),
        "neurons_per_many_labels": lambda: learning.neurons_per_label(rng.integers(-1, 47, 400), 47),
        "measures": lambda: measure_table(table_rows(rng)),
        "measures_of_all_methods": lambda: measure_table(table_rows(rng, methods=METHODS)),
        "trajectories": lambda: trajectories(paths, seen, end_classes, names),
        "similarity": lambda: similarity_matrices({"linear CKA": alike, "RSA": alike}, compared),
        "similarity_of_long_names": lambda: similarity_matrices({"CKA": alike, "RSA": alike}, long_names(6)),
        "similarity_of_many": lambda: similarity_matrices({"CKA": np.eye(30)}, [f"network {k}" for k in range(30)]),
        "maps": lambda: map_grid(maps, np.where(classes > 7, -1, classes), names),
        "neurons": lambda: neuron_distributions(neurons, OF_NEURONS),
        **figures_of_experiments(rng),
        **figures_of_hardware(rng),
        **figures_of_the_model(rng),
    }  # fmt: skip


def long_names(n: int) -> list[str]:
    return [f"network.n_exc = 400, plasticity.eta_post = 0.01, seed {k}" for k in range(n)]


@dataclass
class Compared:
    name: str
    other: str
    interval: Interval
    p: float | None


def differences(names: list[str], n_others: int) -> list[Compared]:
    found = [Compared(name, f"reference {k % n_others}", Interval(0.001 * k, -0.02, 0.03), 0.01 * k)
             for k, name in enumerate(names)]  # fmt: skip
    found[1] = Compared(names[1], "reference 0", Interval(0.01, None, None), None)
    return found


def figures_of_experiments(rng: np.random.Generator) -> dict[str, Draw]:
    variants = [f"{rule}_{n}, plasticity.eta_post = {0.01 * k}" for k, n in enumerate((400, 1600)) for rule in RULES]
    seeds = [rng.uniform(0.8, 0.95, 3) for _ in variants]
    published = [0.9, None, 0.85, None, 0.9, None]
    ends: list[tuple[float, float] | None] = [(group.min() - 0.02, group.max()) for group in seeds]
    ends[1] = None
    seen = np.arange(1.0, 13) * 5000
    curves = [
        {"dataset": dataset, "n_exc": n, "name": name, "images_seen": seen, "accuracy": np.sort(rng.random(12))}
        for dataset, n in (("mnist", 100), ("mnist", 1600), ("fashion_mnist", 400)) for name in variants
    ]  # fmt: skip
    series = [
        (f"{rule}, every 10000 images, 1600 neurons", levels) for rule in RULES for levels in (2, 4, 16, 256, None)
    ]
    series += [("binary_multistep, 400 neurons", 2), ("long_short_term, 400 neurons", 10)]
    series += [(f"{rule}, {n} neurons", 2) for rule in ("hybrid", "bistable", "window") for n in (100, 400, 1600, 6400)]
    points = [{"series": name, "levels": levels, "accuracies": rng.uniform(0.8, 0.95, 3)} for name, levels in series]
    many = [f"binary_multistep_k{k}_{n}" for k in range(9) for n in (100, 400, 1600, 6400)]
    return {
        "accuracies": lambda: comparison.accuracies(variants, seeds, published, "all_activity", ends),
        "differences": lambda: forest(differences(variants[:5], 1)),
        "differences_from_several": lambda: forest(differences(variants[:5], 3)),
        "differences_of_many": lambda: forest(differences(many, 1)),
        "learning_curves": lambda: comparison.learning_curves(curves),
        "learning_curves_of_one": lambda: comparison.learning_curves(curves[:1]),
        "accuracies_of_many": lambda: comparison.accuracies(many, 6 * seeds, 36 * [None], "confidence", 6 * ends),
        "accuracy_over_bits": lambda: comparison.accuracy_over_bits(points, "all_activity"),
    }


def figures_of_hardware(rng: np.random.Generator) -> dict[str, Draw]:
    def lines(n: int) -> list[dict]:
        x = np.sort(rng.uniform(0.1, 0.95, n))[::-1]
        both = {"mean": x, "low": x - 0.03, "high": x + 0.02}
        return [
            {"network": name, "ideal_accuracy": 0.93, "kept": both, "assigned": both}
            for name in ("400_neurons", "1600_neurons")
        ]

    shares = np.array([0.0, 0.001, 0.01, 0.03, 0.1])
    presets = ["pcm_nandakumar_2019", "rram_garbin_2015", "stt_mram", "nor_flash_guo_2016"]
    wires = ["circuit.r_word_ohm", "circuit.r_bit_ohm"]
    times = [1, 60, 3600, 86400, 31536000, 315360000]
    found = [recovery(name, "a network", *rng.uniform(0.6, 0.95, (3, 4))) for name in (*presets, "soft_bounds")]
    target = rng.random((64, 40)) ** 3
    panels = [{"title": f"{k / 7:.5f}", "target_us": target, "device_us": target * rng.random()} for k in range(6)]
    return {
        "curve_of_shares": lambda: crossbars.accuracy_curves(["devices.stuck.off"], list(shares), lines(5)),
        "curve_of_two_paths": lambda: crossbars.accuracy_curves(wires, [0.0, 0.5, 1.0, 2.0, 5.0, 10.0], lines(6)),
        "curve_of_times": lambda: crossbars.accuracy_curves(["time_s"], times, lines(6)),
        "curve_of_presets": lambda: crossbars.accuracy_curves(["preset"], presets, lines(4)),
        "recovery": lambda: crossbars.recovered(found),
        "conductances": lambda: crossbars.conductances(panels),
        "wire_losses": lambda: crossbars.wire_losses(rng.random((784, 400)), (128, 128)),
    }


def figures_of_the_model(rng: np.random.Generator) -> dict[str, Draw]:
    t = np.linspace(-1, 8, 91)
    pulse = np.where(t > 0, np.exp(-t), 0)
    traces = {name: model.Trace(t, pulse, -65 + 1e-3 * pulse) for name in ("exact", "euler", "exponential_euler")}
    t = np.linspace(-60, 60, 61)
    curves = [
        model.Curve("one postsynaptic spike", t, np.where(t < 0, -1e-4, 1e-2) * np.exp(-abs(t) / 20), 0.1 * abs(t)),
        model.Curve("with another one 20 ms before it", t, np.where(t < 0, -1e-4, 2e-2) * np.exp(-abs(t) / 20), 0 * t),
    ]
    panel = model.Panel("binary_exponential (this run)\nmean ± standard deviation of 1000", curves)
    notes = ("presentation 2, brighter", "neuron 399, 27 of 31 spikes")
    image = rng.random((28, 28))
    layers = [
        model.Layer(rng.integers(0, 700, n), rng.integers(0, size, n), size) for n, size in ((1500, 784), (31, 400))
    ]
    return {
        "lif_response": lambda: model.spike_responses(traces, 0.5, 0.5, 8.0),
        "stdp_curves": lambda: model.stdp_curves([panel]),
        "presentation": lambda: model.presentation(image, image, image, notes, *layers, layers[1], 0.5, 350.0, 150.0),
    }  # fmt: skip


OF_NEURONS = ("selectivity", "class_entropy_bits", "lifetime_sparseness", "nearest_cosine")
NAMES = tuple(all_figures(np.random.default_rng(0)))


# How an SVG is read


@dataclass
class Word:
    """A line of text of an SVG: what it says, its size, whether it is bold, and the corners of its box, (4, 2)."""

    text: str
    size_pt: float
    bold: bool
    corners: np.ndarray


def placed(transform: str) -> tuple[float, float, float]:
    """Return the angle of a text in degrees, clockwise, and where it is fixed."""
    turned = re.fullmatch(r"rotate\((\S+) (\S+) (\S+)\)", transform)
    if turned:
        return float(turned[1]), float(turned[2]), float(turned[3])
    moved = re.fullmatch(r"translate\((\S+) (\S+)\)(?: rotate\((\S+)\))?", transform)  # one of several lines
    assert moved, transform
    return float(moved[3] or 0), float(moved[1]), float(moved[2])


def words(content: bytes) -> list[Word]:
    found = []
    for node in ET.fromstring(content).iter(f"{SVG}text"):
        style = dict(part.split(":", 1) for part in node.attrib["style"].replace(" ", "").split(";"))
        text, size = "".join(node.itertext()), float(style["font-size"].removesuffix("px"))
        if not text.strip():
            continue
        bold = style.get("font-weight") == "700"
        font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
        box = TextPath((0, 0), text, size=size, prop=font).get_extents()
        start = {"start": 0.0, "middle": 0.5, "end": 1.0}[style.get("text-anchor", "start")] * (box.x0 + box.x1)
        corners = np.array(
            [(x - start, -y) for x, y in ((box.x0, box.y0), (box.x1, box.y0), box.max, (box.x0, box.y1))]
        )
        angle, x, y = placed(node.attrib["transform"])
        turn = np.radians(angle)
        matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        found.append(Word(text, size, bold, corners @ matrix.T + (x, y)))
    return found


def said(content: bytes) -> list[str]:
    return [word.text for word in words(content)]


def size_pt(content: bytes) -> tuple[float, float]:
    root = ET.fromstring(content)
    assert root.attrib["viewBox"].split() == [
        "0",
        "0",
        *(root.attrib[k].removesuffix("pt") for k in ("width", "height")),
    ]
    return float(root.attrib["width"].removesuffix("pt")), float(root.attrib["height"].removesuffix("pt"))


def overlap(a: Word, b: Word, slack_pt: float = 0.6) -> bool:
    """Return whether two boxes meet: no side of either has all of the other beyond it."""
    for one, other in ((a.corners, b.corners), (b.corners, a.corners)):
        for side in range(4):
            along = one[(side + 1) % 4] - one[side]
            across = np.array([-along[1], along[0]]) / max(np.hypot(*along), 1e-9)
            mine, theirs = one @ across, other @ across
            if mine.max() < theirs.min() + slack_pt or theirs.max() < mine.min() + slack_pt:
                return False
    return True


def overlaps(found: list[Word]) -> list[tuple[str, str]]:
    low = np.array([word.corners.min(axis=0) for word in found])
    high = np.array([word.corners.max(axis=0) for word in found])
    near = (low[:, None] < high).all(axis=2) & (low < high[:, None]).all(axis=2)
    return [(found[i].text, found[j].text) for i, j in np.argwhere(np.triu(near, 1)) if overlap(found[i], found[j])]


def test_the_search_for_overlaps_finds_one_and_no_other():
    def box(x: float, y: float, angle: float = 0.0) -> Word:
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        return Word("", 7, False, np.array([(0, 0), (20, 0), (20, 7), (0, 7)]) @ turn.T + (x, y))

    assert overlap(box(0, 0), box(15, 2))
    assert overlap(box(0, 0), box(10, -5, 0.8))
    assert not overlap(box(0, 0), box(21, 0))
    assert overlaps([box(0, 0), box(50, 0), box(15, 2)]) == [("", "")]
    assert not overlap(box(0, 0, 0.8), box(14, 0, 0.8))  # side by side, although boxes with upright sides would meet


# Print


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_fits_its_place_in_print(name, rng):
    files = for_print(name, all_figures(rng)[name])
    assert set(files) == {f"{name}_{column}.{kind}" for column in COLUMNS_MM for kind in ("svg", "png")}
    for column, width_mm in COLUMNS_MM.items():
        svg, png = (files[f"{name}_{column}.{kind}"] for kind in ("svg", "png"))
        check_place(svg, png, width_mm)
        check_text(svg)
        assert max(len(svg), len(png)) < 3_000_000
        assert sum(1 for _ in ET.fromstring(svg).iter()) < 6000


@pytest.mark.parametrize("mode", ["none", "axonal", "synaptic"])
@pytest.mark.parametrize("code", ["poisson", "phase_oscillation"])
def test_the_diagram_of_the_network_fits_two_columns(mode, code, rng):
    network = NetworkParams.model_validate({"n_exc": 6400, "delays": {"mode": mode}})
    draw = partial(network_diagram, network, rng.random((28, 28)), code, 63.75)
    files = for_print("network", draw, ["two_columns"])
    check_place(files["network_two_columns.svg"], files["network_two_columns.png"], COLUMNS_MM["two_columns"])
    check_text(files["network_two_columns.svg"])


def check_place(svg: bytes, png: bytes, width_mm: float) -> None:
    """Both formats are as wide as the column, and fit on a page."""
    width, height = (x / 72 * 25.4 for x in size_pt(svg))
    assert width == pytest.approx(width_mm, abs=0.01)
    assert height < PAGE_MM
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == pytest.approx((width / 25.4 * 300, height / 25.4 * 300), abs=1.5)
        assert picture.mode == "RGB"
    at = png.index(b"pHYs") + 4
    assert struct.unpack(">IIB", png[at : at + 9]) == (11811, 11811, 1)  # dots per metre: 300 dpi


def check_text(svg: bytes) -> None:
    """Text has 7 or 8 pt, is not cut off, and does not overlap."""
    size, found = size_pt(svg), words(svg)
    assert found
    for word in found:
        assert FONT_PT - 1 <= word.size_pt <= FONT_PT, word.text
        assert word.corners.min() > -0.5, word.text
        assert (word.corners.max(axis=0) < np.add(size, 0.5)).all(), word.text
    assert overlaps(found) == []


def test_layouts_for_print_leave_no_trace_on_the_screen(rng):
    theta_mv = rng.normal(40, 2, 50)
    before = learning.theta_histogram(theta_mv)
    for_print("theta", lambda: learning.theta_histogram(theta_mv))
    with pytest.raises(RuntimeError, match="stop"), _style.layout(85, 8):
        raise RuntimeError("stop")
    assert learning.theta_histogram(theta_mv) == before
    assert size_pt(before)[0] == pytest.approx(5.4 * 72)


def test_equal_figures_for_print_are_equal_files(rng):
    spots, labels = places(50, rng)
    draw = partial(results.response_map, spots, labels, "umap", {})
    assert for_print("a", draw, ["one_column"]) == for_print("a", draw, ["one_column"])


def test_a_picture_from_before_is_refused(rng):
    drawn = learning.theta_histogram(rng.normal(40, 2, 50))
    with pytest.raises(DataError, match="no figure was drawn"):
        for_print("theta", lambda: drawn)


def test_only_clouds_of_thousands_of_points_are_pixels(rng):
    def pixels(content: bytes) -> int:
        return sum(1 for _ in ET.fromstring(content).iter(f"{SVG}image"))

    spots, labels = places(3000, rng)
    assert pixels(map_grid({"pca": spots, "umap": spots}, labels)) == 2
    assert pixels(map_grid({"pca": spots[:300], "umap": spots[:300]}, labels[:300])) == 0
    moving = rng.normal(size=(5, 500, 2))
    seen = np.array([0, 10, 100, 1000, 9000])
    assert pixels(trajectories({"phate": moving}, seen, labels[:500])) == 1
    assert pixels(trajectories({"phate": moving[:, :50]}, seen, labels[:50])) == 0


# Fields by similarity


def neighbours_alike(weights: np.ndarray, order: np.ndarray, columns: int) -> float:
    """Return the mean cosine between fields that are side by side or one below the other."""
    unit = (weights / np.linalg.norm(weights, axis=0)).T[order]
    at = np.arange(len(order))
    beside = at[(at % columns < columns - 1) & (at + 1 < len(order))]
    above = at[at + columns < len(order)]
    pairs = np.concatenate([np.stack([beside, beside + 1]), np.stack([above, above + columns])], axis=1)
    return float((unit[pairs[0]] * unit[pairs[1]]).sum(axis=1).mean())


@pytest.mark.parametrize("n", [150, 400])  # one block of places, and several
def test_neighbours_by_similarity_are_more_alike_than_by_label_or_by_chance(n, rng):
    weights, quarter = bumps(n, 12, rng)
    _, columns = mosaic_shape(n)
    found = neighbours_alike(weights, order_by_similarity(weights, columns), columns)
    by_label = neighbours_alike(weights, order_by_label(quarter), columns)
    by_chance = max(neighbours_alike(weights, rng.permutation(n), columns) for _ in range(20))
    assert found > by_label > by_chance
    # Two numbers tell these fields, so a grid can show them almost without a break.
    assert 1 - found < 0.5 * (1 - by_label)


@given(
    n=st.integers(1, 40),
    n_input=st.integers(1, 9),
    columns=st.integers(1, 12),
    kind=st.sampled_from(["equal", "zero", "any"]),
)
def test_each_neuron_has_one_place_by_similarity(n, n_input, columns, kind):
    weights = np.random.default_rng(n).random((n_input, n)) if kind == "any" else np.full((n_input, n), kind == "equal")
    order = order_by_similarity(weights, columns)
    assert np.array_equal(np.sort(order), np.arange(n))
    assert np.array_equal(order, order_by_similarity(weights, columns))


def test_order_by_label_has_those_without_last():
    assert order_by_label(np.array([2, -1, 0, 2, -1, 0], np.int16)).tolist() == [2, 5, 0, 3, 1, 4]


def test_fields_that_cannot_be_ordered_are_refused(rng):
    weights = rng.random((4, 5))
    with pytest.raises(DataError, match="at least 1 column"):
        order_by_similarity(weights, 0)
    weights[2, 2] = np.inf
    with pytest.raises(DataError, match="not finite"):
        order_by_similarity(weights, 2)


@given(n=st.integers(1, 7000), aspect=st.floats(0.1, 10))
def test_a_mosaic_has_room_for_all_and_no_empty_row(n, aspect):
    rows, columns = mosaic_shape(n, aspect)
    assert (rows - 1) * columns < n <= rows * columns


def test_a_mosaic_shows_labels_as_numbers_or_in_a_legend(rng):
    weights, label = bumps(225, 6, rng)
    label[0] = -1
    drawn = for_print("all", lambda: fields.receptive_fields(weights, label, (6, 6)), ["one_column"])
    text = said(drawn["all_one_column.svg"])
    assert text.count("none") == 1
    assert {"label", "0", "3", "Fields of 225 neurons, ordered by label"} <= set(text)
    assert "-" not in text
    order = rng.permutation(16)
    drawn = for_print("few", lambda: fields.receptive_fields(weights[:, :16], label[:16], (6, 6), order=order))
    text = said(drawn["few_two_columns.svg"])
    assert text[:16] == [str(c) if c >= 0 else "-" for c in label[order]]
    assert "Receptive fields of 16 neurons, ordered by similarity" in text
    assert "label" not in text


def test_shares_take_the_place_of_numbers_that_are_too_long():
    matrix = np.eye(10, 11, dtype=np.int64) * 900_000
    matrix[2, 7] = 100_000
    text = said(results.confusion(matrix))
    assert {"90", "10", "100", "Confusion matrix (% of the true class)"} <= set(text)
    short = said(results.confusion(matrix // 1000))
    assert {"900", "100", "Confusion matrix (images)"} <= set(short)


# Tables, maps, matrices, distributions, paths


def row(method: str, measure: str, mean: float, arm: float | None, features: str = "counts") -> dict:
    ends = {"low": None, "high": None} if arm is None else {"low": mean - arm, "high": mean + arm}
    return {"method": method, "features": features, "measure": measure, "mean": mean, **ends}


def test_a_table_of_measures_marks_the_best_and_those_that_may_be_as_good():
    rows = [
        row("pca", "trustworthiness", 0.71, 0.01),
        row("tsne", "trustworthiness", 0.95, 0.02),
        row("umap", "trustworthiness", 0.92, 0.02),
        row("features", "trustworthiness", 1.0, None),
        row("pca", "silhouette", -0.123, 0.01),
        row("tsne", "silhouette", 0.3, None),
        row("umap", "silhouette", float("nan"), None),
    ]
    content = measure_table(rows, references=["features"])
    bold = {word.text for word in words(content) if word.bold}
    text = said(content)
    assert {".950", ".920", ".300"} <= bold
    assert not {".710", "1.000", "−.123"} & bold
    assert {"t-SNE", "PCA", "UMAP", "±.020", "Neighbourhoods", "Classes", "by chance", "0.5"} <= set(text)
    assert "Large structure" not in text
    assert text.count("–") == 2  # silhouettes of UMAP and of the features


def test_of_what_should_be_low_the_lowest_is_best():
    rows = [row("tsne", "long_steps", 0.5, 0.01), row("m_phate", "long_steps", 0.1, 0.01)]
    content = measure_table(rows)
    assert ".100" in {word.text for word in words(content) if word.bold}
    assert ".500" not in {word.text for word in words(content) if word.bold}
    assert any("↓" in text for text in said(content))
    assert not TRAJECTORY_MEASURES["long_steps"].higher_is_better


def test_several_kinds_of_features_are_compared_apart():
    scored = (("counts", "pca", 0.6), ("counts", "umap", 0.7), ("pixels", "pca", 0.9), ("pixels", "umap", 0.8))
    rows = [row(method, "continuity", mean, None, features) for features, method, mean in scored]
    content = measure_table(rows)
    assert {".700", ".900", "counts", "pixels"} <= {word.text for word in words(content) if word.bold}


def test_tables_of_nothing_or_of_unknown_measures_are_refused():
    with pytest.raises(DataError, match="at least one row"):
        measure_table([])
    with pytest.raises(DataError, match=r"'beauty' is not known; known are trustworthiness"):
        measure_table([row("pca", "beauty", 1.0, None)])


def test_maps_name_methods_and_classes(rng):
    spots, labels = places(100, rng)
    spots[3] = np.nan
    text = said(map_grid({"tsne": spots, "new_method": spots}, np.where(labels == 2, -1, labels), ["zero", "one"]))
    assert {"t-SNE", "new method", "zero", "one", "3", "none"} <= set(text)
    assert "2" not in text
    with pytest.raises(DataError, match="must be"):
        map_grid({"tsne": spots[:50]}, labels)
    with pytest.raises(DataError, match="at least one map"):
        map_grid({}, labels)


def test_similarity_matrices_show_numbers_and_names():
    matrix = np.array([[1.0, -0.12], [-0.12, np.nan]])
    text = said(similarity_matrices({"linear CKA": matrix}, ["seed 0", "seed 1"]))
    assert {"1.00", "linear CKA"} <= set(text)
    assert text.count("−.12") == 2
    assert text.count("seed 1") == 2
    assert "nan" not in text
    of_times = said(similarity_matrices({"CKA": matrix}, ["0", "100"], "training images seen"))
    assert of_times.count("training images seen") == 2
    with pytest.raises(DataError, match="must be"):
        similarity_matrices({"RSA": matrix}, ["seed 0"])
    with pytest.raises(DataError, match="at least one"):
        similarity_matrices({}, [])


def test_learning_curves_of_different_data_sets_do_not_share_a_panel(rng):
    def curve(dataset: str, n_exc: int) -> dict:
        accuracy = rng.random(4)
        return {"dataset": dataset, "n_exc": n_exc, "name": "a", "images_seen": np.arange(4.0), "accuracy": accuracy}

    def titles(*curves: dict) -> list[str]:
        return [text for text in said(comparison.learning_curves(list(curves))) if text.endswith("neurons")]

    mnist = [curve("mnist", 1600), curve("mnist", 400), curve("mnist", 400)]
    assert titles(*mnist) == ["400 neurons", "1600 neurons"]
    assert titles(*mnist, curve("fashion_mnist", 400)) == [
        "mnist, 400 neurons", "mnist, 1600 neurons", "fashion mnist, 400 neurons"
    ]  # fmt: skip


def test_of_many_learning_curves_the_best_are_named(rng):
    def curve(name: str, last: float) -> dict:
        accuracy = np.append(rng.random(3), last)
        return {"dataset": "a", "n_exc": 4, "name": name, "images_seen": np.arange(4.0), "accuracy": accuracy}

    curves = [curve(f"name {k}", (7 * k % 20) / 20) for k in range(20) for _ in range(2)]
    named = [text for text in said(comparison.learning_curves(curves)) if "name" in text or "other" in text]
    assert sorted(named) == sorted([*(f"name {k}" for k in (17, 14, 11, 8, 5, 2)), "the other 14"])
    few = [text for text in said(comparison.learning_curves(curves[:20])) if "name" in text or "other" in text]
    assert few == [f"name {k}" for k in range(10)]


def test_learning_curves_without_any_window_say_so():
    empty = {"dataset": "a", "n_exc": 4, "name": "b", "images_seen": np.array([]), "accuracy": np.array([])}
    assert "than training.curve_every" in " ".join(said(comparison.learning_curves([empty, empty])))


def test_a_mosaic_looks_the_same_with_256_colours(rng, monkeypatch):
    weights, label = rng.gamma(0.5, size=(36, 100)), rng.integers(-1, 10, 100)

    def drawn() -> Image.Image:
        return Image.open(io.BytesIO(fields.receptive_fields(weights, label, (6, 6))))

    few = drawn()
    monkeypatch.setattr(_style, "_indexed", lambda content: content)
    all_of_them = drawn()
    assert (few.mode, few.size, few.info["dpi"]) == ("P", all_of_them.size, all_of_them.info["dpi"])
    off = np.abs(np.subtract(few.convert("RGB"), all_of_them.convert("RGB"), dtype=np.int16))
    assert off.mean() < 0.5
    assert np.quantile(off, 0.999) < 20


def test_every_step_of_a_path_has_a_colour_of_its_own(rng):
    moving = rng.normal(size=(5, 3, 2))
    content = trajectories({"pca": moving}, np.array([0, 1, 2, 3, 100_000]), np.zeros(3, int)).decode()
    paths = re.search(r'<g id="LineCollection_1">(.*?)</g>', content, re.DOTALL)[1]
    assert len(set(re.findall(r"stroke: (#\w+)", paths))) == 4


def test_distributions_over_neurons_leave_out_those_without_a_value(rng):
    values = np.append(rng.random(20), [np.nan] * 4)
    networks = {"a": {"selectivity": values}, "b": {"selectivity": rng.random(7)}}
    text = said(neuron_distributions(networks, ["selectivity"]))
    assert {"a (20)", "b (7)", "class selectivity", "share of neurons"} <= set(text)
    of_one = said(neuron_distributions({"a": networks["a"]}, ["selectivity"]))
    assert {"class selectivity", "neurons"} <= set(of_one)
    with pytest.raises(DataError, match="no neuron of network 'c'"):
        neuron_distributions({"c": {"selectivity": np.full(3, np.nan)}}, ["selectivity"])
    with pytest.raises(DataError, match="at least one network"):
        neuron_distributions({})


def test_trajectories_tell_times_and_labels(rng):
    moving, labels = rng.normal(size=(4, 6, 2)), np.array([0, 1, 1, 3, -1, 0])
    text = said(trajectories({"m_phate": moving}, np.array([0, 100, 1000, 20_000]), labels, ["zero", "one"]))
    assert {"M-PHATE", "training images seen", "0", "100", "1 000", "20 000", "zero", "one", "3", "none"} <= set(text)
    assert "2" not in text
    assert {"150", "200"} <= set(said(trajectories({"phate": moving[:2]}, np.array([150, 200]), labels)))


@pytest.mark.parametrize(
    ("images_seen", "shape", "message"),
    [
        ([0, 10, 10], (3, 5, 2), "ascending"),
        ([7], (1, 5, 2), "two or more"),
        ([0, 10, 20], (2, 5, 2), "of shape"),
        ([0, 10, 20], (3, 4, 2), "of shape"),
    ],
)
def test_trajectories_of_other_times_or_units_are_refused(images_seen, shape, message, rng):
    with pytest.raises(DataError, match=message):
        trajectories({"phate": rng.normal(size=shape)}, np.array(images_seen), np.zeros(5, int))


def test_trajectories_without_maps_or_with_gaps_are_refused():
    with pytest.raises(DataError, match="at least one map"):
        trajectories({}, np.array([0, 1]), np.zeros(3, int))
    with pytest.raises(DataError, match="finite"):
        trajectories({"phate": np.full((2, 3, 2), np.nan)}, np.array([0, 1]), np.zeros(3, int))


# Along axes


def test_names_that_would_touch_are_left_out_but_for_the_last():
    places = np.array([0.0, 0.001, 0.01, 0.03, 0.1])
    names = [f"{x:g}" for x in places]
    assert with_room(places, names, 100) == ["0", "", "", "0.03", "0.1"]
    assert with_room(places, names, 20_000) == names
    assert with_room(places, names, 1) == ["", "", "", "", "0.1"]
    assert with_room(places[:1], names[:1], 200) == ["0"]


def test_marks_that_cover_each_other_move_apart_and_others_stay(rng):
    places = np.array([[0.0, 0.0], [0.0, 0.0], [0.5, 0.0], [9.0, 9.0]])
    moved = apart(places, 1.0)
    assert min(np.hypot(*(moved[i] - moved[j])) for i, j in combinations(range(4), 2)) > 0.98
    assert moved[3].tolist() == [9, 9]
    assert np.abs(moved - places).max() < 1.5
    assert apart(places[:0], 1.0).shape == (0, 2)
    inside = apart(np.array([[0.0, 0.0], [0.0, 0.0]]), 1.0, (0, -3), (0.2, 3))
    assert (inside[:, 0] >= 0).all()
    assert (inside[:, 0] <= 0.2).all()


def test_variants_of_an_experiment_are_named_whole_in_one_column(rng):
    names = ["power_law, network.n_exc = 400, plasticity.eta_post = 0.01", "short"]
    draw = partial(
        comparison.accuracies, names, [rng.random(3), rng.random(3)], [0.5, None], "all_activity", [None, None]
    )
    text = said(for_print("a", draw, ["one_column"])["a_one_column.svg"])
    assert " ".join(text).count(names[0]) == 1
    assert {"short", "one seed", "mean", "published"} <= set(text)


# Colours

# Linear RGB as seen without cones for long or for medium wavelengths: Machado, Oliveira & Fernandes 2009,
# doi:10.1109/TVCG.2009.113, severity 1.
EYES = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
COLOURS = [_style.class_colour(c) for c in range(10)]


def linear_rgb(colours: list[str]) -> np.ndarray:
    encoded = np.array([to_rgb(colour) for colour in colours])
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def cielab(linear: np.ndarray) -> np.ndarray:
    """Return L*, a*, b* (CIE 1976, D65) of linear sRGB (IEC 61966-2-1), (n, 3)."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    ratio = np.clip(linear, 0, 1) @ to_xyz.T / (0.95047, 1.0, 1.08883)
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def test_cielab_of_primaries():
    # White is L* = 100 without hue; the others after Lindbloom (http://www.brucelindbloom.com).
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]]
    assert cielab(linear_rgb(["white", "black", "red", "blue"])) == pytest.approx(np.array(expected), abs=0.03)


def least_difference(colours: list[str], eye: str) -> float:
    lab = cielab(linear_rgb(colours) @ EYES[eye].T)
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(lab, 2))


@pytest.mark.parametrize("eye", EYES)
def test_any_two_colours_of_classes_can_be_told_apart(eye):
    # Half of the observers notice a difference of p (A + B / s) CIELAB units with p = 0.5 between marks of s degrees;
    # A and B are largest along b*, and the smallest marks measured have a third of a degree: 2 mm at 34 cm (Stone,
    # Szafir & Setlur 2014, "An engineering model for color difference as a function of size", Color Imaging
    # Conference 22:253). Beyond this distance colours differ noticeably in whichever direction.
    noticeable = 0.5 * (10.70 + 5.74 * 3)
    assert least_difference([*COLOURS, _style.NONE_COLOUR], eye) > 1.2 * noticeable


@pytest.mark.parametrize("eye", EYES)
def test_what_is_set_against_something_else_can_be_told_from_it(eye):
    assert least_difference([_style.ACCENT, _style.CONTRAST, _style.GREY], eye) > 30


def test_a_palette_that_fails_is_found():
    assert least_difference(["#882255", "#555555"], "deuteranopia") < 2
    assert least_difference(["#882255", "#555555"], "normal") > 30


@pytest.mark.parametrize("colour", [*COLOURS, _style.NONE_COLOUR, "black", "white", "#808080", "#9e9e9e"])
def test_text_on_colours_has_contrast(colour):
    y, ink = (linear_rgb([c]) @ (0.2126, 0.7152, 0.0722) for c in (colour, _style.ink_on(colour)))
    assert (max(y, ink) + 0.05) / (min(y, ink) + 0.05) >= 3
