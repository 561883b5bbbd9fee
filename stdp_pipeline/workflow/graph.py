"""The graph of an experiment's jobs, by stage or job by job, as a picture or in the language of Graphviz."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stdp_pipeline.config.job import OF_EXPERIMENTS, Job
from stdp_pipeline.config.plan import Plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.figures.workflow import FORMATS, Edge, Node, dot, draw
from stdp_pipeline.io import write_bytes
from stdp_pipeline.workflow.costs import Estimate
from stdp_pipeline.workflow.summary import counted, time_told

__all__ = ["write_graph"]

_MOST = 250
"""Jobs that can be told apart in one picture."""

_LETTERS = 32
"""Of a job's name, in its box."""


def write_graph(planned: Plan, found: Estimate, file: Path, of: str) -> None:
    """Draw what is made from what.

    Parameters
    ----------
    planned : Plan
    found : Estimate
    file : Path
        Ends in .svg, .png, .pdf or .dot.
    of : str
        'stages' for one box for each stage, or 'jobs' for one for each job.

    Raises
    ------
    ConfigError
        If the ending is none of these, or there are too many jobs for a picture.
    """
    kind = file.suffix[1:].lower()
    if kind not in (*FORMATS, "dot"):
        raise ConfigError(f"--graph must end in {', '.join(f'.{k}' for k in FORMATS)} or .dot, got '{file}'")
    if of == "jobs" and kind != "dot" and len(planned.jobs) > _MOST:
        raise ConfigError(
            f"--graph-of jobs: {len(planned.jobs)} jobs are too many for a picture, of which {_MOST} is the most; draw "
            "the stages, or write a .dot file"
        )
    nodes, edges = _of_jobs(planned, found) if of == "jobs" else _of_stages(planned, found)
    note = f"{counted(len(planned.runs), 'run')}, {counted(len(planned.jobs), 'job')}, "
    note += f"about {time_told(found.cpu_s)} of CPU time; coloured as far as done"
    if kind == "dot":
        write_bytes(file, dot(planned.name, nodes, edges).encode())
    else:
        write_bytes(file, draw(planned.name, note, nodes, edges, kind))


def _of_stages(planned: Plan, found: Estimate) -> tuple[list[Node], list[Edge]]:
    """Return a box for each stage, and for each two stages how many pairs of their jobs there are.

    That is told where it is not one for each job that reads; and not of the report, which looks at all.
    """
    nodes: list[Node] = []
    number: dict[str, int] = {}
    for stage in found.stages:
        jobs = counted(stage.n, "job") if stage.n_done in (0, stage.n) else f"{stage.n_done} of {stage.n} jobs"
        number[stage.stage] = len(nodes)
        nodes.append(Node(stage.stage, f"{jobs} · {time_told(stage.cpu_s)}", stage.n_done / stage.n))
    pairs = Counter((number[a.stage], number[b.stage]) for a, b in _links(planned))
    return nodes, [
        Edge(start, end, n, n != found.stages[end].n and found.stages[end].stage not in OF_EXPERIMENTS)
        for (start, end), n in sorted(pairs.items())
    ]


def _of_jobs(planned: Plan, found: Estimate) -> tuple[list[Node], list[Edge]]:
    """Return a box for each job, and what it reads."""
    number = {key: k for k, key in enumerate(planned.jobs)}
    nodes = [Node(stage, _short(name), float((stage, name) in found.done)) for stage, name in planned.jobs]
    return nodes, [Edge(number[a.key], number[b.key]) for a, b in _links(planned)]


def _links(planned: Plan) -> Iterator[tuple[Job, Job]]:
    """Yield each job with each that reads it; the report, which looks at all, only with those that no other reads."""
    jobs = planned.jobs.values()
    read = {parent.stage for job in jobs if job.stage not in OF_EXPERIMENTS for parent in job.parents.values()}
    for job in jobs:
        for parent in {parent.key: parent for parent in job.parents.values()}.values():
            if job.stage not in OF_EXPERIMENTS or parent.stage not in read:
                yield parent, job


def _short(name: str) -> str:
    """Return the readable beginning of an id."""
    name = re.sub(r"(-[0-9a-f]{10})+$", "", name)
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
