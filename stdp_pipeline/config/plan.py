"""From an experiment to its jobs: each with exactly the parameters it depends on, and an id that is their hash.

Two runs that agree in all parameters upstream of a stage share that stage's job and its results. A changed parameter
gives new ids from the first stage that it concerns; old results stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stdp_pipeline import registry
from stdp_pipeline.config.analysis import AnalysisJobs, analysis_jobs
from stdp_pipeline.config.explain import unknown
from stdp_pipeline.config.job import OF_EXPERIMENTS, STAGES, Job, new_job
from stdp_pipeline.config.load import combinations
from stdp_pipeline.config.schema import Experiment
from stdp_pipeline.errors import ConfigError

__all__ = ["Plan", "Run", "plain", "plan", "told"]


def told(varied: dict[str, Any]) -> str:
    """Return how a combination of parameters is called in tables and figures."""
    return ", ".join(str(v) if k == "variant" else f"{k} = {v}" for k, v in varied.items())


def plain(name: str) -> str:
    """Return the name of a combination without blanks, which nobody should have to get right: ``a = 1, b = 2``."""
    return "".join(name.split())


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
    analysis : AnalysisJobs
    crossbars : dict of str to Job
        Studies on hardware, by name.
    """

    seed: int
    varied: dict[str, Any]
    experiment: Experiment
    test: Job
    baseline: Job | None
    analysis: AnalysisJobs
    crossbars: dict[str, Job]

    @property
    def wanted(self) -> list[Job]:
        """The jobs that nothing of the run follows on; the others are their ancestors."""
        jobs = (self.test, self.baseline, *self.analysis.all(), *self.crossbars.values())
        return [job for job in jobs if job is not None]

    @property
    def told(self) -> str:
        """What tells this combination of parameters from the others; empty if there is only one."""
        return told(self.varied)

    @property
    def tested(self) -> list[Job]:
        """Its test and all jobs that this is made from."""
        found, todo = {}, [self.test]
        while todo:
            job = todo.pop()
            found[job.key] = job
            todo += job.parents.values()
        return list(found.values())

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
        Every job once, parents before children; the report and the figures for print are the last.
    """

    name: str
    experiment: Experiment
    runs: list[Run]
    portrait: Job
    jobs: dict[tuple[str, str], Job]

    def of(self, stage: str) -> list[Job]:
        """Return the jobs of one stage."""
        return [job for (s, _), job in self.jobs.items() if s == stage]


def _jobs_of_run(run: Experiment, seed: int) -> tuple[Job, Job | None, AnalysisJobs, dict[str, Job]]:
    """Return the test job, the baseline's job if there is one, the analysis and the crossbars' jobs of one run."""
    config = run.model_dump(mode="json")
    dataset, encoding, simulation = config["dataset"], config["encoding"], config["simulation"]
    protocol = {"dt_ms": simulation["dt_ms"], "image_ms": simulation["image_ms"]}
    name = dataset["name"]
    prepare = new_job("prepare", name, {"dataset": dataset, **_unchecked_content(run)}, {})
    # Whether first presentations are stored changes no spike, so it is not a parameter of anything but the storing.
    code = {k: v for k, v in encoding.items() if k != "materialize"}
    encode_spec = {"encoding": code, "protocol": protocol}
    encode = new_job("encode", f"{name}-{code['name']}", encode_spec, {"data": prepare})

    def stored(split: str, pass_index: int | str) -> dict[str, Job]:
        # Recordings are stored with the levels.
        if not encoding["materialize"] or code["name"] == "recorded":
            return {}
        spec = {**encode_spec, "seed": seed, "split": split, "pass": pass_index}
        job = new_job("events", f"{encode.id}-{split}-{pass_index}", spec, {"encode": encode})
        return {f"events_{pass_index}": job}

    passes = range(run.training.passes)
    slug = f"{name}-{run.network.n_exc}-{config['plasticity']['name']}-s{seed}"
    rounding = config["quantisation"]
    during = {"quantisation": rounding} if rounding and rounding["every"] else {}
    training = dict(config["training"])
    if training["snapshots"] is None:  # then it is as if there were no such thing
        del training["snapshots"]
    train = new_job(
        "train",
        slug,
        {key: config[key] for key in ("network", "plasticity", "simulation")}
        | {"training": training, "seed": seed, "encoding": code, **during},
        {"encode": encode, "data": prepare} | {k: v for p in passes for k, v in stored("train", p).items()},
    )
    network = train
    if rounding and not during:
        spec = {"quantisation": rounding}
        network = new_job("quantise", slug, spec, {"train": train, "encode": encode, "data": prepare})
    labels_spec = {"split": run.labelling.split, "n_images": run.labelling.n_images, "theta_adapts": False}
    test_spec = {"split": "test", "n_images": None, "theta_adapts": run.frozen.theta_adapts_in_test}
    frozen = [
        new_job(
            "respond",
            f"{slug}-{spec['split']}",
            spec | {"carry_over": run.frozen.carry_over},
            {"train": network, "encode": encode} | stored(str(spec["split"]), "frozen"),
        )
        for spec in (labels_spec, test_spec)
    ]
    label = new_job("label", slug, {"split": run.labelling.split}, {"responses": frozen[0], "data": prepare})
    test = new_job(
        "test",
        slug,
        {"readouts": config["readouts"], "label_split": run.labelling.split},
        {"responses": frozen[1], "training": frozen[0], "labels": label, "data": prepare},
    )
    asked = config["baselines"]
    baseline = new_job("baseline", name, {"baselines": asked}, {"data": prepare}) if asked else None
    roles = {"data": prepare, "encode": encode, "trained": train, "train": network, "labels": label}
    analysis = analysis_jobs(config, slug, seed, roles | {"responses": frozen[1]})
    crossbars = {
        name: new_job(
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
    return test, baseline, analysis, crossbars


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
        If the grid is wrong, see :func:`stdp_pipeline.config.load.combinations`; or if there is no such combination as
        ``report.reference``.
    """
    runs = []
    for varied, one in combinations(experiment):
        for seed in one.seeds:
            runs.append(Run(seed, varied, one, *_jobs_of_run(one, seed)))
    names = list(dict.fromkeys(run.told for run in runs))
    reference = experiment.report.reference
    if reference is not None and plain(reference) not in map(plain, names):
        raise ConfigError(f"report.reference: {unknown(str(experiment.report.reference), names)}")
    # One run is enough to show the model.
    first = runs[0].test.parents["responses"].trained
    portrait = new_job("portray", first.id, {}, {"train": first, "encode": first.parents["encode"]})
    jobs: dict[tuple[str, str], Job] = {}

    def add(job: Job) -> None:
        for parent in job.parents.values():
            add(parent)
        jobs.setdefault(job.key, job)

    for run in runs:
        for job in run.wanted:
            add(job)
    add(portrait)
    ordered = dict(sorted(jobs.items(), key=lambda item: STAGES.index(item[0][0])))
    # Not the list of runs, which may be longer than a command line: the stage lays them out itself.
    # Specifications are written with sorted keys, so the order in which the runs are told goes beside them.
    order = {section: list(experiment.given.get(section) or {}) for section in ("variants", "grid")}
    report_spec = {"name": name, "experiment": experiment.given, "order": order}
    # Their folder is the experiment's name: it is the one thing that is written anew when anything changes.
    all_of_them = {f"{job.stage}/{job.id}": job for job in ordered.values()}
    for stage in OF_EXPERIMENTS:
        ordered[stage, name] = Job(stage, name, report_spec, all_of_them)
    return Plan(name, experiment, runs, portrait, ordered)
