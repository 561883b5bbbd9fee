"""The interactive page in a real browser: headless Chromium, driven by Playwright.

Without one of the two these tests are skipped; STDP_REQUIRE_BROWSER=1 makes that a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import pytest

from stdp_pipeline.analysis.measures import MEASURES, TRAJECTORY_MEASURES
from stdp_pipeline.figures._style import class_colour
from stdp_pipeline.report.explore import Explore, Map, Network, TrajectoryMap, explore_page

N_IMAGES, N_EXC, N_PATHS, SIDE, N_CLASSES = 300, 40, 15, 9, 5
SEEN = [0, 100, 300, 1000]
CLASS_NAMES = ["zero", "one", "two", "three", "four"]
WAIT_MS = 60_000  # a machine that is busy with other things


def unavailable(reason: str) -> NoReturn:
    if os.environ.get("STDP_REQUIRE_BROWSER") == "1":
        pytest.fail(f"STDP_REQUIRE_BROWSER is set, but {reason}")
    pytest.skip(f"BROWSER TESTS NOT RUN: {reason}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed: pip install playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if path is None:
        unavailable("no Chromium is on the PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path)
        yield chromium
        chromium.close()


def network(rng: np.random.Generator, name: str, images: np.ndarray) -> Network:
    winner = rng.integers(-1, N_EXC, N_IMAGES)
    winner[:3] = -1, 0, 1  # some of each
    labels = rng.integers(0, N_CLASSES, N_IMAGES)
    predictions = np.where(winner < 0, -1, np.where(rng.random(N_IMAGES) < 0.7, labels, (labels + 1) % N_CLASSES))
    left_out = rng.uniform(size=(N_IMAGES, 2))
    left_out[7] = np.nan
    field_labels = rng.integers(0, N_CLASSES, N_EXC)
    neurons = np.sort(rng.choice(N_EXC, N_PATHS, replace=False))
    paths = rng.uniform(size=(len(SEEN), N_PATHS, 2))
    return Network(
        name,
        images,
        labels,
        CLASS_NAMES,
        predictions,
        rng.integers(1, 60, N_IMAGES),
        np.where(winner < 0, np.nan, rng.uniform(5, 300, N_IMAGES)),
        winner,
        rng.random((N_EXC, SIDE, SIDE)),
        field_labels,
        [
            Map("counts", "PCA", "images", rng.uniform(size=(N_IMAGES, 2)), {"explained_variance": 0.5}),
            Map("counts", "UMAP", "images", left_out, {}),
            Map("counts", "PHATE", "images", np.zeros((0, 2)), {}, "phate is not installed"),
            Map("receptive fields", "PCA", "neurons", rng.uniform(size=(N_EXC, 2)), {}),
        ],
        [
            TrajectoryMap(
                f"paths {k}", np.array(SEEN), paths + k, neurons, field_labels[neurons], {"graph_components": 1 + k}
            )
            for k in range(2)
        ],
        readout="proportion",
        caution="Only the first half." if name == "first" else "",
    )


@pytest.fixture(scope="module")
def networks(seed: int) -> list[Network]:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (N_IMAGES, SIDE, SIDE), dtype=np.uint8)
    return [network(rng, "first", images), network(rng, "second", images)]


@pytest.fixture(scope="module")
def measures(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for name in ("first", "second"):
        for method in ("PCA", "UMAP", "PHATE"):
            for measure in ("trustworthiness", "nmi"):
                rows.append(record(rng.random(), network=name, features="counts", method=method, measure=measure))
        # What is no map is never the best.
        rows.append(record(2.0, network=name, features="counts", method="(no map)", measure="trustworthiness"))
    return rows


def record(mean: float, **about: str) -> dict[str, Any]:
    return about | {"mean": mean, "low": mean - 0.012, "high": mean + 0.012}


@pytest.fixture(scope="module")
def path_measures(seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    methods = ("(no map)", "paths 0", "paths 1")
    known = TRAJECTORY_MEASURES
    return [record(rng.random(), network="first", method=method, measure=name) for method in methods for name in known]


@pytest.fixture(scope="module")
def file(networks, measures, path_measures, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "explore.html"
    whole = Explore("What they learned", networks, measures, ["A note."], paths=path_measures)
    path.write_text(explore_page(whole), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, file) -> Iterator[Any]:
    """The page as opened from disk; afterwards it must have asked for nothing and complained of nothing."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def only_the_page(route: Any) -> None:
        if route.request.url == file.as_uri():
            route.continue_()
        else:
            requests.append(route.request.url)
            route.abort()

    page.route("**/*", only_the_page)
    page.goto(file.as_uri(), timeout=WAIT_MS)
    settle(page)
    yield page
    settle(page)
    assert complaints == []
    assert requests == []
    context.close()


# ---- how the tests look and act --------------------------------------------------------------------------------------


def settle(page: Any) -> None:
    """Wait until what was asked for is drawn."""
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")


def place(page: Any, id: int, where: str = "maps[0]") -> dict[str, float]:
    """Scroll to a map and return where one of its points is."""
    page.evaluate(f"() => explore.{where}.top.scrollIntoView({{block: 'center'}})")
    settle(page)
    return page.evaluate(f"(id) => explore.{where}.clientPoint(id)", id)


def hover(page: Any, id: int, where: str = "maps[0]") -> None:
    at = place(page, id, where)
    page.mouse.move(at["x"], at["y"])
    page.wait_for_function("(id) => explore.state.hover?.id === id", arg=id)


def leave(page: Any) -> None:
    page.evaluate("() => window.scrollTo(0, 0)")
    settle(page)
    page.mouse.move(3, 3)
    page.wait_for_function("() => explore.state.hover === null")


def pixels(page: Any, canvas: str, x: int = 0, y: int = 0, width: int = 0, height: int = 0) -> np.ndarray:
    """Return a part of a canvas, or all of it: (height, width, 3). From a copy: reading slows a canvas down."""
    script = f"""([x, y, width, height]) => {{
        const from = {canvas};
        const copy = new OffscreenCanvas(width || from.width, height || from.height);
        const context = copy.getContext("2d", {{willReadFrequently: true}});
        context.drawImage(from, -x, -y);
        return [copy.width, [...context.getImageData(0, 0, copy.width, copy.height).data]];
    }}"""
    columns, levels = page.evaluate(script, [x, y, width, height])
    return np.array(levels).reshape(-1, columns, 4)[:, :, :3]


def drawn(page: Any, canvas: str) -> np.ndarray:
    """Return the grey levels on a canvas of the panel, (height, width)."""
    settle(page)  # a sheet of pictures is asked for by the first frame that shows one,
    page.evaluate("() => explore.decoded()")  # takes its time to decode,
    settle(page)  # and is drawn by the frame after
    found = pixels(page, f"document.querySelector('{canvas}')")
    np.testing.assert_array_equal(found, np.repeat(found[:, :, :1], 3, axis=2))
    return found[:, :, 0]


def colour_at(page: Any, id: int) -> np.ndarray:
    """Return the colour in the middle of a point of the first map, as drawn below the marks."""
    at = "(id) => explore.maps[0].at(id).map((v) => Math.floor(v * explore.maps[0].ratio))"
    x, y = page.evaluate(at, id)
    return pixels(page, "explore.maps[0].base", x, y, 1, 1)[0, 0]


def loneliest(coordinates: np.ndarray, among: np.ndarray | None = None) -> int:
    """Return the point that is farthest from all others: one that the pointer cannot mistake."""
    apart = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.where(np.isnan(apart).all(axis=1), -1, np.nanmin(np.nan_to_num(apart, nan=np.inf), axis=1))
    return int(np.where(True if among is None else among, nearest, -1).argmax())


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])


def grey(field: np.ndarray, fields: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(field / np.percentile(fields, 99.9), 0, 1))


# ---- loading ---------------------------------------------------------------------------------------------------------


def test_it_opens_with_all_its_parts(page):
    assert page.title() == "What they learned"
    assert page.locator("#maps .map h3").all_inner_texts() == ["PCA", "UMAP", "PHATE"]
    assert page.locator("#maps .map").nth(2).inner_text().endswith("Not made: phate is not installed")
    assert page.locator("#maps .info").nth(1).inner_text() == "1 left out"
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('#maps .plot')].map((p) => [p.clientWidth, p.clientHeight])"
    )
    assert len({tuple(size) for size in sizes}) == 1
    assert sizes[0][0] == sizes[0][1] > 150
    assert page.locator("#notes").inner_text().endswith("A note.")


def test_every_control_has_a_name_and_is_reached_by_keys(page):
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("input, select, button, canvas.top")]
            .filter((one) => !one.labels?.length && !one.ariaLabel && !one.textContent.trim())
            .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    page.focus("#network")
    for wanted in ("features", "colour", "names", "number"):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.id") == wanted


@pytest.mark.parametrize("width", [900, 1400, 1800])
def test_nothing_sticks_out_at_the_side(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    settle(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


# ---- pointing, pinning, searching ------------------------------------------------------------------------------------


def test_pointing_shows_the_image_and_the_winning_field(page, networks):
    net = networks[0]
    k = loneliest(net.maps[0].coordinates, net.winner >= 0)
    before = page.evaluate("() => explore.maps[1].top.toDataURL()")
    hover(page, k)
    assert page.locator("#what").inner_text() == f"Image {k}"
    np.testing.assert_array_equal(drawn(page, "#picture"), net.images[k])
    np.testing.assert_array_equal(drawn(page, "#second-picture"), grey(net.fields[net.winner[k]], net.fields))
    verdict = "right" if net.predictions[k] == net.labels[k] else "wrong"
    names, values = (page.locator(f"#facts {tag}").all_inner_texts() for tag in ("dt", "dd"))
    assert {name: value.strip() for name, value in zip(names, values, strict=True)} == {
        "class": CLASS_NAMES[net.labels[k]],
        "prediction": CLASS_NAMES[net.predictions[k]],
        "verdict": verdict,
        "spikes": str(net.n_spikes[k]),
        "first spike": f"{net.first_spike_ms[k]:.{2 if net.first_spike_ms[k] < 10 else 1}f} ms",
    }
    assert "the vote of all neurons (readout proportion), not that of the winner" in page.locator("#vote").inner_text()
    expected = f"Winner: neuron {net.winner[k]}, label {CLASS_NAMES[net.field_labels[net.winner[k]]]}"
    assert " ".join(page.locator("#second-title").inner_text().split()) == expected
    # The other map marks it, too, and the mark goes with the pointer.
    assert page.evaluate("() => explore.maps[1].top.toDataURL()") != before
    leave(page)
    assert page.evaluate("() => explore.maps[1].top.toDataURL()") == before
    assert page.locator("#about").is_hidden()


def test_an_image_without_spikes_says_so(page, networks):
    k = loneliest(networks[0].maps[0].coordinates, networks[0].winner < 0)
    hover(page, k)
    assert page.locator("#second-title").inner_text() == "No neuron fired"
    assert page.locator("#second-picture").is_hidden()
    assert "verdict" not in page.locator("#facts").inner_text()


def test_a_click_pins_until_escape(page, networks):
    k = loneliest(networks[0].maps[0].coordinates)
    at = place(page, k)
    page.mouse.click(at["x"], at["y"])
    leave(page)
    assert page.locator("#what").inner_text() == f"Image {k}"
    assert page.locator("#pinned").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#about").is_hidden()


def test_search_finds_and_rejects(page, networks):
    page.fill("#number", "7")
    page.press("#number", "Enter")
    assert page.locator("#what").inner_text() == "Image 7"
    np.testing.assert_array_equal(drawn(page, "#picture"), networks[0].images[7])
    page.press("#number", "ArrowUp")
    assert page.locator("#what").inner_text() == "Image 8"
    for wrong in (str(N_IMAGES), "-1", "1.5", "seven"):
        page.fill("#number", wrong)
        page.click("#search button")
        assert page.locator("#found").inner_text() == f"There is no image “{wrong}”: numbers go from 0 to 299."
        assert page.locator("#what").inner_text() == "Image 8"
    page.fill("#number", "")
    page.click("#search button")
    assert page.locator("#found").inner_text() == "Type the number of an image: 0 to 299."
    page.fill("#number", str(N_IMAGES - 1))
    page.press("#number", "Enter")
    assert page.locator("#found").inner_text() == ""
    assert page.locator("#what").inner_text() == f"Image {N_IMAGES - 1}"


def test_wheel_zooms_drag_moves_and_double_click_shows_all(page, networks):
    k = loneliest(networks[0].maps[0].coordinates)
    start = place(page, k)
    page.mouse.move(start["x"], start["y"])
    page.wait_for_timeout(400)  # a page that was scrolled just now goes on scrolling
    scrolled = page.evaluate("() => window.scrollY")
    page.mouse.wheel(0, -600)
    page.wait_for_function("() => explore.maps[0].zoom > 2")
    assert page.evaluate("() => window.scrollY") == scrolled
    assert page.evaluate("() => explore.maps[1].zoom") == 1
    # The point under the pointer stays there; but wheel events round the pointer's place to whole pixels, times 2.6.
    zoomed = page.evaluate("(k) => explore.maps[0].clientPoint(k)", k)
    assert zoomed == pytest.approx(start, abs=2)
    page.mouse.down()
    page.mouse.move(start["x"] + 20, start["y"] + 10, steps=4)
    page.mouse.up()
    moved = page.evaluate("(k) => explore.maps[0].clientPoint(k)", k)
    assert moved == pytest.approx({"x": zoomed["x"] + 20, "y": zoomed["y"] + 10}, abs=1.5)
    assert page.evaluate("() => explore.state.pinned") is None  # a drag is no click
    page.mouse.dblclick(moved["x"], moved["y"])
    settle(page)
    assert page.evaluate("(k) => explore.maps[0].clientPoint(k)", k) == pytest.approx(start, abs=0.5)


# ---- colours and legend ----------------------------------------------------------------------------------------------


def test_points_have_the_colour_of_their_class(page, networks):
    net = networks[0]
    page.uncheck("#names")  # they lie on top of points
    settle(page)
    k = loneliest(net.maps[0].coordinates)
    # A point is a little transparent.
    colour = rgb(class_colour(int(net.labels[k])))
    np.testing.assert_allclose(colour_at(page, k), 255 + 0.88 * (colour - 255), atol=3)


def test_each_colouring_draws_other_pixels_and_its_legend(page, networks):
    net = networks[0]
    pictures = []
    counts = {
        "class": np.bincount(net.labels, minlength=N_CLASSES),
        "prediction": np.bincount(np.where(net.predictions < 0, N_CLASSES, net.predictions), minlength=N_CLASSES + 1),
        "right or wrong": [
            (net.predictions == net.labels).sum(),
            ((net.predictions >= 0) & (net.predictions != net.labels)).sum(),
            (net.predictions < 0).sum(),
        ],
    }
    for name in ("class", "prediction", "right or wrong", "spikes", "first spike"):
        page.select_option("#colour", label=name)
        settle(page)
        pictures.append(page.evaluate("() => explore.maps[0].base.toDataURL()"))
        if name in counts:
            shown = page.locator("#legend small").all_inner_texts()
            assert [int(text) for text in shown] == [n for n in counts[name] if n]
        else:
            values = net.n_spikes if name == "spikes" else net.first_spike_ms[~np.isnan(net.first_spike_ms)]
            ends = page.locator("#legend .scale span").all_inner_texts()
            low, high = (float(ends[k].strip("≤≥ ms")) for k in (0, 2))
            assert values.min() - 0.1 <= low < np.median(values) < high <= values.max() + 0.1
    assert len(set(pictures)) == 5


def test_the_legend_shows_only_one_class_or_several(page, networks):
    net = networks[0]
    page.uncheck("#names")
    k = loneliest(net.maps[0].coordinates)
    mine, other = net.labels[k], (net.labels[k] + 1) % N_CLASSES
    bright = colour_at(page, k)

    def legend(c: int) -> Any:
        return page.locator("#legend button", has_text=CLASS_NAMES[c])

    legend(other).click()
    settle(page)
    assert colour_at(page, k).min() > 220  # pale
    assert legend(other).get_attribute("aria-pressed") == "true"
    at = place(page, k)
    page.mouse.move(at["x"], at["y"])
    settle(page)
    assert page.evaluate("() => explore.state.hover?.id") != k
    legend(mine).click(modifiers=["Shift"])
    settle(page)
    np.testing.assert_array_equal(colour_at(page, k), bright)
    legend(other).click(modifiers=["Shift"])
    settle(page)
    np.testing.assert_array_equal(colour_at(page, k), bright)
    # Those shown stay the same under other colours.
    legend(other).click()
    page.select_option("#colour", label="spikes")
    settle(page)
    assert colour_at(page, k).min() > 220
    page.click("#show-all")
    settle(page)
    assert colour_at(page, k).min() < 220


# ---- neurons, networks, training -------------------------------------------------------------------------------------


def test_maps_of_neurons_show_fields_and_what_they_won(page, networks):
    net = networks[0]
    page.select_option("#features", label="receptive fields")
    settle(page)
    k = loneliest(net.maps[3].coordinates)
    hover(page, k)
    assert page.locator("#what").inner_text() == f"Neuron {k}"
    assert page.locator("#vote").is_hidden()
    np.testing.assert_array_equal(drawn(page, "#picture"), grey(net.fields[k], net.fields))
    won = np.flatnonzero(net.winner == k)
    assert f"images won\n{len(won)}" in page.locator("#facts").inner_text()
    if len(won):
        np.testing.assert_array_equal(drawn(page, "#second-picture")[:SIDE, :SIDE], net.images[won[0]])
    assert page.locator("#search-label").inner_text() == "Neuron number"
    page.fill("#number", str(N_EXC))
    page.press("#number", "Enter")
    assert "numbers go from 0 to 39" in page.locator("#found").inner_text()


def test_another_network_shows_its_own(page, networks):
    page.fill("#number", "1")
    page.press("#number", "Enter")
    page.select_option("#network", label="second")
    settle(page)
    # The same image stays pinned; winner and prediction are the second network's.
    assert page.locator("#what").inner_text() == "Image 1"
    net = networks[1]
    np.testing.assert_array_equal(drawn(page, "#second-picture"), grey(net.fields[net.winner[1]], net.fields))


def test_the_slider_moves_points_through_training(page, networks):
    path = networks[0].trajectories[0]
    everywhere = path.coordinates.reshape(-1, 2)
    middle = (everywhere.min(axis=0) + everywhere.max(axis=0)) / 2
    side = np.ptp(everywhere, axis=0).max()
    for step in (0, 2, 3, 1):
        page.fill("#time", str(step))
        settle(page)
        assert page.locator("#seen").inner_text().replace("\u202f", "").startswith(f"{SEEN[step]} images seen")
        x, y = page.evaluate("() => [[...explore.paths[0].x], [...explore.paths[0].y]]")
        expected = 0.5 + (path.coordinates[step] - middle) / side
        np.testing.assert_allclose(np.stack([x, y], axis=1), expected, atol=1e-4)


def test_play_runs_to_the_end_and_pauses_at_a_checkpoint(page):
    before = page.evaluate("() => explore.paths[0].base.toDataURL()")
    page.click("#play")  # from the end: starts over
    page.wait_for_function("() => explore.state.playing && explore.state.time > 0.3")
    assert page.evaluate("() => explore.paths[0].base.toDataURL()") != before
    page.click("#play")
    time = page.evaluate("() => explore.state.time")
    assert time == int(time)
    assert page.locator("#play").inner_text() == "Play"
    page.click("#play")
    page.wait_for_function("() => !explore.state.playing && explore.state.time === 3")
    assert page.locator("#play").inner_text() == "Play"


def test_pointing_at_a_trajectory_shows_the_final_field(page, networks):
    net = networks[0]
    page.fill("#time", "1")
    settle(page)
    path = net.trajectories[1]
    row = loneliest(path.coordinates[1])
    hover(page, int(path.neurons[row]), "paths[1]")
    assert page.locator("#what").inner_text() == f"Neuron {path.neurons[row]}"
    np.testing.assert_array_equal(drawn(page, "#picture"), grey(net.fields[path.neurons[row]], net.fields))


def test_training_says_what_to_bear_in_mind(page):
    assert page.locator("#caution").inner_text() == "Only the first half."
    told = page.locator("#paths .info").all_inner_texts()
    assert told == ["graph components 1", "graph in 2 parts"]
    page.locator("#paths .info a").click()
    assert page.evaluate("() => location.hash") == "#notes"
    page.select_option("#network", label="second")
    assert page.locator("#caution").is_hidden()


# ---- names on maps ---------------------------------------------------------------------------------------------------


def test_names_stay_inside_and_do_not_overlap(page, networks):
    # Points are drawn at random, so the medians of all classes are near the middle: without care their names overlap.
    for zoomed in (False, True):
        names, side = page.evaluate("() => [explore.maps[0].names, explore.maps[0].width]")
        # All of them fit; of a part of the map, those that are there.
        assert 1 <= len(names) <= N_CLASSES if zoomed else len(names) == N_CLASSES
        boxes = np.array([[n["x"], n["y"], n["width"], n["height"]] for n in names])
        middle, half = boxes[:, :2], boxes[:, 2:] / 2
        assert (middle - half > -0.01).all()
        assert (middle + half < side + 0.01).all()
        for k in range(len(names)):
            for j in range(k):
                assert (abs(middle[k] - middle[j]) >= half[k] + half[j] - 0.01).any()
        at = page.evaluate("(n) => [n.px, n.py]", names[0])
        page.evaluate("([x, y]) => { explore.maps[0].zoomBy(8, x, y); }", at)
        settle(page)


def test_names_in_a_corner_are_not_cut_off(page):
    found = page.evaluate("""() => {
        const map = explore.maps[0];
        map.anchors = ["a rather long name", "another name"].map((name) => ({name, x: 1.04, y: 1.04}));
        map.drawNames();
        return [map.names, map.width];
    }""")
    names, side = found
    assert [name["name"] for name in names] == ["a rather long name", "another name"]
    assert all(name["x"] + name["width"] / 2 <= side for name in names)
    assert all(name["y"] >= name["height"] / 2 for name in names)


# ---- measures --------------------------------------------------------------------------------------------------------


def rows(page: Any, table: str = "table") -> list[list[str]]:
    """Return the texts of a table's cells, row by row, with the number and its interval in one line."""
    script = "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim().replace(/\\s+/g, ' ')))"
    return page.locator(f"#{table} tbody tr").evaluate_all(script)


def column(page: Any, k: int, table: str = "table") -> list[str]:
    return [row[k] for row in rows(page, table) if len(row) > k]


def test_the_table_sorts_and_prints_the_best_bold(page, measures):
    mine = [row for row in measures if row["network"] == "first" and row["method"] != "(no map)"]
    below = ["the features themselves", "by chance"]
    for k, measure in enumerate(("trustworthiness", "nmi"), start=1):
        means = {row["method"]: row["mean"] for row in mine if row["measure"] == measure}
        down = sorted(means, key=means.__getitem__, reverse=True)
        page.locator("#table th button").nth(k).click()
        assert column(page, 0) == down + below
        assert column(page, k)[:3] == [f"{means[method]:.3f} ± 0.012" for method in down]
        assert page.locator("#table th").nth(k).get_attribute("aria-sort") == "descending"
        bold = page.locator(f"#table td.best:nth-child({k + 1})")
        assert " ".join(bold.inner_text().split()) == f"{means[down[0]]:.3f} ± 0.012"
        page.locator("#table th button").nth(k).click()
        assert column(page, 0) == down[::-1] + below
    assert rows(page)[-2:] == [["the features themselves", "2.000 ± 0.012", ""], ["by chance", "0.5", ""]]
    page.locator("#table th button").nth(0).click()
    assert column(page, 0) == ["PCA", "PHATE", "UMAP", *below]


def test_the_table_follows_the_selectors_or_shows_all(page):
    assert len(column(page, 0)) == 5
    page.select_option("#features", label="receptive fields")
    assert column(page, 0) == ["No measures of these maps."]
    page.check("#all")
    assert column(page, 0) == ["first"] * 3 + ["second"] * 3 + ["first", "second", "by chance"]


def test_the_table_of_trajectories_says_what_is_better(page, path_measures):
    titles = [measure.title for measure in TRAJECTORY_MEASURES.values()]
    heads = page.locator("#path-table th").all_inner_texts()
    directions = [f"{'more' if m.higher_is_better else 'less'} is better" for m in TRAJECTORY_MEASURES.values()]
    pairs = zip(titles, directions, strict=True)
    assert [head.split("\n") for head in heads] == [["method"], *([title, better] for title, better in pairs)]
    for k, (name, measure) in enumerate(TRAJECTORY_MEASURES.items(), start=1):
        means = {row["method"]: row["mean"] for row in path_measures if row["measure"] == name}
        of_fields = means.pop("(no map)")
        ordered = sorted(means, key=means.__getitem__, reverse=measure.higher_is_better)
        page.locator("#path-table th button").nth(k).click()  # the best first
        assert column(page, 0, "path-table") == [*ordered, "the features themselves", "by chance"]
        assert column(page, k, "path-table")[2] == f"{of_fields:.3f} ± 0.012"
        bold = page.locator(f"#path-table td.best:nth-child({k + 1})").inner_text()
        assert bold.split()[0] == f"{means[ordered[0]]:.3f}"
    page.click("#path-measures summary")
    assert page.locator("#path-measures dt").all_inner_texts() == titles
    page.select_option("#network", label="second")
    assert page.locator("#path-measures").is_hidden()


def test_all_columns_of_all_measures_are_seen_at_1300_pixels(browser, networks, tmp_path):
    names = ("pca", "diffusion_map", "principal_tree", "(no map)")
    found = [
        record(-0.123, network="first", features="counts", method=method, measure=name)
        for method in names for name in MEASURES
    ]  # fmt: skip
    paths = [record(0.5, network="first", method=m, measure=name) for m in names for name in TRAJECTORY_MEASURES]
    file = tmp_path / "explore.html"
    file.write_text(explore_page(Explore("All", networks[:1], found, [], paths=paths)), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1300, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(file.as_uri(), timeout=WAIT_MS)
    for everything in (False, True):
        page.set_checked("#all", everything)
        assert page.locator("#table th").count() == len(MEASURES) + (3 if everything else 1)
        for table in ("table", "path-table"):
            box = page.locator(f"#{table}").locator("..")
            wanted, there = box.evaluate("(box) => [box.scrollWidth, box.clientWidth]")
            assert wanted <= there
    context.close()
