"""Turn images into rate maps, and measure what the code makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline.analysis.information import information_bits
from stdp_pipeline.datasets._base import MAX_INPUTS
from stdp_pipeline.datasets._events import as_intensities
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.io import read_arrays, write_arrays, write_json
from stdp_pipeline.stages._inputs import input_model, inputs_of
from stdp_pipeline.stages._job import StageJob, component

__all__ = ["SAMPLE_SEED", "encoded", "run"]

_SPLITS = ("train", "test")
_EVENTS = ("time_us", "channel", "offsets")
_SAMPLE = 1000
SAMPLE_SEED = 0
"""Seed of the spikes that are counted, and drawn."""


def run(job: StageJob) -> None:
    """Write ``levels.npz``, ``encoder.json`` and ``statistics.json``.

    ``levels.npz`` is the rate map of every image in compact form: an intensity level for each input channel,
    (n, n_input) uint8 for both splits, and the rate of each level, (256,) float64, Hz. Of recordings it has the spikes
    as well: ``train_step``, ``train_source``, ``train_offsets`` and the same of the test split. The statistics are
    those of the first training images, drawn with a fixed seed.
    """
    from stdp_pipeline.engines._protocol import draw_events

    encoding, params = component("encoding", job.parameter("encoding"))
    model = input_model(job.spec)
    needed = ["train_images", "test_images"]
    if _replays(encoding):
        needed += [f"{split}_{part}" for split in _SPLITS for part in _EVENTS]
    data = read_arrays(job.input("data"), *needed, also=["train_offsets"])
    arrays = encoded(data, encoding, params, model)
    write_arrays(job.output / "levels.npz", arrays)

    inputs = inputs_of(job.spec, arrays, "train", SAMPLE_SEED)
    levels = arrays["train_levels"][:_SAMPLE]
    events = [draw_events(model, inputs, image, 0, 0) for image in range(len(levels))]
    write_json(
        job.output / "encoder.json", {"encoding": job.parameter("encoding"), "protocol": job.parameter("protocol")}
    )
    write_json(job.output / "statistics.json", _statistics(events, levels, arrays["rate_hz"], model.n_image_steps))


def encoded(data: Mapping[str, np.ndarray], encoding: ModuleType, params: Any, model: Model) -> dict[str, np.ndarray]:
    """Return what ``levels.npz`` holds.

    Parameters
    ----------
    data : dict
        Images of both splits, as in ``data.npz``, and the events if they are to be replayed. Of recordings that are
        not, the events are counted and each recording's counts scaled to the largest, as intensities.
    encoding : module
    params : EncodingParams
    model : Model
        Time step and duration.

    Raises
    ------
    ConfigError
        If there are too many input channels.
    """
    images = {split: data[f"{split}_images"] for split in _SPLITS}
    if "train_offsets" in data and not _replays(encoding):
        images = {split: as_intensities(counts) for split, counts in images.items()}
    shaped = {split: encoding.to_levels(images[split], params) for split in _SPLITS}
    shape = shaped["train"].shape[1:]
    if (n_input := int(np.prod(shape))) > MAX_INPUTS:
        raise ConfigError(
            f"encoding: '{params.name}' makes {n_input} input channels, at most {MAX_INPUTS} are possible; choose a "
            "smaller dataset.image.size or fewer fields"
        )
    arrays = {f"{split}_levels": _flat(images) for split, images in shaped.items()}
    for split in _SPLITS if _replays(encoding) else ():
        spikes = encoding.in_steps(*(data[f"{split}_{part}"] for part in _EVENTS), model.n_image_steps, model.dt_ms)
        arrays |= {f"{split}_{part}": a for part, a in zip(("step", "source", "offsets"), spikes, strict=True)}
    rate_hz = encoding.rate_hz(params, model.n_image_steps, model.dt_ms)
    return {**arrays, "rate_hz": rate_hz, "image_shape": np.array(shape)}


def _replays(encoding: ModuleType) -> bool:
    return hasattr(encoding, "in_steps")


def _flat(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images.reshape(len(images), -1))


def _statistics(events: list[Any], levels: np.ndarray, rates: np.ndarray, n_steps: int) -> dict[str, Any]:
    n_spikes = np.array([len(step) for step, _ in events])
    histogram, edges = np.histogram(rates[levels], bins=16, range=(0, max(float(rates.max()), 1e-9)))
    counts, first = np.zeros(levels.shape, np.int64), np.zeros(levels.shape, np.int64)
    for image, (step, source) in enumerate(events):
        counts[image] = np.bincount(source, minlength=levels.shape[1])
        first[image, source[::-1]] = step[::-1]  # events are in order of time, so the first one stays
    bits, most = information_bits(levels.ravel(), counts.ravel(), first.ravel(), n_steps)
    return {
        "n_images": len(events),
        "spikes_per_image": {
            "mean": float(n_spikes.mean()),
            "sd": float(n_spikes.std()),
            "min": int(n_spikes.min()),
            "max": int(n_spikes.max()),
        },
        "mean_rate_hz": float(rates[levels].mean()),
        "active_inputs_per_image": float(np.count_nonzero(levels, axis=1).mean()),
        "information": {
            "bits_per_input": bits,
            "entropy_bits_per_input": most,
            "bits_per_spike": bits * levels.shape[1] / max(float(n_spikes.mean()), 1e-9),
        },
        "rate_histogram": {"edges_hz": edges.tolist(), "count": histogram.tolist()},
    }
