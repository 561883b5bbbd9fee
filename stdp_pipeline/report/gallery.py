"""The page beside figures for print: each with a title, what it shows, and its files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from stdp_pipeline.report.captions import SECTIONS, about

__all__ = ["entry", "gallery_page", "shown"]

_LARGEST_SVG = 300_000  # bytes; of a larger one the page shows the PNG
_WIDTHS_PX = {"one_column": 460, "two_columns": 860}  # of the figures that are shown: larger than on paper


def entry(name: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the record of one figure.

    Parameters
    ----------
    name : str
        As :func:`stdp_pipeline.report.captions.about` knows it.
    files : mapping of str to bytes
        As :func:`stdp_pipeline.figures.print.for_print` returns them.

    Returns
    -------
    dict
        ``name``, ``section``, ``title``, ``caption``, and ``files``: file name -> bytes of it.
    """
    return {"name": name, **about(name)._asdict(), "files": {file: len(content) for file, content in files.items()}}


def shown(figure: Mapping[str, Any]) -> str:
    """Return the file of a figure that a page shows: one column as SVG, if there is one, and it is not too large."""
    files = figure["files"]
    columns = next(c for c in _WIDTHS_PX if f"{figure['name']}_{c}.svg" in files)
    svg, png = (f"{figure['name']}_{columns}.{kind}" for kind in ("svg", "png"))
    return svg if files[svg] <= _LARGEST_SVG else png


def gallery_page(
    name: str, title: str, description: str, figures: Sequence[Mapping[str, Any]], files: Collection[str] | None = None
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    name, title, description : str
        Of the experiment.
    figures : sequence of dict
        Records of :func:`entry`.
    files : collection of str, optional
        Files that are there, to be named; all by default. Those that the page shows must be.
    """
    lines = [
        f"# Figures: {title}",
        "",
        *([description, ""] if description else []),
        "For print: 85 mm (one column) or 174 mm (two columns) wide, text of 7 to 8 pt, colours that stay apart under "
        "protanopia and deuteranopia. In the SVG files text is text; only pictures and clouds of thousands of points "
        "are pixels, of 300 dpi, as is all of the PNG files. Place them at 100 %.",
        "",
        f"`stdp run {name}` makes them, as SVG and as PNG at both widths, in `results/experiments/{name}/print/`. They "
        "show the first run of the experiment, but for those of all runs.",
    ]
    for section in SECTIONS:
        mine = [figure for figure in figures if figure["section"] == section]
        lines += ["", f"## {section}"] if mine else []
        for figure in mine:
            file = shown(figure)
            width = next(px for columns, px in _WIDTHS_PX.items() if file.startswith(f"{figure['name']}_{columns}"))
            lines += ["", f"### {figure['title']}", ""]
            lines += [f'<img src="{file}" alt="{figure["title"]}" width="{width}">', "", figure["caption"]]
            there = [one for one in figure["files"] if files is None or one in files]
            if len(there) > 1:
                links = [f"[{_told(figure['name'], one)}]({one})" for one in there]
                lines += ["", f"{', '.join(links)}."]
    return "\n".join(lines) + "\n"


def _told(name: str, file: str) -> str:
    columns, kind = Path(file).stem.removeprefix(f"{name}_"), Path(file).suffix
    return f"{columns.replace('_', ' ')} {kind[1:].upper()}"
