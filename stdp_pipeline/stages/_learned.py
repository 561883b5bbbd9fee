"""What the networks of an experiment have learned: tables, pictures and the interactive page."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import partial
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
from stdp_pipeline.stages._caveats import caveats
from stdp_pipeline.stages._drawings import Drawings, drawn
from stdp_pipeline.stages._maps import alike, explored, map_measures, path_measures, representations, through_training
from stdp_pipeline.stages._reading import reading
from stdp_pipeline.stages.measure import NO_MAP

__all__ = ["FILES", "learned", "representation_pictures"]

FILES = (
    "measures.tsv", "trajectories.tsv", "representation.tsv", "similarity_cka.tsv", "similarity_rsa.tsv",
    "through_training_cka.tsv", "explore.html",
)  # fmt: skip
"""What there may be, beside pictures."""


@dataclass(frozen=True)
class _Found:
    """Numbers: quality of maps and of trajectories, and how alike networks, and one network at all times, are."""

    of_maps: list[dict[str, Any]]
    of_paths: list[dict[str, Any]]
    names: list[str]
    matrices: dict[str, np.ndarray]
    in_time: tuple[np.ndarray, np.ndarray] | None


def _found(root: Path, runs: list[Run]) -> _Found:
    told = any(one.analysis.representation is not None for one in runs)
    names, matrices = alike(root, runs) if told else ([], {})
    return _Found(map_measures(root, runs), path_measures(root, runs), names, matrices, through_training(root, runs[0]))


def learned(root: Path, title: str, runs: list[Run]) -> Learned:
    """Gather what the report tells of maps, representations and trajectories.

    Parameters
    ----------
    root : Path
        Of the results.
    title : str
    runs : list of Run
    """
    found = _found(root, runs)
    activity, notes = representations(root, runs)
    notes = [*caveats(root, runs), *notes]
    files: dict[str, str] = {}
    if found.of_maps:
        files["measures.tsv"] = tsv(("network", "features", "method", "measure"), found.of_maps)
    if found.of_paths:
        files["trajectories.tsv"] = tsv(("network", "method", "measure"), found.of_paths)
    if activity:
        files["representation.tsv"] = tsv(("network", "of", "measure"), activity)
    for kind, matrix in found.matrices.items():
        files[f"similarity_{kind}.tsv"] = _square(found.names, matrix)
    if found.in_time is not None:
        images_seen, matrix = found.in_time
        files["through_training_cka.tsv"] = _square([str(n) for n in images_seen], matrix)
    page = explored(root, title, runs, found.of_maps, found.of_paths)
    if page is not None:
        files["explore.html"] = page
    pictures = drawn(_drawings(root, runs[0], found))
    return Learned(files, pictures, found.of_maps, found.of_paths, activity, notes)


def representation_pictures(root: Path, runs: list[Run]) -> Drawings:
    """Return what draws the figures of :func:`learned`, but for a table of measures for each kind of features."""
    found = _found(root, runs)
    drawings = _drawings(root, runs[0], found)
    rows = _rows(found.of_maps, runs[0].told)
    if len(kinds := dict.fromkeys(row["features"] for row in rows)) > 1:  # one table would not fit on a page
        del drawings["measures.svg"]
        for kind in kinds:
            mine = [row for row in rows if row["features"] == kind]
            drawings[f"measures_{kind}.svg"] = partial(measure_table, mine, [NO_MAP])
    return drawings


def _drawings(root: Path, first: Run, found: _Found) -> Drawings:
    drawings = _of_first(root, first)
    if found.of_maps:
        drawings["measures.svg"] = partial(measure_table, _rows(found.of_maps, first.told), [NO_MAP])
    if found.matrices:
        matrices = {"CKA": found.matrices["cka"], "RSA": found.matrices["rsa"]}
        drawings["similarity.svg"] = partial(similarity_matrices, matrices, found.names)
    if found.in_time is not None:
        images_seen, matrix = found.in_time
        told = {f"CKA of answers, {first.told or 'network'}, seed {first.seed}": matrix}
        times = [f"{n:,}".replace(",", " ") for n in images_seen]
        drawings["through_training.svg"] = partial(similarity_matrices, told, times, "training images seen")
    return drawings


def _rows(of_maps: list[dict[str, Any]], network: str) -> list[dict[str, Any]]:
    """Return the rows of one network as the figure takes them."""
    parts = ("network", "features", "method", "measure")
    rows = [dict(zip(parts, row["key"], strict=True)) | row for row in of_maps]
    return [row for row in rows if row["network"] == network]


def _of_first(root: Path, one: Run) -> Drawings:
    """Return what draws maps, trajectories and neurons of the first run."""
    drawings: Drawings = {}
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
        classes = label if of_neurons else data["test_labels"]
        drawings[f"maps_{features}.svg"] = partial(map_grid, found, classes, names)
    paths = {}
    for job in one.analysis.trajectories:
        arrays = read_arrays(root / "trajectory" / job.id / "trajectory.npz", "coordinates", "images_seen", "labels")
        if "skipped" not in read_json(root / "trajectory" / job.id / "info.json"):
            paths[job.spec["embedding"]["name"]] = arrays["coordinates"]
            shared = arrays["images_seen"], arrays["labels"]
    if paths:
        drawings["trajectories.svg"] = partial(trajectories, paths, *shared, names)
    if one.analysis.representation is not None:
        file = root / "represent" / one.analysis.representation.id / "neurons.tsv"
        with reading(file.parent), file.open(encoding="utf-8", newline="") as lines:
            table = list(csv.DictReader(lines, delimiter="\t"))
            columns = {key: np.array([float(row[key]) for row in table]) for key in table[0]}
        quantities = [
            key for key in ("selectivity", "lifetime_sparseness") if np.isfinite(columns.get(key, np.nan)).any()
        ]
        if quantities:
            told = {one.told or "neurons": columns}
            drawings["neurons.svg"] = partial(neuron_distributions, told, quantities)
    return drawings


def _square(names: list[str], matrix: np.ndarray) -> str:
    lines = ["\t".join(["", *names])]
    lines += ["\t".join([name, *(f"{x:.4f}" for x in row)]) for name, row in zip(names, matrix, strict=True)]
    return "\n".join(lines) + "\n"
