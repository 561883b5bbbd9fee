"""Fields that the parameters of learning rules share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stdp_pipeline.config._base import Strict
from stdp_pipeline.plasticity._device import DeviceParams

__all__ = ["ContinuousParams", "RuleParams", "SwitchingParams", "TraceMode"]

TraceMode = Literal["set", "add"]


class RuleParams(Strict):
    """Fields that every rule's ``Params`` has."""

    tau_pre_ms: Annotated[float, Field(gt=0)] = 20.0
    """Time constant of the presynaptic trace, ms (code)."""
    tau_post_fast_ms: Annotated[float, Field(gt=0)] = 20.0
    """Time constant of the fast postsynaptic trace, ms (code)."""
    tau_post_slow_ms: Annotated[float, Field(gt=0)] = 40.0
    """Time constant of the slow postsynaptic trace, ms (code)."""
    trace: TraceMode = "set"
    """A spike sets its trace to 1 ("set", nearest-spike; the released code) or adds 1 to it ("add"; the paper)."""
    norm_total: Annotated[float, Field(gt=0)] | None = 78.0
    """Sum to which the weights of each excitatory neuron are scaled before every training presentation (code: 78
    for 784 inputs), or null for no normalisation."""


class ContinuousParams(RuleParams):
    """Fields of rules whose weights are real numbers, which may be put on a few levels."""

    levels: Annotated[int, Field(ge=2, le=256)] | None = None
    """Keep each weight on one of so many levels, equally spaced from network.w_min to network.w_max (2 is 1 bit, 3
    ternary, 256 8 bits), or null for real numbers. Each change, and each scaling to norm_total, is rounded."""
    rounding: Literal["stochastic", "nearest"] = "stochastic"
    """How a weight is put on its levels: at random to one of the two neighbours, so that the mean is kept
    ('stochastic'), or to the nearest, where changes of less than half a level are lost ('nearest')."""
    normalise_by: Literal["weights", "gain"] = "weights"
    """What brings the weights of a neuron to norm_total: the weights themselves, which on levels are rounded again, or,
    with levels or devices only, a gain of the neuron, which its synapses know nothing of."""

    device: DeviceParams | None = None
    """Weights are conductances of devices, from network.w_min to network.w_max, which answer to learning pulses in
    their own way; null for ideal ones."""

    @model_validator(mode="after")
    def _gain_for_devices(self) -> ContinuousParams:
        if self.levels is not None and self.device is not None:
            raise ValueError("levels and device: give one of them; a device of few levels is one of few pulses")
        if self.device is not None and self.norm_total is not None and self.normalise_by != "gain":
            raise ValueError("normalise_by must be 'gain' with a device, since devices cannot be scaled, got 'weights'")
        if self.normalise_by == "gain" and self.levels is None and self.device is None:
            raise ValueError("normalise_by 'gain' is for weights on levels or in devices: give one, or leave it out")
        return self


class SwitchingParams(RuleParams):
    """Fields of rules whose synapses switch at random between a few states."""

    trace: Literal["set"] = "set"
    """A spike sets its trace to 1, so that a trace tells the time since the last spike."""
    norm_total: Annotated[float, Field(gt=0)] | None = 78.0
    """Sum to which a gain of each neuron brings its weights before every training presentation, or null for none. The
    synapses keep their states: a synapse that has two of them cannot be scaled, a neuron's input can."""
    normalise_by: Literal["gain"] = "gain"
    """It is always the gain of the neuron."""
