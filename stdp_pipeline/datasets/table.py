"""Your own table of real-valued features: a ``.csv`` or ``.tsv`` file, or ``X`` and ``y`` in a ``.npz`` file.

Each feature is scaled to 0 to 1 by its range in the training data. With the code ``population`` each becomes a row of
input channels. A CSV file has a header; one column is the class, all others are numbers.

References
----------
.. [1] Bohte, Kok, La Poutre (2002), "Error-backpropagation in temporally encoded networks of spiking neurons",
   Neurocomputing 48:17, doi:10.1016/S0925-2312(01)00658-0: features of tables as populations of input neurons.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.datasets._base import Dataset
from stdp_pipeline.datasets._digest import digest_of
from stdp_pipeline.datasets._labels import numbered
from stdp_pipeline.datasets._table import TableDatasetParams
from stdp_pipeline.datasets.npz import arrays_of
from stdp_pipeline.errors import ConfigError, DataError

__all__ = ["Params", "fingerprint", "read"]


class Params(TableDatasetParams):
    """Where the table is."""

    name: Literal["table"] = "table"
    """Name of the data set."""
    file: Annotated[str, Field(min_length=1)] = "table.csv"
    """The file: ``.csv`` (commas), ``.tsv`` (tabs) or ``.npz``."""
    label: str | None = None
    """Column with the class; null for the last one. Not for ``.npz``."""


def fingerprint(params: Params) -> dict[str, str]:
    """Return a digest of the file."""
    path = Path(params.file)
    return {"file": digest_of([path], path.parent)}


def read(params: Params) -> Dataset:
    """Read the table.

    Raises
    ------
    DataError
        If it cannot be read, or a feature is not a number.
    ConfigError
        If nothing divides its rows into training and test.
    """
    path = Path(params.file)
    pooled = params.split.method == "given" and not params.validation
    if path.suffix == ".npz":
        arrays = arrays_of(path, pooled)
        parts = [_features(values, f"'{path}'") for values in arrays[::2]]
        labels, names = numbered(np.concatenate(arrays[1::2]), f"'{path}'")
        halves = np.split(labels, [len(arrays[1])])
    else:
        if pooled:
            raise ConfigError(
                f"dataset.split: '{path}' is one table, so say how to divide its rows: dataset.split.method must be "
                "'held_out' or 'k_fold'"
            )
        values, column = _of_text(path, params.label)
        parts = [_features(values, f"'{path}'")]
        labels, names = numbered(column, f"'{path}'")
        halves = [labels, labels[:0]]
    if len(parts) == 1:
        parts.append(parts[0][:0])
    return Dataset(parts[0], halves[0], parts[1], halves[1], names)


def _of_text(path: Path, label: str | None) -> tuple[np.ndarray, np.ndarray]:
    import pandas

    try:
        table = pandas.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"cannot read '{path}' as a table: {reason}; check dataset.file") from error
    columns = [str(name) for name in table.columns]
    if label is not None and label not in columns:
        raise ConfigError(f"dataset.label: '{path}' has no column '{label}'; known: {', '.join(columns)}")
    if len(columns) < 2 or len(table) == 0:
        raise DataError(f"'{path}' needs a header, at least one feature and one class, and rows; got {columns}")
    name = label or columns[-1]
    features = table.drop(columns=name)
    for column in features.columns:
        if features[column].dtype.kind not in "biuf":
            raise DataError(
                f"'{path}': column '{column}' holds text, for example {features[column].iloc[0]!r}; features must be "
                "numbers. Is another column the class (dataset.label)?"
            )
    if table[name].isna().any():
        raise DataError(f"'{path}': row {int(np.flatnonzero(table[name].isna())[0]) + 2} has no class")
    return features.to_numpy(np.float64), table[name].to_numpy()


def _features(values: np.ndarray, what: str) -> np.ndarray:
    if values.ndim != 2:
        raise DataError(f"{what}: features must be (n, n_features), got an array of shape {values.shape}")
    if not np.isfinite(values).all():
        row, column = (int(i[0]) for i in np.nonzero(~np.isfinite(values)))
        raise DataError(f"{what}: feature {column} of row {row} is missing or not a finite number, counted from 0")
    return values.astype(np.float32)[:, None, :]
