"""The constants of the Diehl & Cook (2015) network, each with unit and source.

The default values are those of the released code (``peter-u-diehl/stdp-mnist``, commit d527ca3,
``Diehl&Cook_spiking_MNIST.py``), called "code" below; the paper (doi:10.3389/fncom.2015.00099) gives only part of
them. Conductances are dimensionless, in units of the leak conductance.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict

__all__ = ["DelayParams", "EscapeParams", "ExcitatoryParams", "InhibitoryParams", "NetworkParams"]

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]


class EscapeParams(Strict):
    """Escape noise: a neuron fires at random, the likelier the higher its potential, instead of at a fixed threshold.

    With x = (v - theta - v_thresh) / width, the hazard is rate exp(x) or rate / (1 + exp(-x)), and a neuron fires
    within a step of dt with probability 1 - exp(-hazard dt) (Gerstner, Kistler, Naud & Paninski, Neuronal Dynamics,
    2014, section 9.1). A magnetic tunnel junction that is pulsed once a step switches with probability
    1 / (1 + exp(-x)) (Sengupta et al. 2016, doi:10.1038/srep30039, in which it is a sigmoid of the neuron's current).
    """

    mode: Literal["none", "exponential", "sigmoid", "mtj"] = "none"
    """'none': fires where the potential is above threshold (code); 'exponential' or 'sigmoid' hazard; 'mtj'."""
    width_mv: Positive = 0.5
    """How much the potential must rise for the hazard to rise e-fold, well below threshold, mV."""
    rate_hz: Positive = 1000.0
    """Hazard at threshold ('exponential') or far above it ('sigmoid'), 1/s; 'mtj' has none."""

    @model_validator(mode="after")
    def _has_effect(self) -> EscapeParams:
        unread = {"none": ("width_mv", "rate_hz"), "mtj": ("rate_hz",)}.get(self.mode, ())
        given = [name for name in unread if getattr(self, name) != type(self).model_fields[name].default]
        if given:
            raise ValueError(f"{', '.join(given)}: without effect with mode '{self.mode}'; give another mode")
        return self


class ExcitatoryParams(Strict):
    """Excitatory leaky integrate-and-fire neuron with an adaptive threshold (code, group Ae)."""

    tau_mem_ms: Positive = 100.0
    """Membrane time constant, ms (code; paper: 100 ms "greatly increased" accuracy over 10-20 ms)."""
    tau_exc_ms: Positive = 1.0
    """Decay of the excitatory conductance, ms (code)."""
    tau_inh_ms: Positive = 2.0
    """Decay of the inhibitory conductance, ms (code)."""
    e_rest_mv: float = -65.0
    """Resting potential, mV (code)."""
    e_exc_mv: float = 0.0
    """Excitatory reversal potential, mV (code)."""
    e_inh_mv: float = -100.0
    """Inhibitory reversal potential, mV (code)."""
    v_reset_mv: float = -65.0
    """Potential after a spike, mV (code)."""
    v_thresh_mv: float = -72.0
    """Threshold at theta = 0, mV: base -52 mV less the offset of 20 mV (code)."""
    v_init_mv: float = -105.0
    """Potential at the start, mV: rest less 40 mV (code)."""
    refractory_ms: NonNegative = 5.0
    """Time after a spike during which the next one is suppressed, ms (code, Brian 1 semantics; some ports: 50)."""
    clamp_ms: NonNegative = 0.0
    """Time after a spike during which the potential is held at reset, ms; at most refractory_ms (code: not at all;
    ports with Brian 2's "(unless refractory)": 5)."""
    theta_init_mv: NonNegative = 20.0
    """Adaptive threshold at the start, mV (code)."""
    theta_plus_mv: NonNegative = 0.05
    """Rise of theta at each own spike, mV (code)."""
    tau_theta_ms: Positive = 1e7
    """Decay of theta, ms (code)."""
    noise_mv: NonNegative = 0.0
    """Standard deviation of the potential that a white noise current would cause in a neuron without other input, mV
    (code: none). Costs much time: a random number for each neuron and step."""
    escape: EscapeParams = EscapeParams()
    """Escape noise (code: none)."""

    @model_validator(mode="after")
    def _clamped_only_while_refractory(self) -> ExcitatoryParams:
        if self.clamp_ms > self.refractory_ms:
            raise ValueError(f"clamp_ms must be at most refractory_ms ({self.refractory_ms:g}), got {self.clamp_ms:g}")
        return self


class InhibitoryParams(Strict):
    """Inhibitory leaky integrate-and-fire neuron, one partner for each excitatory neuron (code, group Ai)."""

    tau_mem_ms: Positive = 10.0
    """Membrane time constant, ms (code)."""
    tau_exc_ms: Positive = 1.0
    """Decay of the excitatory conductance, ms (code)."""
    e_rest_mv: float = -60.0
    """Resting potential, mV (code)."""
    e_exc_mv: float = 0.0
    """Excitatory reversal potential, mV (code)."""
    v_reset_mv: float = -45.0
    """Potential after a spike, mV (code)."""
    v_thresh_mv: float = -40.0
    """Threshold, mV (code)."""
    v_init_mv: float = -100.0
    """Potential at the start, mV: rest less 40 mV (code)."""
    refractory_ms: NonNegative = 2.0
    """Time after a spike during which the potential is held at reset, ms (code)."""

    @model_validator(mode="after")
    def _rests_below_threshold(self) -> InhibitoryParams:
        if self.e_rest_mv >= self.v_thresh_mv or self.v_reset_mv >= self.v_thresh_mv:
            raise ValueError(
                f"e_rest_mv and v_reset_mv must be below v_thresh_mv ({self.v_thresh_mv:g}), got "
                f"{self.e_rest_mv:g} and {self.v_reset_mv:g}: inhibitory neurons must not fire without input"
            )
        return self


class DelayParams(Strict):
    """Conduction delays from the input to the excitatory neurons."""

    mode: Literal["none", "axonal", "synaptic"] = "none"
    """'none'; 'axonal': one delay for each input; 'synaptic': one for each synapse (code)."""
    max_ms: Annotated[float, Field(gt=0, le=100)] = 10.0
    """Delays are uniform on [0, max_ms), cut to whole steps, and fixed for the run (code: 10 ms)."""


class NetworkParams(Strict):
    """Two layers of equal size: plastic input to excitatory, one-to-one to inhibitory, all-but-own back."""

    n_exc: Annotated[int, Field(ge=1, le=65535)] = 400
    """Number of excitatory neurons, and of inhibitory ones (paper: 100, 400, 1600, 6400)."""
    w_exc_inh: NonNegative = 10.4
    """Conductance from an excitatory neuron to its inhibitory partner (code)."""
    w_inh_exc: NonNegative = 17.0
    """Conductance from an inhibitory neuron to every excitatory neuron but its partner (code)."""
    w_min: NonNegative = 0.0
    """Lower bound of a plastic weight (code)."""
    w_max: Positive = 1.0
    """Upper bound of a plastic weight (code)."""
    w_init_low: NonNegative = 0.003
    """Initial weights are uniform on [w_init_low, w_init_high) (code: (U + 0.01) x 0.3)."""
    w_init_high: Positive = 0.303
    """Upper end of the initial weights (code)."""
    delays: DelayParams = DelayParams()
    """Delays of the plastic synapses."""
    exc: ExcitatoryParams = ExcitatoryParams()
    """The excitatory neurons."""
    inh: InhibitoryParams = InhibitoryParams()
    """The inhibitory neurons."""
