"""Side by side with other simulators: the same images, the same network, one run after the other.

The scripts that run the others are in ``benchmarks/`` of the source tree. They are programs of their own, so that what
they need is not a dependency of this package.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.bench.case import Case
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.errors import ConfigError, StdpError
from stdp_pipeline.provenance import cpu_seconds

__all__ = ["PEERS", "check", "compare"]

PEERS = {"brian2-standalone": "brian2_standalone.py", "bindsnet": "bindsnet_eth_mnist.py"}
"""Name of a peer -> its script."""

_DELAYS = {"brian2-standalone": ("none", "synaptic"), "bindsnet": ("none",)}  # that the script knows

# Of ours: fewer are over too soon for a steady reading of the clock.
_LEAST_IMAGES, _LEAST_S = 500, 1.0


def check(peer: str, rule: str, delays: str, threads: int) -> None:
    """Raise ConfigError if there is no such peer, or its script cannot do what is asked for."""
    if threads != 1:
        raise ConfigError(f"--threads must be 1 with --against, got {threads}: the peers run on one")
    if peer not in PEERS:
        if peer.replace("-", "_") not in registry.names("engine"):
            raise ConfigError(f"--against must be one of {', '.join(PEERS)} or an engine, got '{peer}'")
        return
    if rule != "triplet":
        raise ConfigError(f"--rule must be triplet with --against, got '{rule}': the peers' scripts know no other")
    if delays not in _DELAYS[peer]:
        raise ConfigError(f"--delays must be {' or '.join(_DELAYS[peer])} with --against {peer}, got '{delays}'")


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
        A key of :data:`PEERS`, or an engine of this package.
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
    images = case.images(0, n_images)
    model = replace(case.model, max_attempts=1)

    def timed(engine: ModuleType, images: np.ndarray) -> tuple[float, float]:
        start = cpu_seconds()
        _, responses = engine.train(model, case.state, case.inputs, images, 0)
        return (cpu_seconds() - start) / len(images), float(responses.n_spikes[:n_images].mean())

    # The arrays of this call are in the cache from now on, as they are in the peer's loop.
    first, _ = timed(case.engine, images)
    copies = math.ceil(min(max(_LEAST_S / (first * n_images), 1), _LEAST_IMAGES / n_images + 1))
    many = np.tile(images, copies)
    before = [timed(case.engine, many) for _ in range(n_repeats)]
    if peer in PEERS:
        report = _run(script(peer), case, python, images, n_repeats)
    else:
        other = registry.load("engine", peer.replace("-", "_"))
        timed(other, images[:1])  # compiles it
        readings = [timed(other, images) for _ in range(n_repeats)]
        report = {
            "name": f"engine {peer}",
            "n_exc": case.model.network.n_exc,
            "images": n_images,
            "cpu_s_per_image": [s for s, _ in readings],
            "spikes_per_image": readings[0][1],
        }
    seconds = [s for s, _ in before + [timed(case.engine, many) for _ in range(n_repeats)]]
    median, theirs = float(np.median(seconds)), float(np.median(report["cpu_s_per_image"]))
    return case.describe() | {
        "images": n_images,
        "repeats": n_repeats,
        "cpu_s_median": median,
        "cpu_s_min": min(seconds),
        "cpu_s_max": max(seconds),
        "spikes_per_image": before[0][1],
        "presentations_per_image": 1.0,
        "peer": report,
        "ratio": theirs / median,
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
