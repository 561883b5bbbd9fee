"""The command line: ``stdp run | STAGE | list | show | new-experiment | export-events | bench | doctor``.

Only the standard library is imported here, so that ``stdp --help`` starts at once; each command imports what it needs.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stdp_pipeline.errors import StdpError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_STAGES = {
    "prepare": "read and check a data set",
    "encode": "turn images into rate maps",
    "events": "store the input spikes of one pass",
    "train": "train a network without labels",
    "quantise": "put a trained network's weights on a few levels",
    "respond": "record the frozen network's answers to one split",
    "label": "give each neuron a label",
    "test": "classify the test images",
    "baseline": "classify the test images by their pixels, without a network",
    "features": "make features of images or neurons and look up their neighbours",
    "embed": "lay out features in two dimensions",
    "measure": "measure how good maps are",
    "represent": "tell how the neurons share the work",
    "revisit": "show images to the network as it was while it learned",
    "trajectory": "lay out receptive fields at all snapshots of training",
    "crossbar": "put a trained network on hardware and test what is left of it",
    "portray": "draw the model, measured from its simulation",
    "report": "write the report of an experiment",
    "illustrate": "draw the figures of an experiment for print",
}
_KINDS = {
    "datasets": "dataset",
    "encodings": "encoding",
    "rules": "rule",
    "engines": "engine",
    "readouts": "readout",
    "features": "feature",
    "embeddings": "embedding",
    "imperfections": "imperfection",
}
_FILES = ("experiments", "presets", "hardware", "pretrained")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stdp", description="Unsupervised STDP learning, from images to a report.", allow_abbrev=False
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    run = commands.add_parser(
        "run",
        help="run an experiment and write its report",
        epilog="Arguments after -- go to Snakemake, for example: stdp run quickstart -- --dry-run",
        allow_abbrev=False,
    )
    run.add_argument("experiment", help="name in config/experiments, or path of a YAML file")
    run.add_argument("--cores", type=int, metavar="N", help="cores to use (default: all)")
    run.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override, e.g. network.n_exc=100")
    run.add_argument("--directory", metavar="DIR", help="folder that gets results/ (default: the project)")
    run.add_argument(
        "--profile",
        default="local",
        metavar="NAME",
        help="how to run: one of config/profiles, or a folder (default: local)",
    )
    run.add_argument("--unlock", action="store_true", help="remove the lock that a killed run left behind, and exit")

    show = commands.add_parser(
        "show",
        help="print an experiment's full configuration, its jobs, and what they take",
        allow_abbrev=False,
    )
    show.add_argument("experiment", help="name in config/experiments, or path of a YAML file")
    show.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override, e.g. network.n_exc=100"
    )
    show.add_argument("--cores", type=int, metavar="N", help="cores to estimate the time for (default: all)")
    show.add_argument("--directory", type=Path, metavar="DIR", help="folder that has results/ (default: the project)")
    show.add_argument("--graph", type=Path, metavar="FILE", help="draw the jobs: .svg, .png, .pdf, or .dot")
    show.add_argument(
        "--graph-of", choices=("stages", "jobs"), default="stages", help="a box for each stage (default) or each job"
    )
    show.add_argument("--json", action="store_true", help="print JSON")

    listing = commands.add_parser("list", help="list what is there of one kind")
    listing.add_argument("kind", choices=[*_KINDS, *_FILES], metavar="KIND", help=", ".join([*_KINDS, *_FILES]))
    listing.add_argument("--json", action="store_true", help="print JSON")

    starter = commands.add_parser("new-experiment", help="check your own images and write an experiment for them")
    starter.add_argument(
        "--images", required=True, type=Path, metavar="FOLDER", help="folder with a folder of images for each class"
    )
    starter.add_argument("--name", help="name of the experiment (default: that of the folder)")
    starter.add_argument("--output", type=Path, metavar="FILE", help="default: config/experiments/NAME.yaml")

    export = commands.add_parser(
        "export-events", help="write the input spikes of an experiment for other tools", allow_abbrev=False
    )
    export.add_argument("experiment", help="name in config/experiments, or path of a YAML file")
    export.add_argument(
        "--output", required=True, type=Path, metavar="PATH", help="FILE.h5 (AER store), FILE.nix (Neo), or a folder"
    )
    export.add_argument(
        "--format",
        choices=("store", "aedat2", "aedat3", "nmnist", "nix"),
        help="default: by the ending; the middle three write a folder of files",
    )
    export.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override, e.g. seeds=[3]")
    export.add_argument("--run", type=int, default=1, metavar="N", help="run, numbered as in the report (default: 1)")
    export.add_argument("--split", choices=("train", "test", "both"), default="both", help="default: both")
    export.add_argument(
        "--images", type=int, metavar="N", help="only the first N of each split (default: all; NIX: 1000)"
    )
    export.add_argument(
        "--pass",
        dest="pass_index",
        default="frozen",
        metavar="K",
        help="training images as in pass K, from 0, or as labelling sees them ('frozen', default)",
    )

    _add_archive(commands)

    gallery = commands.add_parser("gallery", help="copy one picture of each figure for print, and the page of them")
    gallery.add_argument("figures", type=Path, metavar="FOLDER", help="results/experiments/NAME/print")
    gallery.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder for the copies")

    bench = commands.add_parser("bench", help="measure CPU time per image, also against other simulators")
    bench.add_argument("--engine", default="fast", help="engine, e.g. brian2-standalone (default: fast)")
    bench.add_argument(
        "--neurons", type=int, nargs="+", default=[400], metavar="N", help="network sizes (default: 400)"
    )
    bench.add_argument("--rule", default="triplet", help="learning rule (default: triplet)")
    bench.add_argument("--images", type=int, default=1000, help="training images per repetition (default: 1000)")
    bench.add_argument("--warmup", type=int, default=200, help="training images before the clock starts (default: 200)")
    bench.add_argument("--repeats", type=int, default=3, help="repetitions (default: 3)")
    bench.add_argument("--seed", type=int, default=0, help="seed (default: 0)")
    bench.add_argument(
        "--delays", default="none", choices=("none", "axonal", "synaptic"), help="conduction delays (default: none)"
    )
    kind = bench.add_mutually_exclusive_group()
    kind.add_argument("--frozen", action="store_true", help="time the frozen passes of labelling and testing instead")
    kind.add_argument("--limit", action="store_true", help="compare with the bare loops over the same memory")
    kind.add_argument(
        "--against",
        metavar="PEER",
        help="compare with another simulator, brian2-standalone (a program of its own) or bindsnet, or with an engine",
    )
    bench.add_argument("--peer-python", metavar="PATH", help="Python that has the peer installed (default: this one)")
    bench.add_argument("--threads", type=int, default=1, metavar="N", help="threads (default: 1)")
    bench.add_argument("--json", action="store_true", help="print JSON")

    doctor = commands.add_parser("doctor", help="check versions, imports, compiler and data")
    doctor.add_argument("--json", action="store_true", help="print JSON")

    for stage, summary in _STAGES.items():
        one = commands.add_parser(stage, help=f"stage: {summary}", allow_abbrev=False)
        needed = stage != "test"  # which can do without, see below
        one.add_argument("--spec", required=needed, metavar="JSON", help="the stage's parameters, or @FILE")
        one.add_argument("--input", nargs="+", default=[], metavar="ROLE=FILE", help="files to read")
        one.add_argument("--output", required=needed, type=Path, metavar="DIR", help="folder for the results")
        one.add_argument("--threads", type=int, default=1, metavar="N", help="threads to use (default: 1)")
        one.add_argument("--checkpoint", type=Path, metavar="DIR", help="folder for checkpoints of a long stage")
        one.add_argument("--code", default="", metavar="DIGEST", help="digest of the code, for the record")
        if stage == "test":
            alone = one.add_argument_group("instead of --spec, --input and --output")
            alone.add_argument("--pretrained", metavar="NAME", help="test a network that comes with the package")
            alone.add_argument("--images", type=int, metavar="N", help="only the first N test images (default: all)")
            alone.add_argument("--readout", default="all_activity", metavar="NAME", help="default: all_activity")
            alone.add_argument(
                "--seed", type=int, metavar="N", help="seed of the input spikes (default: the training's)"
            )
            alone.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_archive(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands that look after results."""

    def of_experiment(name: str, summary: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=summary, allow_abbrev=False)
        one.add_argument("experiment", help="name in config/experiments, or path of a YAML file")
        one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override, as in stdp run")
        return one

    def at_directory(one: argparse.ArgumentParser) -> None:
        one.add_argument(
            "--directory", type=Path, metavar="DIR", help="folder that has results/ (default: the project)"
        )

    status = of_experiment("status", "say how far an experiment is, and what failed")
    at_directory(status)
    status.add_argument(
        "--report", action="store_true", help="write results/experiments/NAME/partial.html, of the runs that are done"
    )

    index = commands.add_parser("index", help="write results/index.html, a page of all experiments that were run")
    at_directory(index)

    provenance = commands.add_parser("provenance", help="print what made a result, and from what")
    provenance.add_argument("path", type=Path, help="file or folder of results")

    reproduce = commands.add_parser("reproduce", help="make a result again and say whether it is the same")
    reproduce.add_argument("path", type=Path, help="file or folder of results")
    reproduce.add_argument("--with-parents", action="store_true", help="make all that it was made from again, too")
    reproduce.add_argument("--threads", type=int, default=1, metavar="N", help="threads to use (default: 1)")

    gc = commands.add_parser("gc", help="list or remove results that no experiment refers to; room of each experiment")
    at_directory(gc)
    gc.add_argument("--remove", action="store_true", help="remove them (default: only say how many)")
    gc.add_argument("--verbose", action="store_true", help="list them")
    gc.add_argument(
        "--experiments", action="append", default=[], type=Path, metavar="FOLDER", help="more folders with YAML files"
    )

    compare = commands.add_parser("compare", help="set experiments that have been run side by side", allow_abbrev=False)
    compare.add_argument(
        "experiments",
        nargs="+",
        metavar="EXPERIMENT",
        help="two or more names or paths of YAML files, the first one being the reference; NAME:COMBINATION takes one "
        "combination, called as in the report's tables",
    )
    at_directory(compare)
    compare.add_argument("--output", type=Path, metavar="FOLDER", help="default: results/comparisons/A-vs-B")

    crate = of_experiment("crate", "pack an experiment as an RO-Crate, for deposit")
    at_directory(crate)
    crate.add_argument("--output", required=True, type=Path, metavar="PATH", help="folder, or FILE.zip")
    crate.add_argument("--with-results", action="store_true", help="add the results of all jobs, not only records")
    crate.add_argument("--license", metavar="ID", help="SPDX identifier, such as CC-BY-4.0, or an address")
    crate.add_argument("--author", metavar="NAME", help="name, or ORCID address")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    # What follows "--" is for Snakemake; argparse itself would refuse options there.
    split = arguments.index("--") if arguments[:1] == ["run"] and "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:split])
    options.snakemake = arguments[split + 1 :]
    if options.version:
        from stdp_pipeline import __version__

        print(__version__)
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        status = _run(options)
        sys.stdout.flush()
        return status
    except StdpError as error:
        print(f"stdp {options.command}: error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 141
    except OSError as error:
        print(
            f"stdp {options.command}: error: {error.strerror or error} ({error.filename or 'output'})", file=sys.stderr
        )
        return 1
    except Exception as error:
        # Not foreseen: a fault of ours, or files and parameters of different origin. One line for the user, and the
        # way to the rest.
        if os.environ.get("STDP_TRACEBACK"):
            raise
        print(
            f"stdp {options.command}: error: unexpected {type(error).__name__}: {error}. Do --spec and --input belong "
            "together? STDP_TRACEBACK=1 shows where it happened; please report it if they do",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(f"\nstdp {options.command}: interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    from stdp_pipeline import commands

    if options.command == "test" and options.pretrained is not None:
        return commands.test_pretrained(options)
    if options.command in _STAGES:
        commands.stage(options)
        return 0
    if options.command == "list":
        return commands.list_kind(options, _KINDS)
    return int(getattr(commands, options.command.replace("-", "_"))(options))
