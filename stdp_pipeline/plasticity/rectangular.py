r"""STDP with a rectangular window and exponential weight dependence, for devices that differ (Querlioz et al. 2013).

.. math::

    \text{post spike, pre spike at most } T \text{ before:} \quad
        & w \leftarrow w + \alpha_+ \, e^{-\beta_+ (w - w_\text{min}) / (w_\text{max} - w_\text{min})} \\
    \text{post spike, no such pre spike:} \quad
        & w \leftarrow w - \alpha_- \, e^{-\beta_- (w_\text{max} - w) / (w_\text{max} - w_\text{min})}

A rule for analog memristors whose steps shrink towards the bound that they approach. With ``spread`` no two devices are
alike: the steps alpha_+ and alpha_- and the range of each are its nominal values times 1 + spread N(0, 1), at least 0,
drawn independently. A device's numbers depend on the seed and never change.

References
----------
.. [1] Querlioz, Bichler, Dollfus & Gamrat (2013), "Immunity to device variations in a spiking neural network with
   memristive nanodevices", IEEE Trans. Nanotechnol. 12:288, doi:10.1109/TNANO.2013.2250995.
.. [2] The values of alpha and beta_+ = 3 are those of a later implementation of its rule in the same form (Bichler's
   N2D2, the preset after Querlioz et al. 2011: alpha_+ .0017, alpha_- .0007, beta_+ 3, beta_- 0 on a range of 1).
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.network.params import NetworkParams
from stdp_pipeline.plasticity._base import a_number_of_its_devices as draws
from stdp_pipeline.plasticity._base import exp_neg, normalise, window_trace
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

RATES = ("alpha_pot", "alpha_dep")
ON_PRE_READS = ()
SILENT_INPUTS_KEEP = False


class Params(ContinuousParams):
    """Constants of the rule."""

    name: Literal["rectangular"] = "rectangular"
    """Name of the rule."""
    window_ms: Annotated[float, Field(gt=0)] = 20.0
    """A presynaptic spike at most so long before a postsynaptic one potentiates, ms [2 has 50]."""
    alpha_pot: Annotated[float, Field(ge=0)] = 0.0017
    """Largest step up, in units of weight [2]."""
    alpha_dep: Annotated[float, Field(ge=0)] = 0.0007
    """Largest step down, in units of weight [2]."""
    beta_pot: Annotated[float, Field(ge=0)] = 3.0
    """How much smaller steps up become towards w_max [2]."""
    beta_dep: Annotated[float, Field(ge=0)] = 0.0
    """How much smaller steps down become towards w_min [2]."""
    spread: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Relative standard deviation of each device's two steps and of its range; 0 for devices that are all alike."""
    w_high: Annotated[float, Field(gt=0)] | None = None
    """Nominal largest weight of a device, w_max in the equations; null for network.w_max. A smaller one leaves room
    for devices whose range is larger than the nominal one, since no weight is larger than network.w_max."""
    norm_total: Annotated[float, Field(gt=0)] | None = None
    """No normalisation: thresholds keep neurons equally active [1]."""
    trace: Literal["set"] = "set"
    """A spike sets its trace to 1, so that a trace tells the time since the last spike."""


class Constants(NamedTuple):
    """What the function below reads."""

    x_window: float
    alpha_pot: float
    alpha_dep: float
    beta_pot: float
    beta_dep: float
    w_min: float
    w_high: float
    spread: float


def constants(params: Params, network: NetworkParams) -> Constants:
    """Return the numbers that :func:`on_post` needs.

    Raises
    ------
    ConfigError
        If the nominal range of the devices is empty or beyond the network's.
    """
    w_high = network.w_max if params.w_high is None else params.w_high
    if not network.w_min < w_high <= network.w_max:
        raise ConfigError(
            f"plasticity.w_high must be above network.w_min ({network.w_min:g}) and at most network.w_max "
            f"({network.w_max:g}), got {w_high:g}"
        )
    steps = (params.alpha_pot, params.alpha_dep, params.beta_pot, params.beta_dep)
    x_window = window_trace(params.window_ms, params.tau_pre_ms)
    return Constants(x_window, *steps, network.w_min, w_high, params.spread)


def on_post(w, x_pre, y_fast, y_slow, u, c):
    """Weight after a postsynaptic spike: one step up if the input fired in the window, else one step down.

    ``u`` are the device's four normal numbers: for its steps up and down, its range, and one that is not used.
    """
    recent = x_pre >= c.x_window
    factor_up = 1.0 + c.spread * u[0]
    factor_down = 1.0 + c.spread * u[1]
    factor_range = 1.0 + c.spread * u[2]
    alpha_up = c.alpha_pot * factor_up * (factor_up > 0)
    alpha_down = c.alpha_dep * factor_down * (factor_down > 0)
    whole = c.w_high - c.w_min
    own = whole * factor_range * (factor_range > 0)
    height = (w - c.w_min) * (w > c.w_min)
    height = own + (height - own) * (height < own)  # at most the device's own range
    place = height / whole
    left = (own - height) / whole
    height = height + recent * alpha_up * exp_neg(c.beta_pot * place)
    height = height - (1 - recent) * alpha_down * exp_neg(c.beta_dep * left)
    height = height * (height > 0)
    return c.w_min + own + (height - own) * (height < own)
