"""What is timed: a network that has learned for a while, and MNIST images."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline import registry
from stdp_pipeline.config.load import validated
from stdp_pipeline.datasets import mnist
from stdp_pipeline.engines import fast
from stdp_pipeline.engines._contract import Inputs, Model, StoredEvents, start_state
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.provenance import cpu_model, peak_rss_mb, version

__all__ = ["Case", "prepare"]


@dataclass(frozen=True)
class Case:
    """A network, its state after warming up, and where its next images come from.

    Attributes
    ----------
    engine : module
    model : Model
    inputs : Inputs
        All 60 000 training images of MNIST.
    state : NetworkState
        After the images of the warm-up, which also compiled the engine.
    n_warmup : int
        Images trained so far.
    """

    engine: ModuleType
    model: Model
    inputs: Inputs
    state: NetworkState
    n_warmup: int

    def images(self, start: int, n: int) -> np.ndarray:
        """Return the indices of n images in the data set's order, ``start`` images after the warm-up."""
        return np.arange(self.n_warmup + start, self.n_warmup + start + n) % len(self.inputs.levels)

    def describe(self) -> dict[str, Any]:
        """Return what was timed, where and when."""
        return {
            "engine": self.engine.__name__.rpartition(".")[2],
            "rule": self.model.rule_params.name,
            "delays": self.model.network.delays.mode,
            "n_exc": self.model.network.n_exc,
            "dataset": "mnist",
            "warmup": self.n_warmup,
            "seed": self.inputs.seed,
            "peak_rss_mb": peak_rss_mb(),
            "cpu": cpu_model(),
            "date": datetime.now(UTC).date().isoformat(),
            "versions": {name: version(name) for name in ("stdp_pipeline", "numpy", "numba", "brian2")},
        }


def prepare(engine: str, n_exc: int, rule: str, delays: str, n_warmup: int, seed: int) -> Case:
    """Build a network with the default parameters and train it on the first ``n_warmup`` images of MNIST."""
    overrides = {
        "network": {"n_exc": n_exc, "delays": {"mode": delays}},
        "plasticity": {"name": rule},
        "simulation": {"engine": engine},
    }
    experiment: Any = validated(overrides, "bench")
    module = registry.load("engine", engine)
    levels = mnist.read(mnist.Params()).train_images.reshape(60_000, -1)
    options = experiment.simulation.model_dump(exclude={"engine"})
    model = Model(experiment.network, registry.load("rule", rule), experiment.plasticity, **options)
    encoding = registry.load("encoding", experiment.encoding.name)
    inputs = Inputs(levels, encoding, experiment.encoding, seed, "train", StoredEvents.none())
    state = start_state(model, levels.shape[1], seed)
    if n_warmup:  # by the fast engine, since all engines learn the same
        state, _ = fast.train(model, state, inputs, np.arange(n_warmup) % len(levels), 0)
    module.train(model, state, inputs, np.arange(1), 0)  # compiles the engine
    return Case(module, model, inputs, state, n_warmup)
