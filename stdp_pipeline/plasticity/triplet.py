r"""Triplet STDP with divisive normalisation: the rule of the released Diehl & Cook code.

.. math::

    \text{pre spike:}  \quad w &\leftarrow w - \eta_\text{pre} \, y_1 \\
    \text{post spike:} \quad w &\leftarrow w + \eta_\text{post} \, x \, y_2

with the presynaptic trace x (20 ms) and the postsynaptic traces y1 (20 ms) and y2 (40 ms). y2 is read before the
spike sets it to 1, so an isolated postsynaptic spike potentiates almost nothing: the second and later spikes of a
burst do. Before every training presentation the weights of each neuron are scaled to a fixed sum.

References
----------
.. [1] Pfister & Gerstner (2006), "Triplets of spikes in a model of spike timing-dependent plasticity",
   J. Neurosci. 26:9673, doi:10.1523/JNEUROSCI.1425-06.2006.
.. [2] Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, section 2.2, and the released code
   (``peter-u-diehl/stdp-mnist``, commit d527ca3), whose constants are the defaults.
.. [3] Goodhill & Barrow (1994), "The role of weight normalization in competitive learning", Neural Comput. 6:255,
   doi:10.1162/neco.1994.6.2.255.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import no_numbers as draws
from stdp_pipeline.plasticity._base import normalise
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
SILENT_INPUTS_KEEP = True


class Params(ContinuousParams):
    """Constants of the triplet rule."""

    name: Literal["triplet"] = "triplet"
    """Name of the rule."""
    eta_pre: float = 1e-4
    """Depression at a presynaptic spike (code). Below zero it potentiates: the flipped sign of some ports."""
    eta_post: Annotated[float, Field(ge=0)] = 1e-2
    """Potentiation at a postsynaptic spike (code)."""


class Constants(NamedTuple):
    """What the two functions below read."""

    eta_pre: float
    eta_post: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_pre` and :func:`on_post` need."""
    return Constants(params.eta_pre, params.eta_post)


def on_pre(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a presynaptic spike: w - eta_pre y1."""
    return w - c.eta_pre * y_fast


def on_post(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a postsynaptic spike: w + eta_post x y2."""
    return w + c.eta_post * x_pre * y_slow
