"""Turn images into rate maps, and show what the code makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.io import read_arrays, write_arrays, write_bytes, write_json
from stdp_pipeline.stages._inputs import input_model, inputs_of
from stdp_pipeline.stages._job import StageJob, component

__all__ = ["run"]

_SAMPLE = 1000
_SAMPLE_SEED = 0


def run(job: StageJob) -> None:
    """Write ``levels.npz``, ``encoder.json``, ``statistics.json`` and ``raster.png``.

    ``levels.npz`` is the rate map of every image in compact form: an intensity level for each input channel,
    (n, n_input) uint8 for both splits, and the rate of each level, (256,) float64, Hz. The statistics are those of
    the first training images, drawn with a fixed seed.
    """
    from stdp_pipeline.engines._protocol import draw_events
    from stdp_pipeline.figures.raster import raster

    encoding, params = component("encoding", job.parameter("encoding"))
    data = read_arrays(job.input("data"), "train_images", "train_labels", "test_images")
    levels = {f"{split}_levels": _flat(data[f"{split}_images"]) for split in ("train", "test")}
    rates = encoding.rate_hz(params)
    shape = np.array(data["train_images"].shape[1:])
    write_arrays(job.output / "levels.npz", {**levels, "rate_hz": rates, "image_shape": shape})

    model = input_model(job.spec)
    inputs = inputs_of(job.spec, levels["train_levels"], "train", _SAMPLE_SEED)
    n = min(_SAMPLE, len(levels["train_levels"]))
    events = [draw_events(model, inputs, image, 0, 0) for image in range(n)]
    write_json(
        job.output / "encoder.json", {"encoding": job.parameter("encoding"), "protocol": job.parameter("protocol")}
    )
    write_json(job.output / "statistics.json", _statistics(events, levels["train_levels"][:n], rates))
    picture = raster(
        data["train_images"][0],
        *events[0],
        dt_ms=model.dt_ms,
        image_ms=model.image_ms,
        label=int(data["train_labels"][0]),
    )
    write_bytes(job.output / "raster.png", picture)


def _flat(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images.reshape(len(images), -1))


def _statistics(events: list[Any], levels: np.ndarray, rates: np.ndarray) -> dict[str, Any]:
    n_spikes = np.array([len(step) for step, _ in events])
    histogram, edges = np.histogram(rates[levels], bins=16, range=(0, float(rates.max())))
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
        "rate_histogram": {"edges_hz": edges.tolist(), "count": histogram.tolist()},
    }
