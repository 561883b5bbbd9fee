"""Tidy tables: a line for each observation, a column with one type for each variable; as TSV and as Parquet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from stdp_pipeline.io import canonical_json

__all__ = ["Columns", "parquet", "run_columns", "tsv"]

Columns = dict[str, list[Any]]
"""Name -> values, all of them bool, int, float or str, or None."""

_FIRST = (
    "run", "dataset", "split", "rule", "n_exc", "passes", "seed", "readout",
    "test_accuracy", "ci95_low", "ci95_high", "n_test",
    "train_cpu_s_per_image", "train_spikes_per_image", "test_spikes_per_image", "presentations_per_image",
    "test_input_spikes_per_image", "test_presentations_per_image", "bits_per_input", "bits_per_spike", "decision_ms",
    "bits_per_synapse", "writes_per_image", "switches_per_synapse", "most_switches", "train_sops_per_image",
    "test_sops_per_image", "train_energy_nj", "test_energy_nj",
    "theta_mean_mv", "n_silent_neurons", "n_silent_test_images", "train_id",
)  # fmt: skip
_NESTED = ("varied", "confusion", "test_accuracy_ci95", "ids")
"""What a record holds beside single values."""
_LARGEST = 2**63 - 1


def run_columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Return the tidy table of all runs: a line for each run and readout.

    Columns are what identifies a run and its accuracy, all other measures of ``metrics.json``, what the experiment
    varies, and the ids of the run's jobs. What is varied and is called as another column is ``varied.NAME``.

    Parameters
    ----------
    rows : sequence of mapping
        The records of ``metrics.json``.
    """
    measures = dict.fromkeys([*_FIRST, *(key for row in rows for key in row)])
    columns: Columns = {key: _typed([row.get(key) for row in rows]) for key in measures if key not in _NESTED}
    for key in dict.fromkeys(key for row in rows for key in row["varied"]):
        name = f"varied.{key}" if key in columns else key
        columns[name] = _typed([row["varied"].get(key) for row in rows])
    for stage in dict.fromkeys(stage for row in rows for stage in row["ids"]):
        columns[f"{stage}_id"] = _typed([row["ids"].get(stage) for row in rows])
    return columns


def _typed(values: list[Any]) -> list[Any]:
    """Return values of one type: numbers as they are, whole ones with others as float, and all else as text."""
    kinds = {type(value) for value in values if value is not None}
    if (kinds == {int} and all(value is None or abs(value) <= _LARGEST for value in values)) or kinds <= {bool}:
        return values
    if kinds <= {int, float}:
        return [None if value is None else float(value) for value in values]
    return [value if value is None or isinstance(value, str) else canonical_json(value) for value in values]


def tsv(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return tab-separated text; numbers with six digits, nothing for None."""
    lines = ["\t".join(map(_cell, columns))]
    lines += ["\t".join(map(_cell, values)) for values in zip(*columns.values(), strict=True)]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return " ".join(text.splitlines()).replace("\t", " ")


def parquet(columns: Columns) -> bytes:
    """Return Apache Parquet; equal tables give equal bytes. Columns without any value are of floats."""
    import pyarrow
    from pyarrow.parquet import write_table

    types = {bool: pyarrow.bool_(), int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    arrays = {}
    for name, values in columns.items():
        kind = next((type(value) for value in values if value is not None), float)
        arrays[name] = pyarrow.array(values, types[kind])
    buffer = io.BytesIO()
    write_table(pyarrow.table(arrays), buffer)
    return buffer.getvalue()
