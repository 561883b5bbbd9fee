"""Fill the report's template."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stdp_pipeline.analysis.activity import DESCRIPTIONS as _OF_NEURONS
from stdp_pipeline.analysis.measures import MEASURES, TRAJECTORY_MEASURES
from stdp_pipeline.analysis.recovery import Recovery
from stdp_pipeline.analysis.spike_statistics import DESCRIPTIONS as _OF_SPIKES
from stdp_pipeline.figures._methods import method_title
from stdp_pipeline.report.captions import HARDWARE_CAPTIONS, about
from stdp_pipeline.report.comparison import Comparison
from stdp_pipeline.report.crossbars import CrossbarStudy
from stdp_pipeline.report.differences import Differences, differences_context, p_text
from stdp_pipeline.report.representations import Learned, table
from stdp_pipeline.report.unfinished import Unfinished, section_filters

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["MODEL_PICTURES", "RunView", "hardware_context", "page", "templates"]

_HALF_PT = 375.0
"""Width of a figure on half the page, pt (500 px)."""
_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}

MODEL_PICTURES = ("network.svg", "presentation.png", "stdp_curves.svg", "lif_response.svg")
"""The figures of the model itself, of the first run only."""


@dataclass(frozen=True)
class RunView:
    """One run as the page shows it.

    Attributes
    ----------
    row : dict
        Its record in ``metrics.json``.
    varied : dict
        The values of the experiment's grid.
    pictures : dict of str to bytes
        File name -> content.
    costs : list of dict
        Time and memory of each stage.
    """

    row: dict[str, Any]
    varied: dict[str, Any]
    pictures: dict[str, bytes]
    costs: list[dict[str, Any]]

    @property
    def title(self) -> str:
        """What tells this run from the others."""
        values = [f"{k} = {v}" for k, v in self.varied.items()] + [f"seed {self.row['seed']}"]
        return ", ".join(values)

    def uri(self, file: str) -> str:
        """Return a picture as a data URI."""
        return data_uri(file, self.pictures[file])

    @staticmethod
    def caption(file: str) -> str:
        """Return what a picture shows."""
        return about(file).caption

    @property
    def maps(self) -> list[str]:
        """File names of the maps."""
        return [file for file in self.pictures if file.startswith("map_")]

    @property
    def total_s(self) -> float:
        """Seconds of all stages together."""
        return float(sum(cost["wall_s"] for cost in self.costs))


def data_uri(file: str, content: bytes) -> str:
    return f"data:{_TYPES[Path(file).suffix]};base64,{base64.b64encode(content).decode()}"


def natural_pictures(pictures: Mapping[str, bytes]) -> list[tuple[str, str, str]]:
    """Return data URI, caption and classes of SVGs that are not enlarged: those that fit there take half the page."""
    found = []
    for file, content in pictures.items():
        width = re.search(rb'<svg [^>]*?width="([\d.]+)pt"', content)
        size = "natural" if width and float(width[1]) <= _HALF_PT else "natural wide"
        found.append((data_uri(file, content), about(file).caption, size))
    return found


def _curves(studies: Sequence[CrossbarStudy], pictures: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return for each curve its networks and its pictures, as (data URI, caption)."""
    found = []
    for name in dict.fromkeys(study.name for study in studies):
        mine = [study for study in studies if study.name == name]
        files = [f"hardware_{name}{ending}" for ending in HARDWARE_CAPTIONS]
        shown = [
            (data_uri(file, pictures[file]), HARDWARE_CAPTIONS[file.removeprefix(f"hardware_{name}")])
            for file in files
            if file in pictures
        ]
        found.append({"name": name, "vary": mine[0].vary, "studies": mine, "pictures": shown})
    return found


def _runs_with(rows: list[dict[str, Any]], name: str, value: Any) -> list[str]:
    """Return what tells the runs in which something has a certain value from the others."""
    found = [row["varied"] for row in rows if row[name] == value]
    return list(dict.fromkeys(", ".join(f"{k} = {v}" for k, v in varied.items()) or "all runs" for varied in found))


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def templates(*more: Path) -> Environment:
    """Return the environment in which the templates of this folder are filled, and those of others."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, *more]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda n: f"{n:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    environment.filters |= section_filters()
    environment.filters["method"] = method_title
    environment.filters["p"] = lambda p: p_text(p).replace(" ", "\N{NO-BREAK SPACE}")
    # Numbers stay in one line, however narrow a table's column is.
    environment.filters["percent"] = lambda x: f"{100 * x:.2f}\N{NO-BREAK SPACE}%"
    environment.filters["up_to"] = lambda low, high: (
        f"{100 * low:.2f}\N{EN DASH}\N{WORD JOINER}{100 * high:.2f}\N{NO-BREAK SPACE}%"
    )
    return environment


def hardware_context(
    studies: Sequence[CrossbarStudy], pictures: Mapping[str, bytes], recoveries: Sequence[Recovery]
) -> dict[str, Any]:
    """Return what ``hardware.html`` is filled with; see :func:`page`."""
    return {
        "hardware": _curves(studies, pictures),
        "recoveries": recoveries,
        "recovery_picture": data_uri("recovery.svg", pictures["recovery.svg"]) if recoveries else "",
        "recovery_caption": about("recovery").caption,
    }


def learned_context(learned: Learned) -> dict[str, Any]:
    """Return what ``representations.html`` is filled with; see :func:`page`."""
    better = {name: measure.higher_is_better for name, measure in {**MEASURES, **TRAJECTORY_MEASURES}.items()}
    activity: dict[str, dict[str, Any]] = {}
    for row in learned.activity:
        network, of, measure = row["key"]
        description = (_OF_SPIKES if of == "spikes" else _OF_NEURONS)[measure]
        activity.setdefault(description, {})[network] = row | {"best": False}
    return {
        "page": "explore.html" if "explore.html" in learned.files else None,
        "pictures": natural_pictures(learned.pictures),
        "of_maps": table(learned.of_maps, better),
        "of_paths": table(learned.of_paths, better),
        "map_measures": MEASURES,
        "path_measures": TRAJECTORY_MEASURES,
        "networks": list(dict.fromkeys(row["key"][0] for row in learned.activity)),
        "activity": list(activity.items()),
        "several": any(row["low"] is not None for row in (*learned.of_maps, *learned.of_paths, *learned.activity)),
        "notes": learned.notes,
    }


def page(
    name: str,
    experiment: dict[str, Any],
    rows: list[dict[str, Any]],
    means: list[dict[str, Any]],
    comparison: Comparison,
    views: list[RunView],
    overviews: dict[str, bytes],
    n_runs: int,
    provenance: dict[str, Any],
    studies: Sequence[CrossbarStudy] = (),
    hardware: Mapping[str, bytes] = MappingProxyType({}),
    recoveries: Sequence[Recovery] = (),
    learned: Learned | None = None,
    unfinished: Unfinished | None = None,
    differences: Differences | None = None,
) -> str:
    """Return the report as HTML that refers to nothing outside itself.

    Parameters
    ----------
    name : str
    experiment : dict
        The resolved configuration.
    rows : list of dict
        The records of ``metrics.json``: one for each run and readout.
    means : list of dict
        The records of :func:`stdp_pipeline.report.means.means`.
    comparison : list of dict
        The records of :func:`stdp_pipeline.report.comparison.compare`.
    views : list of RunView
        The runs to show with figures.
    overviews : dict of str to bytes
        Figures of the whole experiment: file name -> content.
    n_runs : int
        All runs.
    provenance : dict
        That of the first run's training, for versions and machine.
    studies : sequence of CrossbarStudy
        Curves of networks on hardware.
    recoveries : sequence of Recovery
        Learning on devices against transferring weights to them.
    hardware : mapping of str to bytes
        Their pictures: file name -> content.
    learned : Learned, optional
        Maps, their measures, and how the neurons share the work.
    unfinished : Unfinished, optional
        What is said above if these are not all runs of the experiment; files beside the page are not linked then.
    differences : Differences, optional
        Combinations compared with a reference.
    """
    import yaml

    return (
        templates()
        .get_template("report.html")
        .render(
            name=name,
            experiment=experiment,
            rows=rows,
            views=views,
            n_runs=n_runs,
            means=means,
            comparison=comparison,
            readouts=list(dict.fromkeys(row["readout"] for row in rows)),
            baselines=list(dict.fromkeys(name for group in comparison for name in group["baselines"])),
            supervised={row["readout"] for row in rows if row["supervised"]},
            overviews=natural_pictures(overviews),
            n_combinations=len(comparison),
            n_seeds=_range([group["n_seeds"] for group in comparison]),
            model_pictures=MODEL_PICTURES,
            **hardware_context(studies, hardware, recoveries),
            learned=learned_context(learned) if learned is not None else None,
            unfinished=unfinished,
            **differences_context(differences or Differences()),
            leaking=_runs_with(rows, "label_split", "test"),
            adapting=_runs_with(rows, "theta_adapts_in_test", True),
            provenance=provenance,
            configuration=yaml.safe_dump(experiment, sort_keys=False, allow_unicode=True),
            style=(Path(__file__).parent / "report.css").read_text(encoding="utf-8"),
        )
    )
