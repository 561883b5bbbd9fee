"""Time Brian2's C++ standalone mode on presentations written by ``stdp bench --against brian2-standalone``.

The network is written as in Brian2's own example of this paper (``examples/frompapers/Diehl_Cook_2015.py``):
event-driven traces at the synapses, all-but-own inhibition as synapses with ``i != j``. It starts from the given
weights, thresholds and delays, gets the given input spikes, integrates with exponential Euler in double precision, and
scales the weights before each presentation. Time is the CPU time of the simulation loop: neither compilation, nor
reading the input, nor the creation of synapses is in it.

    python benchmarks/brian2_standalone.py presentations.npz --repeats 3

prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2 import ms, mV

CLOCK = "std::clock()"


def neuron_groups(p: dict, inh: dict, n: int) -> tuple[b2.NeuronGroup, b2.NeuronGroup]:
    """Return the excitatory and the inhibitory layer, ``p`` and ``inh`` being their parameters by name."""
    exc = b2.NeuronGroup(
        n,
        """
        dv/dt = ((e_rest - v) + ge * (e_exc - v) + gi * (e_inh - v)) / tau_mem : volt
        dge/dt = -ge / tau_exc : 1
        dgi/dt = -gi / tau_inh : 1
        dtheta/dt = -theta / tau_theta : volt
        total : 1
        """,
        threshold="v > theta + v_thresh",
        reset="v = v_reset; theta += theta_plus",
        refractory=p["refractory_ms"] * ms - 0.5 * b2.defaultclock.dt,
        method="exponential_euler",
        namespace={
            **{f"e_{k}": p[f"e_{k}_mv"] * mV for k in ("rest", "exc", "inh")},
            **{f"v_{k}": p[f"v_{k}_mv"] * mV for k in ("thresh", "reset")},
            **{f"tau_{k}": p[f"tau_{k}_ms"] * ms for k in ("mem", "exc", "inh", "theta")},
            "theta_plus": p["theta_plus_mv"] * mV,
        },
    )
    partner = b2.NeuronGroup(
        n,
        """
        dv/dt = ((e_rest - v) + ge * (e_exc - v)) / tau_mem : volt (unless refractory)
        dge/dt = -ge / tau_exc : 1
        """,
        threshold="v > v_thresh",
        reset="v = v_reset",
        refractory=inh["refractory_ms"] * ms,
        method="exponential_euler",
        namespace={
            **{f"e_{k}": inh[f"e_{k}_mv"] * mV for k in ("rest", "exc")},
            **{f"v_{k}": inh[f"v_{k}_mv"] * mV for k in ("thresh", "reset")},
            **{f"tau_{k}": inh[f"tau_{k}_ms"] * ms for k in ("mem", "exc")},
        },
    )
    exc.v, partner.v = p["e_rest_mv"] * mV, inh["e_rest_mv"] * mV
    return exc, partner


def plastic_synapses(source: b2.SpikeGeneratorGroup, exc: b2.NeuronGroup, rule: dict, period_ms: float) -> b2.Synapses:
    """Return the synapses from input to excitatory layer: triplet rule, scaling before each presentation."""
    synapses = b2.Synapses(
        source,
        exc,
        """
        w : 1
        dx/dt = -x / tau_pre : 1 (event-driven)
        dfast/dt = -fast / tau_fast : 1 (event-driven)
        dslow/dt = -slow / tau_slow : 1 (event-driven)
        """,
        on_pre="ge_post += w; x = 1; w = clip(w - eta_pre * fast, 0, 1)",
        on_post="w = clip(w + eta_post * x * slow, 0, 1); fast = 1; slow = 1",
        method="exact",
        namespace={
            "tau_pre": rule["tau_pre_ms"] * ms,
            "tau_fast": rule["tau_post_fast_ms"] * ms,
            "tau_slow": rule["tau_post_slow_ms"] * ms,
            "eta_pre": rule["eta_pre"],
            "eta_post": rule["eta_post"],
            "norm_total": rule["norm_total"],
        },
    )
    synapses.connect()
    exc.run_regularly("total = 0", dt=period_ms * ms, when="start", order=-3)
    synapses.run_regularly("total_post += w", dt=period_ms * ms, when="start", order=-2)
    synapses.run_regularly("w = w * norm_total / total_post", dt=period_ms * ms, when="start", order=-1)
    return synapses


def main(path: Path, repeats: int) -> None:
    """Build once, run several times, and report."""
    with np.load(path) as data:
        arrays = dict(data)
    model = json.loads(str(arrays["model"]))
    net = model["network"]
    dt, period = model["dt_ms"], model["image_ms"] + model["rest_ms"]
    n_input, n_exc = arrays["weights"].shape
    n_images = len(arrays["offsets"]) - 1
    folder = Path(tempfile.mkdtemp(prefix="brian2_standalone_"))
    try:
        b2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
        b2.prefs.devices.cpp_standalone.openmp_threads = 0
        b2.defaultclock.dt = dt * ms
        image = np.repeat(np.arange(n_images), np.diff(arrays["offsets"]))
        times = (image * round(period / dt) + arrays["step"]) * dt
        source = b2.SpikeGeneratorGroup(n_input, arrays["source"], times * ms)
        exc, partner = neuron_groups(net["exc"], net["inh"], n_exc)
        plastic = plastic_synapses(source, exc, model["rule"], period)
        plastic.w = arrays["weights"].ravel().astype(float)
        if arrays["delays"].size:
            plastic.pre.delay = arrays["delays"].ravel() * dt * ms
        excite = b2.Synapses(exc, partner, on_pre=f"ge_post += {net['w_exc_inh']}")
        excite.connect(j="i")
        inhibit = b2.Synapses(partner, exc, on_pre=f"gi_post += {net['w_inh_exc']}")
        inhibit.connect("i != j")
        exc.theta = arrays["theta_mv"] * mV
        spikes = b2.SpikeMonitor(exc)
        network = b2.Network(source, exc, partner, plastic, excite, inhibit, spikes)
        b2.device.insert_code("before_network_run", f'std::cerr << "begin " << {CLOCK} << std::endl;')
        b2.device.insert_code("after_network_run", f'std::cerr << "end " << {CLOCK} << std::endl;')
        network.run(n_images * period * ms)
        b2.device.build(directory=str(folder), run=False, compile=True)
        seconds, peak_mb = [], 0.0
        for _ in range(repeats):
            command = ["./main", "--results_dir", "results/"]
            program = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
            assert program.stderr is not None
            said = program.stderr.read()
            _, status, usage = os.wait4(program.pid, 0)
            if status != 0:
                raise SystemExit(f"the compiled program failed:\n{said}")
            ticks = {word: int(value) for word, value in re.findall(r"(begin|end) (\d+)", said)}
            seconds.append((ticks["end"] - ticks["begin"]) / 1e6 / n_images)
            peak_mb = max(peak_mb, usage.ru_maxrss / 1024)
        b2.get_device().has_been_run = True  # else its results cannot be read
        report = {
            "name": f"Brian2 {b2.__version__} C++ standalone",
            "n_exc": n_exc,
            "images": n_images,
            "cpu_s_per_image": seconds,
            "spikes_per_image": spikes.num_spikes / n_images,
            "peak_rss_mb": peak_mb,
        }
        print(json.dumps(report))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presentations", type=Path, help="file written by stdp bench")
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    main(options.presentations, options.repeats)
