"""From an experiment to its jobs: each with exactly the parameters it depends on, and an id that is their hash.

Two runs that agree in all parameters upstream of a stage share that stage's job and its results. A changed parameter
gives new ids from the first stage that it concerns; old results stay where they are.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from stdp_pipeline import registry
from stdp_pipeline.config.load import combinations
from stdp_pipeline.config.schema import Experiment
from stdp_pipeline.io import canonical_json

__all__ = ["STAGES", "Job", "Plan", "Run", "plan"]

STAGES = (
    "prepare", "encode", "events", "train", "quantise", "respond", "label", "test", "baseline", "embed", "crossbar",
    "portray", "report",
)  # fmt: skip
"""The stages in the order of the chain. ``events`` occurs only with ``encoding.materialize``, ``quantise`` only with
``quantisation`` of the trained network."""


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


@dataclass(frozen=True)
class Run:
    """One combination of parameters with one seed.

    Attributes
    ----------
    seed : int
    varied : dict
        The values of the experiment's grid.
    experiment : Experiment
        The full configuration of this run.
    test : Job
        Its last job; the others are its ancestors.
    baseline : Job or None
        What the pixels alone tell, if that is asked for.
    embeddings : list of Job
    crossbars : dict of str to Job
        Studies on hardware, by name.
    """

    seed: int
    varied: dict[str, Any]
    experiment: Experiment
    test: Job
    baseline: Job | None
    embeddings: list[Job]
    crossbars: dict[str, Job]

    @property
    def ids(self) -> dict[str, str]:
        """Ids of the run's jobs by stage, but for the embeddings; the two responses by their role."""
        responses, label = self.test.parents["responses"], self.test.parents["labels"]
        network, train = responses.parents["train"], responses.trained
        return {
            "prepare": self.test.parents["data"].id,
            "encode": train.parents["encode"].id,
            "train": train.id,
            **({"quantise": network.id} if network.stage == "quantise" else {}),
            "respond_train": label.parents["responses"].id,
            "respond_test": responses.id,
            "label": label.id,
            "test": self.test.id,
        }


@dataclass(frozen=True)
class Plan:
    """All runs of an experiment and all jobs that they need.

    Attributes
    ----------
    name : str
    experiment : Experiment
    runs : list of Run
    portrait : Job
        The figures of the model, for the first run.
    jobs : dict of (stage, id) to Job
        Every job once, parents before children; the report is the last.
    """

    name: str
    experiment: Experiment
    runs: list[Run]
    portrait: Job
    jobs: dict[tuple[str, str], Job]

    def of(self, stage: str) -> list[Job]:
        """Return the jobs of one stage."""
        return [job for (s, _), job in self.jobs.items() if s == stage]


def _job(stage: str, slug: str, spec: dict[str, Any], parents: dict[str, Job]) -> Job:
    upstream = {role: parent.id for role, parent in parents.items()}
    digest = hashlib.sha256(canonical_json([stage, spec, upstream]).encode()).hexdigest()[:10]
    return Job(stage, re.sub(r"[^A-Za-z0-9._-]", "_", f"{slug}-{digest}"), spec, parents)


def _jobs_of_run(run: Experiment, seed: int) -> tuple[Job, Job | None, list[Job], dict[str, Job]]:
    """Return the test job, the baseline's job if there is one, the embedding jobs and the crossbars' of one run."""
    config = run.model_dump(mode="json")
    dataset, encoding, simulation = config["dataset"], config["encoding"], config["simulation"]
    protocol = {"dt_ms": simulation["dt_ms"], "image_ms": simulation["image_ms"]}
    name = dataset["name"]
    prepare = _job("prepare", name, {"dataset": dataset, **_unchecked_content(run)}, {})
    # Whether first presentations are stored changes no spike, so it is not a parameter of anything but the storing.
    code = {k: v for k, v in encoding.items() if k != "materialize"}
    encode_spec = {"encoding": code, "protocol": protocol}
    encode = _job("encode", f"{name}-{code['name']}", encode_spec, {"data": prepare})

    def stored(split: str, pass_index: int | str) -> dict[str, Job]:
        # Recordings are stored with the levels.
        if not encoding["materialize"] or code["name"] == "recorded":
            return {}
        spec = {**encode_spec, "seed": seed, "split": split, "pass": pass_index}
        return {f"events_{pass_index}": _job("events", f"{encode.id}-{split}-{pass_index}", spec, {"encode": encode})}

    passes = range(run.training.passes)
    slug = f"{name}-{run.network.n_exc}-{config['plasticity']['name']}-s{seed}"
    rounding = config["quantisation"]
    during = {"quantisation": rounding} if rounding and rounding["every"] else {}
    train = _job(
        "train",
        slug,
        {key: config[key] for key in ("network", "plasticity", "simulation", "training")}
        | {"seed": seed, "encoding": code, **during},
        {"encode": encode, "data": prepare} | {k: v for p in passes for k, v in stored("train", p).items()},
    )
    network = train
    if rounding and not during:
        spec = {"quantisation": rounding}
        network = _job("quantise", slug, spec, {"train": train, "encode": encode, "data": prepare})
    labels_spec = {"split": run.labelling.split, "n_images": run.labelling.n_images, "theta_adapts": False}
    test_spec = {"split": "test", "n_images": None, "theta_adapts": run.frozen.theta_adapts_in_test}
    frozen = [
        _job(
            "respond",
            f"{slug}-{spec['split']}",
            spec | {"carry_over": run.frozen.carry_over},
            {"train": network, "encode": encode} | stored(str(spec["split"]), "frozen"),
        )
        for spec in (labels_spec, test_spec)
    ]
    label = _job("label", slug, {"split": run.labelling.split}, {"responses": frozen[0], "data": prepare})
    test = _job(
        "test",
        slug,
        {"readouts": config["readouts"], "label_split": run.labelling.split},
        {"responses": frozen[1], "training": frozen[0], "labels": label, "data": prepare},
    )
    asked = config["baselines"]
    baseline = _job("baseline", name, {"baselines": asked}, {"data": prepare}) if asked else None
    embeddings = [
        _job("embed", f"{slug}-{e['name']}", {"embedding": e, "seed": seed}, {"responses": frozen[1], "data": prepare})
        for e in config["embeddings"]
    ]
    crossbars = {
        name: _job(
            "crossbar",
            f"{slug}-{name}",
            {
                "vary": curve.paths,
                "values": [point.value for point in curve.points()],
                "hardware": [point.hardware.model_dump(mode="json") for point in curve.points()],
                "draws": curve.draws,
                "label_images": curve.label_images,
                "readout": config["readouts"][0],
                "carry_over": run.frozen.carry_over,
                "theta_adapts": run.frozen.theta_adapts_in_test,
            },
            {"train": network, "encode": encode, "data": prepare, "labels": label, "ideal": test},
        )
        for name, curve in run.crossbars.items()
    }
    return test, baseline, embeddings, crossbars


def _unchecked_content(run: Any) -> dict[str, Any]:
    """Return digests of the user's own files, whose content nothing else fixes, so that other files give another id."""
    content = registry.load("dataset", run.dataset.name).fingerprint(run.dataset)
    return {"content": content} if content else {}


def plan(name: str, experiment: Experiment) -> Plan:
    """Lay out all jobs of an experiment.

    Parameters
    ----------
    name : str
        The experiment's name; its report goes to ``results/experiments/<name>``.
    experiment : Experiment

    Raises
    ------
    ConfigError
        If the grid is wrong; see :func:`stdp_pipeline.config.load.combinations`.
    """
    runs = []
    for varied, one in combinations(experiment):
        for seed in one.seeds:
            runs.append(Run(seed, varied, one, *_jobs_of_run(one, seed)))
    # One run is enough to show the model.
    first = runs[0].test.parents["responses"].trained
    portrait = _job("portray", first.id, {}, {"train": first, "encode": first.parents["encode"]})
    jobs: dict[tuple[str, str], Job] = {}

    def add(job: Job) -> None:
        for parent in job.parents.values():
            add(parent)
        jobs.setdefault(job.key, job)

    for run in runs:
        for job in (run.test, run.baseline, *run.embeddings, *run.crossbars.values()):
            if job is not None:
                add(job)
    add(portrait)
    ordered = dict(sorted(jobs.items(), key=lambda item: STAGES.index(item[0][0])))
    # Not the list of runs, which may be longer than a command line: the stage lays them out itself.
    # Specifications are written with sorted keys, so the order in which the runs are told goes beside them.
    order = {section: list(experiment.given.get(section) or {}) for section in ("variants", "grid")}
    report_spec = {"name": name, "experiment": experiment.given, "order": order}
    # The report's folder is the experiment's name: it is the one thing that is written anew when anything changes.
    ordered["report", name] = Job("report", name, report_spec, {f"{j.stage}/{j.id}": j for j in ordered.values()})
    return Plan(name, experiment, runs, portrait, ordered)
