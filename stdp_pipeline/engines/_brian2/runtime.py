"""Brian's runtime mode: Python runs the steps, NumPy or compiled Cython the arithmetic in them."""

from __future__ import annotations

import gc
from typing import Any, Literal

import numpy as np

from stdp_pipeline.engines._brian2.environment import load, preferences, require
from stdp_pipeline.engines._brian2.network import build
from stdp_pipeline.engines._brian2.simulator import Recorded
from stdp_pipeline.engines._contract import Model
from stdp_pipeline.errors import EngineError, StdpError

__all__ = ["Runtime"]


class Runtime:
    """A network that Brian runs in this process; see :class:`stdp_pipeline.engines._brian2.simulator.Machine`.

    Code is generated and compiled once, not anew at each presentation.

    Parameters
    ----------
    target : {"cython", "numpy"}
    model : Model
    n_input : int
    learn, adapt : bool
        Whether weights and thresholds change.

    Raises
    ------
    EngineError
        If Brian or something that the target needs is missing, or the code cannot be compiled.
    """

    def __init__(
        self, target: Literal["cython", "numpy"], model: Model, n_input: int, learn: bool, adapt: bool
    ) -> None:
        self.target = target
        b2 = require(target)
        with preferences(target):
            try:
                self.parts = parts = build(model, n_input, learn, adapt)
                self.network = b2.Network(*parts.objects)
                self.network.run(0 * b2.ms, namespace={})  # no step, but all of Brian's preparations
            except StdpError:
                raise
            except Exception as error:  # a compiler can fail in any way; what it said is what the user must see
                cause = error.__cause__ or error
                remedy = (
                    ""
                    if target == "numpy"
                    else (
                        " Compiled code needs a C++ compiler that works and Python's headers ('apt install g++ "
                        "python3-dev'); 'brian2_numpy' needs neither."
                    )
                )
                raise EngineError(
                    f"Brian2 cannot prepare the network for target '{target}': {type(cause).__name__}: {cause}.{remedy}"
                ) from error
        self.traces, self.shared = parts.traces, parts.shared
        # What would be prepared anew, with the same result, at each run: a second or so in every presentation.
        self.network.before_run = lambda namespace: None
        self.n_steps = model.n_image_steps + model.n_rest_steps
        self.dt_s = model.dt_ms * 1e-3
        self.shifted = [group.variables[name] for group, name in _spike_times(parts)]

    def get(self, group: str, name: str) -> np.ndarray:
        """Return a copy of one variable."""
        return np.array(getattr(self.parts, group).variables[name].get_value(), np.float64)

    def set(self, group: str, name: str, values: np.ndarray) -> None:
        """Set one variable."""
        getattr(self.parts, group).variables[name].set_value(values)

    def set_delays(self, delay_s: np.ndarray) -> None:
        """Set the delay of each plastic synapse; nothing may be under way."""
        self.parts.plastic.pre.variables["delay"].set_value(delay_s)
        self.parts.plastic.pre.initialise_queue()

    def present(self, step: np.ndarray, source: np.ndarray) -> Recorded:
        """Simulate one presentation from its input spikes, ordered by step and source."""
        b2, parts, network = load(), self.parts, self.network
        with preferences(self.target), np.errstate(over="ignore", invalid="ignore"):
            parts.source.set_spikes(source, step * (self.dt_s * b2.second), sorted=True)
            parts.source.before_run({})
            gc.freeze()  # Brian looks for garbage at each run; all that is there already need not be looked at
            try:
                network.run(parts.period, namespace={})
            finally:
                gc.unfreeze()
            self._restart_time()
        return Recorded(*self._taken(parts.exc_spikes), *self._taken(parts.inh_spikes)[:2])

    def _restart_time(self) -> None:
        """Make this moment time 0."""
        for variable in self.shifted:
            variable.set_value(variable.get_value() - float(self.network.t_))
        self.network.t_ = 0.0
        for clock in self.network._clocks:
            clock.set_interval(0 * load().second, 0 * load().second)

    def _taken(self, monitor: Any) -> list[np.ndarray]:
        """Return steps, neurons and what else a monitor recorded, and empty it."""
        n = int(monitor.variables["N"].get_value().item())
        names = [name for name in ("t", "i", "v") if name in monitor.record_variables]
        found = [np.array(monitor.variables[name].get_value()[:n]) for name in names]
        monitor.resize(0)
        monitor.variables["N"].set_value(0)
        return [np.rint(found[0] / self.dt_s).astype(np.int64), *found[1:]]

    def close(self) -> None:
        """Nothing has to be given back."""


def _spike_times(parts: Any) -> list[tuple[Any, str]]:
    """Return the variables that hold times, which are shifted when time starts anew."""
    found = [(parts.exc, "lastspike"), (parts.inh, "lastspike")]
    return found + ([(parts.plastic, "lastupdate")] if "lastupdate" in parts.plastic.variables else [])
