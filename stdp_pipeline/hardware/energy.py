"""Energy by convention: synaptic operations and weight writes, each times what one of them takes.

A synaptic operation (SOP) is one spike reaching one synapse; a write is one weight that is changed. These are idealised
budgets of arithmetic and devices alone: memory traffic, neurons and clocks are left out. Drivers and converters of
crossbars are priced apart.

References
----------
.. [1] Horowitz (2014), "Computing's energy problem", ISSCC, doi:10.1109/ISSCC.2014.6757323: 45 nm, 0.9 pJ for an
   addition and 3.7 pJ for a multiplication of 32-bit floating point numbers, 0.1 pJ for an addition of 32-bit integers.
.. [2] Garbin et al. (2015), "HfO2-based OxRAM devices as synapses for convolutional neural networks", IEEE Trans.
   Electron Devices 62:2494, doi:10.1109/TED.2015.2440102: less than 10 pJ for one switching event.
.. [3] MLP+NeuroSim V3.0, Array.h: wires of 0.2 fF for each µm, two features from one device to the next; a write takes
   V² (G0 + G1) / 2 t, C V² of its wire, and (V/2)² G t of each half-selected device.
.. [4] Harpe, Cantatore & van Roermund (2013), ISSCC: 2.2 fJ for each conversion step, the lowest until then
   (converterpassion.wordpress.com, ADC survey of spring 2013), so a lower bound for the converters of an array.
.. [5] DNN+NeuroSim V1.4: writes with 2 V.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from stdp_pipeline.config._base import Strict

__all__ = [
    "Costs",
    "EnergyParams",
    "area_um2",
    "converter_energy_nj",
    "costs_of",
    "dense_writes",
    "driver_energy_nj",
    "read_energy_nj",
    "write_energy_pj",
]

FLOAT_ADD_PJ, FLOAT_MULTIPLY_PJ, INTEGER_ADD_PJ = 0.9, 3.7, 0.1
SWITCH_PJ = 10.0


@dataclass(frozen=True)
class Costs:
    """What one operation takes.

    Attributes
    ----------
    sop_pj, write_pj : float
        Energy of a synaptic operation and of a weight that is written, pJ.
    convention : str
        What is counted, in words.
    """

    sop_pj: float
    write_pj: float
    convention: str

    def energy_nj(self, n_sops: float, n_writes: float = 0.0) -> float:
        """Return the energy of so many operations, nJ."""
        return (n_sops * self.sop_pj + n_writes * self.write_pj) * 1e-3


def costs_of(has_states: bool) -> Costs:
    """Return the costs of weights that are real numbers, or of synapses that have a few states."""
    if has_states:
        return Costs(INTEGER_ADD_PJ, SWITCH_PJ, "32-bit integer addition; at most 10 pJ for a device that switches")
    return Costs(
        FLOAT_ADD_PJ, FLOAT_MULTIPLY_PJ + FLOAT_ADD_PJ, "32-bit addition; a multiplication and an addition per write"
    )


def dense_writes(n_input_spikes: float, n_exc_spikes: float, n_input: int, n_exc: int, acts_at_pre: bool) -> float:
    """Return how many weights a rule with real numbers writes: all of a neuron that fires, and of an input if it acts.

    Parameters
    ----------
    n_input_spikes, n_exc_spikes : float
    n_input, n_exc : int
    acts_at_pre : bool
        Whether the rule acts at presynaptic spikes.
    """
    return n_exc_spikes * n_input + (n_input_spikes * n_exc if acts_at_pre else 0.0)


def read_energy_nj(g_us: np.ndarray, spikes_per_row: np.ndarray, v_read_v: float, t_read_s: float) -> float:
    """Return the energy that the devices of an array take for reading: V² G t for each device of a row that spikes.

    Parameters
    ----------
    g_us : (n_planes, n_rows, n_cols)
        Conductances as the drivers see them, µS.
    spikes_per_row : (n_rows,)
    v_read_v, t_read_s : float
        Voltage and duration of a read.

    Returns
    -------
    float
        nJ, without drivers and converters.
    """
    return float(v_read_v**2 * t_read_s * (g_us.sum(axis=(0, 2)) @ spikes_per_row) * 1e-6 * 1e9)


class EnergyParams(Strict):
    """Constants of wires and converters."""

    feature_nm: Annotated[float, Field(gt=0, le=1000)] = 40.0
    """Feature size F, nm; a device takes 2F x 2F, and 2F of both its lines [3]."""
    wire_ff_per_um: Annotated[float, Field(ge=0)] = 0.2
    """Capacitance of a word line, fF for each µm [3]."""
    converter_fj_per_step: Annotated[float, Field(ge=0)] = 2.2
    """Energy of a conversion with b bits, fJ for each of its 2**b steps [4]."""
    v_write_v: Annotated[float, Field(gt=0, le=20)] = 2.0
    """Voltage of a writing pulse, V [5]."""
    t_write_s: Annotated[float, Field(gt=0, le=1)] = 10e-9
    """Duration of a writing pulse, s (HfO2: less than 10 ns [2])."""
    half_selected: bool = False
    """Whether the other devices of a written device's row and column see half of the voltage, as they do without a
    transistor or selector of their own."""


def driver_energy_nj(params: EnergyParams, n_spikes: float, n_devices_per_row: int, v_read_v: float) -> float:
    """Return the energy for charging a word line, C V², at each of so many input spikes, nJ."""
    farad = params.wire_ff_per_um * 1e-15 * 2e-3 * params.feature_nm * n_devices_per_row
    return n_spikes * farad * v_read_v**2 * 1e9


def write_energy_pj(
    params: EnergyParams, g_before_us: np.ndarray, g_after_us: np.ndarray, tile: tuple[int, int]
) -> float:
    """Return the energy of one writing pulse on a device, the mean of an array, pJ [3].

    Parameters
    ----------
    params : EnergyParams
    g_before_us, g_after_us : (n_planes, n_rows, n_cols)
        Conductances, µS.
    tile : (rows, columns)
        Devices along the lines of an array.

    Returns
    -------
    float
        Of the device, its word line, and, if they are, the half-selected devices.
    """
    mean_us = float((g_before_us.mean() + g_after_us.mean()) / 2)
    joule = params.v_write_v**2 * params.t_write_s * mean_us * 1e-6
    if params.half_selected:
        n_others = sum(tile) - 2
        joule += n_others * (params.v_write_v / 2) ** 2 * params.t_write_s * float(g_after_us.mean()) * 1e-6
    return joule * 1e12 + 1e3 * driver_energy_nj(params, 1.0, tile[1], params.v_write_v)


def converter_energy_nj(params: EnergyParams, n_conversions: float, bits: int) -> float:
    """Return the energy of so many conversions, nJ."""
    return n_conversions * params.converter_fj_per_step * 2**bits * 1e-6


def area_um2(params: EnergyParams, n_devices: int) -> float:
    """Return the area of the devices alone, µm²."""
    return n_devices * (2e-3 * params.feature_nm) ** 2
