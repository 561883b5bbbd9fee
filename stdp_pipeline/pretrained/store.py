"""Read and write a trained network in little space: weights in 8 bits, thresholds, neuron labels, and its parameters.

A weight is stored as a share of the largest one of its neuron, in 255 steps: it is off by 0.2 % of that at most.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.io import canonical_json, read_arrays, write_arrays
from stdp_pipeline.readout._labels import NeuronLabels

__all__ = ["FOLDER", "Pretrained", "card", "find", "names", "read", "summary", "write"]

FOLDER = Path(__file__).parent
_LEVELS = 255


@dataclass(frozen=True)
class Pretrained:
    """A trained network with the labels of its neurons.

    Attributes
    ----------
    spec : dict
        The parameters of its ``train`` job, with those of the data set under ``dataset``.
    weights : (n_input, n_exc) float32
    theta_mv : (n_exc,) float64
    neurons : NeuronLabels
    measured : dict
        What it reached: ``accuracy``, ``n_right``, ``n_test``, ``readout``; None before it was tested.
    """

    spec: dict[str, Any]
    weights: np.ndarray
    theta_mv: np.ndarray
    neurons: NeuronLabels
    measured: dict[str, Any] | None = None


def names() -> list[str]:
    """Return the names of all pretrained networks."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def find(name: str) -> Path:
    """Return the file of a pretrained network, given by name, or by the path of a file of the same form.

    Raises
    ------
    ConfigError
        If there is none.
    """
    path = Path(name) if name.endswith(".npz") else FOLDER / f"{name}.npz"
    if not path.is_file():
        raise ConfigError(f"no pretrained network '{name}'; known: {', '.join(names()) or 'none'}")
    return path


def card(name: str) -> str:
    """Return the model card of a pretrained network, or an empty text."""
    path = find(name).with_suffix(".md")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def summary(name: str) -> str:
    """Return the first paragraph of a model card below its heading, in one line."""
    _, _, below = card(name).partition("\n\n")
    return " ".join(below.partition("\n\n")[0].split())


def read(path: Path) -> Pretrained:
    """Read a network.

    Raises
    ------
    ResultsError
        If the file is damaged.
    """
    arrays = read_arrays(path, "levels", "largest", "theta_mv", "label", "mean_counts", "about")
    about = json.loads(str(arrays["about"]))
    return Pretrained(
        about["spec"],
        arrays["levels"] * (arrays["largest"] / np.float32(_LEVELS)),
        arrays["theta_mv"].astype(np.float64),
        NeuronLabels(arrays["label"].astype(np.int16), arrays["mean_counts"].astype(np.float64)),
        about["measured"],
    )


def write(path: Path, network: Pretrained) -> None:
    """Write a network, its weights rounded to 255 levels of the largest weight of each neuron."""
    largest = np.maximum(network.weights.max(axis=0), np.finfo(np.float32).tiny).astype(np.float32)
    arrays = {
        "levels": np.rint(network.weights / largest * _LEVELS).astype(np.uint8),
        "largest": largest,
        "theta_mv": network.theta_mv.astype(np.float32),
        "label": network.neurons.label.astype(np.int8),
        "mean_counts": network.neurons.mean_counts.astype(np.float32),
        "about": np.array(canonical_json({"spec": network.spec, "measured": network.measured})),
    }
    write_arrays(path, arrays, compress=True)
