r"""1-bit synapses that change when k hidden devices have switched, one by one and at random (Nishi et al. 2021).

.. math::

    \text{post spike, pre spike at most } T \text{ before, } w = 0: \quad & m \leftarrow m + B(k - m, p) \\
    \text{post spike, no such pre spike, } w = 1:                   \quad & m \leftarrow m + B(k - m, q) \\
    m = k: \quad & w \leftarrow 1 - w, \; m \leftarrow 0

A synapse has a visible bit w and, behind it, k binary memristors in series, m of which have switched; B is a binomial
draw. Only when all k have switched does the bit change, and they are reset. So after n trials the bit has changed with
probability (1 - (1 - p)^n)^k: sigmoidal in n for k > 1, while for k = 1 it is the memoryless rule ``binary_window``,
which forgets sooner what it learned first. With ``resets``, a trial that confirms the bit resets the hidden devices,
too: then only what happens several times in a row changes a synapse.

References
----------
.. [1] Nishi, Nomura, Marukame & Mizushima (2021), "Stochastic binary synapses having sigmoidal cumulative distribution
   functions for unsupervised learning with spike timing-dependent plasticity", Sci. Rep. 11:18282,
   doi:10.1038/s41598-021-97583-y. The abstract and the captions give the window, the update at postsynaptic spikes
   only, and (k, p, q) = (1, .04, .008), (2, .13, .03), (3, .13, .03), (4, .2, .08). What a trial does to the devices of
   the other direction they do not say: both readings are here, see ``resets``.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import a_number_of_the_spike as draws
from stdp_pipeline.plasticity._base import normalise, number_that_switch, window_trace
from stdp_pipeline.plasticity._base import two as n_levels
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

    name: Literal["binary_multistep"] = "binary_multistep"
    """Name of the rule."""
    k: Annotated[int, Field(ge=1, le=4)] = 2
    """Binary memristors in series that must all switch before the weight does (paper: 1 to 4)."""
    resets: bool = True
    """Whether a trial that confirms the bit resets the hidden devices (our reading; see above)."""
    window_ms: Annotated[float, Field(gt=0)] = 20.0
    """A presynaptic spike at most so long before a postsynaptic one potentiates, ms (not given in the abstract)."""
    p_pot: Annotated[float, Field(ge=0, lt=1)] = 0.13
    """Probability p of each device in a potentiation (captions, for k = 2)."""
    p_dep: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """Probability q of each device in a depression (captions, for k = 2)."""


class Constants(NamedTuple):
    """What the functions below read."""

    k: float
    kept: float
    x_window: float
    stay_pot: float
    stay_dep: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs."""
    x_window = window_trace(params.window_ms, params.tau_pre_ms)
    return Constants(float(params.k), float(not params.resets), x_window, 1 - params.p_pot, 1 - params.p_dep)


def n_states(params: Params) -> int:
    """Return the number of states: for each bit, 0 to k - 1 hidden devices have switched."""
    return 2 * params.k


def level(s, c):
    """Visible bit of a state, which is k times the bit plus the number of hidden devices that have switched."""
    return 1 * (s >= int(c.k))


def on_post(s, x_pre, y_fast, y_slow, u, c):
    """State after a postsynaptic spike: hidden devices switch, and with the last of them the bit."""
    k = int(c.k)
    bit = 1 * (s >= k)
    done = s - k * bit
    recent = 1 * (x_pre >= c.x_window)
    tried = recent * (1 - bit) + (1 - recent) * bit
    stay = recent * c.stay_pot + (1 - recent) * c.stay_dep
    done = done * (tried + (1 - tried) * int(c.kept))
    done = done + tried * number_that_switch(k - done, stay, u, 4)
    full = 1 * (done >= k)
    return k * (bit + full - 2 * bit * full) + (1 - full) * done
