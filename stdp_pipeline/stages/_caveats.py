"""What must be borne in mind of maps and trajectories: graphs in parts, and training that is followed in part only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stdp_pipeline.config.plan import Run
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.io import read_json

__all__ = ["JOINS", "caveats", "graphs_in_parts", "training_seen"]

JOINS = {
    "diffusion_map": "knn_most",
    "force_directed": "knn",
    "isomap": "knn_most",
    "m_phate": "intraslice_knn",
    "phate": "knn_most",
    "tsne": "perplexity",
    "umap": "n_neighbors",
}
"""Method that rests on a graph of neighbours -> which of its parameters gives the graph more links."""

_PATHS = "trajectories"
_MOST_NAMED = 6
"""Networks that are named for each method; of more, their number is told."""

_Parts = dict[str, dict[int, int]]  # network -> seed -> parts


def caveats(root: Path, runs: Sequence[Run]) -> list[str]:
    """Return all that must be borne in mind of the maps and trajectories of an experiment, a paragraph each."""
    seen = dict.fromkeys(note for one in runs if (note := training_seen(root, one)))
    return [*graphs_in_parts(root, runs), *seen]


def graphs_in_parts(root: Path, runs: Sequence[Run]) -> list[str]:
    """Tell which graphs of neighbours are in several parts, what that means, and what helps.

    Parameters
    ----------
    root : Path
        Of the results.
    runs : sequence of Run

    Returns
    -------
    list of str
        Paragraphs: one for each kind of features and one for trajectories, between what it means and what helps.
        Empty if all graphs are whole.
    """
    found: dict[str, dict[str, _Parts]] = {}  # kind -> method -> network -> seed -> parts
    for one in runs:
        for kind, method, parts in _parts(root, one):
            of_method = found.setdefault(kind, {}).setdefault(method, {})
            of_method.setdefault(one.told or "the network", {})[one.seed] = parts
    if not found:
        return []
    kinds = sorted(found, key=lambda kind: kind == _PATHS)  # trajectories last
    lines = []
    for kind in kinds:
        told = "; ".join(f"{method_title(method)} ({_networks(parts)})" for method, parts in found[kind].items())
        lines.append(f"{'Trajectories' if kind == _PATHS else f'Maps of {kind}'} whose graph is in parts: {told}.")
    methods = dict.fromkeys(method for kind in kinds for method in found[kind])
    knobs = _listed([f"{JOINS[method]} of {method}" for method in methods])
    more = ", or more training.snapshots, so that fields change less from one to the next" if _PATHS in found else ""
    return [
        "Graphs in parts: some methods link each point to its nearest neighbours. Where no link leads from one part of "
        "the points to another, the distance between these parts means nothing in the map, and neither does the jump "
        "of a path from part to part; what lies within a part can be compared as always.",
        *lines,
        f"What joins parts: more neighbours (raise {knobs}){more}.",
    ]


def training_seen(root: Path, one: Run) -> str | None:
    """Tell that a run's trajectories end before its training does; None if they do not."""
    snapshots = one.experiment.training.snapshots
    if not one.analysis.trajectories or not snapshots:
        return None
    n_images = read_json(root / "train" / one.ids["train"] / "provenance.json")["training"]["images"]
    if snapshots[-1] >= n_images:
        return None
    return (
        f"Trajectories of {one.told or 'the network'} show the first {100 * snapshots[-1] / n_images:.0f} % of training"
        f" only: the last snapshot was taken after {_grouped(snapshots[-1])} of {_grouped(n_images)} images. Labels are"
        f" those of the end of training. To see all of it, add {n_images} to training.snapshots."
    )


def _parts(root: Path, one: Run) -> Iterator[tuple[str, str, int]]:
    """Yield features (or that it is trajectories), method and number of parts of the graphs that are not whole."""
    for job in (*one.analysis.embeddings, *one.analysis.trajectories):
        info: dict[str, Any] = read_json(root / job.stage / job.id / "info.json")
        if (parts := info.get("graph_components", 1)) > 1:
            of_maps = "features" in job.parents
            yield job.parents["features"].spec["feature"]["name"] if of_maps else _PATHS, info["method"], parts


def _networks(parts: _Parts) -> str:
    """Name networks, seeds and numbers of parts."""
    told = []
    for network, of_seeds in list(parts.items())[:_MOST_NAMED]:
        seeds, numbers = [str(seed) for seed in of_seeds], sorted(set(of_seeds.values()))
        many = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        told.append(f"{network}, seed{'s' * (len(seeds) > 1)} {_listed(seeds)}: {many} parts")
    if len(parts) > _MOST_NAMED:
        told.append(f"and {len(parts) - _MOST_NAMED} more networks")
    return "; ".join(told)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _grouped(n: int) -> str:
    return f"{n:,}".replace(",", " ")
