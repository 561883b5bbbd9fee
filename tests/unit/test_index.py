"""The page of all experiments: what it tells, what it survives, and two runs that end at once."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from stdp_pipeline.analysis.intervals import interval
from stdp_pipeline.archive import index
from stdp_pipeline.archive.index import entries, write_index
from stdp_pipeline.cli import main
from stdp_pipeline.io import write_json
from stdp_pipeline.provenance import SCHEMA_VERSION


def _rows(accuracies: dict[str, list[float]], readouts: tuple[str, ...] = ("all_activity", "svm")) -> list[dict]:
    rows = []
    for variant, found in accuracies.items():
        for seed, accuracy in enumerate(found):
            for readout in readouts:
                varied = {"variant": variant} if variant else {}
                rows.append(
                    {
                        "run": 1 + len(rows) // len(readouts), "varied": varied, "readout": readout, "split": "test",
                        "dataset": "digits", "seed": seed,
                        "test_accuracy": accuracy if readout == readouts[0] else 1.0,
                        "test_accuracy_ci95": [accuracy - 0.02, accuracy + 0.02],
                    }
                )  # fmt: skip
    return rows


def _experiment(root: Path, name: str, rows: list[dict], started: str = "2026-01-02T03:04:05+00:00") -> Path:
    folder = root / "experiments" / name
    written = {"title": f"About {name}", "dataset": {"name": "digits"}, "seeds": [0]}
    record = {
        "schema_version": SCHEMA_VERSION,
        "stage": "report",
        "spec": {"name": name, "experiment": written, "order": {}},
        "inputs": {},
        "started": started,
        "environment": {"commit": "0123456789abcdef"},
    }
    write_json(folder / "provenance.json", record)
    write_json(folder / "metrics.json", {"schema_version": SCHEMA_VERSION, "experiment": name, "runs": rows})
    for file in ("report.html", "summary.tsv"):
        (folder / file).write_text("x")
    return folder


def _links(page: Path) -> list[str]:
    return [
        link for link in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page.read_text()) if link[:5] != "data:"
    ]


def test_each_experiment_is_told_with_its_best_combination(tmp_path):
    folder = _experiment(tmp_path, "several", _rows({"a": [0.5, 0.6, 0.7], "b": [0.8, 0.82, 0.9]}))
    _experiment(tmp_path, "one", _rows({"": [0.7]}), "2026-02-02T03:04:05+00:00")
    (folder / "figures").mkdir()
    Image.new("RGB", (2000, 1000)).save(folder / "figures" / "receptive_fields.png")
    page, n = write_index(tmp_path)
    assert n == 2
    newest, several = entries(tmp_path)
    assert (newest.name, newest.title, newest.data) == ("one", "About one", ["digits"])
    assert (newest.accuracy.low, newest.accuracy.high) == pytest.approx((0.68, 0.72))
    assert (newest.accuracy.n_combinations, newest.accuracy.combination) == (1, "")
    best = several.accuracy
    wanted = interval(np.array([0.8, 0.82, 0.9])).cut()
    assert (best.mean, best.low, best.high) == (wanted.mean, wanted.low, wanted.high)
    assert (best.combination, best.n_combinations, best.n_seeds, best.readout) == ("b", 2, 3, "all_activity")
    assert (several.n_runs, several.n_runs_done, several.commit) == (6, 6, "01234567")
    assert several.n_bytes >= sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert several.thumbnail.startswith("data:image/jpeg")
    assert len(several.thumbnail) < 20_000
    html = page.read_text()
    assert html.index("About one") < html.index("About several")
    assert "84.00\N{NO-BREAK SPACE}%" in html
    assert "<script" not in html
    assert sorted(_links(page)) == [
        f"experiments/{name}/{file}" for name in ("one", "several") for file in ("report.html", "summary.tsv")
    ]


def test_what_cannot_be_read_is_listed_with_its_reason(tmp_path):
    rows = _rows({"": [0.7]})
    _experiment(tmp_path, "good", rows)
    (_experiment(tmp_path, "torn", rows) / "metrics.json").write_text("{")
    write_json(_experiment(tmp_path, "old", rows) / "metrics.json", {"schema_version": 0, "runs": rows})
    write_json(_experiment(tmp_path, "without", rows) / "metrics.json", {"runs": rows})
    write_json(_experiment(tmp_path, "columns", rows) / "metrics.json", {"schema_version": 1, "runs": [{"run": 1}]})
    write_json(_experiment(tmp_path, "record", rows) / "provenance.json", {"schema_version": 99})
    write_json(_experiment(tmp_path, "list", rows) / "metrics.json", [1])
    (_experiment(tmp_path, "lost", rows) / "metrics.json").unlink()
    (_experiment(tmp_path, "begun", rows) / "provenance.json").unlink()
    (tmp_path / "experiments" / "empty").mkdir()
    (tmp_path / "experiments" / ".hidden.part").mkdir()
    (tmp_path / "experiments" / "file.txt").write_text("x")
    odd = _experiment(tmp_path, "odd & <name>'s #1?", rows)
    (odd / "figures").mkdir()
    (odd / "figures" / "receptive_fields.png").write_bytes(b"no picture")
    found = {one.name: one for one in entries(tmp_path)}
    assert set(found) == {
        "good", "torn", "old", "without", "columns", "record", "list", "lost", "begun", "empty", odd.name,
    }  # fmt: skip
    wanted = {
        "torn": "is damaged", "old": "layout of version 0", "without": "has no schema_version", "columns": "readout",
        "record": "layout of version 99", "list": "has no schema_version",
        "lost": "does not exist", "begun": "no report",
        "empty": "no report",
    }  # fmt: skip
    for name, message in wanted.items():
        assert len(found[name].problems) == 1
        assert message in found[name].problems[0], name
    assert found["good"].problems == found[odd.name].problems == []
    page, _ = write_index(tmp_path)
    html = page.read_text()
    assert "<name>" not in html
    assert all(f">About {name}<" in html for name in ("torn", "old", "lost"))
    for link in _links(page):
        assert (tmp_path / unquote(link)).is_file()
        assert "'" not in link


def test_an_unfinished_experiment_shows_how_far_it_is(tmp_path):
    folder = tmp_path / "experiments" / "sweep"
    state = {
        "schema_version": SCHEMA_VERSION, "experiment": "sweep", "title": "A sweep", "written": "2026-03-01 10:00",
        "n_runs": 60, "n_runs_done": 37, "n_jobs": 300, "n_jobs_done": 200, "n_failed": 2,
        "spec": {"name": "sweep", "experiment": {"title": "A sweep"}}, "runs": _rows({"": [0.7]}),
    }  # fmt: skip
    write_json(folder / "partial.json", state)
    (folder / "partial.html").write_text("x")
    page, _ = write_index(tmp_path)
    html = page.read_text()
    assert "37 of 60" in html
    assert "2 failed" in html
    assert "70.00\N{NO-BREAK SPACE}%" in html
    assert _links(page) == ["experiments/sweep/partial.html"]
    # Beside the whole report of an earlier state: both.
    _experiment(tmp_path, "sweep", _rows({"": [0.9]}))
    write_index(tmp_path)
    html = page.read_text()
    assert "1 of 1" in html
    assert re.search(r"a later state:<br>\s*37 of 60 runs", html)
    assert "90.00\N{NO-BREAK SPACE}%" in html


def test_of_two_runs_that_end_at_once_the_last_page_has_both(tmp_path, monkeypatch):
    _experiment(tmp_path, "first", _rows({"": [0.7]}))

    def slow(root: Path) -> list:
        found = entries(root)
        if not (root / "experiments" / "second").exists():
            # Another run ends when this one has looked already, and writes its page.
            _experiment(root, "second", _rows({"": [0.8]}))
            with monkeypatch.context() as undone:
                undone.setattr(index, "entries", entries)
                assert write_index(root)[1] == 2
        return found

    monkeypatch.setattr(index, "entries", slow)
    page, n = write_index(tmp_path)
    assert n == 2
    assert "About second" in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["experiments", "index.html"]


def test_the_command_says_where_the_page_is(tmp_path, capsys):
    assert main(["index", "--directory", str(tmp_path)]) == 1
    assert "there are no results" in capsys.readouterr().err
    (tmp_path / "results").mkdir()
    assert main(["index", "--directory", str(tmp_path)]) == 0
    assert f"0 experiments -> {tmp_path / 'results' / 'index.html'}" in capsys.readouterr().out
    assert "No experiment was run here yet" in (tmp_path / "results" / "index.html").read_text()
    _experiment(tmp_path / "results", "one", _rows({"": [0.7]}))
    assert main(["index", "--directory", str(tmp_path)]) == 0
    assert "1 experiment ->" in capsys.readouterr().out
