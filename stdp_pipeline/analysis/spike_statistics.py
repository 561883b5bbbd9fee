"""Statistics of spike trains in recorded presentations, by Elephant on objects of Neo: rates, regularity, synchrony.

References
----------
.. [1] Elephant, Electrophysiology Analysis Toolkit, https://python-elephant.org.
.. [2] Garcia et al. (2014), "Neo: an object model for handling electrophysiology data in multiple formats", Front.
   Neuroinform. 8:10, doi:10.3389/fninf.2014.00010.
.. [3] Holt, Softky, Koch & Douglas (1996), "Comparison of discharge variability in vitro and in vivo in cat visual
   cortex neurons", J. Neurophysiol. 75:1806, doi:10.1152/jn.1996.75.5.1806.
.. [4] Shinomoto, Shima & Tanji (2003), "Differences in spiking patterns among cortical neurons", Neural Comput.
   15:2823, doi:10.1162/089976603322518759.
"""

from __future__ import annotations

import importlib
import itertools
import warnings
from typing import Any

import numpy as np

from stdp_pipeline.errors import DataError, MissingPackageError

__all__ = ["DESCRIPTIONS", "MIN_SPIKES", "neuron_statistics", "segments_of", "spike_statistics"]

MIN_SPIKES = 5
"""A train with fewer spikes has no measure of regularity: two or three intervals say next to nothing of it."""

DESCRIPTIONS = {
    "rate_hz": "mean firing rate, Hz, mean over all neurons, silent ones too",
    "cv": "coefficient of variation of the intervals between spikes: 0 regular; 1 Poisson, but less if there are few",
    "cv2": "variation of neighbouring intervals (Holt et al. 1996): 0 regular, 1 Poisson, even if the rate changes",
    "lv": "local variation of intervals (Shinomoto et al. 2003): 0 regular, 1 Poisson, even if the rate changes",
    "fano_factor": "variance of a neuron's spike counts over the presentations as a share of their mean: 1 Poisson; "
    "higher if the presentations differ, as selective neurons do for images of several classes",
    "synchrony": "correlation of the binned spikes of two neurons in one presentation, mean over pairs of neurons that "
    "spike: 0 independent, 1 equal",
}
"""Name -> what it means, in the order of :func:`spike_statistics`."""


def segments_of(step: np.ndarray, neuron: np.ndarray, offsets: np.ndarray, n_steps: int, dt_ms: float) -> list[Any]:
    """Return presentations as Neo segments [2]_, each with the trains of those neurons that spike in it.

    Parameters
    ----------
    step : (n_spikes,) uint16
        Of each spike, counted from the beginning of its presentation; ordered by presentation.
    neuron : (n_spikes,) uint16
    offsets : (n_presentations + 1,) int64
        Where each presentation's spikes start.
    n_steps : int
        Steps to look at; later spikes, those of the rest, are left out.
    dt_ms : float

    Returns
    -------
    list of neo.Segment
        With spike trains in ms, from 0 to ``n_steps * dt_ms``, annotated with their neuron.

    Raises
    ------
    MissingPackageError
        If neo is not installed.
    """
    neo = _package("neo")
    segments = []
    for presentation, (begin, end) in enumerate(itertools.pairwise(offsets)):
        segment = neo.Segment(name=f"presentation {presentation}")
        shown = step[begin:end] < n_steps
        steps, neurons = step[begin:end][shown].astype(np.int64), neuron[begin:end][shown]
        order = np.lexsort((steps, neurons))
        names, starts = np.unique(neurons[order], return_index=True)
        for name, own in zip(names, np.split(steps[order], starts[1:]), strict=False):
            train = neo.SpikeTrain(own * dt_ms, units="ms", t_stop=n_steps * dt_ms, neuron=int(name))
            segment.spiketrains.append(train)
        segments.append(segment)
    return segments


def neuron_statistics(segments: list[Any], n_exc: int, min_spikes: int = MIN_SPIKES) -> dict[str, np.ndarray]:
    """Describe the spike trains of each neuron.

    Parameters
    ----------
    segments : list of neo.Segment
        See :func:`segments_of`.
    n_exc : int
    min_spikes : int
        Trains with fewer spikes are left out of ``cv``, ``cv2`` and ``lv``; at least 3.

    Returns
    -------
    dict of (n_exc,) float64
        ``rate_hz``, mean over presentations; ``cv``, ``cv2``, ``lv``, means over the neuron's trains with enough
        spikes, NaN if there are none; ``fano_factor`` over presentations, NaN for silent neurons and for one alone.
        Intervals from one presentation to the next do not count.

    Raises
    ------
    MissingPackageError
        If elephant is not installed.
    DataError
        If there are no presentations, neurons beyond ``n_exc``, or ``min_spikes`` is too low.
    """
    statistics = _package("elephant.statistics")
    if not segments or min_spikes < 3:
        raise DataError(
            "spike statistics need at least one presentation and min_spikes of 3 or more, got "
            f"{len(segments)} presentations and min_spikes = {min_spikes}"
        )
    trains: list[list[np.ndarray]] = [[] for _ in range(n_exc)]
    found = {name: np.zeros(n_exc) for name in ("rate_hz", "cv", "cv2", "lv", "fano_factor")}
    for train in (train for segment in segments for train in segment.spiketrains):
        own = train.annotations["neuron"]
        if own >= n_exc:
            raise DataError(f"spikes of neuron {own}, but n_exc is {n_exc}; give the number of neurons of the network")
        times, stop_ms = train.magnitude, float(train.t_stop.magnitude)
        per_ms = statistics.mean_firing_rate(times, t_start=0.0, t_stop=stop_ms)
        found["rate_hz"][own] += 1000.0 * per_ms / len(segments)
        trains[own].append(times)
    for own, shown in enumerate(trains):
        intervals = [statistics.isi(times) for times in shown if len(times) >= min_spikes]
        for name in ("cv", "cv2", "lv"):
            measure = getattr(statistics, name)
            found[name][own] = np.mean([measure(i) for i in intervals]) if intervals else np.nan
        silent = [np.zeros(0)] * (len(segments) - len(shown))
        found["fano_factor"][own] = statistics.fanofactor(shown + silent) if len(segments) > 1 else np.nan
    return found


def spike_statistics(
    segments: list[Any], n_exc: int, bin_ms: float = 5.0, min_spikes: int = MIN_SPIKES
) -> dict[str, float]:
    """Describe the spike trains of all neurons by means.

    Parameters
    ----------
    segments : list of neo.Segment
        See :func:`segments_of`.
    n_exc : int
    bin_ms : float
        Width of bins in which spikes count as together; what follows the last whole bin is left out.
    min_spikes : int
        Trains with fewer spikes are left out of ``cv``, ``cv2`` and ``lv``.

    Returns
    -------
    dict
        The values of :data:`DESCRIPTIONS`: means over neurons that have a value, NaN if none has.

    Raises
    ------
    MissingPackageError
        If elephant or neo are not installed.
    DataError
        As for :func:`neuron_statistics`, or if ``bin_ms`` does not fit.
    """
    found = {name: _mean(values) for name, values in neuron_statistics(segments, n_exc, min_spikes).items()}
    synchrony = np.array([_synchrony(segment.spiketrains, bin_ms) for segment in segments])
    return found | {"synchrony": _mean(synchrony)}


def _synchrony(trains: Any, bin_ms: float) -> float:
    """Return the mean correlation of all pairs of trains of one presentation; NaN if there is no pair."""
    quantities, conversion = _package("quantities"), _package("elephant.conversion")
    correlation = _package("elephant.spike_train_correlation")
    if len(trains) < 2:
        return float("nan")
    stop_ms = float(trains[0].t_stop.magnitude)
    if not 0 < bin_ms <= stop_ms / 2:
        raise DataError(f"bin_ms must be above 0 and at most half a presentation of {stop_ms:g} ms, got {bin_ms}")
    # A neuron with as many spikes in each bin has no correlation with others.
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        # Elephant 1.2 passes quantities an argument that these no longer look at, and tells of spikes after the last
        # whole bin, which are left out.
        warnings.filterwarnings("ignore", "The 'copy' argument in Quantity", DeprecationWarning)
        warnings.filterwarnings("ignore", "Binning discarded", UserWarning)
        binned = conversion.BinnedSpikeTrain(list(trains), bin_size=bin_ms * quantities.ms)
        pairs = correlation.correlation_coefficient(binned)[np.triu_indices(len(trains), 1)]
    return _mean(pairs)


def _mean(values: np.ndarray) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def _package(name: str) -> Any:
    """Import an optional package, or say how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"statistics of spike trains need the packages neo and elephant ({error}); install them with "
            "pip install 'stdp_pipeline[analysis]', or pip install neo elephant"
        ) from None
