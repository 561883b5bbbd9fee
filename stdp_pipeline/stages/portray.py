"""Draw the model of one run, measured from its own simulation: the network, one spike, spike pairs, one image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.analysis import pairs, probe
from stdp_pipeline.engines import fast, reference
from stdp_pipeline.engines._contract import Integrator, Model
from stdp_pipeline.engines._protocol import draw_events
from stdp_pipeline.figures._style import picture
from stdp_pipeline.io import read_arrays, read_json, write_arrays, write_bytes, write_json
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.provenance import SCHEMA_VERSION
from stdp_pipeline.random import FROZEN_PASS
from stdp_pipeline.stages._inputs import input_arrays, inputs_of, model_of
from stdp_pipeline.stages._job import StageJob
from stdp_pipeline.stages._network import read_network, weights_in
from stdp_pipeline.stages._portrait import ARRAYS, portrait

__all__ = ["run"]

_IMAGE = 0  # training image that is presented
_LARGEST_FOR_REFERENCE = 400  # excitatory neurons up to which the slow engine takes seconds
_BEFORE_MS, _ZOOM_TAUS, _ALL_TAUS = 1.0, 8, 3  # recording of one spike: zoom in tau_exc, whole in tau_mem
_EXACT_POINTS = 400  # in the zoom and beyond it
_REACH_TAUS, _DISTANCES = 3, 30  # spike pairs: largest distance in tau_pre, and how many distances on each side
_GAP_MS = 20.0  # from the earlier postsynaptic spike of a triplet to the one of the pair
_REPETITIONS = 1000  # of each pair, for stochastic rules: standard error 1/32 of the standard deviation


def run(job: StageJob) -> None:
    """Write ``network.svg``, ``lif_response.svg``, ``stdp_curves.svg``, ``presentation.png``, ``model_figures.json``.

    The JSON file holds the numbers behind the curves, and ``model_figures.npz`` all that the figures are drawn from.
    Everything is simulated by the ``reference`` engine in double precision; only a large trained network is shown its
    image by ``fast``, in the precision of its training.
    """
    spec: dict[str, Any] = read_json(job.input("model"))
    data = read_arrays(job.input("levels"), "rate_hz", "image_shape", also=())
    arrays = input_arrays(job.input("levels"), "train")
    state = read_network(job.input("network"))
    model = model_of(spec)

    of_input = {
        "image": picture(arrays["train_levels"][_IMAGE], data["image_shape"]),
        "code": np.array(spec["encoding"]["name"]),
        "max_rate_hz": np.array(float(data["rate_hz"].max())),
    }
    response, response_numbers = _response(model)
    curves, curve_numbers = _curves(model, spec["seed"])
    shown, shown_numbers = _presentation(spec, model, state, arrays, data["image_shape"], job.threads)
    behind = {**of_input, **response, **curves, **shown}
    for file, draw in portrait(model.network, behind).items():
        write_bytes(job.output / file, draw())
    write_arrays(job.output / ARRAYS, behind, compress=True)
    numbers = {
        "schema_version": SCHEMA_VERSION,
        "lif_response": response_numbers,
        "stdp_curves": curve_numbers,
        "presentation": shown_numbers,
    }
    write_json(job.output / "model_figures.json", numbers)


def _listed(values: np.ndarray) -> list[float]:
    """Return an array as a list of numbers with 8 significant digits."""
    return [float(f"{x:.8g}") for x in values]


def _response(model: Model) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Record one input spike's effect with both integrators, and solve it exactly."""
    exc, dt_ms = model.network.exc, model.dt_ms
    weight = (model.network.w_min + model.network.w_max) / 2
    zoom_ms, end_ms = _ZOOM_TAUS * exc.tau_exc_ms, _ALL_TAUS * exc.tau_mem_ms
    t_ms = np.concatenate(
        [
            [-_BEFORE_MS, -1e-9],  # the jump at 0 is upright
            np.linspace(0, zoom_ms, _EXACT_POINTS, endpoint=False),
            np.linspace(zoom_ms, max(end_ms, 2 * zoom_ms), _EXACT_POINTS),
        ]
    )
    found = {"exact": probe.exact_response(exc, weight, t_ms)}
    slowest_step_ms = min(exc.tau_mem_ms, exc.tau_exc_ms, exc.tau_inh_ms)
    for integrator in get_args(Integrator):
        if integrator == "euler" and dt_ms >= slowest_step_ms:
            continue  # it cannot be used at this step
        found[integrator] = probe.spike_response(model.network, weight, integrator, dt_ms, _BEFORE_MS, end_ms)
    arrays = {f"response_{name}": np.stack([r.t_ms, r.g_exc, r.v_mv]) for name, r in found.items()}
    arrays |= {"integrators": np.array(list(found)), "response_weight": np.array(weight), "zoom_ms": np.array(zoom_ms)}
    numbers = {
        name: {
            "peak_mv": float(r.v_mv.max()),
            "peak_at_ms": float(r.t_ms[r.v_mv.argmax()]),
            "t_ms": _listed(r.t_ms[r.t_ms <= zoom_ms]),
            "g_exc": _listed(r.g_exc[r.t_ms <= zoom_ms]),
            "v_mv": _listed(r.v_mv[r.t_ms <= zoom_ms]),
        }
        for name, r in found.items()
    }
    return arrays, {"weight": weight, "dt_ms": dt_ms, "e_rest_mv": exc.e_rest_mv, **numbers}


def _curves(model: Model, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Measure the STDP curves of every rule: the run's own with its parameters, the others with their defaults."""
    arrays: dict[str, np.ndarray] = {}
    titles: list[str] = []
    numbers: dict[str, Any] = {}
    own = model.rule_params.name
    for name in sorted(registry.names("rule"), key=lambda name: name != own):
        rule = registry.load("rule", name)
        params = model.rule_params if name == own else rule.Params()
        reach_ms = _REACH_TAUS * params.tau_pre_ms
        delta_ms = np.append(np.linspace(-reach_ms, reach_ms, 2 * _DISTANCES + 1), -model.dt_ms)
        protocols: dict[str, float | None] = {"one postsynaptic spike": None}
        if pairs.needs_an_earlier_spike(rule, params, model.network):
            protocols[f"with another one {_GAP_MS:g} ms before it"] = _GAP_MS
        drawn = []
        numbers[name] = {
            "parameters": params.model_dump(mode="json"),
            "initial_weight": (model.network.w_min + model.network.w_max) / 2,
            "repetitions": _REPETITIONS if pairs.varies(rule, params) else 1,
            "curves": [],
        }
        for gap_ms in protocols.values():
            measured = pairs.pair_curve(
                rule, params, model.network, delta_ms, gap_ms, model.dt_ms, n_repetitions=_REPETITIONS, seed=seed
            )
            drawn.append([measured.delta_ms, measured.mean, measured.sd])
            numbers[name]["curves"].append(
                {
                    "earlier_spike_ms": gap_ms,
                    "delta_ms": _listed(measured.delta_ms),
                    "weight_change": _listed(measured.mean),
                    "sd": _listed(measured.sd),
                }
            )
        title = f"{name} ({'this run' if name == own else 'default parameters'})"
        if pairs.varies(rule, params):
            title += f"\nmean ± standard deviation of {_REPETITIONS}"
        arrays |= {f"stdp_{len(titles)}": np.array(drawn), f"stdp_{len(titles)}_labels": np.array(list(protocols))}
        titles.append(title)
    return {**arrays, "stdp_titles": np.array(titles)}, numbers


def _presentation(
    spec: dict[str, Any],
    model: Model,
    state: NetworkState,
    arrays: dict[str, np.ndarray],
    shape: np.ndarray,
    threads: int,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Show the trained network one training image, as in a labelling pass."""
    inputs = inputs_of(spec, arrays, "train", spec["seed"])
    small = state.n_exc <= _LARGEST_FOR_REFERENCE
    engine = reference if small else fast
    model = replace(model, rest_spikes="own")  # the figure shows one presentation and its own rest
    if small:
        model = replace(model, precision="float64")
        arrays = {k: a.astype(np.float64) if a.dtype == np.float32 else a for k, a in state.arrays().items()}
        state = NetworkState.from_arrays(arrays, state.step)
    answer = engine.respond(model, state, inputs, np.array([_IMAGE]), threads, lambda done: None)
    attempts = int(answer.attempts[0])
    step, source = draw_events(model, inputs, _IMAGE, FROZEN_PASS, attempts - 1)
    counts = answer.counts(state.n_exc)[0]
    winner = int(counts.argmax())
    shown = {
        "presented": picture(inputs.levels[_IMAGE], shape),
        "input_counts": picture(np.bincount(source, minlength=state.n_input), shape),
        "field": picture(weights_in(state, model)[:, winner], shape),
        "notes": np.array(
            [
                f"presentation {attempts}" + (", brighter" if attempts > 1 else ""),
                f"neuron {winner}, {counts[winner]:.0f} of {len(answer.step)} spikes",
            ]
        ),
        "input_spikes": np.stack([step, source]),
        "excitatory_spikes": np.stack([answer.step, answer.neuron]),
        "inhibitory_spikes": np.stack([answer.inh_step, answer.inh_neuron]),
        "sizes": np.array([state.n_input, state.n_exc, state.n_exc]),
        "times_ms": np.array([model.dt_ms, model.image_ms, model.rest_ms]),
    }
    numbers = {
        "image": _IMAGE,
        "engine": "reference" if small else "fast",
        "presentations": attempts,
        "input_spikes": len(step),
        "excitatory_spikes": len(answer.step),
        "inhibitory_spikes": len(answer.inh_step),
        "most_active_neuron": winner,
        "its_spikes": int(counts[winner]),
    }
    return shown, numbers
