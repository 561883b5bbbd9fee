"""What the networks of an experiment have learned: tables, pictures and the interactive page."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.config.plan import Run
from stdp_pipeline.figures.measure_table import measure_table
from stdp_pipeline.figures.representations import map_grid, neuron_distributions, similarity_matrices
from stdp_pipeline.figures.trajectories import trajectories
from stdp_pipeline.io import read_arrays, read_json
from stdp_pipeline.report.representations import Learned, tsv
from stdp_pipeline.stages._maps import alike, explored, map_measures, path_measures, representations, through_training
from stdp_pipeline.stages.measure import NO_MAP

__all__ = ["FILES", "learned"]

FILES = (
    "measures.tsv", "trajectories.tsv", "representation.tsv", "similarity_cka.tsv", "similarity_rsa.tsv",
    "through_training_cka.tsv", "explore.html",
)  # fmt: skip
"""What there may be, beside pictures."""


def learned(root: Path, title: str, runs: list[Run]) -> Learned:
    """Gather what the report tells of maps, representations and trajectories.

    Parameters
    ----------
    root : Path
        Of the results.
    title : str
    runs : list of Run
    """
    of_maps, of_paths = map_measures(root, runs), path_measures(root, runs)
    activity, notes = representations(root, runs)
    first = runs[0]
    files: dict[str, str] = {}
    pictures = _of_first(root, first)
    if of_maps:
        files["measures.tsv"] = tsv(("network", "features", "method", "measure"), of_maps)
        pictures["measures.svg"] = measure_table(_rows(of_maps, first.told), [NO_MAP])
    if of_paths:
        files["trajectories.tsv"] = tsv(("network", "method", "measure"), of_paths)
    if activity:
        files["representation.tsv"] = tsv(("network", "of", "measure"), activity)
        names, matrices = alike(root, runs)
        for kind, matrix in matrices.items():
            files[f"similarity_{kind}.tsv"] = _square(names, matrix)
        if matrices:
            pictures["similarity.svg"] = similarity_matrices({"CKA": matrices["cka"], "RSA": matrices["rsa"]}, names)
    if (found := through_training(root, first)) is not None:
        images_seen = [str(n) for n in found[0]]
        files["through_training_cka.tsv"] = _square(images_seen, found[1])
        pictures["through_training.svg"] = similarity_matrices({"CKA, by training images seen": found[1]}, images_seen)
    page = explored(root, title, runs, of_maps)
    if page is not None:
        files["explore.html"] = page
    return Learned(files, pictures, of_maps, of_paths, activity, notes)


def _rows(of_maps: list[dict[str, Any]], network: str) -> list[dict[str, Any]]:
    """Return the rows of one network as the figure takes them."""
    parts = ("network", "features", "method", "measure")
    rows = [dict(zip(parts, row["key"], strict=True)) | row for row in of_maps]
    return [row for row in rows if row["network"] == network]


def _of_first(root: Path, one: Run) -> dict[str, bytes]:
    """Draw maps, trajectories and neurons of the first run."""
    pictures: dict[str, bytes] = {}
    ids = one.ids
    data = read_arrays(root / "prepare" / ids["prepare"] / "data.npz", "test_labels", "class_names", also=())
    label = read_arrays(root / "label" / ids["label"] / "labels.npz", "label", also=())["label"]
    names = data["class_names"].tolist()
    maps: dict[str, dict[str, np.ndarray]] = {}
    for job in one.analysis.embeddings:
        coordinates = read_arrays(root / "embed" / job.id / "embedding.npz", "coordinates")["coordinates"]
        if np.isfinite(coordinates).any():
            features = job.parents["features"].spec["feature"]["name"]
            maps.setdefault(features, {})[job.spec["embedding"]["name"]] = coordinates
    for features, found in maps.items():
        of_neurons = registry.load("feature", features).ROWS == "neurons"
        pictures[f"maps_{features}.svg"] = map_grid(found, label if of_neurons else data["test_labels"], names)
    paths = {}
    for job in one.analysis.trajectories:
        arrays = read_arrays(root / "trajectory" / job.id / "trajectory.npz")
        if "skipped" not in read_json(root / "trajectory" / job.id / "info.json"):
            paths[job.spec["embedding"]["name"]] = arrays["coordinates"]
            shared = arrays["images_seen"], arrays["labels"]
    if paths:
        pictures["trajectories.svg"] = trajectories(paths, *shared, names)
    if one.analysis.representation is not None:
        file = root / "represent" / one.analysis.representation.id / "neurons.tsv"
        with file.open(encoding="utf-8", newline="") as lines:
            table = list(csv.DictReader(lines, delimiter="\t"))
        columns = {key: np.array([float(row[key]) for row in table]) for key in table[0]}
        quantities = [
            key for key in ("selectivity", "lifetime_sparseness") if np.isfinite(columns.get(key, np.nan)).any()
        ]
        if quantities:
            pictures["neurons.svg"] = neuron_distributions({one.told or "neurons": columns}, quantities)
    return pictures


def _square(names: list[str], matrix: np.ndarray) -> str:
    lines = ["\t".join(["", *names])]
    lines += ["\t".join([name, *(f"{x:.4f}" for x in row)]) for name, row in zip(names, matrix, strict=True)]
    return "\n".join(lines) + "\n"
