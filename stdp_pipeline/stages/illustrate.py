"""Draw the figures of an experiment for print, at the widths of one and of two columns, with a page that shows them."""

from __future__ import annotations

from pathlib import Path

from stdp_pipeline.config.plan import Plan
from stdp_pipeline.figures.print import COLUMNS_MM, for_print
from stdp_pipeline.io import read_arrays, read_json, write_json, write_text
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.report.comparison import compare
from stdp_pipeline.report.gallery import entry, gallery_page
from stdp_pipeline.report.means import means
from stdp_pipeline.stages._compared import within
from stdp_pipeline.stages._drawings import Drawings, PictureFolder
from stdp_pipeline.stages._experiment import planned_again, records
from stdp_pipeline.stages._hardware import curves, recoveries, studies
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._learned import representation_pictures
from stdp_pipeline.stages._overviews import overviews
from stdp_pipeline.stages._pictures import of_run, only_for_print
from stdp_pipeline.stages._portrait import ARRAYS, portrait

__all__ = ["run"]

_COLUMNS = {"network": ("two_columns",)}
"""Figures that cannot be read in one column."""


def run(job: StageJob) -> None:
    """Write figures as SVG and PNG, ``figures.json``, a record of each, and ``README.md``, a page that shows them.

    They are those of the report for the first run, and of the whole experiment; of hardware the curves, without the
    specimens.
    """
    planned = planned_again(job)
    folder = PictureFolder(job.output)
    figures = []
    for file, draw in _drawings(job.output.parents[2], planned).items():
        name = Path(file).stem
        files = for_print(name, draw, _COLUMNS.get(name, tuple(COLUMNS_MM)))
        folder.write(files)
        figures.append(entry(name, files))
    folder.remove_others()
    told = {key: str(getattr(planned.experiment, key)) for key in ("title", "description")}
    index = {"schema_version": SCHEMA_VERSION, "experiment": planned.name, **told, "figures": figures}
    write_json(job.output / "figures.json", index)
    write_text(job.output / "README.md", gallery_page(planned.name, **told, figures=figures))
    job.details["figures"] = {
        "figures": len(figures),
        "bytes": sum(size for figure in figures for size in figure["files"].values()),
    }


def _drawings(root: Path, planned: Plan) -> Drawings:
    """Return what draws all figures."""
    runs, first = planned.runs, planned.runs[0]
    rows = records(root, runs)
    published = planned.experiment.published
    kind = planned.experiment.report.interval
    compared = compare(means(rows, published.accuracy if published else None, kind))
    model = read_json(root / "train" / first.ids["train"] / "model.json")
    arrays = read_arrays(root / "portray" / planned.portrait.id / ARRAYS)
    return {
        **of_run(root, first),
        **only_for_print(root, first),
        **representation_pictures(root, runs),
        **overviews(root, runs, rows, compared, within(root, planned, runs).found),
        **curves(runs, studies(root, runs), recoveries(root, runs, rows)),
        **portrait(NetworkParams.model_validate(model["network"]), arrays, n_rules=1),
    }
