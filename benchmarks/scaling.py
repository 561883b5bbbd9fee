"""Cost of a training image against the number of neurons and of input spikes, and peak memory.

    python benchmarks/scaling.py docs/images/scaling.png > scaling.json

Each size runs in a process of its own (``stdp bench --json``), so that its peak memory is its own. Takes minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.bench.case import Case, prepare
from stdp_pipeline.figures import _style

SIZES = {100: 600, 200: 600, 400: 600, 800: 400, 1600: 300, 3200: 120, 6400: 60, 12800: 30, 25600: 15}
"""Neurons -> images per repetition."""
INTENSITIES = (0.25, 0.5, 1, 2, 4, 8)
"""Factors of the input rates; 2 is the default."""


def by_size(n_exc: int, images: int) -> dict[str, Any]:
    """Time one size in a process of its own."""
    command = [sys.executable, "-m", "stdp_pipeline", "bench", "--json", "--neurons", str(n_exc)]
    command += ["--images", str(images), "--warmup", str(max(2 * images, 60)), "--repeats", "5"]
    row: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]
    return row


def by_rate(case: Case, intensity: float, images: int) -> dict[str, float]:
    """Time presentations whose input rates are multiplied by a factor; none is repeated."""
    params = case.inputs.encoding_params.model_copy(update={"intensity": float(intensity)})
    inputs = replace(case.inputs, encoding_params=params)
    model = replace(case.model, max_attempts=1)
    seconds, spikes = [], 0.0
    for _ in range(5):
        start = time.process_time()
        _, responses = case.engine.train(model, case.state, inputs, case.images(0, images), 0)
        seconds.append((time.process_time() - start) / images)
        spikes = float(responses.n_input_spikes.mean())
    return {"input_spikes": spikes, "cpu_s": float(np.median(seconds))}


def picture(sizes: list[dict[str, Any]], rates: dict[int, list[dict[str, float]]]) -> tuple[bytes, dict[str, float]]:
    """Draw both dependences; return the PNG, and the fitted exponents and slopes."""
    fits: dict[str, float] = {}
    with _style.figure(8.0, 3.2, ncols=2) as (figure, (left, right)):
        n = np.array([row["n_exc"] for row in sizes], float)
        ms = np.array([1e3 * row["cpu_s_median"] / row["presentations_per_image"] for row in sizes])
        left.loglog(n, ms, "o", color=_style.ACCENT)
        for name, part in (("up to 800", n <= 800), ("from 1600", n >= 1600)):
            exponent, constant = np.polyfit(np.log(n[part]), np.log(ms[part]), 1)
            fits[f"exponent, {name} neurons"] = float(exponent)
            left.loglog(n[part], np.exp(constant) * n[part] ** exponent, color=_style.GREY, lw=1)
            at = n[part][len(n[part]) // 2]
            left.annotate(f"$n^{{{exponent:.2f}}}$", (at, 0.6 * np.exp(constant) * at**exponent), color="#555b66")
        left.set(xlabel="excitatory neurons", ylabel="CPU time per presentation (ms)", title="Size")
        for marker, (n_exc, rows) in zip("os", rates.items(), strict=True):
            x = np.array([row["input_spikes"] for row in rows])
            y = np.array([1e3 * row["cpu_s"] for row in rows])
            usual = x < 6000  # beyond, conductances are so strong that steps need the exact exponential
            slope, constant = np.polyfit(x[usual], y[usual], 1)
            fits[f"us per input spike, {n_exc} neurons"] = 1e3 * float(slope)
            fits[f"ms without input, {n_exc} neurons"] = float(constant)
            line = np.array([0, x[usual].max()])
            right.plot(line, slope * line + constant, color=_style.GREY, lw=1)
            right.plot(x[usual], y[usual], marker, color=_style.ACCENT)
            right.plot(x[~usual], y[~usual], marker, color=_style.ACCENT, mfc="white")
            right.annotate(f"{n_exc} neurons", (x[-1], y[-1]), xytext=(-8, -3), textcoords="offset points", ha="right")
        right.set(xlabel="input spikes per presentation", ylabel="CPU time per presentation (ms)", title="Input")
        right.set(xlim=(0, None), ylim=(0, None))
        return _style.png(figure), fits


def main(path: Path) -> None:
    """Measure, draw, and print everything as JSON."""
    sizes = [by_size(n_exc, images) for n_exc, images in SIZES.items()]
    rates = {}
    for n_exc, images in ((400, 300), (1600, 100)):
        case = prepare("fast", n_exc, "triplet", "none", 300, 0)
        rates[n_exc] = [by_rate(case, intensity, images) for intensity in INTENSITIES]
    image, fits = picture(sizes, rates)
    path.write_bytes(image)
    print(json.dumps({"sizes": sizes, "rates": rates, "fits": fits}, indent=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=Path, help="PNG to write")
    main(parser.parse_args().picture)
