"""Combinations of parameters side by side, and how far an experiment is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stdp_pipeline.analysis.paired import holm, mcnemar, paired
from stdp_pipeline.archive.progress import progress, runs_done
from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import plan
from stdp_pipeline.io import write_arrays, write_json
from stdp_pipeline.stages._compared import against, combinations_of, comparison_table

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
    assert [one.name for one in (a, b, c)] == ["a", "b", "c"]
    found = against([(b, a), (c, a)])
    accuracy = {one.name: np.array([one.accuracy[seed] for seed in (0, 1, 2)]) for one in (a, b, c)}
    assert found[0].paired == paired(accuracy["b"], accuracy["a"])
    assert [one.p_corrected for one in found] == holm([one.paired.p for one in found])
    assert found[0].images == {seed: mcnemar(b.right[seed], a.right[seed]) for seed in (0, 1, 2)}
    assert found[1].images == {}  # other test images


def test_conditions_without_a_common_seed_are_left_out(root, planned):
    a, b, _ = combinations_of(root, planned.runs)
    others = [one for one in planned.runs if one.seed == 0], [one for one in planned.runs if one.seed > 0]
    (first, *_), (_, second, _) = (combinations_of(root, runs, f"{k}: ") for k, runs in enumerate(others))
    assert (first.name, second.name) == ("0: a", "1: b")
    assert against([(first, second)]) == []
    assert len(against([(first, b), (second, a)])) == 2


def test_the_table_tells_points_tests_and_images(root, planned):
    a, b, c = combinations_of(root, planned.runs)
    (one, two) = against([(b, a), (c, a)])
    head, first, second = (line.split("\t") for line in comparison_table([one, two]).splitlines())
    told = dict(zip(head, first, strict=True))
    assert told["combination"], told["compared_with"] == ("b", "a")
    assert float(told["difference_points"]) == pytest.approx(100 * one.paired.difference.mean, rel=1e-5)
    assert float(told["p_holm"]) == pytest.approx(one.p_corrected, rel=1e-5)
    assert told["mcnemar_only_first"] == ";".join(str(m.only_a) for m in one.images.values())
    assert dict(zip(head, second, strict=True))["mcnemar_p"] == ""


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
