"""What the report says of graphs in parts and of training that was followed in part only."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stdp_pipeline import registry
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.stages import _caveats
from stdp_pipeline.stages.measure import NO_MAP


def job(root: Path, stage: str, method: str, number: int, features: str = "", **info: Any) -> SimpleNamespace:
    """Return a job that made a map, with what it found out in its folder."""
    folder = root / stage / f"{method}-{features}-{number}"
    folder.mkdir(parents=True)
    (folder / "info.json").write_text(json.dumps({"method": method, **info}), encoding="utf-8")
    parents = {"features": SimpleNamespace(spec={"feature": {"name": features}})} if features else {}
    return SimpleNamespace(stage=stage, id=folder.name, parents=parents)


def run(root: Path, told: str, seed: int, parts: int, snapshots: list[int] | None = None) -> Any:
    """Return a run of 600 training images with maps by PCA and UMAP, and a trajectory if there are snapshots."""
    number = len(list(root.glob("train/*")))
    folder = root / "train" / f"train-{number}"
    folder.mkdir(parents=True)
    (folder / "provenance.json").write_text(json.dumps({"training": {"images": 600}}), encoding="utf-8")
    maps = [
        job(root, "embed", "pca", number, "counts"),
        job(root, "embed", "umap", number, "counts", graph_components=1),
        job(root, "embed", "umap", number, "fields", graph_components=2 * parts),
    ]
    paths = [job(root, "trajectory", "phate", number, graph_components=parts)] if snapshots else []
    return SimpleNamespace(
        told=told, seed=seed, ids={"train": folder.name},
        analysis=SimpleNamespace(embeddings=maps, trajectories=paths),
        experiment=SimpleNamespace(training=SimpleNamespace(snapshots=snapshots)),
    )  # fmt: skip


def test_whole_graphs_and_whole_training_need_no_words(tmp_path):
    whole = job(tmp_path, "embed", "tsne", 0, "counts", graph_components=1)
    one = run(tmp_path, "a", 0, 1, [0, 10, 600])
    one.analysis.embeddings = [whole]
    assert _caveats.caveats(tmp_path, [one]) == []


def test_graphs_in_parts_are_told_by_features_and_method(tmp_path):
    runs = [run(tmp_path, told, seed, 2, [0, 600]) for told in ("small", "large") for seed in (0, 1, 2)]
    what, fields, paths, help_ = _caveats.graphs_in_parts(tmp_path, runs)
    assert "means nothing" in what
    networks = "small, seeds 0, 1 and 2: 4 parts; large, seeds 0, 1 and 2: 4 parts"
    assert fields == f"Maps of fields whose graph is in parts: UMAP ({networks})."
    assert paths.startswith("Trajectories whose graph is in parts: PHATE (small, seeds 0, 1 and 2: 2 parts; large,")
    assert "n_neighbors of umap and knn_most of phate" in help_
    assert "training.snapshots" in help_


def test_maps_alone_need_no_snapshots_and_parts_may_differ(tmp_path):
    runs = [run(tmp_path, "", seed, 1 + seed) for seed in range(2)]
    _, fields, help_ = _caveats.graphs_in_parts(tmp_path, runs)
    assert fields.endswith("UMAP (the network, seeds 0 and 1: 2 to 4 parts).")
    assert "snapshots" not in help_


def test_of_many_networks_their_number_is_told(tmp_path):
    runs = [run(tmp_path, f"network {k}", 0, 2) for k in range(9)]
    (_, fields, _) = _caveats.graphs_in_parts(tmp_path, runs)
    assert "network 5" in fields
    assert "network 6" not in fields
    assert "and 3 more networks" in fields


def test_trajectories_that_end_before_training_say_so_once(tmp_path):
    runs = [run(tmp_path, "large", seed, 1, [0, 100, 200]) for seed in range(3)]
    (note,) = [note for note in _caveats.caveats(tmp_path, runs) if "snapshot was" in note]
    assert "of large show the first 33 % of training" in note
    assert "200 of 600 images" in note
    assert "add 600 to training.snapshots" in note
    assert _caveats.training_seen(tmp_path, run(tmp_path, "large", 0, 1, [0, 600])) is None
    assert _caveats.training_seen(tmp_path, run(tmp_path, "large", 0, 1)) is None


def test_each_method_that_reports_parts_names_a_parameter_that_joins_them():
    modules = {name: registry.load("embedding", name) for name in registry.names("embedding")}
    reporting = {name for name, module in modules.items() if '"graph_components"' in inspect.getsource(module)}
    assert reporting == set(_caveats.JOINS)
    for name, parameter in _caveats.JOINS.items():
        assert parameter in modules[name].Params.model_fields


@pytest.mark.parametrize(
    ("name", "title"),
    [(NO_MAP, "the features themselves"), ("force_directed", "ForceAtlas2"), ("tsne", "t-SNE"), ("new_one", "new one")],
)
def test_a_method_has_one_name(name, title):
    assert method_title(name) == title
