r"""2-bit synapses: one bit that seldom switches and one that often does, at random (Srinivasan et al. 2016).

.. math:: \text{post spike, for each of the two bits:} \quad
    P(0 \to 1) = p_\text{pot} \, x, \qquad P(1 \to 0) = p_\text{dep} \, (1 - x),
    \qquad x = e^{-(t_\text{post} - t_\text{pre}) / \tau_\text{pre}}

The short-term bit follows what the neuron saw last; the long-term bit, with lower probabilities, keeps what it saw
often, and counts ``significance`` times as much:
w = w_min + (w_max - w_min) (significance long + short) / (significance + 1).

References
----------
.. [1] Srinivasan, Sengupta & Roy (2016), "Magnetic tunnel junction based long-term short-term stochastic synapse for a
   spiking neural network with on-chip STDP learning", Sci. Rep. 6:29545, doi:10.1038/srep29545: two binary elements,
   "significance driven", switching with a probability that depends exponentially on the time between the spikes. The
   abstract gives no numbers.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import a_number_of_the_spike as draws
from stdp_pipeline.plasticity._base import normalise
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

RATES = ("p_pot_long", "p_dep_long", "p_pot_short", "p_dep_short")
ON_PRE_READS = ()
SILENT_INPUTS_KEEP = False


class Params(SwitchingParams):
    """Constants of the rule."""

    name: Literal["long_short_term"] = "long_short_term"
    """Name of the rule."""
    significance: Annotated[int, Field(ge=1, le=100)] = 3
    """How many times as much as the short-term bit the long-term bit counts (not published in the abstract)."""
    p_pot_long: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Probability that coinciding spikes switch the long-term bit on (not published in the abstract)."""
    p_dep_long: Annotated[float, Field(ge=0, le=1)] = 0.008
    """Probability that a spike without input switches the long-term bit off (not published in the abstract)."""
    p_pot_short: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Probability that coinciding spikes switch the short-term bit on (not published in the abstract)."""
    p_dep_short: Annotated[float, Field(ge=0, le=1)] = 0.08
    """Probability that a spike without input switches the short-term bit off (not published in the abstract)."""


class Constants(NamedTuple):
    """What the functions below read."""

    significance: float
    p_pot_long: float
    p_dep_long: float
    p_pot_short: float
    p_dep_short: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`level` and :func:`on_post` need."""
    rates = (params.p_pot_long, params.p_dep_long, params.p_pot_short, params.p_dep_short)
    return Constants(float(params.significance), *rates)


def n_states(params: Params) -> int:
    """Return the number of states: two bits."""
    return 4


def n_levels(params: Params) -> int:
    """Return one more than the largest level, which both bits give together."""
    return params.significance + 2


def level(s, c):
    """Level of a state, which is 2 times the long-term bit plus the short-term bit."""
    return (s & 1) + (s >> 1) * int(c.significance)


def on_post(s, x_pre, y_fast, y_slow, u, c):
    """State after a postsynaptic spike: each bit on with its p_pot x, off with its p_dep (1 - x).

    One random number decides about both: what it leaves after the long-term bit, on either side of that bit's
    probability, is again uniform.
    """
    short = s & 1
    long = s >> 1
    away = 1 - x_pre
    p_long = (1 - long) * c.p_pot_long * x_pre + long * c.p_dep_long * away
    p_short = (1 - short) * c.p_pot_short * x_pre + short * c.p_dep_short * away
    switches = 1 * (u < p_long)
    # 1e-30: no division by zero where the other side of the sum counts.
    left = switches * (u / (p_long + 1e-30)) + (1 - switches) * ((u - p_long) / (1 - p_long + 1e-30))
    long = long + (1 - 2 * long) * switches
    short = short + (1 - 2 * short) * (left < p_short)
    return 2 * long + short
