"""What the spikes of an input channel tell about its intensity, in bits."""

from __future__ import annotations

import numpy as np

__all__ = ["entropy_bits", "information_bits"]

_LEVEL_BINS = 9  # silent, and eight equal parts of the levels 1 to 255
_MAX_COUNT = 31
_TIME_BINS = 16


def entropy_bits(counts: np.ndarray) -> float:
    """Estimate the entropy of a discrete variable from how often each value occurred.

    Parameters
    ----------
    counts : (n_values,) int

    Returns
    -------
    float
        Bits; the plug-in estimate plus the correction of its bias, (occupied values - 1) / 2n.

    References
    ----------
    .. [1] Miller (1955), "Note on the bias of information estimates", in Information Theory in Psychology, 95.
    """
    seen = counts[counts > 0].astype(np.float64)
    n = seen.sum()
    if n == 0:
        return 0.0
    return float(np.log2(n) - (seen * np.log2(seen)).sum() / n + (len(seen) - 1) / (2 * n * np.log(2)))


def information_bits(
    levels: np.ndarray, counts: np.ndarray, first_step: np.ndarray, n_steps: int
) -> tuple[float, float]:
    """Estimate the mutual information between a channel's intensity and its spikes.

    Parameters
    ----------
    levels : (n,) uint8
        Intensities, in 9 bins: silent, and eight equal parts.
    counts : (n,) int
        Spikes of the channel in the presentation; more than 31 count as 31.
    first_step : (n,) int
        Step of its first spike, anything where it has none; in 16 equal parts of the presentation.
    n_steps : int
        Steps of a presentation.

    Returns
    -------
    information, entropy : float
        Bits: of the intensity that count and first time tell together, and of the intensity in all, which is the most
        there is to tell. Other features of the spikes are not looked at, so the information is a lower bound.
    """
    level = np.where(levels == 0, 0, 1 + (levels.astype(np.int64) - 1) * (_LEVEL_BINS - 1) // 255)
    time = np.where(counts > 0, first_step.astype(np.int64) * _TIME_BINS // n_steps, 0)
    answer = np.minimum(counts, _MAX_COUNT).astype(np.int64) * _TIME_BINS + time
    n_answers = (_MAX_COUNT + 1) * _TIME_BINS
    joint = np.bincount(level * n_answers + answer, minlength=_LEVEL_BINS * n_answers).reshape(_LEVEL_BINS, n_answers)
    entropy = entropy_bits(joint.sum(axis=1))
    information = entropy + entropy_bits(joint.sum(axis=0)) - entropy_bits(joint.ravel())
    return float(np.clip(information, 0, entropy)), entropy
