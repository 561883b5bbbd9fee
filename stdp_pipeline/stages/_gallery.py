"""Copy figures for print to a gallery: one picture of each, and the page that shows them."""

from __future__ import annotations

from pathlib import Path

from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import read_json, write_text
from stdp_pipeline.provenance import check_layout
from stdp_pipeline.report.gallery import gallery_page, shown
from stdp_pipeline.stages._drawings import PictureFolder

__all__ = ["copy_gallery"]


def copy_gallery(source: Path, output: Path) -> tuple[int, int]:
    """Copy what the page of figures for print shows, and write the page; pictures that were there before go.

    Parameters
    ----------
    source : Path
        Folder that the stage ``illustrate`` wrote.
    output : Path

    Returns
    -------
    n_figures, size : int
        And bytes of all pictures.

    Raises
    ------
    ResultsError
        If the folder is of another version, or lacks a picture.
    """
    index = read_json(source / "figures.json")
    check_layout(index, source / "figures.json")
    folder = PictureFolder(output)
    pictures = {}
    for figure in index["figures"]:
        file = source / shown(figure)
        try:
            pictures[file.name] = file.read_bytes()
        except OSError as error:
            raise ResultsError(f"cannot read '{file}': {error.strerror or error}; run the experiment again") from error
    folder.write(pictures)
    folder.remove_others()
    page = gallery_page(index["experiment"], index["title"], index["description"], index["figures"], pictures)
    write_text(output / "README.md", page)
    return len(pictures), sum(map(len, pictures.values()))
