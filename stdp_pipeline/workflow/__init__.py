"""What the Snakemake rules need from Python: the plan of the experiment, and each job's files and resources."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stdp_pipeline import registry
from stdp_pipeline.analysis.packages import missing
from stdp_pipeline.config.digest import code_digest
from stdp_pipeline.config.job import OF_EXPERIMENTS, Job
from stdp_pipeline.config.load import find_experiment, load_experiment
from stdp_pipeline.config.plan import Plan, plan
from stdp_pipeline.workflow import costs
from stdp_pipeline.workflow._captions import escaped

__all__ = ["FIGURES", "FIGURES_OF_ALL", "Workflow", "plan_from_config"]

_FILES = {
    "prepare": "data.npz",
    "encode": "levels.npz",
    "events": "events.npz",
    "train": "network.npz",
    "quantise": "network.npz",
    "respond": "responses.npz",
    "label": "labels.npz",
    "test": "metrics.json",
    "features": "features.npz",
    "embed": "embedding.npz",
}
"""The file of each stage that later stages read."""

_MODEL_FIRST = ("quantise", "respond", "crossbar", "portray")
"""Stages whose command line names a network's model before the network."""

_NAMES = {"encode": "levels"}
"""What a parent's file is called where that is not its role."""

_LAST = ["provenance.json"]
"""The file that every stage writes last."""

FIGURES = (
    ("receptive_fields.png", "Network", "receptive fields"),
    ("theta_histogram.svg", "Network", "adaptive thresholds"),
    ("weight_histogram.svg", "Network", "weights"),
    ("neurons_per_label.svg", "Network", "neurons per label"),
    ("learning_curve.svg", "Results", "learning curve"),
    ("confusion.svg", "Results", "confusion matrix"),
    ("spikes_per_image.svg", "Results", "spikes per test image"),
    ("raster.png", "Input", "the first training image"),
    ("network.svg", "Model", "the network"),
    ("lif_response.svg", "Model", "response to one input spike"),
    ("stdp_curves.svg", "Model", "STDP curves"),
    ("presentation.png", "Model", "one presentation"),
)
"""Of the first run of every experiment: file name, category and title in Snakemake's own report."""

FIGURES_OF_ALL = (
    ("accuracies.svg", "All runs", "accuracies"),
    ("learning_curves.svg", "All runs", "learning curves"),
)
"""Of every experiment of several runs."""


def _asked_often(function: Any) -> Any:
    """Keep a function's signature, for which Snakemake asks at every call: finding it takes longer than calling it."""
    function.__signature__ = inspect.signature(function)
    return function


def plan_from_config(config: dict[str, Any]) -> Plan:
    """Read the experiment that Snakemake's configuration names.

    Parameters
    ----------
    config : dict
        ``experiment``: name or path of a YAML file (default: quickstart); ``set``: list of ``key=value`` overrides.

    Raises
    ------
    ConfigError
        If there is no such experiment, or something in it is wrong.
    """
    # Of this package's project, also where another workflow includes this one as a module.
    root = Path(__file__).resolve().parents[2]
    path = find_experiment(str(config.get("experiment", "quickstart")), root / "config" / "experiments")
    return plan(path.stem, load_experiment(path, config.get("set", [])))


class Workflow:
    """Functions for rules: inputs, parameters and resources of a job, found by stage and id."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def _job(self, stage: str, wildcards: Any) -> Job:
        return self._plan.jobs[stage, wildcards.id]

    def files(self, stage: str) -> Callable[[Any], dict[str, Any]]:
        """Return an input function for ``unpack``: the files of all parents by role, of a network also its ``model``.

        One function for all of them: each call by Snakemake takes longer than what the function does. Stored events are
        a list, ``events``, that is missing unless they are materialised.
        """
        # They stand on the command line in this order, which must not change: the job would be done again.
        of_network = ("model", "network") if stage in _MODEL_FIRST else ("network", "model")

        @_asked_often
        def named(wildcards: Any) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for role, job in self._job(stage, wildcards).parents.items():
                folder, file = f"results/{job.stage}/{job.id}", _FILES[job.stage]
                if role == "train":
                    found |= {name: f"{folder}/{file if name == 'network' else 'model.json'}" for name in of_network}
                elif job.stage == "events":
                    found.setdefault("events", []).append(f"{folder}/{file}")
                else:
                    found[_NAMES.get(role, role)] = f"{folder}/{file}"
            return found

        return named

    def inputs(self, stage: str) -> Callable[[Any, Any], str]:
        """Return a parameter function: the input files as ``role=path`` arguments of the command line."""

        @_asked_often
        def arguments(wildcards: Any, input: Any) -> str:
            named = {role: str(path) for role, path in input.items() if role != "events"}
            roles = [r for r, job in self._job(stage, wildcards).parents.items() if job.stage == "events"]
            named |= dict(zip(roles, getattr(input, "events", []), strict=True))
            return " ".join(f"{role}={shlex.quote(path)}" for role, path in named.items())

        return arguments

    def spec(self, stage: str) -> Callable[[Any], str]:
        """Return a parameter function: the job's parameters as canonical JSON."""

        @_asked_often
        def text(wildcards: Any) -> str:
            return self._job(stage, wildcards).spec_json

        return text

    def code(self, stage: str) -> Callable[[Any], str]:
        """Return a parameter function: the digest of the code behind the job."""

        @_asked_often
        def digest(wildcards: Any) -> str:
            job = self._job(stage, wildcards)
            # Frozen passes and figures run the engine, rule and code of the training that they read.
            trained = job.trained.spec if "train" in job.parents else {}
            found = code_digest(stage, trained | job.spec)
            # A method that was skipped is done when its package is there.
            method = job.spec.get("embedding")
            skipped = method is not None and missing(registry.load("embedding", method["name"]).PACKAGES)
            return f"{found}-skipped" if skipped else found

        return digest

    def checkpoint(self, stage: str) -> Callable[[Any, Any], str]:
        """Return a parameter function: the folder for checkpoints, beside those of results wherever these are."""

        @_asked_often
        def folder(wildcards: Any, output: Any) -> str:
            return str(Path(output[0]).parents[2] / "checkpoints" / stage / wildcards.id)

        return folder

    def memory(self, stage: str) -> Callable[[Any], int]:
        """Return a resource function: an upper estimate of the job's peak memory, MB."""
        return lambda wildcards: costs.memory_mb(self._job(stage, wildcards))

    def threads(self, stage: str) -> Callable[[Any], int]:
        """Return a function of a job's threads: one for work of seconds, as many such jobs are faster so."""
        return lambda wildcards: costs.threads(self._job(stage, wildcards))

    def minutes(self, stage: str) -> Callable[[Any], int]:
        """Return a resource function: an upper estimate of the run time, minutes."""
        return lambda wildcards: costs.minutes(self._job(stage, wildcards))

    def report_inputs(self, rules: Any = None) -> list[str]:
        """Return what the report is made of: the provenance of every job, which each writes last.

        Parameters
        ----------
        rules : object, optional
            Snakemake's rules by name. With them, all files of every job: where results come from a storage, only
            declared ones are fetched.
        """
        found = []
        for job in self._plan.jobs.values():
            if job.stage not in OF_EXPERIMENTS:
                names = (Path(str(file)).name for file in getattr(rules, job.stage).output) if rules else _LAST
                found += [f"results/{job.stage}/{job.id}/{name}" for name in names]
        return found

    def last_results(self) -> list[str]:
        """Return the provenance of the jobs that no other reads: when they are there, all are."""
        jobs = [job for job in self._plan.jobs.values() if job.stage not in OF_EXPERIMENTS]
        read = {parent.key for job in jobs for parent in job.parents.values()}
        return [f"results/{job.stage}/{job.id}/provenance.json" for job in jobs if job.key not in read]

    def figures(self) -> list[tuple[str, str, str]]:
        """Return figures of the first run and of all: file name, category and title in Snakemake's own report."""
        one = self._plan.runs[0]
        methods = [job.spec["embedding"]["name"] for job in one.analysis.of_first_features()]
        there = [name for name in methods if not missing(registry.load("embedding", name).PACKAGES)]
        maps = [(f"map_{name}.png", "Maps", name) for name in there]
        curves = [(f"hardware_{name}.svg", "Hardware", name) for name in self._plan.runs[0].crossbars]
        several = FIGURES_OF_ALL if len(self._plan.runs) > 1 else ()
        return [*FIGURES, *several, *maps, *curves]

    def explored(self) -> list[str]:
        """Return the file name of the interactive page; none without maps."""
        return ["explore.html"] if any(one.analysis.embeddings for one in self._plan.runs) else []

    def about(self) -> dict[str, Any]:
        """Return what Snakemake's own report tells of the experiment, as reStructuredText."""
        experiment = self._plan.experiment
        texts = {"name": self._plan.name, "title": experiment.title, "description": experiment.description}
        numbers = {"n_runs": len(self._plan.runs), "n_jobs": len(self._plan.jobs)}
        return {key: escaped(text) for key, text in texts.items()} | numbers

    def printed(self) -> list[str]:
        """Return the files of these figures for print: every figure has one for two columns."""
        return [f"{Path(file).stem}_two_columns.svg" for file, _, _ in self.figures()]

    def of_experiment(self, stage: str) -> Job:
        """Return the report's job, or that of the figures for print."""
        return self._plan.jobs[stage, self._plan.name]
