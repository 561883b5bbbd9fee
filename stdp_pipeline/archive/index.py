"""The page of all experiments in a results folder, told from what was written there: their files may be gone."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from stdp_pipeline.analysis.intervals import interval
from stdp_pipeline.archive.records import RECORD, read_record
from stdp_pipeline.archive.unused import usage
from stdp_pipeline.config.load import completed
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ResultsError, StdpError
from stdp_pipeline.io import canonical_json, read_json, write_text
from stdp_pipeline.provenance import check_layout
from stdp_pipeline.report.page import templates

__all__ = ["Accuracy", "Entry", "entries", "write_index"]

_METRICS, _PARTIAL = "metrics.json", "partial.json"
_LINKS = (
    ("report.html", "report"),
    ("explore.html", "maps"),
    ("summary.tsv", "all runs (TSV)"),
    ("means.tsv", "means (TSV)"),
)
_THUMBNAIL_PX = 112


@dataclass(frozen=True)
class Accuracy:
    """The best combination of parameters of an experiment, by the mean of its first readout.

    Attributes
    ----------
    mean : float
    low, high : float or None
        Student's 95 % interval over the seeds; of a single run Wilson's, over the test images.
    n_seeds : int
    combination : str
        Empty if there is only one.
    n_combinations : int
    readout, split : str
    """

    mean: float
    low: float | None
    high: float | None
    n_seeds: int
    combination: str
    n_combinations: int
    readout: str
    split: str


@dataclass(frozen=True)
class Entry:
    """One experiment.

    Attributes
    ----------
    name, title, description : str
    n_runs, n_runs_done : int
        Zero if it is not known.
    accuracy : Accuracy or None
    data : list of str
        Data sets.
    made : str
        When its report was begun, or what there is of one was written, UTC.
    commit : str
    n_bytes, own_bytes : int or None
        Room that its results take, and those that no other experiment of the page shares.
    links : list of (str, str)
        Address and text.
    unfinished : dict or None
        The content of ``partial.json``.
    thumbnail : str
        Data URI, empty if there is none.
    problems : list of str
        What could not be read, and why.
    """

    name: str
    title: str
    description: str = ""
    n_runs: int = 0
    n_runs_done: int = 0
    accuracy: Accuracy | None = None
    data: list[str] = field(default_factory=list)
    made: str = ""
    commit: str = ""
    n_bytes: int | None = None
    own_bytes: int | None = None
    links: list[tuple[str, str]] = field(default_factory=list)
    unfinished: dict[str, Any] | None = None
    thumbnail: str = ""
    problems: list[str] = field(default_factory=list)


def write_index(root: Path) -> tuple[Path, int]:
    """Write ``index.html`` to a results folder.

    Of two runs that end at once, each may miss the other when it looks, so it looks again when it has written: the one
    that writes last has seen both.

    Parameters
    ----------
    root : Path
        Of the results.

    Returns
    -------
    page : Path
    n : int
        Experiments on it.

    Raises
    ------
    ResultsError
        If it cannot be written.
    """
    page, here = root / "index.html", Path(__file__).parent
    template = templates(here).get_template("index.html")
    style = (here.parent / "report" / "report.css").read_text(encoding="utf-8")
    while True:
        seen = _state(root)
        found = entries(root)
        write_text(page, template.render(entries=found, style=style, root=str(root.resolve())))
        if _state(root) == seen:
            return page, len(found)


def _folders(root: Path) -> list[Path]:
    """Return the folders of experiments; those that begin with a point are being written."""
    folder = root / "experiments"
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [one for one in there if one.is_dir() and not one.name.startswith(".")]


def _state(root: Path) -> dict[Path, tuple[int, int]]:
    """Return what a page is told from, with time and size."""
    found = {}
    for folder in _folders(root):
        for name in (RECORD, _METRICS, _PARTIAL):
            try:
                told = (folder / name).stat()
            except OSError:
                continue
            found[folder / name] = told.st_mtime_ns, told.st_size
    return found


def entries(root: Path) -> list[Entry]:
    """Read all experiments, the newest first."""
    read = [_entry(folder) for folder in _folders(root)]
    plans = {}
    for one, spec in read:
        try:
            if spec is not None:
                plans[one.name] = plan(one.name, completed(dict(spec["experiment"]), one.name))
        except (StdpError, KeyError, TypeError, ValueError):
            continue  # written by another version, or its data are gone: then its room is not known
    room = {one.name: one for one in usage(root, plans)}
    found = []
    for one, _ in read:
        used = room.get(one.name)
        sizes = {"n_bytes": used.n_bytes, "own_bytes": used.own_bytes} if used else {}
        found.append(Entry(**(vars(one) | sizes)))
    return sorted(found, key=lambda one: one.made, reverse=True)


def _entry(folder: Path) -> tuple[Entry, dict[str, Any] | None]:
    """Return an experiment, and the specification of its report if that is known."""
    told: dict[str, Any] = {"name": folder.name, "title": folder.name, "problems": []}
    spec = None
    if (folder / _PARTIAL).is_file():
        try:
            state = read_json(folder / _PARTIAL)
            check_layout(state, folder / _PARTIAL)
            spec = state["spec"]
            told |= _of_rows(state["runs"]) | _about(spec)
            told |= {"unfinished": state, "made": state["written"]}
            told |= {key: state[key] for key in ("n_runs", "n_runs_done")}
        except (ResultsError, KeyError, TypeError, ValueError) as error:
            told["problems"].append(_problem(folder / _PARTIAL, error))
    whole = (folder / RECORD).is_file()  # which is written last
    if whole:
        file = folder / RECORD
        try:
            record = read_record(folder)
            spec = record.values["spec"]
            told |= _about(spec)
            made = {"commit": (record.values["environment"].get("commit") or "")[:8]}
            told |= made | {"made": record.values["started"][:16].replace("T", " ")}
            file = folder / _METRICS
            values = read_json(file)
            check_layout(values, file)
            rows = values["runs"]
            n = len({row["run"] for row in rows})
            told |= _of_rows(rows) | {"n_runs": n, "n_runs_done": n}
        except (ResultsError, KeyError, TypeError, ValueError) as error:
            told["problems"].append(_problem(file, error))
    elif "unfinished" not in told and not told["problems"]:
        told["problems"].append("no report was finished here: 'stdp run' goes on with it")
    address = f"experiments/{quote(folder.name)}"
    told["links"] = [(f"{address}/{file}", text) for file, text in _LINKS if whole and (folder / file).is_file()]
    if (folder / "partial.html").is_file():
        told["links"].insert(0, (f"{address}/partial.html", "what there is so far"))
    return Entry(**told, thumbnail=_thumbnail(folder / "figures" / "receptive_fields.png")), spec


def _problem(file: Path, error: Exception) -> str:
    if isinstance(error, ResultsError):
        return str(error)
    return f"'{file}' is damaged or of another version ({type(error).__name__}: {error}); run the experiment again"


def _about(spec: dict[str, Any]) -> dict[str, str]:
    """Return title and description of an experiment as it was written; without a title its name is enough."""
    given = spec["experiment"]
    return {key: str(given[key]) for key in ("title", "description") if given.get(key)}


def _of_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return accuracy and data of the records of runs."""
    if not rows:
        return {"accuracy": None}
    readout = rows[0]["readout"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["readout"] == readout:
            groups.setdefault(canonical_json(row["varied"]), []).append(row)
    best = max(groups.values(), key=lambda group: float(np.mean([row["test_accuracy"] for row in group])))
    found = interval(np.array([row["test_accuracy"] for row in best])).cut()
    low, high = (found.low, found.high) if len(best) > 1 else best[0]["test_accuracy_ci95"]
    varied = best[0]["varied"]
    name = ", ".join(str(v) if k == "variant" else f"{k} = {v}" for k, v in varied.items())
    accuracy = Accuracy(found.mean, low, high, len(best), name, len(groups), readout, best[0]["split"])
    return {"accuracy": accuracy, "data": list(dict.fromkeys(row["dataset"] for row in rows))}


def _thumbnail(file: Path) -> str:
    """Return a small copy of a picture as a data URI; none if there is no such picture, or it cannot be read."""
    from PIL import Image

    try:
        with Image.open(file) as picture:
            small = picture.convert("RGB")
            small.thumbnail((2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))  # for displays of twice the points
    except (OSError, SyntaxError, ValueError):
        return ""
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
