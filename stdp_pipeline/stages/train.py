"""Train a network without labels, with progress, checkpoints and a guard against dead activity.

Class labels are read only to draw the learning curve; nothing of them reaches the network.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Model, start_state
from stdp_pipeline.errors import ActivityError, ConfigError
from stdp_pipeline.io import read_arrays, write_arrays, write_json, write_text
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.network.quantise import QuantisationParams, Quantised, quantised
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.random import shuffled
from stdp_pipeline.stages._checkpoint import Checkpoint
from stdp_pipeline.stages._inputs import input_arrays, inputs_of, model_of, stored_events
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._monitor import EngineClock, LearningCurve, ProgressReport
from stdp_pipeline.stages._network import file_arrays, state_from
from stdp_pipeline.stages._snapshots import Snapshots

__all__ = ["run"]

_CHUNK = 250  # images per call of the engine; the result does not depend on it


def run(job: StageJob) -> None:
    """Write ``network.npz`` (the full state), ``history.tsv`` (the learning curve) and ``model.json``.

    With ``training.snapshots`` also ``snapshots.npz``, the state after so many images.
    """
    checkpoint = Checkpoint(job.checkpoint, [job.spec, job.code])
    with checkpoint.claimed():
        _train(job, checkpoint)
        checkpoint.remove()


def _train(job: StageJob, checkpoint: Checkpoint) -> None:
    """Train from the checkpoint, if there is one, or from the start."""
    spec, seed = job.spec, job.parameter("seed")
    for name in ("network", "plasticity", "simulation", "training", "encoding"):
        job.parameter(name)
    model = model_of(spec)
    engine = registry.load("engine", spec["simulation"]["engine"])
    arrays = input_arrays(job.input("levels"), "train")
    levels = arrays["train_levels"]
    data = read_arrays(job.input("data"), "train_labels", "n_classes", also=())
    reachable = levels.shape[1] * model.network.w_max
    if model.rule_params.norm_total is not None and model.rule_params.norm_total > reachable:
        raise ConfigError(
            f"plasticity.norm_total must be at most inputs x w_max = {reachable:g}, got "
            f"{model.rule_params.norm_total:g}: the weights of a neuron cannot have that sum"
        )
    n_images, n_passes = len(levels), spec["training"]["passes"]

    curve = LearningCurve(
        data["train_labels"], int(data["n_classes"]), spec["training"]["curve_every"], model.min_spikes
    )
    guard = _DeathGuard(model.min_spikes, spec["training"]["dead_after"])
    state = start_state(model, levels.shape[1], seed, spec["training"]["count_switches"])
    snapshots = Snapshots(spec["training"].get("snapshots"), n_passes * n_images)
    snapshots.at(0, state, model)
    done = 0
    if saved := checkpoint.load():
        state = state_from(saved.group("state"))
        curve.restore(saved.group("curve"))
        snapshots.restore(saved.group("snapshots"))
        guard.restore(saved.numbers)
        done = int(saved.numbers["done"])
    rounding = _Rounding(spec.get("quantisation"), model.network)
    clock = EngineClock()
    report = ProgressReport(n_passes * n_images, done, job.output.name)

    for pass_index in range(n_passes):
        if done >= (pass_index + 1) * n_images:
            continue
        model = model_of(spec, pass_index)
        order = np.arange(n_images)
        if spec["training"]["order"] == "shuffled":
            order = shuffled(seed, n_images, pass_index)
        stored = stored_events(job.inputs.get(f"events_{pass_index}"), model, n_images, levels.shape[1])
        inputs = inputs_of(spec, arrays, "train", seed, stored)
        while done < (pass_index + 1) * n_images:
            start = done - pass_index * n_images
            images = order[start : start + min(_CHUNK, curve.room, rounding.room(done), snapshots.room(done))]
            with clock.over(len(images)):
                state, responses = engine.train(model, state, inputs, images, pass_index, job.threads)
            done += len(images)
            state = rounding.at(done, state)
            snapshots.at(done, state, model)
            guard.watch(images, responses)
            curve.add(images, responses, state)
            report.update(done, curve)
            if checkpoint.due():
                groups = {"state": file_arrays(state, model), "curve": curve.arrays(), "snapshots": snapshots.arrays()}
                checkpoint.save(groups, {"done": done, **guard.numbers()})
    report.close()

    write_arrays(job.output / "network.npz", file_arrays(state, model, rounding.of(state)))
    snapshots.write(job.output)
    write_text(job.output / "history.tsv", curve.table())
    write_json(job.output / "model.json", spec)
    job.details["training"] = {
        "images": done,
        "n_input": levels.shape[1],
        "resumed": checkpoint.resumed,
        "cpu_s_per_image": clock.cpu_s_per_image,
        **curve.totals(),
        **_switching(state, model, done),
    }


def _switching(state: NetworkState, model: Model, n_images: int) -> dict[str, Any]:
    """Return how often synapses that have states, or are devices, changed."""
    if model.storage is None and model.device is None:
        return {}
    counts, most = state.synapse_switches, np.iinfo(np.uint16).max
    return {
        **({"bits_per_synapse": model.storage.bits} if model.storage else {}),
        "switches_per_image": float(state.neuron_switches.sum() / max(n_images, 1)),
        "switches_per_synapse": float(state.neuron_switches.sum() / state.weights.size),
        "switches_of_one_synapse": {
            "median": float(np.median(counts)),
            "most": int(counts.max()),
            "at_least": bool(counts.max() == most),
        }
        if counts.size
        else None,
    }


class _Rounding:
    """Puts weights on levels at intervals during training, where that is asked for."""

    def __init__(self, section: dict[str, Any] | None, network: NetworkParams) -> None:
        self._params = None if section is None else QuantisationParams.model_validate(section)
        self._network = network

    def of(self, state: NetworkState) -> Quantised | None:
        """Return the weights on levels, or None if they stay as they are."""
        if self._params is None:
            return None
        return quantised(state.weights, self._params, self._network.w_min, self._network.w_max)

    def room(self, done: int) -> int:
        """Images until the next time."""
        every = self._params.every if self._params is not None else None
        return sys.maxsize if every is None else every - done % every

    def at(self, done: int, state: NetworkState) -> NetworkState:
        """Return the state after so many images, on levels if it is time for that."""
        if self._params is None or self._params.every is None or done % self._params.every:
            return state
        weights = quantised(state.weights, self._params, self._network.w_min, self._network.w_max).weights
        return replace(state, weights=weights.astype(state.weights.dtype), changed=np.ones_like(state.changed))


class _DeathGuard:
    """Stops a run in which image after image stays without an answer."""

    def __init__(self, min_spikes: int, dead_after: int) -> None:
        self._min_spikes = min_spikes
        self._dead_after = dead_after
        self._in_a_row = 0
        self._first = -1

    def watch(self, images: np.ndarray, responses: Any) -> None:
        """Count images that were given up one after the other.

        Raises
        ------
        ActivityError
            When ``dead_after`` is reached; the message names the first of them.
        """
        for image, n_spikes, attempts in zip(images, responses.n_spikes, responses.attempts, strict=True):
            if n_spikes >= self._min_spikes:
                self._in_a_row = 0
                continue
            if self._in_a_row == 0:
                self._first = int(image)
            self._in_a_row += 1
            if self._in_a_row >= self._dead_after:
                raise ActivityError(
                    f"activity died at train image {self._first}: {self._in_a_row} images in a row caused fewer than "
                    f"{self._min_spikes} excitatory spikes in each of {attempts} presentations. Thresholds are too "
                    "high or the drive too low: lower network.exc.theta_plus_mv or tau_theta_ms, or raise "
                    "plasticity.norm_total or encoding.intensity."
                )

    def numbers(self) -> dict[str, int]:
        """Return what a checkpoint must keep."""
        return {"guard_in_a_row": self._in_a_row, "guard_first": self._first}

    def restore(self, numbers: dict[str, Any]) -> None:
        """Take over from a checkpoint."""
        self._in_a_row, self._first = int(numbers["guard_in_a_row"]), int(numbers["guard_first"])
