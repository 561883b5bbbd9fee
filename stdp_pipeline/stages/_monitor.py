"""Watch a training run: learning curve, and progress on the terminal or in the log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np

from stdp_pipeline.engines._contract import Responses
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.provenance import cpu_seconds
from stdp_pipeline.readout import all_activity
from stdp_pipeline.readout._answers import Answers, Training
from stdp_pipeline.readout._labels import NeuronLabels, labels_from_sums, predictions

__all__ = ["EngineClock", "LearningCurve", "ProgressReport"]

_COLUMNS = (
    "images_seen",
    "accuracy",
    "spikes_per_image",
    "input_spikes_per_image",
    "presentations_per_image",
    "given_up",
    "theta_mean_mv",
    "theta_sd_mv",
)
_LOG_EVERY_S = 3.0


class LearningCurve:
    """Accuracy and activity for each window of training images.

    Each window is classified with neuron labels from the window before (as in the released code, whose windows are
    10 000 images). The first window has no accuracy.

    Parameters
    ----------
    labels : (n_images,) uint8
    n_classes : int
    every : int
        Images per window.
    min_spikes : int
        An image with fewer spikes after its last presentation was given up.
    """

    def __init__(self, labels: np.ndarray, n_classes: int, every: int, min_spikes: int) -> None:
        self._labels = labels
        self._n_classes = n_classes
        self._every = every
        self._min_spikes = min_spikes
        self._rows: list[list[float]] = []
        self._parts: list[tuple[np.ndarray, Responses]] = []
        self._neurons: NeuronLabels | None = None  # from the window before
        self._sums = np.zeros(6)  # spikes, input spikes, presentations, images, given up, synaptic operations

    @property
    def room(self) -> int:
        """Images until the end of the window."""
        return self._every - sum(len(images) for images, _ in self._parts)

    @property
    def latest(self) -> dict[str, float]:
        """The last complete window."""
        return dict(zip(_COLUMNS, self._rows[-1], strict=True)) if self._rows else {}

    def add(self, images: np.ndarray, responses: Responses, state: NetworkState) -> None:
        """Take the responses to the next images; at most :attr:`room` of them."""
        self._parts.append((images, responses))
        self._sums += (
            responses.n_spikes.sum(),
            responses.n_input_spikes.sum(),
            responses.attempts.sum(),
            len(images),
            self._given_up(responses),
            responses.n_sops(state.n_exc).sum(),
        )
        if self.room == 0:
            self._close(state)

    def _given_up(self, responses: Responses) -> int:
        return int(np.count_nonzero(responses.n_spikes < self._min_spikes))

    def _close(self, state: NetworkState) -> None:
        images = np.concatenate([images for images, _ in self._parts])
        responses = Responses.concatenate([part for _, part in self._parts])
        labels = self._labels[images]
        accuracy = np.nan
        if self._neurons is not None:
            votes = all_activity.votes(all_activity.Params(), Training(self._neurons), Answers(responses, state.n_exc))
            accuracy = float(np.mean(predictions(votes) == labels))
        seen = self._rows[-1][0] if self._rows else 0
        self._rows.append(
            [
                seen + len(images),
                accuracy,
                float(responses.n_spikes.mean()),
                float(responses.n_input_spikes.mean()),
                float(responses.attempts.mean()),
                float(self._given_up(responses)),
                float(state.theta_mv.mean()),
                float(state.theta_mv.std()),
            ]
        )
        self._neurons = labels_from_sums(responses.class_counts(labels, self._n_classes, state.n_exc), labels)
        self._parts = []

    def totals(self) -> dict[str, Any]:
        """Return means and counts over the whole training."""
        n = max(self._sums[3], 1.0)
        return {
            "spikes_per_image": self._sums[0] / n,
            "input_spikes_per_image": self._sums[1] / n,
            "sops_per_image": self._sums[5] / n,
            "presentations_per_image": self._sums[2] / n,
            "retries": int(self._sums[2] - self._sums[3]),
            "given_up": int(self._sums[4]),
        }

    def table(self) -> str:
        """Return the curve as tab-separated text."""
        lines = ["\t".join(_COLUMNS)]
        for row in self._rows:
            lines.append("\t".join("" if np.isnan(x) else f"{x:.6g}" for x in row))
        return "\n".join(lines) + "\n"

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a checkpoint must keep."""
        kept = {"rows": np.array(self._rows).reshape(-1, len(_COLUMNS)), "sums": self._sums}
        if self._neurons is not None:
            kept |= {"neuron_label": self._neurons.label, "neuron_mean_counts": self._neurons.mean_counts}
        if self._parts:
            joined = Responses.concatenate([part for _, part in self._parts])
            kept |= {f"open_{name}": value for name, value in vars(joined).items()}
            kept["open_images"] = np.concatenate([images for images, _ in self._parts])
        return kept

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over from a checkpoint."""
        self._rows = arrays["rows"].tolist()
        self._sums = arrays["sums"]
        if "neuron_label" in arrays:
            self._neurons = NeuronLabels(arrays["neuron_label"], arrays["neuron_mean_counts"])
        if "open_images" in arrays:
            kept = {field.name: arrays[f"open_{field.name}"] for field in fields(Responses)}
            self._parts = [(arrays["open_images"], Responses(**kept))]


class EngineClock:
    """CPU time that the engine takes per image, without its first call, which compiles."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._images = -1

    @contextmanager
    def over(self, n_images: int) -> Iterator[None]:
        """Measure one call of the engine."""
        start = cpu_seconds()
        yield
        if self._images >= 0:
            self._seconds += cpu_seconds() - start
            self._images += n_images
        else:
            self._images = 0

    @property
    def cpu_s_per_image(self) -> float | None:
        """Seconds of CPU time per training image, retries included; None after a single call."""
        return self._seconds / self._images if self._images > 0 else None


class ProgressReport:
    """A bar with running accuracy on a terminal, a line every few seconds elsewhere."""

    def __init__(self, total: int, done: int, name: str, unit: str = "images") -> None:
        self._total, self._first, self._name, self._unit = total, done, name, unit
        self._start = self._logged = time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=done, unit=f" {unit}", desc=name, dynamic_ncols=True)

    def update(self, done: int, curve: LearningCurve | None = None) -> None:
        """Show that ``done`` images are done."""
        latest = curve.latest if curve is not None else {}
        status = {}
        if latest:
            status = {"accuracy": f"{latest['accuracy']:.1%}", "spikes": f"{latest['spikes_per_image']:.1f}"}
            if np.isnan(latest["accuracy"]):
                del status["accuracy"]
        if self._bar is not None:
            self._bar.set_postfix(status, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        now = time.monotonic()
        if now - self._logged < _LOG_EVERY_S and done < self._total:
            return
        self._logged = now
        speed = (done - self._first) / max(now - self._start, 1e-9)
        left = (self._total - done) / max(speed, 1e-9)
        told = "".join(f", {key} {value}" for key, value in status.items())
        logging.getLogger(__name__).info(
            "%s: %d of %d %s (%.0f %%), %.3g %s/s, %.0f s left%s",
            self._name,
            done,
            self._total,
            self._unit,
            100 * done / max(self._total, 1),
            speed,
            self._unit,
            left,
            told,
        )

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
