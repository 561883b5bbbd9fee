"""Pack an experiment as an RO-Crate: its report, its results and what made each of them, for deposit."""

from __future__ import annotations

import json
import mimetypes
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from stdp_pipeline.archive.records import RECORD, Record, read_record
from stdp_pipeline.config.job import Job
from stdp_pipeline.config.plan import Plan
from stdp_pipeline.errors import ConfigError, MissingPackageError, ResultsError

__all__ = ["write_crate"]

_PROFILES = ("https://w3id.org/ro/wfrun/process/0.5",)
_TYPES = {".npz": "application/x-npz", ".tsv": "text/tab-separated-values", ".md": "text/markdown"}


def write_crate(
    planned: Plan, root: Path, output: Path, with_results: bool, license_id: str | None, author: str | None
) -> dict[str, int]:
    """Write an experiment as an RO-Crate of the profile Process Run Crate, and read it back to check it.

    Parameters
    ----------
    planned : Plan
    root : Path
        Of the results; every job of the experiment must be done.
    output : Path
        A folder that does not exist or is empty, or a file that ends in ``.zip``.
    with_results : bool
        Whether to add the results of all jobs; else only the report, its tables and figures, and the record of each
        job.
    license_id : str or None
        SPDX identifier or address of the licence under which the results are given away.
    author : str or None
        A name, or an ORCID (``https://orcid.org/...``).

    Returns
    -------
    dict of str to int
        ``files``, ``actions`` (jobs) and ``bytes``.

    Raises
    ------
    MissingPackageError
        If ``rocrate`` is not installed.
    ConfigError
        If the output exists.
    ResultsError
        If a job of the experiment is not done.

    References
    ----------
    .. [1] Soiland-Reyes et al. (2022), "Packaging research artefacts with RO-Crate", Data Science 5:97,
       doi:10.3233/DS-210053.
    .. [2] Leo et al. (2024), "Recording provenance of workflow runs with RO-Crate", PLOS ONE 19:e0309210,
       doi:10.1371/journal.pone.0309210.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise MissingPackageError(
            "an RO-Crate needs the package 'rocrate': pip install 'stdp_pipeline[crate]'"
        ) from None
    if output.exists() and (output.suffix == ".zip" or not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"--output: '{output}' exists; give another name, or delete it")
    records = _records(planned, root)
    crate = ROCrate()
    crate.name, crate.description = planned.experiment.title, planned.experiment.description or planned.experiment.title
    if license_id:
        crate.license = license_id if "://" in license_id else f"https://spdx.org/licenses/{license_id}"
    if author:
        crate.creator = _author(crate, author)
    crate.root_dataset["conformsTo"] = [_thing(crate, profile, "CreativeWork") for profile in _PROFILES]
    with tempfile.TemporaryDirectory(prefix="stdp_crate_") as scratch:
        given = Path(scratch) / "experiment.yaml"
        given.write_text(yaml.safe_dump(planned.experiment.given, sort_keys=False, allow_unicode=True), "utf-8")
        crate.add_file(given, given.name, properties=_about(given, "The experiment, as it was given"))
        files: dict[Path, Any] = {}
        for job in planned.jobs.values():
            _add_job(crate, job, records[job.key], files, with_results)
        if output.suffix == ".zip":
            output.parent.mkdir(parents=True, exist_ok=True)
            crate.write_zip(output)
        else:
            crate.write(output)
    return _checked(output)


def _records(planned: Plan, root: Path) -> dict[tuple[str, str], Record]:
    """Return the record of each job."""
    found, left = {}, []
    for key, job in planned.jobs.items():
        folder = _folder(root, job)
        if (folder / RECORD).is_file():
            found[key] = read_record(folder)
        else:
            left.append(f"{job.stage} {job.id}")
    if left:
        raise ResultsError(
            f"{len(left)} of {len(planned.jobs)} jobs of '{planned.name}' are not done, such as {left[0]}; run "
            f"'stdp run {planned.name}' first"
        )
    return found


def _folder(root: Path, job: Job) -> Path:
    if job.stage == "report":
        return root / "experiments" / job.id
    return root / "experiments" / job.id / "print" if job.stage == "illustrate" else root / job.stage / job.id


def _add_job(crate: Any, job: Job, record: Record, files: dict[Path, Any], with_results: bool) -> None:
    """Add the files of a job, and the action that made them."""
    made = []
    for path in [*record.files(), record.folder / RECORD]:
        if path in files:
            continue
        always = job.stage in ("report", "illustrate") or path.name == RECORD
        if always or with_results:
            name = str(path.relative_to(record.root))
            files[path] = crate.add_file(path, f"results/{name}", properties=_about(path, f"{job.stage}: {path.name}"))
            made.append(files[path])
    software = _software(crate, record)
    started = record.values.get("started")
    times = {"startTime": started} if started else {}
    if started and record.values.get("wall_s") is not None:
        ended = datetime.fromisoformat(started) + timedelta(seconds=record.values["wall_s"])
        times["endTime"] = ended.isoformat(timespec="seconds")
    crate.add_action(
        software,
        identifier=f"#{job.stage}/{job.id}",
        object=[files[path] for path in record.inputs.values() if path in files],
        result=made,
        properties={
            "@type": "CreateAction",
            "name": f"stdp {job.stage} {job.id}",
            "description": json.dumps(job.spec, sort_keys=True),
            **times,
        },
    )


def _software(crate: Any, record: Record) -> Any:
    """Return the version of this package that ran a job."""
    made = record.values["environment"]
    version = ", ".join(filter(None, [made.get("stdp_pipeline"), f"commit {made['commit']}" if made["commit"] else ""]))
    needed = [f"{name} {number}" for name, number in made["packages"].items() if number]
    about = {"name": "stdp_pipeline", "version": version, "softwareRequirements": [f"Python {made['python']}", *needed]}
    return _thing(crate, f"#{quote(f'stdp_pipeline {version}')}", "SoftwareApplication", about)


def _thing(crate: Any, identifier: str, kind: str, about: dict[str, Any] | None = None) -> Any:
    """Return an entity that is no file, made the first time."""
    from rocrate.model import ContextEntity

    there = crate.get(identifier)
    return there or crate.add(ContextEntity(crate, identifier, {"@type": kind, **(about or {"name": identifier})}))


def _author(crate: Any, author: str) -> Any:
    return _thing(crate, author if "://" in author else f"#{quote(author)}", "Person", {"name": author})


def _about(path: Path, name: str) -> dict[str, Any]:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {"name": name, "encodingFormat": kind, "contentSize": str(path.stat().st_size)}


def _checked(output: Path) -> dict[str, int]:
    """Read a crate back: everything that it lists must be there."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(output)
    files = [entity for entity in crate.data_entities if entity.type == "File"]
    if lost := [entity.id for entity in files if entity.source is None or not Path(entity.source).is_file()]:
        raise ResultsError(f"'{output}' lacks {len(lost)} files that it lists, such as {lost[0]}")
    actions = [entity for entity in crate.contextual_entities if entity.type == "CreateAction"]
    n_bytes = output.stat().st_size if output.is_file() else sum(p.stat().st_size for p in output.rglob("*"))
    return {"files": len(files), "actions": len(actions), "bytes": n_bytes}
