r"""STDP at pre- and postsynaptic spikes with power-law weight dependence: the third rule of Diehl & Cook's paper.

.. math::

    \text{pre spike:}  \quad w &\leftarrow w - \eta_\text{pre} \, y_1 \, w^\mu \\
    \text{post spike:} \quad w &\leftarrow w + \eta_\text{post} \, (x - x_\text{tar}) \, (w_\text{max} - w)^\mu

with the presynaptic trace x and the postsynaptic trace y1. Inputs that fire after the neuron are depressed, those that
fire before it are potentiated; with a target x_tar above zero silent inputs are depressed, too. The paper gives no
values for the constants.

References
----------
.. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.3.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import no_numbers as draws
from stdp_pipeline.plasticity._base import normalise, power
from stdp_pipeline.plasticity._params import ContinuousParams

__all__ = [
    "ON_PRE_READS",
    "RATES",
    "SILENT_INPUTS_KEEP",
    "Constants",
    "Params",
    "constants",
    "draws",
    "normalise",
    "on_post",
    "on_pre",
]

RATES = ("eta_pre", "eta_post")
ON_PRE_READS = ("fast",)
SILENT_INPUTS_KEEP = False


class Params(ContinuousParams):
    """Constants of the pre-and-post rule."""

    name: Literal["pre_and_post"] = "pre_and_post"
    """Name of the rule."""
    eta_pre: Annotated[float, Field(ge=0)] = 1e-4
    """Depression at a presynaptic spike (not published; the released code's rate for the triplet rule)."""
    eta_post: Annotated[float, Field(ge=0)] = 1e-2
    """Potentiation at a postsynaptic spike (not published; the released code's rate for the triplet rule)."""
    x_tar: Annotated[float, Field(ge=0)] = 0.05
    """Target of the presynaptic trace at a postsynaptic spike (not published)."""
    mu: Annotated[float, Field(ge=0)] = 0.2
    """Exponent of the weight dependence (not published)."""


class Constants(NamedTuple):
    """What the two functions below read."""

    eta_pre: float
    eta_post: float
    x_tar: float
    mu: float
    w_max: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_pre` and :func:`on_post` need."""
    return Constants(params.eta_pre, params.eta_post, params.x_tar, params.mu, network.w_max)


def on_pre(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a presynaptic spike: w - eta_pre y1 w^mu."""
    return w - c.eta_pre * y_fast * power(w, c.mu)


def on_post(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a postsynaptic spike: w + eta_post (x - x_tar) (w_max - w)^mu; nothing is left above w_max."""
    room = (c.w_max - w) * (w < c.w_max)
    return w + c.eta_post * (x_pre - c.x_tar) * power(room, c.mu)
