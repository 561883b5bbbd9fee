"""A sweep on a Slurm cluster of one node, which is set up for the test and taken down again.

Needs root, the packages of Debian that it installs where they are missing, and the plugin ('make slurm').
"""

from __future__ import annotations

import getpass
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = Path(__file__).with_name("slurm.conf.in")
CONFIGURATION = Path("/etc/slurm/slurm.conf")
"""The plugin drops SLURM_CONF from the jobs' environment, so no other place will do."""
PACKAGES = ["slurm-wlm", "slurmctld", "slurmd", "munge"]
PROGRAMS = ["munged", "mungekey", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo"]
SEEDS = 2
EXPERIMENT = f"""
title: Some seeds
description: Networks that train for some seconds, so that one can be stopped in the middle.
dataset: {{name: digits, n_train: 1000, n_test: 100}}
network: {{n_exc: 100, exc: {{theta_plus_mv: 0.1, tau_theta_ms: 5.0e+5}}}}
encoding: {{name: poisson, rate_per_level_hz: 0.25}}
plasticity: {{name: triplet, eta_post: 0.05, norm_total: 9.0}}
training: {{passes: 20}}
embeddings: []
representation: false
baselines: []
seeds: {list(range(SEEDS))}
"""

pytestmark = pytest.mark.slurm


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _installed() -> None:
    """Install what is missing, or skip the test and say why."""
    if os.geteuid() != 0:
        pytest.skip("Slurm's daemons need root")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("the plugin snakemake-executor-plugin-slurm is not installed: 'make slurm'")
    if all(map(shutil.which, PROGRAMS)):
        if subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0:
            pytest.skip("this machine belongs to a cluster with Slurm, which the test would disturb")
        return
    if shutil.which("apt-get") is None:
        pytest.skip(f"no apt-get to install {', '.join(PACKAGES)} with")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(["apt-get", "-q", *command], capture_output=True, text=True, env=environment, timeout=300)
    if done.returncode != 0 or not all(map(shutil.which, PROGRAMS)):
        pytest.skip(f"cannot install {', '.join(PACKAGES)}: {done.stderr.strip()[-500:]}")


@contextmanager
def _daemon(log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("a") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _configured(state: Path) -> Iterator[None]:
    """Write the configuration for the time of the test; put back what was there."""
    host = socket.gethostname().partition(".")[0]
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10
    text = TEMPLATE.read_text()
    for name, value in {
        "HOST": host, "STATE": state, "CTLD_PORT": _free_port(), "SLURMD_PORT": _free_port(),
        "CPUS": os.cpu_count(), "MEMORY": memory_mb,
    }.items():  # fmt: skip
        text = text.replace(f"@{name}@", str(value))
    former = CONFIGURATION.read_bytes() if CONFIGURATION.exists() else None
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(text)
    try:
        yield
    finally:
        if former is None:
            CONFIGURATION.unlink()
        else:
            CONFIGURATION.write_bytes(former)


def _nodes() -> str:
    return subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True).stdout.strip()


class Cluster:
    """A cluster of one node.

    Attributes
    ----------
    state : Path
        Folder with its logs.
    """

    def __init__(self, state: Path, stack: ExitStack) -> None:
        self.state, self._stack = state, stack
        self._host = socket.gethostname().partition(".")[0]
        stack.enter_context(_daemon(state / "slurmctld.out", "slurmctld", "-D"))
        self.start_node()

    def start_node(self) -> None:
        """Start the node's daemon, and wait until there is work for it or it is idle."""
        self._node = self._stack.enter_context(_daemon(self.state / "slurmd.out", "slurmd", "-D", "-N", self._host))
        deadline = time.monotonic() + 60
        while _nodes() not in ("idle", "mixed", "allocated"):
            logs = "\n".join(p.read_text()[-1000:] for p in self.state.glob("*.out"))
            assert time.monotonic() < deadline, f"the node does not come up: '{_nodes()}'\n{logs}"
            time.sleep(0.5)

    def lose_node(self) -> None:
        """Let all die on the node at once, as when its power fails, and let the controller know."""
        steps = [process for process in psutil.process_iter(["name"]) if process.info["name"] == "slurmstepd"]
        for process in (*(child for step in steps for child in (step, *step.children(recursive=True))), self._node):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        subprocess.run(["scontrol", "update", f"nodename={self._host}", "state=down", "reason=lost"], check=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Start a cluster, and stop it at the end."""
    _installed()
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stdp_slurm_", ignore_cleanup_errors=True)))
        # Daemons refuse folders and keys that others could write to.
        state.chmod(0o755)
        (state / "ctld").mkdir()
        (state / "spool").mkdir()
        subprocess.run(["mungekey", "--create", f"--keyfile={state}/key"], check=True)
        stack.enter_context(_configured(state))
        munge = [f"--socket={state}/munge.socket", f"--key-file={state}/key", f"--log-file={state}/munge.log"]
        places = [f"--pid-file={state}/munge.pid", f"--seed-file={state}/munge.seed"]
        stack.enter_context(_daemon(state / "munged.out", "munged", "--foreground", "--force", *munge, *places))
        try:
            yield Cluster(state, stack)
        finally:
            # Steps of jobs outlive the daemons.
            subprocess.run(["scancel", f"--user={getpass.getuser()}"])
            deadline = time.monotonic() + 30
            while any(job["state"] in ("RUNNING", "COMPLETING") for job in _jobs()) and time.monotonic() < deadline:
                time.sleep(0.5)


@contextmanager
def _running(log: Path, experiment: Path, directory: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start ``stdp run``; whatever is left of it at the end is killed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "STDP_CHECKPOINT_S": "0.3"}
    stdp = [sys.executable, "-m", "stdp_pipeline", "run", str(experiment), "--directory", str(directory), *arguments]
    with log.open("w") as out:
        process = subprocess.Popen(stdp, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _jobs() -> list[dict[str, str]]:
    """Return what the queue knows of all jobs, ended ones included."""
    fields = {"id": "%i", "state": "%T", "comment": "%k", "submitted": "%V", "started": "%S", "ended": "%e"}
    form = "|".join(fields.values())
    done = subprocess.run(
        ["squeue", "--states=all", "--noheader", f"--format={form}"], capture_output=True, text=True, check=True
    )
    return [dict(zip(fields, line.split("|"), strict=True)) for line in done.stdout.splitlines()]


def _training(process: subprocess.Popen[bytes], directory: Path) -> tuple[str, str]:
    """Wait until a job is in the middle of a training, and return the job's id and the training's."""
    begin, deadline = time.time(), time.monotonic() + 1800
    while time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before a training was seen"
        running = {job["comment"]: job["id"] for job in _jobs() if job["state"] == "RUNNING"}
        for found in directory.glob("results/checkpoints/train/*/checkpoint.npz"):
            one = found.parent.name
            job = running.get(f"rule_train_wildcards_{one}")
            with suppress(FileNotFoundError):  # it has just ended
                if job is not None and found.stat().st_mtime > begin:
                    return job, one
        time.sleep(0.1)
    raise AssertionError(f"no training was seen running; the queue: {_jobs()}")


_NOT_RESULTS = ("logs", "benchmarks", "checkpoints", "experiments")


def _digests(directory: Path) -> dict[str, str]:
    """Return a digest of each result; records of how and when it was made differ by their nature."""
    found = {}
    for path in sorted((directory / "results").glob("*/*/*")):
        told = path.parts[-3] in _NOT_RESULTS or path.name == "provenance.json"
        if path.is_file() and not told:
            found["/".join(path.parts[-3:])] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _records(directory: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in (directory / "results").glob("*/*/provenance.json")]


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_a_sweep_with_a_cancelled_job_and_a_lost_node_gives_what_a_local_run_gives(cluster, tmp_path, capsys):
    experiment = tmp_path / "seeds.yaml"
    experiment.write_text(EXPERIMENT)
    local, remote = tmp_path / "local", tmp_path / "remote"
    begin, log = time.monotonic(), tmp_path / "local.log"
    with _running(log, experiment, local, "--cores", "2") as process:
        assert process.wait(900) == 0, log.read_text()[-5000:]
    local_s = time.monotonic() - begin

    options = ["--profile", "slurm", "--", "--slurm-init-seconds-before-status-checks", "2"]
    begin, log = time.monotonic(), tmp_path / "remote.log"
    with _running(log, experiment, remote, *options) as process:
        job, cancelled = _training(process, remote)
        subprocess.run(["scancel", job], check=True)
        time.sleep(1)  # it has KillWait to end
        on_node, lost = _training(process, remote)
        cluster.lose_node()
        cluster.start_node()
        status = process.wait(2400)
    remote_s = time.monotonic() - begin
    said = log.read_text()
    assert status == 0, said[-5000:]

    # The cancelled job was seen, submitted again, and went on from where it was.
    jobs = _jobs()
    assert [job["comment"] for job in jobs if job["state"] == "CANCELLED"] == [f"rule_train_wildcards_{cancelled}"]
    assert "Trying to restart job" in said
    assert len([job for job in jobs if job["comment"] == f"rule_train_wildcards_{cancelled}"]) >= 2
    # So did the one whose node was lost, whether the cluster started it again or Snakemake.
    shown = subprocess.run(["scontrol", "show", "job", on_node], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Restarts=[1-9]|JobState=NODE_FAIL", shown), shown
    for one in (cancelled, lost):
        assert "going on from" in (remote / "results" / "logs" / "train" / f"{one}.log").read_text()

    # The same bits.
    expected, found = _digests(local), _digests(remote)
    assert len(expected) > 10 * SEEDS
    assert found == expected

    # Short jobs share one.
    finished = [job for job in jobs if job["state"] == "COMPLETED"]
    for name, times in {"data": 1, "readout": SEEDS, "train": SEEDS}.items():
        assert sum(job["comment"].startswith(f"rule_{name}_") for job in finished) == times
    records = _records(remote)
    assert len(finished) < len(records)

    held_s = sum(_seconds(job["started"], job["ended"]) for job in finished)
    waited_s = sum(_seconds(job["submitted"], job["started"]) for job in finished)
    working_s = sum(record["wall_s"] for record in records)
    with capsys.disabled():
        print(
            f"\n{len(records)} steps in {len(jobs)} Slurm jobs, {len(finished)} of them to the end; "
            f"{remote_s:.0f} s on the cluster, {local_s:.0f} s without it"
        )
        print(
            f"per Slurm job: {held_s / len(finished):.1f} s held, {waited_s / len(finished):.1f} s in the queue; "
            f"{(held_s - working_s) / len(finished):.1f} s overhead (held, but not in a step)"
        )
