r"""1-bit synapses that switch on by Hebbian and off by anti-Hebbian spike pairs (Srinivasan & Roy 2019).

.. math::

    \text{post spike, pre spike at most } T \text{ before (Hebbian):}       \quad & P(0 \to 1) = p_\text{pot} \\
    \text{post spike, no such pre spike:}                                   \quad & P(1 \to 0) = p_\text{dep} \\
    \text{pre spike, post spike at most } T' \text{ before (anti-Hebbian):} \quad & P(1 \to 0) = p_\text{anti}

Two mechanisms make a synapse forget: its input is silent when the neuron fires, or fires only after it.

References
----------
.. [1] Srinivasan & Roy (2019), "ReStoCNet: residual stochastic binary convolutional spiking neural network for
   memory-efficient neuromorphic computing", Front. Neurosci. 13:189, doi:10.3389/fnins.2019.00189: "Hybrid-STDP",
   Hebbian and anti-Hebbian, probabilistic, for binary kernels. The abstract gives neither windows nor probabilities;
   which pairs of spikes count as anti-Hebbian here is our choice.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import a_number_of_the_spike as draws
from stdp_pipeline.plasticity._base import is_its_state as level
from stdp_pipeline.plasticity._base import normalise, window_trace
from stdp_pipeline.plasticity._base import two as n_levels
from stdp_pipeline.plasticity._base import two as n_states
from stdp_pipeline.plasticity._params import SwitchingParams

__all__ = [
    "ON_PRE_READS",
    "RATES",
    "SILENT_INPUTS_KEEP",
    "Constants",
    "Params",
    "constants",
    "draws",
    "level",
    "n_levels",
    "n_states",
    "normalise",
    "on_post",
    "on_pre",
]

RATES = ("p_pot", "p_dep", "p_anti")
ON_PRE_READS = ("fast",)
SILENT_INPUTS_KEEP = False


class Params(SwitchingParams):
    """Constants of the rule."""

    name: Literal["binary_hybrid"] = "binary_hybrid"
    """Name of the rule."""
    window_ms: Annotated[float, Field(gt=0)] = 20.0
    """A presynaptic spike at most so long before a postsynaptic one potentiates, ms (not published in the abstract)."""
    window_anti_ms: Annotated[float, Field(gt=0)] = 5.0
    """A presynaptic spike at most so long after a postsynaptic one depresses, ms (not published in the abstract)."""
    p_pot: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Probability of Hebbian potentiation (not published in the abstract)."""
    p_dep: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Probability of depression by silence (not published in the abstract)."""
    p_anti: Annotated[float, Field(ge=0, le=1)] = 0.002
    """Probability of anti-Hebbian depression (not published in the abstract)."""


class Constants(NamedTuple):
    """What the functions below read."""

    x_window: float
    y_window: float
    p_pot: float
    p_dep: float
    p_anti: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_pre` and :func:`on_post` need."""
    return Constants(
        window_trace(params.window_ms, params.tau_pre_ms),
        window_trace(params.window_anti_ms, params.tau_post_fast_ms, "window_anti_ms", "tau_post_fast_ms"),
        params.p_pot,
        params.p_dep,
        params.p_anti,
    )


def on_pre(s, x_pre, y_fast, y_slow, u, c):
    """State after a presynaptic spike: off with p_anti if the neuron fired in the window."""
    return s - s * (y_fast >= c.y_window) * (u < c.p_anti)


def on_post(s, x_pre, y_fast, y_slow, u, c):
    """State after a postsynaptic spike: on with p_pot if the input fired in the window, else off with p_dep."""
    recent = x_pre >= c.x_window
    return s + (1 - s) * recent * (u < c.p_pot) - s * (1 - recent) * (u < c.p_dep)
