"""One stage's call: what it was given, where its results go, and the record of how they were made."""

from __future__ import annotations

import importlib
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stdp_pipeline import registry
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.io import read_json, write_json
from stdp_pipeline.locking import job_lock
from stdp_pipeline.provenance import SCHEMA_VERSION, Stopwatch, check_layout, environment
from stdp_pipeline.stages._kept import Kept

__all__ = ["StageJob", "component", "run_stage"]


@dataclass(frozen=True)
class StageJob:
    """The call of one stage.

    Attributes
    ----------
    stage : str
    spec : dict
        The stage's parameters, resolved.
    inputs : dict of str to Path
        Files to read, by role.
    output : Path
        Folder for the results.
    code : str
        Digest of the code, for the record; empty if not given.
    threads : int
        Threads that the stage may use.
    checkpoint : Path or None
        Folder for checkpoints of long stages.
    details : dict
        What the stage wants recorded with its provenance.
    """

    stage: str
    spec: dict[str, Any]
    inputs: dict[str, Path]
    output: Path
    code: str = ""
    threads: int = 1
    checkpoint: Path | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def input(self, role: str) -> Path:
        """Return the file of one role.

        Raises
        ------
        ConfigError
            If it was not given.
        """
        if role not in self.inputs:
            raise ConfigError(
                f"stage '{self.stage}' needs --input {role}=FILE; given: {', '.join(self.inputs) or 'none'}"
            )
        return self.inputs[role]

    def parameter(self, name: str) -> Any:
        """Return one parameter.

        Raises
        ------
        ConfigError
            If the specification lacks it.
        """
        if name not in self.spec:
            raise ConfigError(f"stage '{self.stage}': its --spec lacks '{name}'; given: {', '.join(self.spec)}")
        return self.spec[name]


def component(kind: str, section: dict[str, Any]) -> tuple[Any, Any]:
    """Return the module of a component and its validated parameters.

    Raises
    ------
    ConfigError
        If there is no such component.
    pydantic.ValidationError
        If a parameter is wrong; :func:`run_stage` explains it.
    """
    if not isinstance(section, dict):
        raise ConfigError(f"{kind}: must be a section with a 'name', got {section!r}")
    module = registry.load(kind, section.get("name", ""))
    return module, module.Params.model_validate(section)


def run_stage(job: StageJob) -> None:
    """Run one stage and write ``provenance.json`` beside its results, last.

    Raises
    ------
    StdpError
        Whatever the stage finds wrong.
    """
    watch = Stopwatch()
    try:
        job.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"cannot write to '{job.output}': {error.strerror}; make the folder writable or choose another one"
        ) from error
    with job_lock(job.output, f"{job.stage} {job.output.name}"):
        for part in job.output.glob(".*.part"):  # of a job that was killed while it wrote
            if part.is_file():
                part.unlink(missing_ok=True)
        for path in job.inputs.values():
            if (made := path.parent / "provenance.json").is_file():
                check_layout(read_json(made), made)
        kept = Kept(job.stage, job.spec, job.code, job.inputs, job.output)
        if kept.restored():
            logging.getLogger(__name__).info(
                "%s: same code, parameters and inputs as before, so the result is kept -> %s", job.stage, job.output
            )
            return
        record = _done(job, watch)
        kept.keep()
    logging.getLogger(__name__).info(
        "%s: done in %.1f s, peak memory %.0f MB -> %s",
        job.stage,
        record["wall_s"],
        record["peak_rss_mb"],
        job.output,
    )


def _done(job: StageJob, watch: Stopwatch) -> dict[str, Any]:
    """Do the work, and return the record of it."""
    (job.output / "provenance.json").unlink(missing_ok=True)  # it tells of what is overwritten now
    try:
        importlib.import_module(f"stdp_pipeline.stages.{job.stage}").run(job)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}" for e in error.errors())
        raise ConfigError(f"stage '{job.stage}': its --spec is wrong: {faults}") from None
    record = {
        "schema_version": SCHEMA_VERSION,
        "stage": job.stage,
        "id": job.output.name,
        "spec": job.spec,
        "inputs": {role: os.path.relpath(path, job.output) for role, path in job.inputs.items()},
        "code": job.code,
        "threads": job.threads,
        **watch.read(),
        **job.details,
        "environment": environment(),
    }
    write_json(job.output / "provenance.json", record)
    return record
