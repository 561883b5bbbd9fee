"""Captions of figures and tables in Snakemake's own report, which takes a file for each.

``python -m stdp_pipeline.workflow.captions`` writes them anew from those of our report; a test keeps them in step.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from stdp_pipeline.io import write_text
from stdp_pipeline.report.captions import about
from stdp_pipeline.workflow import FIGURES, FIGURES_OF_ALL
from stdp_pipeline.workflow._captions import FOLDER, GROUPS, escaped

__all__ = ["as_written", "main"]

_OTHERS = {
    "report": "All tables and figures on one page that needs nothing else, with the full configuration and what it was "
    "made with.",
    "explore": "Interactive page: all maps side by side, with the image and the receptive field under the pointer.",
    "summary": "A line for each run and readout: parameters, accuracy with Wilson's 95 % interval over the test "
    "images, activity, time and energy.",
    "means": "A line for each combination of parameters and each readout: mean over the seeds, standard deviation, and "
    "Student's 95 % interval of the mean.",
}


def as_written() -> dict[str, str]:
    """Return the content of all files: name -> text."""
    told = {Path(file).stem: about(file).caption for file, _, _ in (*FIGURES, *FIGURES_OF_ALL)}
    told |= {group: about(f"{group}_x").caption for group in GROUPS}
    return {
        f"{name}.rst": textwrap.fill(escaped(text), 120, break_on_hyphens=False) + "\n"
        for name, text in (told | _OTHERS).items()
    }


def main() -> None:
    """Write all files."""
    for name, text in as_written().items():
        write_text(FOLDER / name, text)


if __name__ == "__main__":
    main()
