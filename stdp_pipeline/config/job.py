"""One job of the workflow: a stage, its parameters, and an id that is the hash of all parameters upstream."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from stdp_pipeline.io import canonical_json

__all__ = ["OF_EXPERIMENTS", "STAGES", "Job", "new_job", "place"]

OF_EXPERIMENTS = ("report", "illustrate")
"""The stages that look at a whole experiment; their id is its name."""

STAGES = (
    "prepare", "encode", "events", "train", "quantise", "respond", "label", "test", "baseline", "features", "embed",
    "measure", "represent", "revisit", "trajectory", "crossbar", "portray", *OF_EXPERIMENTS,
)  # fmt: skip
"""The stages in the order of the chain. ``events`` occurs only with ``encoding.materialize``, ``quantise`` only with
``quantisation`` of the trained network."""


def place(stage: str, one: str) -> str:
    """Return the folder of a job's results, below that of all results."""
    return {"report": f"experiments/{one}", "illustrate": f"experiments/{one}/print"}.get(stage, f"{stage}/{one}")


@dataclass(frozen=True)
class Job:
    """One job of the workflow.

    Attributes
    ----------
    stage : str
        One of :data:`STAGES`.
    id : str
        Readable beginning and the hash of all parameters upstream; the name of the results folder.
    spec : dict
        The stage's own parameters, what its command line receives.
    parents : dict of str to Job
        The jobs whose results it reads, by the role they play.
    """

    stage: str
    id: str
    spec: dict[str, Any]
    parents: dict[str, Job] = field(default_factory=dict)

    @property
    def trained(self) -> Job:
        """The training job that this job's network comes from, whatever happened to it since."""
        return self if self.stage == "train" else self.parents["train"].trained

    @property
    def key(self) -> tuple[str, str]:
        """Stage and id."""
        return self.stage, self.id

    @property
    def spec_json(self) -> str:
        """The parameters as canonical JSON."""
        return canonical_json(self.spec)


def new_job(stage: str, slug: str, spec: dict[str, Any], parents: dict[str, Job]) -> Job:
    """Return a job whose id begins with a slug and ends with the hash of its parameters and of those upstream."""
    upstream = {role: parent.id for role, parent in parents.items()}
    digest = hashlib.sha256(canonical_json([stage, spec, upstream]).encode()).hexdigest()[:10]
    return Job(stage, re.sub(r"[^A-Za-z0-9._-]", "_", f"{slug}-{digest}"), spec, parents)
