"""The figures of the model, drawn from the arrays that the portray stage keeps, so that they can be drawn again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stdp_pipeline.figures.diagram import network_diagram
from stdp_pipeline.figures.model import Curve, Layer, Panel, Trace, presentation, spike_responses, stdp_curves
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.stages._drawings import Drawings

__all__ = ["ARRAYS", "portrait"]

ARRAYS = "model_figures.npz"
"""The file of these arrays."""


def portrait(network: NetworkParams, arrays: Mapping[str, np.ndarray], n_rules: int | None = None) -> Drawings:
    """Return what draws the figures of the model.

    Parameters
    ----------
    network : NetworkParams
    arrays : mapping of str to array
        ``image`` (height, width), ``code``, ``max_rate_hz``; ``integrators`` and for each of them ``response_NAME``,
        rows time (ms), conductance, potential (mV), with ``response_weight`` and ``zoom_ms``; ``stdp_titles`` and for
        the k-th of them ``stdp_K`` (n_curves, 3, n), rows time difference (ms), mean and standard deviation, and
        ``stdp_K_labels``; ``presented``, ``input_counts`` and ``field``, images, ``notes`` on the first and the last of
        them, ``input_spikes``, ``excitatory_spikes`` and ``inhibitory_spikes`` (2, n_spikes), rows step and cell,
        ``sizes`` of these layers, and ``times_ms``: step, image, rest.
    n_rules : int, optional
        Rules whose STDP curves are drawn, that of the run first; all by default.
    """
    dt_ms, image_ms, rest_ms = (float(t) for t in arrays["times_ms"])
    weight, zoom_ms = float(arrays["response_weight"]), float(arrays["zoom_ms"])
    code, max_rate_hz = str(arrays["code"]), float(arrays["max_rate_hz"])
    traces = {str(name): Trace(*arrays[f"response_{name}"]) for name in arrays["integrators"]}
    panels = [
        Panel(
            str(title),
            [
                Curve(str(label), *curve)
                for label, curve in zip(arrays[f"stdp_{k}_labels"], arrays[f"stdp_{k}"], strict=True)
            ],
        )
        for k, title in enumerate(arrays["stdp_titles"][:n_rules])
    ]
    names = ("input_spikes", "excitatory_spikes", "inhibitory_spikes")
    layers = [
        Layer(arrays[name][0], arrays[name][1], int(size)) for name, size in zip(names, arrays["sizes"], strict=True)
    ]
    first, last = (str(note) for note in arrays["notes"])
    return {
        "network.svg": lambda: network_diagram(network, arrays["image"], code, max_rate_hz),
        "lif_response.svg": lambda: spike_responses(traces, weight, dt_ms, zoom_ms),
        "stdp_curves.svg": lambda: stdp_curves(panels),
        "presentation.png": lambda: presentation(
            arrays["presented"],
            arrays["input_counts"],
            arrays["field"],
            (first, last),
            layers[0],
            layers[1],
            layers[2],
            dt_ms,
            image_ms,
            rest_ms,
        ),
    }
