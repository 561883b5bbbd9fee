"""What each command of the command line does."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from pathlib import Path

import yaml

from stdp_pipeline import registry
from stdp_pipeline.config.job import STAGES
from stdp_pipeline.config.load import check_name, find_experiment, load_experiment, presets, read_yaml
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.running import planned_of, project_root, run

__all__ = [
    "bench", "compare", "crate", "doctor", "export_events", "gallery", "gc", "index", "list_kind", "new_experiment",
    "provenance", "reproduce", "run", "show", "stage", "status", "test_pretrained",
]  # fmt: skip


def stage(options: argparse.Namespace) -> None:
    """Run one stage: files to files."""
    from stdp_pipeline.stages._job import StageJob, run_stage

    text = options.spec
    if text is None or options.output is None:
        raise ConfigError("stage 'test' needs --spec, --input and --output, or --pretrained NAME alone")
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"--spec: cannot read '{options.spec[1:]}': {error.strerror}") from error
    try:
        spec = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"--spec must be JSON or @FILE: {error}") from None
    if not isinstance(spec, dict):
        raise ConfigError(f"--spec must be a JSON object, got {type(spec).__name__}")
    inputs = {}
    for item in options.input:
        role, separator, path = item.partition("=")
        if not separator:
            raise ConfigError(f"--input takes ROLE=FILE, got '{item}'")
        inputs[role] = Path(path)
    if options.threads < 1:
        raise ConfigError(f"--threads must be at least 1, got {options.threads}")
    run_stage(
        StageJob(options.command, spec, inputs, options.output, options.code, options.threads, options.checkpoint)
    )


def test_pretrained(options: argparse.Namespace) -> int:
    """Test a network that comes with the package, and print its accuracy beside the one on its card."""
    from stdp_pipeline.pretrained import evaluate, store

    if options.spec is not None or options.input or options.output is not None:
        raise ConfigError("--pretrained takes neither --spec nor --input nor --output")
    if options.threads < 1:
        raise ConfigError(f"--threads must be at least 1, got {options.threads}")
    network = store.read(store.find(options.pretrained))
    found = evaluate.evaluate(
        network, options.readout, options.images, options.seed, options.threads, options.pretrained
    )
    if options.json:
        print(json.dumps({"name": options.pretrained, **found, "card": network.measured}, indent=2))
        return 0
    low, high = found["accuracy_ci95"]
    print(
        f"{options.pretrained}: test accuracy {found['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}, "
        f"{found['n_test']} images, {options.readout}), {found['spikes_per_image']:.1f} spikes per image"
    )
    if network.measured is not None:
        card = network.measured
        print(f"its card: {card['accuracy']:.2%} of {card['n_test']} images, {card['readout']}")
    return 0


def new_experiment(options: argparse.Namespace) -> int:
    """Look through a folder of images, say what it holds, and write an experiment for it."""
    from stdp_pipeline.io import write_text
    from stdp_pipeline.starter import experiment_yaml, survey

    name = options.name or options.images.resolve().name
    target = options.output or project_root() / "config" / "experiments" / f"{name}.yaml"
    if target.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"--output must end in .yaml, got '{target}'")
    check_name(target.stem)
    if target.exists():
        raise ConfigError(f"'{target}' exists; choose another --name or --output, or delete it")
    looked = survey(options.images)
    for line in looked.report():
        print(line)
    text = experiment_yaml(looked, f"{name}: own images")
    write_text(target, text)
    load_experiment(find_experiment(str(target), target.parent))
    shown = name if target.parent == project_root() / "config" / "experiments" else shlex.quote(str(target))
    print(f"wrote {target}; next: stdp run {shown}")
    return 0


def export_events(options: argparse.Namespace) -> int:
    """Write the input spikes of an experiment for other tools."""
    from stdp_pipeline.export.run import export

    pass_index = None
    if options.pass_index != "frozen":
        try:
            pass_index = int(options.pass_index)
        except ValueError:
            raise ConfigError(f"--pass must be 'frozen' or a number from 0, got '{options.pass_index}'") from None
    planned = planned_of(options)
    done = export(planned, options.output, options.format, options.split, options.images, pass_index, options.run)
    one, output = done["run"], options.output
    n_bytes = sum(p.stat().st_size for p in ([output] if output.is_file() else output.rglob("*")) if p.is_file())
    varied = f", {one.told}" if one.varied else ""
    print(
        f"wrote {output}: {done['presentations']} presentations, {done['spikes']} spikes, {n_bytes / 1e6:.1f} MB "
        f"(run {options.run} of {len(planned.runs)}: seed {one.seed}{varied})"
    )
    return 0


def show(options: argparse.Namespace) -> int:
    """Print an experiment's resolved configuration, its jobs, and what they take; draw the graph of them."""
    from stdp_pipeline.workflow.costs import estimate
    from stdp_pipeline.workflow.summary import as_json, summary

    if options.cores is not None and options.cores < 1:
        raise ConfigError(f"--cores must be at least 1, got {options.cores}")
    planned = planned_of(options)
    resolved = planned.experiment.model_dump(mode="json")
    cores = options.cores or os.cpu_count() or 1
    root = (options.directory or project_root()) / "results"
    found = estimate(planned.jobs.values(), root)
    if options.graph is not None:
        from stdp_pipeline.workflow.graph import write_graph

        write_graph(planned, found, options.graph, options.graph_of)
    if options.json:
        jobs = [
            {"stage": j.stage, "id": j.id, "spec": j.spec, "parents": {r: p.id for r, p in j.parents.items()}}
            for j in planned.jobs.values()
        ]
        told = {"name": planned.name, "configuration": resolved, "jobs": jobs}
        print(json.dumps(told | {"estimate": as_json(planned, found, cores)}, indent=2))
        return 0
    print(f"# {planned.name}: resolved configuration")
    print(yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True))
    print("# jobs")
    for name in STAGES:
        for job in planned.of(name):
            print(f"{name:11s} {job.id}")
    print(f"\n{summary(planned, found, cores, root)}")
    if options.graph is not None:
        print(f"graph: {options.graph}")
    return 0


def list_kind(options: argparse.Namespace, kinds: dict[str, str]) -> int:
    """Print the components of one kind, or the experiments, each with a line of description."""
    if options.kind == "experiments":
        folder = project_root() / "config" / "experiments"
        entries = {p.stem: str(read_yaml(p).get("title", "")) for p in sorted(folder.glob("*.yaml"))}
    elif options.kind == "pretrained":
        from stdp_pipeline.pretrained import store

        entries = {name: store.summary(name) for name in store.names()}
    elif options.kind == "hardware":
        from stdp_pipeline.hardware import study

        entries = {name: str(read_yaml(path).get("title", "")) for name, path in study.presets().items()}
    elif options.kind == "presets":
        entries = {name: str(read_yaml(path).get("title", "")) for name, path in presets().items()}
    else:
        kind = kinds[options.kind]
        entries = {name: registry.summary(kind, name) for name in registry.names(kind)}
    if options.json:
        print(json.dumps([{"name": n, "description": d} for n, d in entries.items()], indent=2))
    else:
        width = max(map(len, entries), default=0)
        for name, description in entries.items():
            print(f"{name:{width}s}  {description}")
    return 0


def status(options: argparse.Namespace) -> int:
    """Print how far an experiment is, and what failed."""
    from stdp_pipeline.archive import commands
    from stdp_pipeline.archive.partial import run_again

    again = run_again(options.experiment, options.set, options.directory)
    options.directory = options.directory or project_root()
    return commands.status(options, planned_of(options), again)


def index(options: argparse.Namespace) -> int:
    """Write the page of all experiments in a results folder."""
    from stdp_pipeline.archive import commands

    options.directory = options.directory or project_root()
    return commands.index(options)


def provenance(options: argparse.Namespace) -> int:
    """Print what made a result, and from what."""
    from stdp_pipeline.archive import commands

    return commands.provenance(options)


def reproduce(options: argparse.Namespace) -> int:
    """Make a result again and say whether it is the same."""
    from stdp_pipeline.archive import commands

    return commands.reproduce(options)


def gc(options: argparse.Namespace) -> int:
    """List or remove results that no experiment refers to."""
    from stdp_pipeline.archive import commands

    options.directory = options.directory or project_root()
    return commands.gc(options, project_root() / "config" / "experiments")


def compare(options: argparse.Namespace) -> int:
    """Set experiments that have been run side by side."""
    from stdp_pipeline.archive import compare as side_by_side

    options.directory = options.directory or project_root()
    return side_by_side.compare(options, project_root() / "config" / "experiments")


def crate(options: argparse.Namespace) -> int:
    """Pack an experiment as an RO-Crate."""
    from stdp_pipeline.archive import commands

    options.directory = options.directory or project_root()
    return commands.crate(options, planned_of(options))


def gallery(options: argparse.Namespace) -> int:
    """Copy one picture of each figure for print, and write the page that shows them."""
    from stdp_pipeline.stages._gallery import copy_gallery

    n_figures, size = copy_gallery(options.figures, options.output)
    print(f"{n_figures} figures, {size / 1e6:.1f} MB -> {options.output / 'README.md'}")
    return 0


def bench(options: argparse.Namespace) -> int:
    """Measure CPU seconds per image, alone or side by side with the machine's limit or another simulator."""
    from stdp_pipeline.bench import case, limit, measure, peers, table

    for name, least in (("images", 1), ("repeats", 1), ("warmup", 0), ("seed", 0), ("threads", 1)):
        if getattr(options, name) < least:
            raise ConfigError(f"--{name} must be at least {least}, got {getattr(options, name)}")
    if options.against is not None:
        peers.check(options.against, options.rule, options.delays, options.threads)
    elif options.peer_python is not None:
        raise ConfigError("--peer-python is for --against only")
    rows = []
    for n_exc in options.neurons:
        one = case.prepare(
            options.engine.replace("-", "_"), n_exc, options.rule, options.delays, options.warmup, options.seed
        )
        if options.against:
            row = peers.compare(one, options.against, options.peer_python, options.images, options.repeats)
        elif options.frozen:
            row = measure.frozen(one, options.images, options.repeats, options.threads)
        else:
            row = measure.training(one, options.images, options.repeats, options.threads)
        if options.limit:
            row |= limit.bare_loops(one, min(options.images, 100), options.repeats)
            row["ratio"] = row["cpu_s_median"] / row["presentations_per_image"] / row["limit_s"]
        rows.append(row)
    print(json.dumps(rows, indent=2) if options.json else table.text(rows))
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Check versions, imports, compiler and data; the exit status is 1 if something is wrong that all need."""
    from stdp_pipeline.doctor import examine

    checks = examine()
    if options.json:
        print(json.dumps([vars(c) for c in checks], indent=2))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'FAIL' if check.needed else 'lack'} {check.what}: {check.found}")
            if not check.ok:
                print(f"     -> {check.remedy}")
    return 0 if all(check.ok for check in checks if check.needed) else 1
