"""From a folder of images to an experiment."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from stdp_pipeline.cli import main
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import plan
from stdp_pipeline.starter import survey


def fill(folder, classes, n, size=(20, 16), background=0, rng=None):
    rng = rng or np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k in range(n):
            pixels = np.full(size, background, np.uint8)
            pixels[4:12, 4:12] = rng.integers(100, 156)
            Image.fromarray(pixels).save(folder / name / f"{k}.png")


def test_a_folder_becomes_an_experiment_that_loads(tmp_path, capsys):
    fill(tmp_path / "letters", "abc", 30, background=250)
    (tmp_path / "letters" / "a" / "readme.txt").write_text("x")
    target = tmp_path / "letters.yaml"
    assert main(["new-experiment", "--images", str(tmp_path / "letters"), "--output", str(target)]) == 0
    said = capsys.readouterr().out
    for part in (
        "90 images of 3 classes: a (30)", "sizes (height x width): 20 x 16 (90)\n", "bright, will be inverted",
        "held out", "not images by their names: 1 files ('readme.txt')", f"stdp run {target}",
    ):  # fmt: skip
        assert part in said
    experiment = load_experiment(target)
    assert experiment.dataset.image.invert
    assert experiment.dataset.image.size is None
    assert experiment.network.n_exc == 100
    assert experiment.plasticity.norm_total == 32.0
    assert experiment.training.passes == 50
    assert plan("letters", experiment).jobs
    assert main(["new-experiment", "--images", str(tmp_path / "letters"), "--output", str(target)]) == 1
    assert "exists; choose another" in capsys.readouterr().err


def test_large_and_mixed_images_are_scaled(tmp_path, capsys):
    fill(tmp_path / "x" / "train", "ab", 5, size=(100, 50))
    fill(tmp_path / "x" / "test", "ab", 2, size=(90, 50))
    assert main(["new-experiment", "--images", str(tmp_path / "x"), "--output", str(tmp_path / "x.yaml")]) == 0
    said = capsys.readouterr().out
    assert "warning: fewer than 20 images of 2 classes" in said
    assert "as the folders say" in said
    assert "100 x 50 (10), 90 x 50 (4); will be scaled to 28 x 14" in said
    experiment = load_experiment(tmp_path / "x.yaml")
    assert experiment.dataset.image.size == [28, 14]
    assert experiment.dataset.split.method == "given"


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: fill(folder, ["only"], 5), "has one class only, 'only'"),
        (lambda folder: fill(folder, ["a", "b"], 1), "at least 2 images"),
        (lambda folder: fill(folder, [], 1), "does not exist"),
        (lambda folder: (fill(folder, "ab", 3), (folder / "a" / "0.png").write_bytes(b"no")), "1 files in"),
        (lambda folder: (fill(folder / "train", "ab", 3), fill(folder / "test", "a", 3)), "has no images of b"),
    ],
)
def test_folders_that_cannot_work_are_refused(tmp_path, capsys, prepare, message):
    prepare(tmp_path / "folder")
    target = tmp_path / "x.yaml"
    assert main(["new-experiment", "--images", str(tmp_path / "folder"), "--output", str(target)]) == 1
    assert message in capsys.readouterr().err
    assert not target.exists()


def test_dark_backgrounds_are_left(tmp_path):
    fill(tmp_path, "ab", 3, background=3)
    assert not survey(tmp_path).bright_background


def test_surfaces_are_seen_by_on_and_off_cells_and_strokes_are_not(tmp_path):
    for name, filled in (("surfaces", 12), ("strokes", 2)):
        for c in "ab":
            (tmp_path / name / c).mkdir(parents=True)
            for k in range(20):
                pixels = np.zeros((20, 20), np.uint8)
                pixels[4 : 4 + filled, 2:18] = 200
                Image.fromarray(pixels).save(tmp_path / name / c / f"{k}.png")
        assert (
            main(["new-experiment", "--images", str(tmp_path / name), "--output", str(tmp_path / f"{name}.yaml")]) == 0
        )
        assert (load_experiment(tmp_path / f"{name}.yaml").dataset.image.on_off is not None) == (name == "surfaces")
