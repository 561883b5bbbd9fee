"""The tidy table of runs."""

from __future__ import annotations

import csv
import io

import pandas
import pytest
from pyarrow.parquet import read_table

from stdp_pipeline.report.means import mean_columns
from stdp_pipeline.report.tidy import parquet, run_columns, tsv


def row(run, varied, **more):
    record = {"run": run, "seed": 0, "readout": "all_activity", "test_accuracy": 0.1 * run + 1 / 3, "varied": varied}
    nested = {"confusion": [[1]], "test_accuracy_ci95": [0, 1], "ids": {"train": f"t{run}", "test": f"x{run}"}}
    return record | nested | {"supervised": False, "decision_ms": None} | more


ROWS = [
    row(1, {"variant": "a", "neurons": 100, "rate": 1, "plasticity.device": None, "levels": True, "seed": 5}),
    row(2, {"variant": "b\tc", "neurons": 400, "rate": 0.5, "plasticity.device": {"name": "x", "d2d": 0.1},
            "levels": 3, "seed": 6}, bits_per_synapse=4),
    row(3, {"neurons": None, "rate": 2**70}),
]  # fmt: skip


def test_there_is_a_typed_column_for_all_that_varies_and_all_that_was_measured():
    columns = run_columns(ROWS)
    assert columns["variant"] == ["a", "b\tc", None]
    assert columns["neurons"] == [100, 400, None]
    assert columns["rate"] == [1.0, 0.5, float(2**70)]
    assert columns["plasticity.device"] == [None, '{"d2d":0.1,"name":"x"}', None]
    assert columns["levels"] == ["true", "3", None]  # of no one type
    assert columns["seed"] == [0, 0, 0]
    assert columns["varied.seed"] == [5, 6, None]
    assert (columns["train_id"], columns["test_id"]) == (["t1", "t2", "t3"], ["x1", "x2", "x3"])
    assert columns["bits_per_synapse"] == [None, 4, None]
    assert not {"varied", "confusion", "test_accuracy_ci95", "ids"} & set(columns)


def test_parquet_keeps_types_and_values_and_is_the_same_every_time():
    columns = run_columns(ROWS)
    content = parquet(columns)
    assert content == parquet(run_columns(ROWS))
    table = read_table(io.BytesIO(content))
    assert table.to_pydict() == columns
    types = {name: str(table.schema.field(name).type) for name in columns}
    wanted = {"run": "int64", "neurons": "int64", "rate": "double", "variant": "string", "supervised": "bool",
              "decision_ms": "double", "levels": "string", "train_id": "string"}  # fmt: skip
    assert wanted.items() <= types.items()
    frame = pandas.read_parquet(io.BytesIO(content))
    assert frame.groupby("readout")["test_accuracy"].mean().item() == pytest.approx(0.2 + 1 / 3)


def test_tsv_has_the_same_columns_and_a_line_for_each_row():
    text = tsv(run_columns(ROWS))
    lines = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert list(lines[0]) == list(run_columns(ROWS))
    assert [line["variant"] for line in lines] == ["a", "b c", ""]
    assert lines[0]["test_accuracy"] == "0.433333"


def test_means_are_columns_after_what_is_varied():
    found = mean_columns([{"varied": {"n_seeds": 7, "x": 1}, "n_seeds": 3, "accuracy": 0.5}, {"varied": {"x": 2}}])
    assert found == {"n_seeds": [7, None], "x": [1, 2], "accuracy": [0.5, None]}
