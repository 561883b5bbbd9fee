"""Time BindsNET on images written by ``stdp bench --against bindsnet``.

The network is that of BindsNET's ``examples/mnist/eth_mnist.py``: ``DiehlAndCook2015`` with batch size 1. It is not
equal work: neurons are current-based, there is no rest phase and there are no delays. Step, duration and input rates
are those of the presentations, not the example's 1 ms, 250 ms and 128 Hz.

Needs an environment with ``pip install bindsnet`` (it brings PyTorch):

    stdp bench --against bindsnet --peer-python PATH/TO/THAT/bin/python --images 10

prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from bindsnet.encoding import poisson
from bindsnet.models import DiehlAndCook2015


def main(path: Path, repeats: int) -> None:
    """Train on the images ``repeats`` times, the first image once more before, and report."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with np.load(path) as data:
        levels = data["levels"]
        model = json.loads(str(data["model"]))
        n_exc = data["weights"].shape[1]
    dt, duration = model["dt_ms"], model["image_ms"]
    network = DiehlAndCook2015(
        n_inpt=levels.shape[1], n_neurons=n_exc, exc=22.5, inh=120, dt=dt, norm=78.4, theta_plus=0.05, nu=(1e-4, 1e-2)
    )

    def train(image: np.ndarray) -> None:
        rates_hz = torch.from_numpy(image.astype(np.float32)) / 4  # 255 fires at 63.75 Hz
        network.run(inputs={"X": poisson(rates_hz, time=int(duration), dt=dt)}, time=int(duration))
        network.reset_state_variables()

    train(levels[0])
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        for image in levels:
            train(image)
        seconds.append((time.process_time() - start) / len(levels))
    report = {
        "name": f"BindsNET {version('bindsnet')} (torch {torch.__version__}), batch 1",
        "n_exc": n_exc,
        "images": len(levels),
        "cpu_s_per_image": seconds,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presentations", type=Path, help="file written by stdp bench")
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    main(options.presentations, options.repeats)
