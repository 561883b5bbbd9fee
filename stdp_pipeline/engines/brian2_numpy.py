"""Brian2 in plain NumPy: the trusted simulator without a compiler, slower still.

Brian runs everything in Python with NumPy; nothing is compiled.
"""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._brian2 import engine
from stdp_pipeline.engines._brian2.network import refuse
from stdp_pipeline.engines._contract import Frozen, Inputs, Model, Progress, Responses
from stdp_pipeline.network.state import NetworkState

__all__ = ["refuse", "respond", "train"]


def train(
    model: Model, state: NetworkState, inputs: Inputs, images: np.ndarray, pass_index: int, threads: int = 1
) -> tuple[NetworkState, Responses]:
    """Present images one after the other with learning on; see :class:`stdp_pipeline.engines._contract.Engine`."""
    return engine.train("numpy", model, state, inputs, images, pass_index)


def respond(
    model: Model,
    state: NetworkState,
    inputs: Inputs,
    images: np.ndarray,
    threads: int,
    progress: Progress,
    frozen: Frozen = Frozen(),
) -> Responses:
    """Present images without learning; see :class:`stdp_pipeline.engines._contract.Engine`."""
    return engine.respond("numpy", model, state, inputs, images, progress, frozen)
