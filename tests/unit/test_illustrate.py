"""Figures for print: what is said of each, the page that shows them, and the copy in a gallery."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from stdp_pipeline.cli import main
from stdp_pipeline.encoding import poisson
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.figures.print import for_print
from stdp_pipeline.io import write_json
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.report.captions import HARDWARE_CAPTIONS, SECTIONS, about
from stdp_pipeline.report.gallery import entry, gallery_page, shown
from stdp_pipeline.report.page import MODEL_PICTURES
from stdp_pipeline.stages._drawings import PictureFolder, drawn
from stdp_pipeline.stages._inputs import input_model, inputs_of
from stdp_pipeline.stages._portrait import portrait
from stdp_pipeline.stages._raster import first_raster
from stdp_pipeline.workflow import FIGURES, FIGURES_OF_ALL, captions
from stdp_pipeline.workflow._captions import FOLDER, caption_of, escaped

SIZES = {"confusion": 4000, "network": 9000, "map_umap": 300_001, "accuracies": 5000}


def figures() -> list[dict]:
    found = []
    for name, size in SIZES.items():
        columns = ["two_columns"] if name == "network" else ["one_column", "two_columns"]
        files = {f"{name}_{one}.{kind}": bytes(size) for one in columns for kind in ("svg", "png")}
        found.append(entry(name, files))
    return found


@pytest.fixture
def folder(tmp_path):
    """Return a folder as the stage leaves it."""
    index = {
        "schema_version": SCHEMA_VERSION,
        "experiment": "e",
        "title": "T",
        "description": "D.",
        "figures": figures(),
    }
    write_json(tmp_path / "print" / "figures.json", index)
    for figure in index["figures"]:
        for file, size in figure["files"].items():
            (tmp_path / "print" / file).write_bytes(b"x" * size)
    return tmp_path / "print"


# ---- what is said ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        *(file for file, _, _ in FIGURES), *MODEL_PICTURES, "map_umap.png", "maps_counts.svg", "hardware_presets.svg",
        "receptive_fields_by_similarity.png", "measures.svg", "measures_counts.svg", "trajectories.svg", "neurons.svg",
        "similarity.svg", "through_training.svg", "accuracies.svg", "differences.svg", "learning_curves.svg",
        "accuracy_over_bits.svg", "recovery.svg",
    ],
)  # fmt: skip
def test_every_figure_has_a_section_a_title_and_a_caption(file):
    said = about(file)
    assert said == about(file.rpartition(".")[0])
    assert said.section in SECTIONS
    assert 3 < len(said.title) < 60
    assert said.caption.endswith(".")


def test_methods_and_curves_have_their_names_in_titles():
    assert about("map_tsne.png").title == "Map by t-SNE"
    assert "counts" in about("maps_counts.svg").title
    assert "latencies" in about("measures_latencies.svg").title
    assert about("hardware_pcm_drift.svg").title == "Curve pcm drift"
    assert about("hardware_pcm_drift.svg").caption == HARDWARE_CAPTIONS[".svg"]
    with pytest.raises(KeyError):
        about("nothing.svg")


def test_captions_of_snakemakes_own_report_are_in_step():
    written = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert written == captions.as_written(), "run: python -m stdp_pipeline.workflow.captions"
    files = [file for file, _, _ in (*FIGURES, *FIGURES_OF_ALL)]
    for file in (*files, "map_umap.png", "hardware_x.svg", "report", "summary", "means", "explore.html"):
        assert (FOLDER.parent / caption_of(file)).is_file(), file


def test_nothing_in_a_caption_is_taken_for_markup():
    from docutils.core import publish_parts

    text = "a_b_ *and* `c`_ |d| {{ e }} 2 ** 3\n\nmore \\ text"
    made = publish_parts(escaped(text), writer="html")["body"]
    assert made == "<p>a_b_ *and* `c`_ |d| (( e )) 2 ** 3 more \\ text</p>\n"


# ---- the page --------------------------------------------------------------------------------------------------------


def test_a_page_shows_one_column_as_svg_unless_there_is_none_or_it_is_large():
    assert [shown(figure) for figure in figures()] == [
        "confusion_one_column.svg",
        "network_two_columns.svg",
        "map_umap_one_column.png",
        "accuracies_one_column.svg",
    ]


def test_a_page_has_each_figure_once_by_sections_with_its_files():
    page = gallery_page("quick", "Title", "About.", figures())
    assert page.startswith("# Figures: Title\n\nAbout.\n")
    assert "`stdp run quick`" in page
    sections = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert sections == [section for section in SECTIONS if section in {"Results", "Maps", "All runs", "The model"}]
    assert re.findall(r"^### (.*)$", page, re.MULTILINE) == [
        "Confusion matrix",
        "Map by UMAP",
        "Accuracies",
        "The network",
    ]
    assert "[one column SVG](confusion_one_column.svg), [one column PNG](confusion_one_column.png)" in page
    assert set(re.findall(r"\]\((.*?)\)", page)) == {file for figure in figures() for file in figure["files"]}
    assert "\n\n\n" not in page


def test_a_page_of_single_pictures_names_no_other_files():
    there = [shown(figure) for figure in figures()]
    page = gallery_page("quick", "Title", "", figures(), there)
    assert re.findall(r'src="(.*?)"', page) == sorted(there, key=page.index)
    assert not re.findall(r"\]\(", page)


# ---- the gallery -----------------------------------------------------------------------------------------------------


def test_a_gallery_has_what_its_page_shows_and_nothing_older(folder, tmp_path, capsys):
    output = tmp_path / "docs" / "gallery"
    output.mkdir(parents=True)
    (output / "theta_histogram_one_column.svg").write_text("old")
    (output / "notes.txt").write_text("of someone else")
    assert main(["gallery", str(folder), "--output", str(output)]) == 0
    assert "4 figures, 0.3 MB" in capsys.readouterr().out
    shows = set(re.findall(r'src="(.*?)"', (output / "README.md").read_text()))
    assert {p.name for p in output.iterdir()} == shows | {"README.md", "notes.txt"}
    assert (output / "confusion_one_column.svg").read_bytes() == (folder / "confusion_one_column.svg").read_bytes()


@pytest.mark.parametrize("case", ["empty", "version", "picture"])
def test_a_folder_without_the_figures_is_named(case, folder, tmp_path, capsys):
    if case == "empty":
        (folder / "figures.json").unlink()
    elif case == "version":
        index = json.loads((folder / "figures.json").read_text())
        write_json(folder / "figures.json", index | {"schema_version": SCHEMA_VERSION + 1})
    else:
        (folder / "confusion_one_column.svg").unlink()
    output = tmp_path / "gallery"
    assert main(["gallery", str(folder), "--output", str(output)]) == 1
    error = capsys.readouterr().err
    assert str(folder / ("confusion_one_column.svg" if case == "picture" else "figures.json")) in error
    assert "run" in error
    assert "Traceback" not in error
    assert not output.exists()


def test_a_folder_of_pictures_forgets_those_of_before_and_nothing_else(tmp_path):
    for name in ("old.svg", "run002/old.png", "provenance.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    pictures = PictureFolder(tmp_path)
    pictures.write({"new.svg": b"new"})
    pictures.write({"new.png": b"new"}, "run001")
    pictures.remove_others()
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")}
    assert left == {"new.svg", "run001/new.png", "provenance.json"}


# ---- figures that other stages drew, once more -----------------------------------------------------------------------


def test_the_raster_shows_the_spikes_of_the_first_image(bars):
    spec = {
        "encoding": {"name": "poisson", "rate_per_level_hz": 0.5},
        "protocol": {"dt_ms": 0.5, "image_ms": 100.0},
    }
    arrays = {"train_levels": bars, "image_shape": np.array([12, 12])}
    labels = np.full(len(bars), 1)
    data = {"train_labels": labels, "n_classes": np.array(2), "class_names": np.array(["lying", "standing"])}
    model = input_model(spec)
    step, _ = draw_events(model, inputs_of(spec, arrays, "train", 0), 0, 0, 0)
    assert len(step)
    assert poisson.Params().name == "poisson"
    svg = for_print("raster", first_raster(spec, arrays, data), ["two_columns"])["raster_two_columns.svg"].decode()
    assert f"poisson: {len(step)} input spikes" in svg
    assert "class standing" in svg


def portrait_arrays(rng) -> dict:
    t = np.linspace(-1, 5, 20)
    curve = np.stack([np.linspace(-20, 20, 9), rng.normal(size=9), np.zeros(9)])
    image = rng.random((4, 4))
    spikes = np.array([[3, 9], [1, 2]], np.uint16)
    return {
        "image": image, "code": np.array("poisson"), "max_rate_hz": np.array(63.75),
        "integrators": np.array(["exact", "euler"]), "response_weight": np.array(0.5), "zoom_ms": np.array(3.0),
        "response_exact": np.stack([t, t, t]), "response_euler": np.stack([t, t, t]),
        "stdp_titles": np.array(["mine (this run)", "other (default parameters)"]),
        "stdp_0": np.stack([curve, curve]), "stdp_0_labels": np.array(["one spike", "two spikes"]),
        "stdp_1": curve[None], "stdp_1_labels": np.array(["one spike"]),
        "presented": image, "input_counts": image, "field": image, "notes": np.array(["presentation 1", "neuron 7"]),
        "input_spikes": spikes, "excitatory_spikes": spikes, "inhibitory_spikes": spikes[:, :0],
        "sizes": np.array([16, 10, 10]), "times_ms": np.array([0.5, 100.0, 50.0]),
    }  # fmt: skip


def test_the_model_is_drawn_from_what_was_kept_of_it(rng):
    arrays = portrait_arrays(rng)
    assert set(portrait(NetworkParams(), arrays)) == set(MODEL_PICTURES)
    pictures = drawn(portrait(NetworkParams(), arrays))
    assert b"63.75 Hz" in pictures["network.svg"]
    assert b"weight 0.5, step 0.5 ms" in pictures["lif_response.svg"]
    assert {b"mine (this run)", b"other (default parameters)"} <= set(
        re.findall(rb">([^<]* \([^<]*\))</text>", pictures["stdp_curves.svg"])
    )
    alone = portrait(NetworkParams(), arrays, n_rules=1)["stdp_curves.svg"]()
    assert b"two spikes" in alone
    assert b"other" not in alone
    told = for_print("presentation", portrait(NetworkParams(), arrays)["presentation.png"], ["two_columns"])
    svg = told["presentation_two_columns.svg"]
    assert b"Excitatory layer: 2 spikes of 10 neurons" in svg
    assert b"Inhibitory layer: 0 spikes of 10 neurons" in svg
    assert b"neuron 7" in svg
