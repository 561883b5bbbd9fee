"""What crossbars cost: an effective matrix, frozen passes with imperfections, learning on devices, side by side.

    python benchmarks/crossbars.py [--images 300] [--repeats 5]

CPU time of one thread, medians of the repetitions; the ratios are those of one run.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from stdp_pipeline.config.load import validated
from stdp_pipeline.datasets import mnist
from stdp_pipeline.engines import fast
from stdp_pipeline.engines._contract import Frozen, Inputs, Model, StoredEvents, start_state
from stdp_pipeline.hardware.chip import programmed
from stdp_pipeline.hardware.params import HardwareParams
from stdp_pipeline.provenance import cpu_model, peak_rss_mb
from stdp_pipeline.random import Draws
from stdp_pipeline.registry import load

N_WARMUP = 2000
RRAM = {
    "pulses": 97, "nonlinearity_up": 2.4, "nonlinearity_down": 4.88, "cycle_to_cycle": 0.035, "step_spread": 0.2,
    "high": 0.5, "range_spread": 0.2,
}  # fmt: skip
SPREAD = {"name": "device_variation", "sigma": 0.2}
NOISE, CONVERTERS = {"name": "read_noise", "relative": 0.5}, {"adc_bits": 8}
READERS: dict[str, dict[str, Any]] = {
    "errors of devices": {"devices": [SPREAD]},
    "read noise": {"devices": [SPREAD, NOISE]},
    "converters": {"devices": [SPREAD], "periphery": CONVERTERS},
    "both": {"devices": [SPREAD, NOISE], "periphery": CONVERTERS},
}


def network(device: dict[str, Any] | None) -> tuple[Model, Inputs]:
    """Return a network of 400 neurons with the power-law rule, on devices or not."""
    on_devices = {"normalise_by": "gain", "device": device} if device else {}
    experiment: Any = validated({"plasticity": {"name": "power_law", "x_tar": 0.1} | on_devices}, "bench")
    levels = mnist.read(mnist.Params()).train_images.reshape(60_000, -1)
    params, encoding = experiment.plasticity, experiment.encoding
    model = Model(
        experiment.network, load("rule", params.name), params, **experiment.simulation.model_dump(exclude={"engine"})
    )
    return model, Inputs(levels, load("encoding", encoding.name), encoding, 0, "train", StoredEvents.none())


def timed(work: dict[str, Any], n_repeats: int, n_images: int) -> dict[str, float]:
    """Return the median CPU time of each kind of work, ms an image; they take turns, after one of each to compile."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for repeat in range(n_repeats + 1):
        for name, do in work.items():
            start = time.process_time()
            do(repeat)
            if repeat:
                seconds[name].append(time.process_time() - start)
    return {name: 1e3 * statistics.median(values) / n_images for name, values in seconds.items()}


def show(found: dict[str, float]) -> None:
    """Print times, and how many times the first they are."""
    first = next(iter(found.values()))
    for name, ms in found.items():
        print(f"  {name:20s} {ms:7.3f} ms an image   {ms / first:5.2f} x")


def main(n_images: int, n_repeats: int) -> None:
    """Print three tables."""
    print(f"{cpu_model()}, {n_images} images, medians of {n_repeats}")
    rng = np.random.default_rng(0)
    wires = HardwareParams.model_validate({"circuit": {}})
    start = time.process_time()
    with threadpool_limits(1):
        programmed(rng.random((784, 400)), wires, Draws(0)).read()
    print(f"effective matrix, 784 x 400 in tiles of 128: {time.process_time() - start:.2f} s, {peak_rss_mb():.0f} MB")

    model, inputs = network(None)
    state, _ = fast.train(model, start_state(model, 784, 0), inputs, np.arange(N_WARMUP), 0)
    images = np.arange(N_WARMUP, N_WARMUP + n_images)

    def shown(hardware: dict[str, Any] | None) -> Any:
        reading = None
        if hardware is not None:
            params = HardwareParams.model_validate(hardware)
            reading = programmed(state.weights.astype(np.float64), params, Draws(0)).read()
        reader = None if reading is None else reading.reader
        return lambda _: fast.respond(model, state, inputs, images, 1, lambda done: None, Frozen(False, False, reader))

    print("frozen pass, the network's own weights read in each way:")
    show(timed({"clean": shown(None)} | {name: shown(one) for name, one in READERS.items()}, n_repeats, n_images))

    work = {}
    for name, device in {"ideal": None, "on devices": RRAM}.items():
        learning, its_inputs = network(device)
        begun, _ = fast.train(learning, start_state(learning, 784, 0), its_inputs, np.arange(N_WARMUP), 0)
        work[name] = lambda _, m=learning, s=begun, i=its_inputs: fast.train(m, s, i, images, 0)
    print("training:")
    show(timed(work, n_repeats, n_images))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    main(options.images, options.repeats)
