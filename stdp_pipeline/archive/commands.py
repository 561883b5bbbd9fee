"""What the commands that look after results do."""

from __future__ import annotations

import argparse
from pathlib import Path

from stdp_pipeline.archive.index import write_index
from stdp_pipeline.archive.partial import is_reported, remove_partial, write_partial
from stdp_pipeline.archive.progress import progress
from stdp_pipeline.archive.records import find_record, told
from stdp_pipeline.archive.reproduce import Verdict
from stdp_pipeline.config.plan import Plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.supervision import quiet_folder

__all__ = ["crate", "gc", "index", "provenance", "reproduce", "status"]


def provenance(options: argparse.Namespace) -> int:
    """Print what made a result, and from what."""
    print(told(find_record(options.path)), end="")
    return 0


def reproduce(options: argparse.Namespace) -> int:
    """Make a result again and say whether it is the same; the exit status is 1 if it is not."""
    from stdp_pipeline.archive.reproduce import reproduce as again

    if options.threads < 1:
        raise ConfigError(f"--threads must be at least 1, got {options.threads}")
    found = again(find_record(options.path), options.threads, options.with_parents)
    for verdict in found:
        _print_verdict(verdict)
    return 0 if all(verdict.identical for verdict in found) else 1


def _print_verdict(verdict: Verdict) -> None:
    name = f"{verdict.record.folder.parent.name}/{verdict.record.folder.name}"
    if verdict.identical:
        print(f"{name}: identical, {len(verdict.equal)} files byte for byte")
        return
    print(f"{name}: NOT the same")
    for what, files in (("differ", verdict.different), ("not made again", verdict.missing), ("new", verdict.new)):
        if files:
            print(f"  {what}: {', '.join(files)}")
    for key, (before, now) in verdict.changed.items():
        print(f"  {key} was {before}, is {now}")


def gc(options: argparse.Namespace, experiments: Path) -> int:
    """List, or remove, results that no experiment refers to; and say how much room experiments take."""
    from stdp_pipeline.archive.unused import experiments_in, remove, unused, usage

    root = _results_in(options.directory)
    plans, faults = experiments_in(root, [experiments, *options.experiments])
    print("experiment                      jobs done       MB   MB of its own")
    for one in usage(root, plans):
        if one.n_done:
            done = f"{one.n_done}/{one.n_jobs}"
            print(f"{one.name[:30]:30s} {done:>10s} {one.n_bytes / 1e6:10.1f} {one.own_bytes / 1e6:12.1f}")
    found = unused(root, plans.values())
    for folder in found if options.verbose else []:
        print(f"unused: {folder.stage}/{folder.id} ({folder.n_bytes / 1e6:.1f} MB)")
    total = f"{len(found)} results of no experiment, {sum(folder.n_bytes for folder in found) / 1e6:.1f} MB"
    if not options.remove:
        print(f"{total}; --remove deletes them, --verbose lists them")
    elif faults:
        raise ConfigError(f"nothing removed, since it is not known what these refer to:\n  {chr(10).join(faults)}")
    else:
        with quiet_folder(options.directory.resolve(), "stdp gc"):
            remove(root, found)
        print(f"removed: {total}")
    return 0


def crate(options: argparse.Namespace, planned: Plan) -> int:
    """Pack an experiment as an RO-Crate."""
    from stdp_pipeline.archive.crate import write_crate

    root = options.directory / "results"
    found = write_crate(planned, root, options.output, options.with_results, options.license, options.author)
    print(
        f"wrote {options.output}: {found['files']} files, {found['bytes'] / 1e6:.1f} MB, "
        f"{found['actions']} jobs with what each was made from"
    )
    return 0


def index(options: argparse.Namespace) -> int:
    """Write the page of all experiments."""
    page, n = write_index(_results_in(options.directory))
    print(f"{n} experiment{'' if n == 1 else 's'} -> {page}")
    return 0


def _results_in(directory: Path) -> Path:
    root = directory / "results"
    if not root.is_dir():
        raise ConfigError(f"there are no results in '{directory}'; give the folder that holds them: --directory")
    return root


def status(options: argparse.Namespace, planned: Plan, again: str) -> int:
    """Print how far an experiment is, and what failed; the exit status is 1 if something did.

    ``again`` is the command that makes the rest.
    """
    root = options.directory / "results"
    if options.report and is_reported(planned, root):
        remove_partial(planned, root)
        write_index(root)
        print(f"{planned.name}: done, see {root / 'experiments' / planned.name / 'report.html'}")
        return 0
    page, found = write_partial(planned, root, again) if options.report else (None, progress(planned, root))
    print(
        f"{planned.name}: {found.n_runs_done} of {found.n_runs} runs done, {found.n_jobs_done} of {found.n_jobs} jobs"
    )
    for failure in found.failures:
        print(f"  {failure.job.stage} {failure.job.id}: {failure.message} ({failure.log})")
    if page is not None:
        write_index(root)
        print(f"  so far: {page}")
    return 1 if any(not failure.at_work for failure in found.failures) else 0
