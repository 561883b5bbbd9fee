r"""1-bit synapses that switch at random, on if the input fired in a time window, else off (Suri et al. 2013).

.. math::

    \text{post spike, pre spike at most } T \text{ before:} \quad & P(0 \to 1) = p_\text{pot} \\
    \text{post spike, no such pre spike:}                   \quad & P(1 \to 0) = p_\text{dep}

Each synapse is one device that is either off or on (weight w_min or w_max). When a neuron fires, every synapse whose
input fired a moment ago is switched on with a small probability, and every other one is switched off with another. So
the chance that a synapse is on, seen over many images, is what the weight of an analog synapse would be.

References
----------
.. [1] Suri, Bichler, Querlioz, Palma, Vianello, Vuillaume, Gamrat & DeSalvo (2013), "Bio-inspired stochastic computing
   using binary CBRAM synapses", IEEE Trans. Electron Devices 60:2402, doi:10.1109/TED.2013.2263000.
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
from stdp_pipeline.plasticity._base import unchanged as on_pre
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

RATES = ("p_pot", "p_dep")
ON_PRE_READS = ()
SILENT_INPUTS_KEEP = False


class Params(SwitchingParams):
    """Constants of the rule."""

    name: Literal["binary_window"] = "binary_window"
    """Name of the rule."""
    window_ms: Annotated[float, Field(gt=0)] = 20.0
    """A presynaptic spike at most so long before a postsynaptic one potentiates, ms (not published)."""
    p_pot: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Probability that a synapse that is off is switched on (not published for MNIST)."""
    p_dep: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Probability that a synapse that is on is switched off (not published for MNIST)."""


class Constants(NamedTuple):
    """What the function below reads."""

    x_window: float
    p_pot: float
    p_dep: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs."""
    return Constants(window_trace(params.window_ms, params.tau_pre_ms), params.p_pot, params.p_dep)


def on_post(s, x_pre, y_fast, y_slow, u, c):
    """State after a postsynaptic spike: on with p_pot if the input fired in the window, else off with p_dep."""
    recent = x_pre >= c.x_window
    return s + (1 - s) * recent * (u < c.p_pot) - s * (1 - recent) * (u < c.p_dep)
