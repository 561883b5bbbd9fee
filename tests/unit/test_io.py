"""Results are written whole or not at all, and every failure is one sentence."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from stdp_pipeline import io
from stdp_pipeline.errors import ResultsError


def test_arrays_survive_and_equal_arrays_give_equal_files(tmp_path, rng):
    arrays = {"a": rng.random(5), "b": np.arange(3, dtype=np.uint16)}
    io.write_arrays(tmp_path / "x.npz", arrays)
    io.write_arrays(tmp_path / "y.npz", arrays)
    found = io.read_arrays(tmp_path / "x.npz")
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[k], v) and found[k].dtype == v.dtype for k, v in arrays.items())
    assert (tmp_path / "x.npz").read_bytes() == (tmp_path / "y.npz").read_bytes()


def test_folders_are_made_and_nothing_temporary_stays(tmp_path):
    io.write_json(tmp_path / "a" / "b.json", {"x": 1})
    assert io.read_json(tmp_path / "a" / "b.json") == {"x": 1}
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.json"]


@pytest.mark.parametrize(
    ("code", "message"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission denied")],
)
def test_a_failed_write_keeps_the_old_file_and_says_why(tmp_path, monkeypatch, code, message):
    path = tmp_path / "x.txt"
    io.write_text(path, "old")

    def fail(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ResultsError, match=message) as caught:
        io.write_text(path, "new")
    assert str(path) in str(caught.value)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_told_from_the_real_error(monkeypatch, tmp_path):
    # The descriptor that is written to is one of /dev/full, whose writes fail as on a full disk.
    real = io.tempfile.mkstemp

    def full(**options):
        handle, name = real(**options)
        os.dup2(os.open("/dev/full", os.O_WRONLY), handle)
        return handle, name

    monkeypatch.setattr(io.tempfile, "mkstemp", full)
    with pytest.raises(ResultsError, match="disk is full; free some space"):
        io.write_arrays(tmp_path / "x.npz", {"a": np.zeros(100_000)})
    assert not list(tmp_path.iterdir())


def test_an_interrupt_while_writing_leaves_nothing(tmp_path):
    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        io._write(tmp_path / "x", interrupted)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_folder_is_explained(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(ResultsError, match="cannot write"):
        io.write_text(tmp_path / "results" / "x.txt", "")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 half a zip", b"no zip at all"])
def test_a_missing_or_damaged_archive_is_named(tmp_path, content):
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResultsError, match=r"x.npz' (does not exist|is damaged)"):
        io.read_arrays(path)


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ResultsError, match=r"x.json' is damaged.*delete it"):
        io.read_json(tmp_path / "x.json")


def test_canonical_json_is_one_text_for_one_value():
    assert io.canonical_json({"b": 1.5, "a": [1]}) == '{"a":[1],"b":1.5}'
