"""Run an experiment through Snakemake, and say how it went."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stdp_pipeline.archive.progress import progress
from stdp_pipeline.config.load import find_experiment, load_experiment
from stdp_pipeline.config.plan import Plan, plan
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.io import read_json

__all__ = ["planned_of", "project_root", "run"]


def project_root() -> Path:
    """Return the folder with the Snakefile.

    Raises
    ------
    ConfigError
        If the package is installed away from its project.
    """
    root = Path(__file__).resolve().parents[1]
    if not (root / "Snakefile").is_file():
        raise ConfigError(
            f"no Snakefile in '{root}': the package was installed away from its project. Clone the project and "
            "install it there with 'pip install -e .'"
        )
    return root


def planned_of(options: argparse.Namespace) -> Plan:
    """Return the plan of the experiment that the command line names."""
    path = find_experiment(options.experiment, project_root() / "config" / "experiments")
    return plan(path.stem, load_experiment(path, options.set))


def run(options: argparse.Namespace) -> int:
    """Run an experiment through Snakemake and print a summary."""
    root = project_root()
    path = find_experiment(options.experiment, root / "config" / "experiments").resolve()
    if options.directory is not None and not options.directory:
        raise ConfigError("--directory must name a folder, got ''")
    directory = Path(options.directory or root).resolve()
    if options.cores is not None and options.cores < 1:
        raise ConfigError(f"--cores must be at least 1, got {options.cores}")
    _check_folder(directory)
    os.chdir(directory)  # where the jobs run: relative paths in the configuration mean the same here
    planned = plan(path.stem, load_experiment(path, options.set))
    command = [
        *(sys.executable, "-m", "snakemake"),
        # Not last: it would take a target that follows for one more setting.
        *("--config", f"experiment={json.dumps(str(path))}", f"set={json.dumps(options.set)}"),
        *("--snakefile", str(root / "Snakefile"), "--directory", str(directory)),
        *("--profile", str(root / "config" / "profiles" / "local")),
        *(("--cores", str(options.cores)) if options.cores else ()),
    ]
    if options.unlock:
        return subprocess.run([*command, "--unlock"]).returncode
    _check_lock(options, directory)
    start, started_at = time.monotonic(), time.time()
    status = subprocess.run([*command, *options.snakemake], env=_environment()).returncode
    report = directory / "results" / "experiments" / planned.name / "report.html"
    if status != 0:
        _check_lock(options, directory)  # another run was quicker, or ours was killed
        print(f"\nstdp run: error: '{planned.name}' did not finish", file=sys.stderr)
        failures = progress(planned, directory / "results", started_at - 1).failures
        for failure in failures:
            print(f"  {failure.job.stage} {failure.job.id}: {failure.message} ({failure.log})", file=sys.stderr)
        if failures:
            _tell(planned, directory / "results", options, started_at - 1)
        print("Mend the cause, then run the same command again: finished work is kept.", file=sys.stderr)
        return status
    if report.is_file() and not options.snakemake:
        made = read_json(report.parent / "provenance.json")["spec"]
        if made != planned.jobs["report", planned.name].spec:
            raise ResultsError(f"'{report}' is of another configuration; delete '{report.parent}' and run again")
        _print_summary(planned, report, time.monotonic() - start)
    if report.is_file() and (not options.snakemake or report.stat().st_mtime >= started_at):
        _tell(planned, directory / "results", options)
    return 0


def _tell(planned: Plan, results: Path, options: argparse.Namespace, failed_since: float | None = None) -> None:
    """Write the page of all experiments; after failures before it what there is of this one; and say where they are."""
    from stdp_pipeline.archive.index import write_index
    from stdp_pipeline.archive.partial import remove_partial, run_again, write_partial

    out = sys.stdout if failed_since is None else sys.stderr
    try:
        if failed_since is not None:
            again = run_again(options.experiment, options.set, options.directory)
            page, found = write_partial(planned, results, again, failed_since)
            print(f"  {found.n_runs_done} of {found.n_runs} runs are done: {page}", file=out)
        else:
            remove_partial(planned, results)
        print(f"  all experiments: {write_index(results)[0]}", file=out)
    except ResultsError as error:  # the run's own result stands
        print(f"stdp run: a page was not written: {error}", file=sys.stderr)


def _environment() -> dict[str, str]:
    """Return the environment for Snakemake, which needs a cache folder that it can write to."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK):
            return dict(os.environ)
    except OSError:
        pass
    return os.environ | {"XDG_CACHE_HOME": str(Path(tempfile.gettempdir()) / "stdp_pipeline_cache")}


def _check_lock(options: argparse.Namespace, directory: Path) -> None:
    """Refuse a folder that Snakemake has locked."""
    locks = directory / ".snakemake" / "locks"
    if locks.is_dir() and any(locks.iterdir()):
        where = f" --directory {shlex.quote(str(directory))}" if options.directory else ""
        raise ResultsError(
            f"'{directory}' is locked: another run is using it, or one was killed. If no other run is active, remove "
            f"the lock with 'stdp run {options.experiment}{where} --unlock' and run again; finished work is kept"
        )


def _check_folder(directory: Path) -> None:
    """Refuse a folder in which no results can be written."""
    results = directory / "results"
    try:
        results.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"cannot make '{results}': {error.strerror}; choose another folder with --directory"
        ) from error
    for folder in (directory, results):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ResultsError(
                f"'{folder}' is not writable: make it writable or choose another folder with --directory"
            )


def _print_summary(planned: Plan, report: Path, seconds: float) -> None:
    metrics = read_json(report.parent / "metrics.json")
    print(f"\n{planned.experiment.title}")
    for one in metrics["runs"][:12]:
        low, high = one["test_accuracy_ci95"]
        varied = "".join(f", {k}={v}" for k, v in one["varied"].items())
        print(
            f"  {one['dataset']}, {one['n_exc']} neurons, {one['rule']}, seed {one['seed']}{varied}: "
            f"{one['split']} accuracy {one['test_accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, "
            f"{one['n_test']} images, {one['readout']})"
        )
    if len(metrics["runs"]) > 12:
        print(f"  ... and {len(metrics['runs']) - 12} more in {report.parent / 'summary.tsv'}")
    print(f"  time: {seconds:.0f} s\n  report: {report}")
