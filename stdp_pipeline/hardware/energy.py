"""Energy by convention: synaptic operations and weight writes, each times what one of them takes.

A synaptic operation (SOP) is one spike reaching one synapse; a write is one weight that is changed. These are idealised
budgets of arithmetic and devices alone: memory traffic, neurons, clocks, converters and drivers are left out.

References
----------
.. [1] Horowitz (2014), "Computing's energy problem", ISSCC, doi:10.1109/ISSCC.2014.6757323: 45 nm, 0.9 pJ for an
   addition and 3.7 pJ for a multiplication of 32-bit floating point numbers, 0.1 pJ for an addition of 32-bit integers.
.. [2] Garbin et al. (2015), "HfO2-based OxRAM devices as synapses for convolutional neural networks", IEEE Trans.
   Electron Devices 62:2494, doi:10.1109/TED.2015.2440102: less than 10 pJ for one switching event.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Costs", "costs_of", "dense_writes", "read_energy_nj"]

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
