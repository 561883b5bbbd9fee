"""Who works on results: locks that die with their process, killed runs, and results that need not be made again."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from stdp_pipeline.cli import main
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.locking import RUN, RUN_LOCK, HeldError, Holder, Lock, alive, holder_of, job_lock
from stdp_pipeline.stages._job import StageJob, run_stage
from stdp_pipeline.stages._kept import ANEW, KEPT
from stdp_pipeline.supervision import claimed_folder, quiet_folder

HOLDING = """
import sys, time
from pathlib import Path
from stdp_pipeline.locking import Lock
lock = Lock(Path(sys.argv[1]))
lock.acquire("something")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holding(tmp_path):
    """Return the lock file that another process holds, and that process."""
    path = tmp_path / "results" / ".run.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield path, process
    process.kill()
    process.communicate()


def test_one_process_has_the_lock_until_it_dies(holding):
    path, process = holding
    lock = Lock(path)
    with pytest.raises(HeldError) as caught:
        lock.acquire("other")
    holder = caught.value.holder
    assert (holder.pid, holder.host, holder.what) == (process.pid, socket.gethostname(), "something")
    assert alive(holder.pid, holder.created)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with lock:
        lock.acquire("other")
        assert lock.former == holder
        assert holder_of(path).pid == os.getpid()
    assert not path.exists()
    assert not alive(holder.pid, holder.created)


def test_a_later_process_with_the_same_number_is_another_one():
    me = Holder.this_process("test")
    assert alive(me.pid, me.created)
    assert not alive(me.pid, me.created - 60)


def test_a_lock_given_back_tells_of_its_former_holder(tmp_path):
    path = tmp_path / "lock"
    gone = replace(Holder.this_process("gone"), created=0.0)
    path.write_text(json.dumps(asdict(gone)))
    lock = Lock(path)
    lock.acquire("looking")
    lock.give_back()
    assert holder_of(path) == gone


@pytest.mark.parametrize(
    ("changes", "refused"),
    [({}, True), ({"created": 0.0}, False), ({"host": "elsewhere", "created": 0.0}, True)],
)
def test_without_locks_in_the_file_system_the_record_decides(tmp_path, monkeypatch, caplog, changes, refused):
    def missing(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", missing)
    path = tmp_path / "lock"
    path.write_text(json.dumps(asdict(replace(Holder.this_process("other"), **changes))))
    with Lock(path) as lock:
        if refused:
            with pytest.raises(HeldError):
                lock.acquire("test")
        else:
            lock.acquire("test")
            assert holder_of(path).what == "test"
    assert "has no locks" in caplog.text


def test_a_full_disk_is_told_when_a_lock_cannot_be_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ResultsError, match="disk is full"), Lock(tmp_path / "lock") as lock:
        lock.acquire("test")


# ---- folders ---------------------------------------------------------------------------------------------------------


def locked_by_snakemake(folder):
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("x")
    return locks


def test_a_folder_in_use_is_refused_with_who_uses_it(holding, capsys, tmp_path):
    _, process = holding
    for extra in ([], ["--unlock"]):
        assert main(["run", "tiny", "--directory", str(tmp_path), *extra]) == 1
        error = capsys.readouterr().err
        assert f"is in use: 'something' (pid {process.pid} on {socket.gethostname()}, since " in error
        assert f"'kill {process.pid}'" in error
        assert "another folder with --directory" in error
    assert main(["gc", "--directory", str(tmp_path), "--remove"]) == 1
    assert "is in use" in capsys.readouterr().err


def test_the_lock_of_a_killed_run_is_removed_and_told(holding, capsys, tmp_path):
    _, process = holding
    locks = locked_by_snakemake(tmp_path)
    process.kill()
    process.wait()
    with claimed_folder(tmp_path, "test", "test --unlock"):
        assert not locks.exists()
    assert f"'something' (pid {process.pid} on " in (error := capsys.readouterr().err)
    assert "was killed: removed its lock" in error
    assert not (tmp_path / "results" / ".run.lock").exists()


def test_the_processes_of_a_killed_run_are_ended(tmp_path, capsys):
    gone = replace(Holder.this_process("stdp run x"), created=0.0)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / ".run.lock").write_text(json.dumps(asdict(gone)))
    left = subprocess.Popen(["sleep", "600"], env=os.environ | {RUN: gone.identity})
    with claimed_folder(tmp_path, "test", "test --unlock"):
        assert left.poll() is not None
    assert "ended 1 process that it left" in capsys.readouterr().err


def test_the_lock_of_a_run_on_another_machine_stays(tmp_path):
    locks = locked_by_snakemake(tmp_path)
    gone = replace(Holder.this_process("stdp run x"), host="elsewhere")
    record = tmp_path / "results" / ".run.lock"
    record.parent.mkdir()
    record.write_text(json.dumps(asdict(gone)))
    for _ in range(2):
        with (
            pytest.raises(ResultsError, match=r"on elsewhere.*remove the lock with 'test --unlock'"),
            claimed_folder(tmp_path, "test", "test --unlock"),
        ):
            pass
        assert locks.exists()
        assert holder_of(record) == gone
    with claimed_folder(tmp_path, "test", "test --unlock", unlock=True):
        assert not locks.exists()


@pytest.mark.parametrize("unlock", [False, True])
def test_the_lock_of_a_snakemake_at_work_stays(tmp_path, unlock):
    locks = locked_by_snakemake(tmp_path)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "snakemake"], cwd=tmp_path)
    try:
        with (
            pytest.raises(ResultsError, match=rf"Snakemake \(pid {other.pid}\)"),
            claimed_folder(tmp_path, "test", "test --unlock", unlock),
        ):
            pass
    finally:
        other.kill()
        other.wait()
    assert locks.exists()


@pytest.mark.parametrize("unlock", [False, True])
def test_jobs_of_another_origin_are_not_ended_but_named(tmp_path, unlock):
    output = tmp_path / "results" / "train" / "x"
    output.mkdir(parents=True)
    stale = output.parent / ".y.lock"
    stale.write_text("")
    with (
        job_lock(output, "train x"),
        pytest.raises(ResultsError, match=r"other processes are at work.*train x \(pid"),
        claimed_folder(tmp_path, "test", "test --unlock", unlock),
    ):
        pass
    assert not stale.exists()
    with quiet_folder(tmp_path, "test"):
        pass


# ---- jobs ------------------------------------------------------------------------------------------------------------


def prepared(folder, code="1", n_train=20):
    output = folder / "results" / "prepare" / "x"
    spec = {"dataset": {"name": "digits", "n_train": n_train, "n_test": 10}}
    run_stage(StageJob("prepare", spec, {}, output, code))
    return output / "data.npz"


def test_two_jobs_do_not_make_the_same_result(tmp_path):
    with (
        job_lock(tmp_path / "results" / "prepare" / "x", "prepare x"),
        pytest.raises(ResultsError, match=r"another process \(pid \d+ on .*\) is still working on .*prepare/x"),
    ):
        prepared(tmp_path)


def test_a_job_whose_run_has_ended_ends(tmp_path, monkeypatch):
    with Lock(tmp_path / ".run.lock") as lock:
        lock.acquire("stdp run")
        monkeypatch.setenv(RUN, lock.holder.identity)
        monkeypatch.setenv(RUN_LOCK, str(lock.path))
        prepared(tmp_path)
    with pytest.raises(ResultsError, match="has ended"):
        prepared(tmp_path)


def test_an_unchanged_result_is_kept_and_a_changed_one_is_not(tmp_path, monkeypatch):
    data = prepared(tmp_path)
    first, content = data.stat().st_ino, data.read_bytes()
    record = data.with_name("provenance.json").read_text()
    for name in ("data.npz", "provenance.json"):  # as Snakemake does before a job
        data.with_name(name).unlink()
    os.utime(data.parent / KEPT / "data.npz", (0, 0))
    prepared(tmp_path)
    assert data.stat().st_ino == first
    assert data.with_name("provenance.json").read_text() == record
    assert data.stat().st_mtime > 0  # newer than what it was made from

    monkeypatch.setenv(ANEW, "1")
    prepared(tmp_path)
    assert data.stat().st_ino != first
    assert data.read_bytes() == content
    monkeypatch.delenv(ANEW)
    again = data.stat().st_ino
    prepared(tmp_path, code="2")
    assert data.stat().st_ino != again
    prepared(tmp_path, code="2", n_train=30)
    assert data.read_bytes() != content


def test_a_damaged_result_is_made_again(tmp_path, caplog):
    data = prepared(tmp_path)
    content = data.read_bytes()
    with data.open("r+b") as file:
        file.write(b"damage")
    prepared(tmp_path)
    assert data.read_bytes() == content
    assert "is damaged" in caplog.text


def test_what_stands_beside_an_input_counts_as_well(tmp_path):
    data = prepared(tmp_path)
    output = tmp_path / "results" / "encode" / "x"
    spec = {"encoding": {"name": "poisson"}, "protocol": {"dt_ms": 0.5, "image_ms": 50.0}}

    def encode():
        run_stage(StageJob("encode", spec, {"data": data}, output, "1"))
        return (output / "levels.npz").stat().st_ino

    first = encode()
    assert encode() == first
    (data.parent / "more.npz").write_bytes(b"x")
    assert encode() != first


def test_without_hard_links_nothing_is_kept_and_nothing_fails(tmp_path, monkeypatch, caplog):
    def missing(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", missing)
    data = prepared(tmp_path)
    assert {path.name for path in data.parent.iterdir()} == {"data.npz", "provenance.json"}
    assert "is not kept" in caplog.text


def test_half_written_files_of_a_killed_job_are_removed(tmp_path):
    data = prepared(tmp_path)
    left = data.parent / ".data.npz.abc.part"
    left.write_bytes(b"half")
    prepared(tmp_path)
    assert not left.exists()


def test_a_file_larger_than_is_allowed_is_explained(tmp_path):
    resource = pytest.importorskip("resource")
    spec = '{"dataset": {"name": "digits", "n_train": 500, "n_test": 10}}'
    done = subprocess.run(
        [sys.executable, "-m", "stdp_pipeline", "prepare", "--spec", spec, "--output", str(tmp_path / "x")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "data.npz': the file is larger than is allowed" in done.stderr
    assert not list((tmp_path / "x").iterdir())
