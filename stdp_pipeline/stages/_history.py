"""Read the learning curve that the train stage wrote."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from stdp_pipeline.errors import ResultsError

__all__ = ["read_history"]


def read_history(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of ``history.tsv``, NaN where a cell is empty."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t"))
        return {
            name: np.array([float(row[i]) if row[i] else np.nan for row in rows[1:]]) for i, name in enumerate(rows[0])
        }
    except (OSError, ValueError, IndexError) as error:
        raise ResultsError(f"'{path}' is missing or damaged ({error}); delete it and run again") from error
