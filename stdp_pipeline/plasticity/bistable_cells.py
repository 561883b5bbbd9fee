r"""Synapses of M on/off cells in parallel, each of which switches at random (Bill & Legenstein 2014).

.. math::

    \text{post spike, pre spike at most } T \text{ before:} \quad & n \leftarrow n + B(M - n, p_\text{pot}) \\
    \text{post spike, no such pre spike:}                   \quad & n \leftarrow n - B(n, p_\text{dep})

n of the M cells are on; B is a binomial draw, since every cell that could switch does so with the same probability, on
its own. The weight is w_min + (w_max - w_min) n / M. Many cells left to switch make large changes, few make small ones:
the mean change is p_pot (w_max - w) and p_dep (w - w_min), a rule with a stabilising weight dependence. M = 1 is
``binary_window``.

References
----------
.. [1] Bill & Legenstein (2014), "A compound memristive synapse model for statistical learning through STDP in spiking
   neural networks", Front. Neurosci. 8:412, doi:10.3389/fnins.2014.00412.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import a_number_of_the_spike as draws
from stdp_pipeline.plasticity._base import is_its_state as level
from stdp_pipeline.plasticity._base import normalise, number_that_switch, window_trace
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

    name: Literal["bistable_cells"] = "bistable_cells"
    """Name of the rule."""
    cells: Annotated[int, Field(ge=1, le=16)] = 4
    """Number M of cells of a synapse."""
    window_ms: Annotated[float, Field(gt=0)] = 20.0
    """A presynaptic spike at most so long before a postsynaptic one potentiates, ms (not from the paper)."""
    p_pot: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Probability that a cell that is off is switched on (not from the paper, whose network is another)."""
    p_dep: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Probability that a cell that is on is switched off (not from the paper)."""


class Constants(NamedTuple):
    """What the function below reads."""

    cells: float
    x_window: float
    stay_pot: float
    stay_dep: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs."""
    x_window = window_trace(params.window_ms, params.tau_pre_ms)
    return Constants(float(params.cells), x_window, 1 - params.p_pot, 1 - params.p_dep)


def n_states(params: Params) -> int:
    """Return the number of states: 0 to M cells are on."""
    return params.cells + 1


n_levels = n_states


def on_post(s, x_pre, y_fast, y_slow, u, c):
    """State after a postsynaptic spike: each cell that is off is switched on, or each that is on is switched off."""
    recent = 1 * (x_pre >= c.x_window)
    free = recent * (int(c.cells) - s) + (1 - recent) * s
    stay = recent * c.stay_pot + (1 - recent) * c.stay_dep
    return s + (2 * recent - 1) * number_that_switch(free, stay, u, int(c.cells))
