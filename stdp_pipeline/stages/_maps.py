"""What the report tells of maps and representations: numbers over the seeds, and the interactive page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.analysis.similarity import similarity_matrix
from stdp_pipeline.config.plan import Run
from stdp_pipeline.figures._style import picture
from stdp_pipeline.io import canonical_json, read_arrays, read_json
from stdp_pipeline.report.explore import Explore, Map, Network, TrajectoryMap, explore_page
from stdp_pipeline.report.representations import averaged
from stdp_pipeline.stages._caveats import graphs_in_parts, training_seen
from stdp_pipeline.stages._inputs import model_of
from stdp_pipeline.stages._network import read_network, weights_in
from stdp_pipeline.stages._reading import reading
from stdp_pipeline.stages.measure import NO_MAP
from stdp_pipeline.stages.respond import read_responses
from stdp_pipeline.stages.revisit import read_revisited

__all__ = ["alike", "explored", "map_measures", "path_measures", "representations", "through_training"]

_MOST_NETWORKS = 4
"""Networks on the interactive page, the first seed of each: what browsers open without waiting."""
_MOST_BYTES = 15_000_000
"""Size of the interactive page. A larger one has images in fewer levels of grey, then fewer networks."""
_COMPARED_IMAGES, _MOST_COMPARED = 1000, 12
"""Test images, the first ones, whose answers are compared between networks, and networks at most."""


def map_measures(root: Path, runs: list[Run]) -> list[dict[str, Any]]:
    """Return the quality of maps over the seeds; keys are (network, features, method, measure)."""

    def values() -> Iterator[tuple[tuple[str, ...], float]]:
        for one in runs:
            for job in one.analysis.measures:
                features = job.parents["features"].spec["feature"]["name"]
                draws: dict[tuple[str, str], list[float]] = {}
                with reading(root / "measure" / job.id):
                    _, *lines = (root / "measure" / job.id / "measures.tsv").read_text(encoding="utf-8").splitlines()
                    for method, _, measure, value in (line.split("\t") for line in lines):
                        draws.setdefault((method, measure), []).append(float(value))
                for (method, measure), found in draws.items():
                    yield (one.told, features, method, measure), float(np.mean(found))

    return averaged(values())


def path_measures(root: Path, runs: list[Run]) -> list[dict[str, Any]]:
    """Return the quality of trajectories over the seeds; keys are (network, method, measure)."""

    def values() -> Iterator[tuple[tuple[str, ...], float]]:
        for one in runs:
            for k, job in enumerate(one.analysis.trajectories):
                with reading(root / "trajectory" / job.id):
                    info = read_json(root / "trajectory" / job.id / "info.json")
                    told = [(NO_MAP, info["measures_of_fields"])] if k == 0 else []
                    told.append((info["method"], info.get("measures", {})))
                for method, found in told:
                    for measure, value in found.items():
                        yield (one.told, method, measure), np.nan if value is None else value

    return averaged(values())


def representations(root: Path, runs: list[Run]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return how the neurons share the work, over the seeds, and notes; keys are (network, group, measure)."""
    values, notes = [], []
    for one in runs:
        if one.analysis.representation is None:
            continue
        folder = root / "represent" / one.analysis.representation.id
        with reading(folder):
            found = read_json(folder / "representation.json")
            notes += found["notes"]
            for group in ("neurons", "spikes"):
                for measure, value in found[group].items():
                    values.append(((one.told, group, measure), np.nan if value is None else float(value)))
    return averaged(values), list(dict.fromkeys(notes))


def alike(root: Path, runs: list[Run]) -> tuple[list[str], dict[str, np.ndarray]]:
    """Compare the answers of networks to the same test images, the first seeds of each combination first.

    Returns
    -------
    names : list of str
        Of the networks; those whose test images are not those of the first run are left out.
    matrices : dict of str to (n, n) float64
        "cka" and "rsa".
    """
    before: Counter[str] = Counter()  # runs of the same combination that were already met
    place = []
    for one in runs:
        place.append(before[canonical_json(one.varied)])
        before[canonical_json(one.varied)] += 1
    shown = sorted(range(len(runs)), key=lambda k: (place[k], k))
    shown = [k for k in shown if runs[k].ids["prepare"] == runs[0].ids["prepare"]][:_MOST_COMPARED]
    names, counts = [], []
    for k in sorted(shown):
        responses, n_exc = read_responses(root / "respond" / runs[k].ids["respond_test"] / "responses.npz")
        names.append(", ".join(filter(None, [runs[k].told, f"seed {runs[k].seed}"])))
        counts.append(responses.sparse_counts(n_exc)[:_COMPARED_IMAGES])
    if len(names) < 2:
        return names, {}
    return names, {"cka": similarity_matrix(counts, "cka"), "rsa": similarity_matrix(counts, "rsa")}


def through_training(root: Path, one: Run) -> tuple[np.ndarray, np.ndarray] | None:
    """Return training images seen, (n_times,), and the CKA of a network's answers between all times."""
    if one.analysis.revisited is None:
        return None
    images_seen, counts = read_revisited(root / "revisit" / one.analysis.revisited.id / "revisited.npz")
    return images_seen, similarity_matrix(counts, "cka")


def explored(
    root: Path, title: str, runs: list[Run], measures: list[dict[str, Any]], paths: list[dict[str, Any]]
) -> str | None:
    """Return the interactive page of the first seeds of the first combinations, or None if there are no maps."""
    firsts = {canonical_json(one.varied): one for one in reversed(runs)}
    ordered = [firsts[key] for key in dict.fromkeys(canonical_json(one.varied) for one in runs)]
    with_maps = [one for one in ordered if one.analysis.embeddings]
    networks = [_network(root, one, len(with_maps) > 1) for one in with_maps[:_MOST_NETWORKS]]
    if not networks:
        return None

    def named(rows: list[dict[str, Any]], *parts: str) -> list[dict[str, Any]]:
        told = [
            dict(zip(parts, row["key"], strict=True)) | {k: row[k] for k in ("mean", "low", "high")} for row in rows
        ]
        return [row | {"network": row["network"] or networks[0].name} for row in told]

    of_maps = named(measures, "network", "features", "method", "measure")
    whole = Explore(
        title, networks, of_maps, graphs_in_parts(root, runs), False, named(paths, "network", "method", "measure")
    )
    return _fitting(whole, len(with_maps))


def _fitting(whole: Explore, n_there: int) -> str:
    """Return the richest page that is no larger than a page may be, or the smallest if none is.

    Parameters
    ----------
    whole : Explore
        All that there is to show.
    n_there : int
        Networks, with those that are not shown.
    """
    networks = whole.networks
    page = ""
    for n, coarse in [(len(networks), False), *((n, True) for n in range(len(networks), 0, -1))]:
        shown = networks[:n]
        names = {network.name for network in shown}
        notes = [*whole.notes, "Measures are means over seeds, with Student's 95 % interval where there are several."]
        if n < n_there:
            notes.append(f"The first {n} of {n_there} networks.")
        if coarse:
            notes.append("Images are shown in 16 levels of grey, to keep the page small.")
        of_maps, of_paths = ([row for row in rows if row["network"] in names] for rows in (whole.measures, whole.paths))
        page = explore_page(Explore(whole.title, shown, of_maps, notes, coarse, of_paths))
        if len(page.encode()) <= _MOST_BYTES:
            break
    return page


def _network(root: Path, one: Run, several: bool) -> Network:
    ids = one.ids
    data = read_arrays(
        root / "prepare" / ids["prepare"] / "data.npz",
        "test_images",
        "test_labels",
        "class_names",
        "n_classes",
        also=(),
    )
    encode = read_arrays(root / "encode" / ids["encode"] / "levels.npz", "image_shape", "test_levels")
    shape = tuple(int(n) for n in encode["image_shape"])
    stage = "quantise" if "quantise" in ids else "train"
    model = model_of(read_json(root / "train" / ids["train"] / "model.json"))
    weights = weights_in(read_network(root / stage / ids[stage] / "network.npz"), model)
    responses, n_exc = read_responses(root / "respond" / ids["respond_test"] / "responses.npz")
    counts = responses.sparse_counts(n_exc)
    answered = responses.n_spikes > 0
    first_ms = np.full(responses.n_images, np.nan)
    first_ms[answered] = responses.step[responses.offsets[:-1][answered]] * model.dt_ms
    predicted = read_arrays(root / "test" / ids["test"] / "predictions.npz")
    readout = next(iter(predicted))
    images = data["test_images"]
    if images.ndim != 3 or images.dtype != np.uint8:  # then what the network is given is shown
        images = np.stack([picture(levels, shape) for levels in encode["test_levels"]])
    return Network(
        name=one.told if several else f"{one.experiment.network.n_exc} neurons",
        images=images,
        labels=data["test_labels"].astype(np.int64),
        class_names=data["class_names"].tolist() or [str(c) for c in range(int(data["n_classes"]))],
        predictions=predicted[readout].astype(np.int64),
        n_spikes=responses.n_spikes,
        first_spike_ms=first_ms,
        winner=np.where(answered, counts.argmax(axis=1).ravel(), -1),
        fields=np.stack([picture(field, shape) for field in weights.T]),
        field_labels=read_arrays(root / "label" / ids["label"] / "labels.npz", "label")["label"].astype(np.int64),
        maps=_maps(root, one),
        trajectories=_trajectories(root, one),
        readout=readout,
        caution=training_seen(root, one) or "",
    )


def _maps(root: Path, one: Run) -> list[Map]:
    found = []
    for job in one.analysis.embeddings:
        embed, features = root / "embed" / job.id, root / "features" / job.parents["features"].id
        with reading(embed, features):
            info, made = read_json(embed / "info.json"), read_json(features / "info.json")
            coordinates = read_arrays(embed / "embedding.npz", "coordinates")["coordinates"]
            told = {k: v for k, v in info.items() if k not in ("method", "skipped", "n_points", "n_left_out")}
            found.append(Map(made["features"], info["method"], made["rows"], coordinates, told, info.get("skipped")))
    return found


def _trajectories(root: Path, one: Run) -> list[TrajectoryMap]:
    found = []
    for job in one.analysis.trajectories:
        folder = root / "trajectory" / job.id
        with reading(folder):
            info = read_json(folder / "info.json")
            if "skipped" not in info:
                arrays = read_arrays(folder / "trajectory.npz")
                about = ("method", "n_times", "n_neurons", "measures", "measures_of_fields")
                told = {k: v for k, v in info.items() if k not in about}
                found.append(TrajectoryMap(info["method"], info=told, **arrays))
    return found
