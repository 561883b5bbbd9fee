"""What an experiment will take: numbers add up, what is done is counted, and the graph shows what is read by what."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stdp_pipeline.config.job import OF_EXPERIMENTS, STAGES
from stdp_pipeline.config.load import completed, load_experiment
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.figures._layers import layered
from stdp_pipeline.io import write_json
from stdp_pipeline.workflow import Workflow
from stdp_pipeline.workflow.costs import SLOWER, cpu_s, estimate, memory_mb, minutes
from stdp_pipeline.workflow.graph import write_graph
from stdp_pipeline.workflow.summary import as_json, counted, summary, time_told

ROOT = Path(__file__).parents[2]
SWEEP = {
    "dataset": {"name": "digits"},
    "embeddings": [],
    "representation": False,
    "grid": {"plasticity.eta_post": [0.01, 0.02, 0.05]},
    "seeds": [0, 1],
}


@pytest.fixture(scope="module")
def swept():
    return plan("sweep", completed(SWEEP, "test"))


def record(root, job, cpu):
    """Write what a job leaves when it is done."""
    place = {"report": f"experiments/{job.id}", "illustrate": f"experiments/{job.id}/print"}
    folder = root / place.get(job.stage, f"{job.stage}/{job.id}")
    write_json(folder / "provenance.json", {"cpu_s": cpu, "spec": job.spec})


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "experiments").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_job_has_sane_numbers(path):
    for job in plan(path.stem, load_experiment(path)).jobs.values():
        seconds = cpu_s(job)
        assert 0.5 < seconds < 1e6
        # A scheduler must not end a job that takes some times what is foreseen, on a slower machine, say.
        assert minutes(job) * 60 >= 8 * seconds
        assert 250 <= memory_mb(job) <= 12_000


@pytest.mark.parametrize("engine", [*SLOWER, "fast"])
def test_larger_networks_and_slower_engines_take_more(engine):
    raw = {"simulation": {"engine": engine}, "grid": {"network.n_exc": [100, 400, 1600]}}
    trainings = plan("x", completed(raw, "test")).of("train")
    for amount in (cpu_s, memory_mb):
        assert sorted(trainings, key=amount) == trainings
    (fast,) = plan("x", completed({"network": {"n_exc": 1600}}, "test")).of("train")
    assert cpu_s(trainings[-1]) >= cpu_s(fast)


def test_the_numbers_add_up(swept, tmp_path):
    found = estimate(swept.jobs.values(), tmp_path)
    assert [stage.stage for stage in found.stages] == [s for s in STAGES if swept.of(s)]
    assert sum(stage.n for stage in found.stages) == len(swept.jobs)
    assert found.cpu_s == pytest.approx(sum(map(cpu_s, swept.jobs.values())))
    assert found.cpu_s == found.left_cpu_s
    assert found.factor is None
    # On one core all one after the other; on very many the longest chain is left.
    assert found.wall_s(1) == found.left_cpu_s
    assert found.wall_s(10**6) == found.path_s
    one = swept.runs[0].test
    chain = [one, one.parents["labels"], *one.parents["labels"].parents.values(), one.parents["responses"].trained]
    assert sum(cpu_s(job) for job in {job.stage: job for job in chain}.values()) < found.path_s < found.left_cpu_s
    assert found.at_once_mb(1) == max(map(memory_mb, swept.jobs.values()))
    assert found.at_once_mb(10**6) == sum(map(memory_mb, swept.jobs.values()))


def test_what_is_done_is_counted_and_corrects_what_is_left(swept, tmp_path):
    done = [*swept.of("prepare"), *swept.of("encode"), *swept.of("train")[:4]]
    for job in done:
        record(tmp_path, job, 3 * cpu_s(job))
    found = estimate(swept.jobs.values(), tmp_path)
    by_stage = {stage.stage: stage for stage in found.stages}
    assert {name: stage.n_done for name, stage in by_stage.items() if stage.n_done} == {
        "prepare": 1,
        "encode": 1,
        "train": 4,
    }
    assert found.done == {job.key for job in done}
    assert by_stage["encode"].left_cpu_s == 0
    left = [job for job in swept.jobs.values() if job not in done]
    # Trainings on digits are too short to tell how fast the machine is.
    assert found.factor is None
    assert found.left_cpu_s == pytest.approx(sum(map(cpu_s, left)))
    assert found.cpu_s == pytest.approx(found.left_cpu_s + sum(3 * cpu_s(job) for job in done))


def test_a_slow_machine_is_known_by_long_jobs(tmp_path):
    planned = plan("x", completed({"seeds": [0, 1], "embeddings": []}, "test"))
    first = planned.of("train")[0]
    before = estimate(planned.jobs.values(), tmp_path)
    record(tmp_path, first, 5 * cpu_s(first))
    after = estimate(planned.jobs.values(), tmp_path)
    assert after.factor == pytest.approx(5)
    assert after.left_cpu_s == pytest.approx(5 * (before.left_cpu_s - cpu_s(first)))


def test_the_report_is_done_when_all_is_and_it_is_of_this_experiment(swept, tmp_path):
    of_all = [job for job in swept.jobs.values() if job.stage in OF_EXPERIMENTS]
    for job in of_all:
        record(tmp_path, job, 1.0)
    assert estimate(swept.jobs.values(), tmp_path).done == frozenset()
    for job in swept.jobs.values():
        record(tmp_path, job, 1.0)
    found = estimate(swept.jobs.values(), tmp_path)
    assert found.done == swept.jobs.keys()
    assert (found.left_cpu_s, found.wall_s(2), found.at_once_mb(2)) == (0, 0, 0)
    assert "the rest takes" not in summary(swept, found, 2, tmp_path)
    other = plan("sweep", completed(SWEEP | {"title": "other"}, "test"))
    assert len(estimate(other.jobs.values(), tmp_path).done) == len(other.jobs) - len(of_all)


def test_the_summary_tells_the_totals(swept, tmp_path):
    for job in swept.of("train"):
        record(tmp_path, job, 2.0)
    found = estimate(swept.jobs.values(), tmp_path)
    text, told = summary(swept, found, 3, tmp_path), as_json(swept, found, 3)
    assert text.startswith(f"# sweep: 6 runs, {len(swept.jobs)} jobs; 6 of them are done")
    rows = {line.split()[0]: line.split() for line in text.splitlines()}
    assert rows["train"][1:5] == ["6", "6", "12", "s"]
    assert rows["total"][1:3] == [str(len(swept.jobs)), "6"]
    assert "With 3 cores the rest takes about" in text
    json.dumps(told, allow_nan=False)
    assert told["n_jobs_done"] == 6
    assert sum(stage["n"] for stage in told["stages"]) == told["n_jobs"]


def test_rules_ask_for_what_the_models_say(swept):
    functions = Workflow(swept)
    for (stage, name), job in swept.jobs.items():
        if stage not in OF_EXPERIMENTS:
            asked = SimpleNamespace(id=name)
            assert functions.memory(stage)(asked) == memory_mb(job)
            assert functions.minutes(stage)(asked) == minutes(job)


def test_a_large_grid_shares_what_its_runs_have_in_common():
    rates, seeds = [round(0.001 * k, 3) for k in range(1, 151)], [0, 1, 2, 3]
    raw = SWEEP | {"grid": {"plasticity.eta_post": rates}, "seeds": seeds}
    planned = plan("big", completed(raw, "test"))
    n = len(rates) * len(seeds)
    assert {stage: len(planned.of(stage)) for stage in STAGES if planned.of(stage)} == {
        "prepare": 1, "encode": 1, "train": n, "respond": 2 * n, "label": n, "test": n, "portray": 1, "report": 1,
        "illustrate": 1,
    }  # fmt: skip
    # With features of the images alone, maps are shared by all rates, too, but not by seeds.
    raw |= {"features": [{"name": "pixels"}], "embeddings": [{"name": "pca"}]}
    planned = plan("big", completed(raw, "test"))
    assert [len(planned.of(stage)) for stage in ("features", "embed", "measure")] == [1, len(seeds), len(seeds)]


# ---- the graph ------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 14))
    pairs = list(itertools.combinations(range(n), 2))
    return n, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


@settings(max_examples=50)
@given(graphs())
def test_edges_go_to_the_right_and_boxes_do_not_overlap(graph):
    n, edges = graph
    laid = layered(n, edges)
    for (a, b), way in zip(edges, laid.ways, strict=True):
        assert np.array_equal(way[[0, -1]], laid.places[[a, b]])
        assert (np.diff(way[:, 0]) == 1).all()
    for a, b in itertools.combinations(range(n), 2):
        if laid.places[a, 0] == laid.places[b, 0]:
            assert abs(laid.places[a, 1] - laid.places[b, 1]) >= 1 - 1e-9
    assert laid.places.min() >= 0


def test_a_chain_is_straight_and_a_long_edge_passes_beside_it():
    chain = [(0, 1), (1, 2), (2, 3)]
    assert np.ptp(layered(4, chain).places[:, 1]) == pytest.approx(0, abs=1e-6)
    way = layered(4, [*chain, (0, 3)]).ways[-1]
    assert len(way) == 4
    assert way[1, 1] != layered(4, [*chain, (0, 3)]).places[1, 1]


def text_of(file: Path) -> str:
    return " ".join(e.text or "" for e in ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}text"))


def test_the_graph_has_a_box_for_each_stage_or_job(swept, tmp_path):
    for job in swept.of("train")[:2]:
        record(tmp_path, job, 2.0)
    found = estimate(swept.jobs.values(), tmp_path)
    write_graph(swept, found, tmp_path / "stages.svg", "stages")
    text = text_of(tmp_path / "stages.svg")
    for stage in found.stages:
        assert text.split().count(stage.stage) == 1
    assert "2 of 6 jobs" in text
    assert "12 jobs" in text  # that respond
    write_graph(swept, found, tmp_path / "jobs.svg", "jobs")
    words = text_of(tmp_path / "jobs.svg").split()
    assert [words.count(stage.stage) for stage in found.stages] == [stage.n for stage in found.stages]
    for kind in ("png", "pdf"):
        write_graph(swept, found, tmp_path / f"stages.{kind}", "stages")
        assert (tmp_path / f"stages.{kind}").read_bytes()[1:4] == (b"PNG" if kind == "png" else b"PDF")


def test_dot_files_have_every_pair_of_jobs(swept, tmp_path):
    found = estimate(swept.jobs.values(), tmp_path)
    write_graph(swept, found, tmp_path / "stages.dot", "stages")
    lines = (tmp_path / "stages.dot").read_text().splitlines()
    number = {
        line.split('"')[1].split("\\n")[0]: line.split()[0]
        for line in lines
        if line.strip().startswith("n") and "->" not in line and "node" not in line
    }
    assert f'  {number["train"]} -> {number["respond"]} [label="12"];' in lines
    assert f'  {number["encode"]} -> {number["train"]} [label="6"];' in lines
    write_graph(swept, found, tmp_path / "jobs.dot", "jobs")
    assert sum(
        "label" in line and "->" not in line for line in (tmp_path / "jobs.dot").read_text().splitlines()
    ) == len(swept.jobs)


def test_faults_of_the_graph_are_explained(swept, tmp_path):
    found = estimate(swept.jobs.values(), tmp_path)
    with pytest.raises(ConfigError, match=r"must end in \.svg, \.png, \.pdf or \.dot, got 'x\.gif'"):
        write_graph(swept, found, Path("x.gif"), "stages")
    many = plan("many", completed(SWEEP | {"seeds": list(range(100))}, "test"))
    with pytest.raises(ConfigError, match="too many for a picture"):
        write_graph(many, estimate(many.jobs.values(), tmp_path), tmp_path / "x.svg", "jobs")
    assert not (tmp_path / "x.svg").exists()


def test_times_are_told_with_the_unit_that_suits_them():
    assert [time_told(s) for s in (0, 59.6, 125, 1500, 7300, 86_400 * 3)] == [
        "0 s", "60 s", "2.1 min", "25 min", "2.0 h", "3.0 days",
    ]  # fmt: skip
    assert (counted(1, "run"), counted(2, "run")) == ("1 run", "2 runs")
    assert math.isclose(float(time_told(3600 * 20).split()[0]), 20)
