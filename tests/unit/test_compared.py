"""Combinations of parameters side by side, and how far an experiment is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline.analysis.paired import holm, mcnemar, paired
from stdp_pipeline.archive.progress import progress, runs_done
from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.figures.differences import forest
from stdp_pipeline.io import write_arrays, write_json
from stdp_pipeline.report.differences import Differences, differences_context, differences_table
from stdp_pipeline.report.page import templates
from stdp_pipeline.stages._compared import against, combinations_of, within

N_TEST = 200
RAW = {
    "dataset": {"name": "digits"},
    "embeddings": [],
    "representation": False,
    "variants": {"a": {}, "b": {"network.n_exc": 9}, "c": {"dataset.n_test": 50}},
    "seeds": [0, 1, 2],
}


@pytest.fixture
def planned():
    return plan("x", completed(RAW, "test"))


@pytest.fixture
def root(planned, tmp_path, rng) -> Path:
    """Results whose predictions are drawn at random."""
    for one in planned.runs:
        n = one.experiment.dataset.n_test or N_TEST
        labels = np.random.default_rng(n).integers(0, 10, n)
        write_arrays(tmp_path / "prepare" / one.ids["prepare"] / "data.npz", {"test_labels": labels.astype(np.uint8)})
        predicted = np.where(rng.random(n) < 0.8, labels, -1).astype(np.int16)
        folder = tmp_path / "test" / one.ids["test"]
        write_arrays(folder / "predictions.npz", {"all_activity": predicted})
        write_json(folder / "metrics.json", {"readouts": {"all_activity": {"accuracy": np.mean(predicted == labels)}}})
    return tmp_path


def test_combinations_are_compared_by_seeds_and_by_images(root, planned):
    a, b, c = combinations_of(root, planned.runs)
    assert [one.title for one in (a, b, c)] == ["a", "b", "c"]
    told = against([(b, a), (a, b), (c, a)])
    accuracy = {one.name: np.array([one.accuracy[seed] for seed in (0, 1, 2)]) for one in (a, b)}
    one, turned = told.found
    assert one.paired == paired(accuracy["b"], accuracy["a"])
    assert [found.p_holm for found in told.found] == holm([found.paired.p for found in told.found])
    assert one.images == {seed: mcnemar(b.right[seed], a.right[seed]) for seed in (0, 1, 2)}
    for seed in (0, 1, 2):
        both = [found.images_holm[seed] for found in (one, turned)]
        assert both == holm([found.images[seed].p for found in (one, turned)])
    assert told.left_out == ["Not compared with a, since their test images are others: c."]


def test_other_training_images_do_not_make_other_test_images(root, planned, tmp_path):
    """The data set then has another id, though its test images are the same."""
    b = [one for one in planned.runs if one.told == "b"]
    old = tmp_path / "prepare" / b[0].ids["prepare"] / "data.npz"
    arrays = dict(np.load(old))
    other = plan("x", completed(RAW | {"dataset": {"name": "digits", "n_train": 70}}, "test"))
    for one, then in zip(planned.runs[:6], other.runs[:6], strict=True):
        more = {"train_labels": np.zeros(70, np.uint8)}
        write_arrays(tmp_path / "prepare" / then.ids["prepare"] / "data.npz", arrays | more)
        for file in ("predictions.npz", "metrics.json"):
            target = tmp_path / "test" / then.ids["test"] / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((tmp_path / "test" / one.ids["test"] / file).read_bytes())
    first, second = (combinations_of(root, p.runs[:3], name)[0] for p, name in ((planned, "old"), (other, "new")))
    (found,) = against([(second, first)]).found
    assert (found.name, found.other) == ("new: a", "old: a")
    assert found.paired.difference.mean == 0
    assert found.paired.p == 1


def test_conditions_without_a_common_seed_are_left_out(root, planned):
    a, b, _ = combinations_of(root, planned.runs)
    others = [one for one in planned.runs if one.seed == 0], [one for one in planned.runs if one.seed > 0]
    (first, *_), (_, second, _) = (combinations_of(root, runs, f"{k}") for k, runs in enumerate(others))
    assert (first.title, second.title) == ("0: a", "1: b")
    told = against([(first, second)])
    assert (told.found, told.left_out) == ([], ["Not compared with 1: b, since they have no seed in common: 0: a."])
    assert len(against([(first, b), (second, a)]).found) == 2


def test_the_reference_is_the_first_combination_or_the_one_that_is_named(root, planned):
    told = within(root, planned, planned.runs)
    assert [(one.name, one.other) for one in told.found] == [("b", "a")]
    named = plan("x", completed(RAW | {"report": {"reference": "b"}}, "test"))
    assert {one.test.id for one in named.runs} == {one.test.id for one in planned.runs}  # nothing has to run again
    assert [(one.name, one.other) for one in within(root, named, named.runs).found] == [("a", "b")]
    unfinished = within(root, named, [one for one in named.runs if one.told != "b"])
    assert "No run of the reference, 'b', is done" in unfinished.left_out[0]
    assert within(root, planned, planned.runs[:3]) == Differences()
    with pytest.raises(ConfigError, match=r"report\.reference: unknown value 'bb'; known: a, b, c\. Did you mean 'b'"):
        plan("x", completed(RAW | {"report": {"reference": "bb"}}, "test"))
    with pytest.raises(ConfigError, match=r"'report\.interval' cannot be varied"):
        plan("x", completed(RAW | {"grid": {"report.interval": ["t"]}}, "test"))


def test_the_table_has_a_line_for_each_test(root, planned):
    a, b, _ = combinations_of(root, planned.runs)
    (one,) = against([(b, a)]).found
    head, *lines = (line.split("\t") for line in differences_table([one]).splitlines())
    first, *of_images = (dict(zip(head, line, strict=True)) for line in lines)
    assert (first["combination"], first["compared_with"], first["n"], first["seed"]) == ("b", "a", "3", "")
    assert float(first["difference_points"]) == pytest.approx(100 * one.paired.difference.mean, rel=1e-5)
    assert float(first["p_holm"]) == pytest.approx(one.p_holm, rel=1e-5)
    assert first["only_first"] == ""
    assert [line["seed"] for line in of_images] == ["0", "1", "2"]
    for line, images in zip(of_images, one.images.values(), strict=True):
        assert (line["n"], line["hedges_g"]) == (str(N_TEST), "")
        assert int(line["only_first"]) - int(line["only_second"]) == images.only_a - images.only_b
        assert float(line["ci95_low"]) < float(line["difference_points"]) < float(line["ci95_high"])


def test_one_seed_is_decided_by_the_test_images(root, planned):
    a, b, _ = combinations_of(root, [one for one in planned.runs if one.seed == 2])
    (one,) = against([(b, a)]).found
    images = one.images[2]
    assert (one.over_seeds, one.interval, one.p) == (False, images.difference, images.p)
    assert differences_table([one]).count("\n") == 2
    assert f"{images.only_a} and {images.only_b} of {N_TEST} images" in one.told()
    page = templates().get_template("differences.html").render(**differences_context(Differences([one], ["Or so."])))
    assert "Hedges" not in page
    assert "Or so." in page
    assert b"that of a" in forest([one])


def test_several_references_are_named_with_each_line(root, planned):
    a, b, _ = combinations_of(root, planned.runs)
    told = against([(b, a), (a, b)])
    page = templates().get_template("differences.html").render(**differences_context(told))
    assert page.count("<tr>") == 3
    assert "compared with" in page
    drawn = forest(told.found).decode()
    assert "b against a" in drawn
    assert "95 % interval" in told.found[0].told()
    assert "paired t-test over 3 seeds" in told.found[0].told()


def test_progress_counts_what_is_done_and_tells_what_failed(planned, tmp_path):
    jobs = {key: job for key, job in planned.jobs.items() if key[0] not in ("report", "illustrate")}
    of_first = {job.key for job in jobs.values() if job.id in planned.runs[0].ids.values()}
    for stage, one in of_first:
        write_json(tmp_path / stage / one / "provenance.json", {})
    broken = planned.runs[1].ids["train"]
    log = tmp_path / "logs" / "train" / f"{broken}.log"
    log.parent.mkdir(parents=True)
    log.write_text("12:00:00 training\nstdp train: error: activity died\nat image 7\n")
    empty = tmp_path / "logs" / "respond" / f"{planned.runs[1].ids['respond_test']}.log"
    empty.parent.mkdir(parents=True)
    empty.write_text("")
    found = progress(planned, tmp_path)
    assert (found.n_runs, found.n_runs_done) == (9, 1)
    assert (found.n_jobs, found.n_jobs_done) == (len(jobs), len(of_first))
    assert [one.job.stage for one in found.failures] == ["train", "respond"]
    assert found.failures[0].message == "stdp train: error: activity died\n    at image 7"
    assert "was killed" in found.failures[1].message
    assert [one.seed for one in runs_done(planned, tmp_path)] == [0]
    assert progress(planned, tmp_path, since=log.stat().st_mtime + 10).failures == []
