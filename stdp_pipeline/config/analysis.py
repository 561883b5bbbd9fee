"""The jobs that look at what a network has learned: maps, their measures, and how the network came there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stdp_pipeline import registry
from stdp_pipeline.config.job import Job, new_job

__all__ = ["AnalysisJobs", "analysis_jobs"]


@dataclass(frozen=True)
class AnalysisJobs:
    """What is looked at in one run.

    Attributes
    ----------
    embeddings : list of Job
        A map each; its features are its parent "features".
    measures : list of Job
        For each kind of features, the quality of its maps.
    representation : Job or None
        How the neurons share the work.
    revisited : Job or None
        Answers of the network as it was at each snapshot.
    trajectories : list of Job
        Maps of the receptive fields at all snapshots.
    """

    embeddings: list[Job] = field(default_factory=list)
    measures: list[Job] = field(default_factory=list)
    representation: Job | None = None
    revisited: Job | None = None
    trajectories: list[Job] = field(default_factory=list)

    def of_first_features(self) -> list[Job]:
        """Return the maps of the first kind of features, of which the report has a picture each."""
        return [job for job in self.embeddings if job.parents["features"] is self.embeddings[0].parents["features"]]

    def all(self) -> list[Job]:
        """Return all of them."""
        single = [job for job in (self.representation, self.revisited) if job is not None]
        return [*self.embeddings, *self.measures, *single, *self.trajectories]


def analysis_jobs(config: dict[str, Any], slug: str, seed: int, parents: dict[str, Job]) -> AnalysisJobs:
    """Lay out the analysis of one run.

    Parameters
    ----------
    config : dict
        The experiment, resolved.
    slug : str
        Beginning of the ids.
    seed : int
    parents : dict of str to Job
        ``data``, ``encode``, ``trained`` (as training left it), ``train`` (the network that is tested), ``labels``, and
        ``responses`` (to the test images).
    """
    data, labels, train = parents["data"], parents["labels"], parents["train"]
    embeddings: list[Job] = []
    measures: list[Job] = []
    for feature in config["features"] if config["embeddings"] else []:
        rows = _features(feature, slug, parents)
        # Maps of what no network had a part in are shared by all networks.
        beginning = f"{slug if 'train' in rows.parents else _dataset(slug) + f'-s{seed}'}-{feature['name']}"
        maps = {
            f"map_{one['name']}": new_job(
                "embed", f"{beginning}-{one['name']}", {"embedding": one, "seed": seed}, {"features": rows}
            )
            for one in config["embeddings"]
        }
        embeddings += maps.values()
        if config["measures"] is not None:
            spec = {"measures": config["measures"], "seed": seed}
            measures.append(new_job("measure", beginning, spec, {"features": rows, **maps}))
    representation = revisited = None
    if config["representation"]:
        roles = {"responses": parents["responses"], "train": train, "labels": labels, "data": data}
        representation = new_job("represent", slug, {}, roles)
    trajectories = []
    if (wanted := config["trajectories"]) is not None:
        spec = {"n_images": wanted["n_images"]}
        revisited = new_job("revisit", slug, spec, {"train": parents["trained"], "encode": parents["encode"]})
        trajectories = [
            new_job(
                "trajectory",
                f"{slug}-{one['name']}",
                {"embedding": one, "n_neurons": wanted["n_neurons"], "seed": seed},
                {"train": parents["trained"], "labels": labels},
            )
            for one in wanted["embeddings"]
        ]
    return AnalysisJobs(embeddings, measures, representation, revisited, trajectories)


def _features(feature: dict[str, Any], slug: str, parents: dict[str, Job]) -> Job:
    """Return the job that makes one kind of features: with only the parents it needs, so that runs share it."""
    module = registry.load("feature", feature["name"])
    needed = {role for need in module.NEEDS for role in _ROLES[need]} | _ROLES[module.ROWS]
    beginning = slug if "train" in needed else _dataset(slug)
    roles = {role: job for role, job in parents.items() if role in needed}
    return new_job("features", f"{beginning}-{feature['name']}", {"feature": feature}, roles)


def _dataset(slug: str) -> str:
    """Return what ids begin with where only the images matter."""
    return slug.split("-")[0]


_ROLES = {
    "responses": {"responses", "train"},
    "network": {"train"},
    "pixels": {"data"},
    "images": {"data"},
    "neurons": {"labels"},
}
"""What a need of features, or what their rows are, takes: for rows, the classes."""
