"""Run an experiment through Snakemake, and say how it went."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from stdp_pipeline.archive.progress import all_done, progress
from stdp_pipeline.archive.records import PLANNED
from stdp_pipeline.config.load import find_experiment, load_experiment
from stdp_pipeline.config.plan import Plan, plan, told
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.io import read_json, write_json
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.stages._kept import ANEW
from stdp_pipeline.supervision import StoppedError, claimed_folder, supervised
from stdp_pipeline.workflow.profiles import profile_folder, with_profiles

__all__ = ["planned_of", "project_root", "run"]

# Options of Snakemake: those with which it only reads, and those that ask for more than is needed.
_READS = {
    *("-n", "--dry-run", "--dryrun", "--dag", "--rulegraph", "--filegraph", "--d3dag", "--lint"),
    *("--summary", "-S", "--detailed-summary", "-D", "--list-rules", "-l", "--list-changes", "--lc", "--version"),
}
_LITTLE_BYTES = 20_000_000  # with less than this, a full disk may be what is wrong
_FORCES = {"-f", "--force", "-F", "--forceall", "-R", "--forcerun"}


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
    profile, further = profile_folder(options.profile, root), with_profiles(options.snakemake, root)
    _check_folder(directory)
    os.chdir(directory)  # where the jobs run: relative paths in the configuration mean the same here
    planned = plan(path.stem, load_experiment(path, options.set))
    command = [
        *(sys.executable, "-m", "snakemake"),
        # Not last: it would take a target that follows for one more setting.
        *("--config", f"experiment={_quoted(str(path))}", f"set={_quoted(options.set)}"),
        *("--snakefile", str(root / "Snakefile"), "--directory", str(directory)),
        *("--profile", str(profile)),
        *(("--cores", str(options.cores)) if options.cores else ()),
    ]
    only_reads = any(one in _READS or one.startswith("-n") for one in options.snakemake)
    if only_reads and not options.unlock:  # which may be done beside another run
        return subprocess.run([*command, *further], env=_environment()).returncode
    start, started_at = time.monotonic(), time.time()
    where = f" --directory {shlex.quote(str(directory))}" if options.directory else ""
    again = f"stdp run {shlex.quote(options.experiment)}{where}"
    try:
        with claimed_folder(directory, again, f"{again} --unlock", options.unlock) as lock:
            if options.unlock:
                print(f"'{directory}' is free: no run is at work there, and no lock is left")
                return 0
            _remember(planned, directory / "results")
            if not options.snakemake and not all_done(planned, directory / "results"):
                # Where there is a report, Snakemake takes what is missing below it for no longer needed.
                command += ["--forcerun", "experiment"]
            status = supervised([*command, *further], _environment(options.snakemake), lock)
    except StoppedError as stop:
        print(f"\nstdp run: ended by {stop}; run the same command again to go on", file=sys.stderr)
        return 128 + stop.number
    report = directory / "results" / "experiments" / planned.name / "report.html"
    if status != 0:
        ended = f": Snakemake was ended by {signal.Signals(-status).name}" if status < 0 else ""
        print(f"\nstdp run: error: '{planned.name}' did not finish{ended}", file=sys.stderr)
        failures = progress(planned, directory / "results", started_at - 1).failures
        for failure in failures:
            print(f"  {failure.job.stage} {failure.job.id}: {failure.message} ({failure.log})", file=sys.stderr)
        if (free := shutil.disk_usage(directory).free) < _LITTLE_BYTES:
            print(f"  the disk of '{directory}' is full: {free / 1e6:.1f} MB are free", file=sys.stderr)
        if failures:
            _tell(planned, directory / "results", options, started_at - 1)
        print("Mend the cause, then run the same command again: finished work is kept.", file=sys.stderr)
        return status if status > 0 else 128 - status
    if report.is_file() and not options.snakemake:
        made = read_json(report.parent / "provenance.json")["spec"]
        if made != planned.jobs["report", planned.name].spec:
            raise ResultsError(f"'{report}' is of another configuration; delete '{report.parent}' and run again")
        _print_summary(planned, report, time.monotonic() - start)
    if report.is_file() and (not options.snakemake or report.stat().st_mtime >= started_at):
        _tell(planned, directory / "results", options)
    return 0


def _quoted(value: str | list[str]) -> str:
    """Return a value of Snakemake's configuration. It does not read escaped letters."""
    return json.dumps(value, ensure_ascii=False)


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
    except (ResultsError, OSError) as error:  # the run's own result stands
        print(f"stdp run: a page was not written: {error}", file=sys.stderr)


def _remember(planned: Plan, results: Path) -> None:
    """Write what this run was asked for, so that nobody takes its results for those of no experiment."""
    spec = planned.jobs["report", planned.name].spec
    write_json(results / "experiments" / planned.name / PLANNED, {"schema_version": SCHEMA_VERSION, "spec": spec})


def _environment(arguments: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment for Snakemake, which needs a cache folder that it can write to.

    What it is forced to do is to be done again, even if nothing has changed.
    """
    env = dict(os.environ) | ({ANEW: "1"} if _FORCES.intersection(arguments) else {})
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK):
            return env
    except OSError:
        pass
    return env | {"XDG_CACHE_HOME": str(Path(tempfile.gettempdir()) / "stdp_pipeline_cache")}


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
        varied = f", {told(one['varied'])}" if one["varied"] else ""
        print(
            f"  {one['dataset']}, {one['n_exc']} neurons, {one['rule']}, seed {one['seed']}{varied}: "
            f"{one['split']} accuracy {one['test_accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, "
            f"{one['n_test']} images, {one['readout']})"
        )
    if len(metrics["runs"]) > 12:
        print(f"  ... and {len(metrics['runs']) - 12} more in {report.parent / 'summary.tsv'}")
    print(f"  time: {seconds:.0f} s\n  report: {report}")
