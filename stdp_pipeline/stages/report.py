"""Gather all runs of an experiment: metrics, summary table, figures, and one page that holds everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stdp_pipeline.analysis.recovery import recovery_table
from stdp_pipeline.config.plan import Plan, Run
from stdp_pipeline.io import canonical_json, read_json, write_bytes, write_json, write_text
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.report.comparison import compare, markdown
from stdp_pipeline.report.differences import differences_table
from stdp_pipeline.report.means import mean_columns, means
from stdp_pipeline.report.page import MODEL_PICTURES, RunView, page
from stdp_pipeline.report.tidy import parquet, run_columns, tsv
from stdp_pipeline.report.unfinished import Unfinished
from stdp_pipeline.stages._compared import within
from stdp_pipeline.stages._drawings import PictureFolder, drawn
from stdp_pipeline.stages._experiment import planned_again, records
from stdp_pipeline.stages._hardware import curves, hardware_table, recoveries, specimens, studies
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._learned import FILES, learned
from stdp_pipeline.stages._overviews import overviews
from stdp_pipeline.stages._pictures import of_run
from stdp_pipeline.stages._reading import reading

__all__ = ["PARTIAL", "gather", "run"]

PARTIAL = ("partial.html", "partial.json")
"""Files that tell of an experiment that is not done."""

_DETAILED = 16
"""Runs that are shown with all figures, the first seed of each combination before others; the rest are in the table."""

_SOMETIMES = (*FILES, "recovery.tsv", "hardware.tsv", "comparison.tsv")
"""Files that not every experiment has."""


def run(job: StageJob) -> None:
    """Write ``report.html``, tables, ``metrics.json`` and ``figures/``.

    ``summary.tsv`` and ``runs.parquet`` are the same tidy table of all runs, ``means.tsv`` and ``table.md`` have the
    means over seeds, and ``comparison.tsv`` tells which combinations differ, if several can be compared.

    ``figures/`` holds the pictures of the first run, and those of the whole experiment if it has several runs; the
    pictures of run 2 are in ``figures/run002/``, and so on.
    """
    gather(job, planned_again(job))
    for file in PARTIAL:  # what was told while there was no whole report
        (job.output / file).unlink(missing_ok=True)


def gather(job: StageJob, planned: Plan, unfinished: Unfinished | None = None) -> None:
    """Write what :func:`run` says, of the runs of a plan.

    Parameters
    ----------
    job : StageJob
        Only its output matters.
    planned : Plan
        All of its runs must have been tested.
    unfinished : Unfinished, optional
        What is said above if these are not all runs of the experiment.

    Raises
    ------
    ResultsError
        If a result is missing or damaged.
    """
    root = job.output.parent.parent
    name = planned.name
    published = planned.experiment.published
    rows = records(root, planned.runs)
    portrait = root / "portray" / planned.portrait.id
    views: list[RunView] = []
    figures = PictureFolder(job.output / "figures")
    for index in sorted(_detailed(planned.runs)):
        one = planned.runs[index]
        theirs: dict[str, Path] = {}
        if index == 0 and (unfinished is None or (portrait / "provenance.json").is_file()):
            theirs |= dict.fromkeys(MODEL_PICTURES, portrait)  # drawn by the stage that measured it
        with reading(*dict.fromkeys(theirs.values())):
            taken = {file: (folder / file).read_bytes() for file, folder in theirs.items()}
        pictures = drawn(of_run(root, one)) | taken
        figures.write(pictures, "" if index == 0 else f"run{index + 1:03d}")
        row = next(r for r in rows if r["run"] == index + 1)
        views.append(RunView(row, one.varied, pictures, _costs(root, one)))
    averaged = means(rows, published.accuracy if published else None, planned.experiment.report.interval)
    compared = compare(averaged)
    differences = within(root, planned, planned.runs)
    pictures_of_all = drawn(overviews(root, planned.runs, rows, compared, differences.found))
    figures.write(pictures_of_all)
    on_hardware = studies(root, planned.runs)
    won_back = recoveries(root, planned.runs, rows)
    of_curves = curves(planned.runs, on_hardware, won_back) | specimens(root, planned.runs, on_hardware)
    hardware = drawn(of_curves)
    figures.write(hardware)
    known = learned(root, planned.experiment.title, planned.runs)
    figures.write(known.pictures)
    figures.remove_others()
    tables = dict(known.files)
    if won_back:
        tables["recovery.tsv"] = recovery_table(won_back)
    if differences.found:
        tables["comparison.tsv"] = differences_table(differences.found)
    if on_hardware:
        tables["hardware.tsv"] = hardware_table(on_hardware)
    for file in _SOMETIMES:
        if file in tables:
            write_text(job.output / file, tables[file])
        else:  # of an earlier version of the experiment
            (job.output / file).unlink(missing_ok=True)
    write_json(job.output / "metrics.json", {"schema_version": SCHEMA_VERSION, "experiment": name, "runs": rows})
    columns = run_columns(rows)
    write_text(job.output / "summary.tsv", tsv(columns))
    write_bytes(job.output / "runs.parquet", parquet(columns))
    write_text(job.output / "means.tsv", tsv(mean_columns(averaged)))
    write_text(job.output / "table.md", markdown(compared, published.source if published else None))
    provenance = read_json(root / "train" / planned.runs[0].ids["train"] / "provenance.json")
    configuration = planned.experiment.model_dump(mode="json")
    write_text(
        job.output / "report.html",
        page(
            name,
            configuration,
            rows,
            averaged,
            compared,
            views,
            pictures_of_all,
            len(planned.runs),
            provenance,
            on_hardware,
            hardware,
            won_back,
            known,
            unfinished,
            differences,
        ),
    )


def _detailed(runs: list[Run]) -> set[int]:
    """Choose the runs that are shown with all figures."""
    first = {canonical_json(one.varied): index for index, one in reversed(list(enumerate(runs)))}.values()
    others = (index for index in range(len(runs)) if index not in first)
    return set([*sorted(first), *others][:_DETAILED])


def _costs(root: Path, one: Run) -> list[dict[str, Any]]:
    """Return time and memory of each job of a run."""
    jobs = [(role.split("_")[0], role.replace("_", " ("), job) for role, job in one.ids.items()]
    jobs += [("baseline", "baseline", one.baseline.id)] if one.baseline else []
    for job in one.analysis.all():
        about = [job.parents[role].spec["feature"]["name"] for role in ("features",) if role in job.parents]
        about += [job.spec["embedding"]["name"]] if "embedding" in job.spec else []
        jobs.append((job.stage, f"{job.stage} ({', '.join(about)}" if about else job.stage, job.id))
    costs = []
    for stage, what, job_id in jobs:
        title = f"{what})" if "(" in what else what
        with reading(root / stage / job_id):
            record = read_json(root / stage / job_id / "provenance.json")
            costs.append(
                {"stage": title, **{k: record[k] for k in ("wall_s", "cpu_s", "peak_rss_mb", "threads", "started")}}
            )
    return sorted(costs, key=lambda cost: cost["started"])
