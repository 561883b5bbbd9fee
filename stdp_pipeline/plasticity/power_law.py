r"""STDP with power-law weight dependence: the headline rule of Diehl & Cook's paper, at postsynaptic spikes only.

.. math:: \text{post spike:} \quad w \leftarrow w + \eta \, (x - x_\text{tar}) \, (w_\text{max} - w)^\mu

with the presynaptic trace x. Inputs whose trace is above the target x_tar at a postsynaptic spike are potentiated, the
others, silent ones among them, are depressed. The paper gives no values for eta, x_tar and mu.

References
----------
.. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.2.
.. [2] Querlioz, Bichler, Dollfus & Gamrat (2013), "Immunity to device variations in a spiking neural network with
   memristive nanodevices", IEEE Trans. Nanotechnol. 12:288, doi:10.1109/TNANO.2013.2250995.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import no_numbers as draws
from stdp_pipeline.plasticity._base import normalise, power
from stdp_pipeline.plasticity._base import unchanged as on_pre
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

RATES = ("eta",)
ON_PRE_READS = ()
SILENT_INPUTS_KEEP = False


class Params(ContinuousParams):
    """Constants of the power-law rule."""

    name: Literal["power_law"] = "power_law"
    """Name of the rule."""
    eta: Annotated[float, Field(ge=0)] = 1e-2
    """Learning rate (not published; the released code's potentiation rate)."""
    x_tar: Annotated[float, Field(ge=0)] = 0.05
    """Target of the presynaptic trace at a postsynaptic spike (not published)."""
    mu: Annotated[float, Field(ge=0)] = 0.2
    """Exponent of the weight dependence (not published)."""


class Constants(NamedTuple):
    """What the two functions read."""

    eta: float
    x_tar: float
    mu: float
    w_max: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs."""
    return Constants(params.eta, params.x_tar, params.mu, network.w_max)


def on_post(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a postsynaptic spike: w + eta (x - x_tar) (w_max - w)^mu; nothing is left above w_max."""
    room = (c.w_max - w) * (w < c.w_max)
    return w + c.eta * (x_pre - c.x_tar) * power(room, c.mu)
