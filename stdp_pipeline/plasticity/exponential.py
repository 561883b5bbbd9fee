r"""STDP with exponential weight dependence, at postsynaptic spikes only: the second rule of Diehl & Cook's paper.

.. math:: \text{post spike:} \quad
    w \leftarrow w + \eta \left( x \, e^{-\beta w} - x_\text{tar} \, e^{-\beta (w_\text{max} - w)} \right)

with the presynaptic trace x. Inputs that were active before the postsynaptic spike are potentiated, the less the
stronger they are; all inputs are depressed, the less the weaker they are. So weights stop at a distance from both of
their bounds, the larger beta the farther away. The paper gives no values for eta, x_tar and beta.

References
----------
.. [1] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.3.
.. [2] Querlioz, Bichler, Dollfus & Gamrat (2013), "Immunity to device variations in a spiking neural network with
   memristive nanodevices", IEEE Trans. Nanotechnol. 12:288, doi:10.1109/TNANO.2013.2250995.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import exp_neg, normalise
from stdp_pipeline.plasticity._base import no_numbers as draws
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
    """Constants of the exponential rule."""

    name: Literal["exponential"] = "exponential"
    """Name of the rule."""
    eta: Annotated[float, Field(ge=0)] = 1e-2
    """Learning rate (not published; the released code's potentiation rate)."""
    x_tar: Annotated[float, Field(ge=0)] = 0.05
    """Target of the presynaptic trace at a postsynaptic spike (not published)."""
    beta: Annotated[float, Field(ge=0)] = 1.0
    """How strongly the change depends on the weight (not published)."""


class Constants(NamedTuple):
    """What the function below reads."""

    eta: float
    x_tar: float
    beta: float
    w_max: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs."""
    return Constants(params.eta, params.x_tar, params.beta, network.w_max)


def on_post(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a postsynaptic spike: w + eta (x exp(-beta w) - x_tar exp(-beta (w_max - w)))."""
    room = (c.w_max - w) * (w < c.w_max)
    return w + c.eta * (x_pre * exp_neg(c.beta * w) - c.x_tar * exp_neg(c.beta * room))
