"""Put a trained network on hardware, specimen after specimen, and see what is left of its accuracy.

All draws of a curve are made in one job. The test images are classified twice: with the labels that the neurons have
from the ideal network ("kept"), and with labels from training images shown to this very specimen ("assigned").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.engines._contract import Frozen, Inputs, Model
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.hardware.chip import Chip, Reading, programmed
from stdp_pipeline.hardware.circuit.params import CircuitParams
from stdp_pipeline.hardware.energy import (
    area_um2,
    converter_energy_nj,
    driver_energy_nj,
    read_energy_nj,
    write_energy_pj,
)
from stdp_pipeline.hardware.params import HardwareParams
from stdp_pipeline.io import read_arrays, read_json, write_arrays, write_json, write_text
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.random import FROZEN_PASS, Draws
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import NeuronLabels, labels_from_sums, predictions
from stdp_pipeline.stages._checkpoint import Checkpoint
from stdp_pipeline.stages._inputs import input_arrays, inputs_of, model_of
from stdp_pipeline.stages._job import StageJob, component
from stdp_pipeline.stages._monitor import ProgressReport
from stdp_pipeline.stages._network import read_network, weights_in

__all__ = ["COLUMNS", "run"]

COLUMNS = (
    "point", "draw", "accuracy_kept", "accuracy_assigned", "spikes_per_image", "presentations_per_image",
    "silent_images", "silent_neurons", "weight_share", "weight_rms_error", "read_energy_nj", "driver_energy_nj",
    "converter_energy_nj", "write_energy_pj", "area_um2",
)  # fmt: skip
"""Columns of ``draws.tsv``: point of the curve, specimen, accuracies by both kinds of labels, activity over the test
images, sum of the weights over that of the ideal ones, root mean square of their error over the mean of the ideal ones,
energies that devices, drivers and converters take for one test image, that of one pulse that writes a device, and the
area of the devices."""


def run(job: StageJob) -> None:
    """Write ``draws.tsv``, a row for each specimen, ``points.json``, and ``specimens.npz``, the first of each point."""
    checkpoint = Checkpoint(job.checkpoint, [job.spec, job.code])
    with checkpoint.claimed():
        _run(job, checkpoint)
        checkpoint.remove()


def _run(job: StageJob, checkpoint: Checkpoint) -> None:
    points = [HardwareParams.model_validate(section) for section in job.parameter("hardware")]
    n_draws = job.parameter("draws")
    study = _Study(job)
    total = len(points) * n_draws
    rows = np.zeros((0, len(COLUMNS)))
    if saved := checkpoint.load():
        rows = saved.group("rows")["values"]
    report = ProgressReport(total, len(rows), job.output.name, "specimens")
    for at in range(len(rows), total):
        point, draw = divmod(at, n_draws)
        row = study.measure(points[point], draw)
        rows = np.vstack([rows, [point, draw, *row]])
        report.update(at + 1)
        if checkpoint.due():
            checkpoint.save({"rows": {"values": rows}}, {"done": at + 1})
    report.close()
    lines = ["\t".join(COLUMNS)] + ["\t".join(f"{x:.8g}" for x in row) for row in rows]
    write_text(job.output / "draws.tsv", "\n".join(lines) + "\n")
    write_arrays(job.output / "specimens.npz", study.first_specimens(points), compress=True)
    write_json(
        job.output / "points.json",
        {
            "schema_version": SCHEMA_VERSION,
            "vary": job.parameter("vary"),
            "values": job.parameter("values"),
            "hardware": job.parameter("hardware"),
            "ideal_accuracy": study.ideal_accuracy,
            "n_test": len(study.test_labels),
            "label_images": len(study.label_images),
        },
    )


_COUNTED = 1000  # test images whose input spikes are counted


class _Study:
    """A trained network, the images it is tested with, and the labels that it has."""

    def __init__(self, job: StageJob) -> None:
        spec: dict[str, Any] = read_json(job.input("model"))
        self.model: Model = model_of(spec)
        self.state: NetworkState = read_network(job.input("network"))
        self.weights = weights_in(self.state, self.model)
        self.n_writes = self.state.synapse_switches if self.state.synapse_switches.size else None
        self.engine = registry.load("engine", spec["simulation"]["engine"])
        self.readout, self.readout_params = component("readout", job.parameter("readout"))
        arrays = {split: input_arrays(job.input("levels"), split) for split in ("train", "test")}
        data = read_arrays(job.input("data"), "train_labels", "test_labels", "n_classes", also=())
        self.n_classes = int(data["n_classes"])
        self.train: Inputs = inputs_of(spec, arrays["train"], "train", spec["seed"])
        self.test: Inputs = inputs_of(spec, arrays["test"], "test", spec["seed"])
        self.test_labels = data["test_labels"]
        n_labels = min(job.parameter("label_images") or len(self.train.levels), len(self.train.levels))
        self.label_images = np.arange(n_labels)
        self.label_classes = data["train_labels"][:n_labels]
        self.kept = NeuronLabels(**read_arrays(job.input("labels"), "label", "mean_counts"))
        self.spikes = _InputSpikes(self.model, self.test)
        self.carry_over, self.theta_adapts = job.parameter("carry_over"), job.parameter("theta_adapts")
        self.seed, self.threads = spec["seed"], job.threads
        self._last: tuple[bytes | None, Any] = (None, None)  # weights, and the answers with them
        self.ideal_accuracy = float(read_json(job.input("ideal"))["readouts"][self.readout_params.name]["accuracy"])

    def chip(self, hardware: HardwareParams, draw: int) -> Chip:
        """Program one specimen."""
        return programmed(self.weights, hardware, Draws(self.seed, draw), self.n_writes)

    def measure(self, hardware: HardwareParams, draw: int) -> list[float]:
        """Return a row of the table, but for its first two columns."""
        chip = self.chip(hardware, draw)
        reading = chip.read()
        on_test, on_train = self._both(chip, reading)
        sums = on_train.responses.class_counts(self.label_classes, self.n_classes, self.state.n_exc)
        assigned = labels_from_sums(sums, self.label_classes)
        error = reading.weights - self.weights
        mean = max(float(self.weights.mean(dtype=np.float64)), 1e-30)
        return [
            self._accuracy(self.kept, on_test),
            self._accuracy(assigned, on_test),
            float(on_test.responses.n_spikes.mean()),
            float(on_test.responses.attempts.mean()),
            float(np.count_nonzero(on_test.responses.n_spikes == 0)),
            float(np.count_nonzero(assigned.label < 0)),
            float(reading.weights.sum() / max(float(self.weights.sum(dtype=np.float64)), 1e-30)),
            float(np.sqrt(np.mean(error**2)) / mean),
            *self._costs(hardware, chip, reading, float(on_test.responses.n_input_spikes.mean())),
        ]

    def _both(self, chip: Chip, reading: Reading) -> tuple[Answers, Answers]:
        """Return the answers to the test images and to the training images that name neurons."""
        # Input spikes are the same for all specimens, so equal weights that are only added up give equal answers.
        known = reading.weights.tobytes() if reading.reader is None and not chip.fluctuates else None
        if known is None or known != self._last[0]:
            on_test = self._answers(reading, self.test, np.arange(len(self.test_labels)), self.theta_adapts)
            # Another pass over images is another reading of devices that fluctuate.
            again = chip.read(read=1) if chip.fluctuates else reading
            self._last = (known, (on_test, self._answers(again, self.train, self.label_images)))
        return self._last[1]

    def _costs(self, hardware: HardwareParams, chip: Chip, reading: Reading, n_spikes: float) -> list[float]:
        """Return energies: of devices, drivers and converters for an image, nJ; of a write, pJ; and devices' area."""
        n_planes, _, n_cols = reading.seen_us.shape
        periphery, reader, conversions = hardware.periphery, reading.reader, 0.0
        if periphery is not None and periphery.adc_bits is not None and reader is not None and reader.converters:
            of_first = self.spikes.tiles_per_image(reader.converters.tile_rows) / max(self.spikes.per_image, 1e-30)
            conversions = n_spikes * of_first * len(reader.converters.gain) * self.state.n_exc
        bits = (periphery.adc_bits or 0) if periphery is not None else 0
        return [
            read_energy_nj(reading.seen_us, n_spikes * self.spikes.shares, hardware.v_read_v, hardware.t_read_s),
            driver_energy_nj(hardware.energy, n_spikes, n_planes * n_cols, hardware.v_read_v),
            converter_energy_nj(hardware.energy, conversions, bits),
            # From the lower end of the range, where devices are reset to, to what they hold.
            write_energy_pj(
                hardware.energy,
                np.full_like(chip.written_us, hardware.mapping.g_min_us),
                chip.written_us,
                (hardware.circuit or CircuitParams()).tile(chip.written_us.shape),
            ),
            area_um2(hardware.energy, reading.seen_us.size),
        ]

    def _answers(self, reading: Reading, inputs: Inputs, images: np.ndarray, theta_adapts: bool = False) -> Answers:
        # A gain of a neuron, of rules that have one, is not in the array.
        weights = (reading.weights * self.state.gain).astype(self.model.precision)
        state = replace(self.state, weights=weights, gain=np.ones_like(self.state.gain))
        reader = None if reading.reader is None else reading.reader.scaled(self.state.gain)
        frozen = Frozen(self.carry_over, theta_adapts, reader)
        model, threads = self._real_model(), self.threads
        responses = self.engine.respond(model, state, inputs, images, threads, lambda done: None, frozen)
        return Answers(responses, state.n_exc)

    def _real_model(self) -> Model:
        """Return the model with weights that are real numbers, as those of hardware are."""
        if self.model.storage is None and self.model.device is None:
            return self.model
        rule = registry.load("rule", "triplet")
        return replace(self.model, rule=rule, rule_params=rule.Params())

    def _accuracy(self, neurons: NeuronLabels, on_test: Answers) -> float:
        votes = self.readout.votes(self.readout_params, Training(neurons), on_test)
        return float(np.mean(predictions(votes) == self.test_labels))

    def first_specimens(self, points: list[HardwareParams]) -> dict[str, np.ndarray]:
        """Return what figures show of the first specimen at each point."""
        arrays: dict[str, np.ndarray] = {"label": self.kept.label, "weights": self.weights.astype(np.float32)}
        for k, point in enumerate(points):
            chip = self.chip(point, 0)  # drawn again: its numbers depend on nothing else
            reading = chip.read()
            arrays[f"target_us_{k}"] = chip.devices.target_us[0].astype(np.float32)
            arrays[f"device_us_{k}"] = reading.device_us[0].astype(np.float32)
            arrays[f"seen_us_{k}"] = reading.seen_us[0].astype(np.float32)
            arrays[f"weights_{k}"] = reading.weights.astype(np.float32)
            arrays[f"failed_{k}"] = np.packbits(reading.failed[:, :, : self.state.n_exc].any(axis=0))
        return arrays


class _InputSpikes:
    """The input spikes of the first presentations of some test images."""

    def __init__(self, model: Model, inputs: Inputs) -> None:
        n_images = min(len(inputs.levels), _COUNTED)
        self._events = [draw_events(model, inputs, image, FROZEN_PASS, 0) for image in range(n_images)]
        counts = sum(np.bincount(source, minlength=inputs.levels.shape[1]) for _, source in self._events)
        self.per_image = float(np.sum(counts)) / n_images
        self.shares = np.asarray(counts) / max(float(np.sum(counts)), 1.0)

    def tiles_per_image(self, tile_rows: int) -> float:
        """Return how often a tile is read for an image: pairs of a step and a tile in which an input spikes."""
        pairs = [len(np.unique(step.astype(np.int64) << 16 | source // tile_rows)) for step, source in self._events]
        return float(np.mean(pairs))
