"""Side by side with other simulators: the same images, the same network, one run after the other.

The scripts that run the others are in ``benchmarks/`` of the source tree. They are programs of their own, so that what
they need is not a dependency of this package.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.bench.case import Case
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.errors import ConfigError, StdpError

__all__ = ["PEERS", "check", "compare"]

PEERS = {"brian2-standalone": "brian2_standalone.py", "bindsnet": "bindsnet_eth_mnist.py"}
"""Name of a peer -> its script."""

_DELAYS = {"brian2-standalone": ("none", "synaptic"), "bindsnet": ("none",)}  # that the script knows

_LEAST_IMAGES = 500  # of ours: fewer are over too soon for a steady reading of the clock


def check(peer: str, rule: str, delays: str, threads: int) -> None:
    """Raise ConfigError if a peer's script cannot do what is asked for."""
    if peer not in PEERS:
        raise ConfigError(f"--against must be one of {', '.join(PEERS)}, got '{peer}'")
    if rule != "triplet":
        raise ConfigError(f"--rule must be triplet with --against, got '{rule}': the peers' scripts know no other")
    if delays not in _DELAYS[peer]:
        raise ConfigError(f"--delays must be {' or '.join(_DELAYS[peer])} with --against {peer}, got '{delays}'")
    if threads != 1:
        raise ConfigError(f"--threads must be 1 with --against, got {threads}: the peers run on one")


def script(peer: str) -> Path:
    """Return the path of a peer's script.

    Raises
    ------
    ConfigError
        If this is not a source tree.
    """
    path = Path(__file__).resolve().parents[2] / "benchmarks" / PEERS[peer]
    if not path.is_file():
        raise ConfigError(f"--against needs '{path}', which is in the source tree only: run from a clone")
    return path


def compare(case: Case, peer: str, python: str | None, n_images: int, n_repeats: int) -> dict[str, Any]:
    """Time this engine and a peer on the first presentations of the same images.

    No image is presented again, since the peers' scripts have no such rule.

    Parameters
    ----------
    case : Case
    peer : str
        A key of :data:`PEERS`.
    python : str or None
        Interpreter for the peer's script; this one if None.
    n_images : int
        Images for the peer. This engine goes through them as often as a steady reading of the clock needs.
    n_repeats : int

    Returns
    -------
    dict
        What was measured, ``cpu_s_median``, ``peer`` (what the script reports) and ``ratio`` of the medians.

    Raises
    ------
    StdpError
        If the peer's script fails.
    """
    path = script(peer)
    images = case.images(0, n_images)
    model = replace(case.model, max_attempts=1)
    many = np.tile(images, -(-_LEAST_IMAGES // n_images))

    def ours() -> tuple[float, float]:
        start = time.process_time()
        _, responses = case.engine.train(model, case.state, case.inputs, many, 0)
        return (time.process_time() - start) / len(many), float(responses.n_spikes[:n_images].mean())

    ours()  # the arrays of this call are in the cache from now on, as they are in the peer's loop
    before = [ours() for _ in range(n_repeats)]
    report = _run(path, case, python, images, n_repeats)
    seconds = [s for s, _ in before + [ours() for _ in range(n_repeats)]]
    median, other = float(np.median(seconds)), float(np.median(report["cpu_s_per_image"]))
    return case.describe() | {
        "images": n_images,
        "repeats": n_repeats,
        "cpu_s_median": median,
        "cpu_s_min": min(seconds),
        "cpu_s_max": max(seconds),
        "spikes_per_image": before[0][1],
        "presentations_per_image": 1.0,
        "peer": report,
        "ratio": other / median,
    }


def _run(path: Path, case: Case, python: str | None, images: np.ndarray, n_repeats: int) -> dict[str, Any]:
    """Write the presentations to a file, let the peer's script read it, and return what it reports."""
    drawn = [draw_events(case.model, case.inputs, int(i), 0, 0) for i in images]
    model = {
        "network": case.model.network.model_dump(),
        "rule": case.model.rule_params.model_dump(),
        "dt_ms": case.model.dt_ms,
        "image_ms": case.model.image_ms,
        "rest_ms": case.model.rest_ms,
    }
    with tempfile.TemporaryDirectory(prefix="stdp_bench_") as folder:
        file = Path(folder) / "presentations.npz"
        np.savez(
            file,
            weights=case.state.weights,
            theta_mv=case.state.theta_mv,
            delays=case.state.delays,
            step=np.concatenate([step for step, _ in drawn]),
            source=np.concatenate([source for _, source in drawn]),
            offsets=np.cumsum([0] + [len(step) for step, _ in drawn]),
            levels=case.inputs.levels[images],
            model=json.dumps(model),
        )
        command = [python or sys.executable, str(path), str(file), "--repeats", str(n_repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StdpError(f"'{' '.join(command)}' failed:\n{done.stderr.strip()[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return report
