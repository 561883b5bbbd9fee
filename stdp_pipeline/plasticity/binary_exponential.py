r"""1-bit synapses that switch at random, the likelier the nearer in time the spikes (after Suri et al. 2013).

.. math:: \text{post spike:} \quad P(0 \to 1) = p_\text{pot} \, x, \qquad P(1 \to 0) = p_\text{dep} \, (1 - x),
    \qquad x = e^{-(t_\text{post} - t_\text{pre}) / \tau_\text{pre}}

The form of binary STDP without a window: the probability of potentiation falls with the time since the input's last
spike, that of depression rises with it. Its mean change is that of an additive rule with exponential timing.

References
----------
.. [1] Suri et al. (2013), doi:10.1109/TED.2013.2263000, whose rule has a rectangular window instead.
.. [2] Srinivasan, Sengupta & Roy (2016), "Magnetic tunnel junction based long-term short-term stochastic synapse for a
   spiking neural network with on-chip STDP learning", Sci. Rep. 6:29545, doi:10.1038/srep29545: a switching
   probability that depends exponentially on the time between the spikes. How depression depends on it is our choice.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import a_number_of_the_spike as draws
from stdp_pipeline.plasticity._base import is_its_state as level
from stdp_pipeline.plasticity._base import normalise
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

    name: Literal["binary_exponential"] = "binary_exponential"
    """Name of the rule."""
    p_pot: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Probability of potentiation when the spikes coincide (not published)."""
    p_dep: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Probability of depression when the input has long been silent (not published)."""


class Constants(NamedTuple):
    """What the function below reads."""

    p_pot: float
    p_dep: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs."""
    return Constants(params.p_pot, params.p_dep)


def on_post(s, x_pre, y_fast, y_slow, u, c):
    """State after a postsynaptic spike: on with p_pot x, off with p_dep (1 - x)."""
    return s + (1 - s) * (u < c.p_pot * x_pre) - s * (u < c.p_dep * (1 - x_pre))
