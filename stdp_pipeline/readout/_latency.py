"""How long it takes until the answer to an image no longer changes."""

from __future__ import annotations

import numpy as np

from stdp_pipeline.engines._contract import Responses
from stdp_pipeline.readout._labels import NeuronLabels, members

__all__ = ["decision_steps"]


def decision_steps(responses: Responses, neurons: NeuronLabels) -> np.ndarray:
    """Return when the all-activity vote reaches its final answer for good.

    The vote is taken anew after each step, over the spikes so far: the decision falls with the first spike from which
    on its winner stays the same until the end. Of equal votes the lower class wins, as in the vote itself.

    Parameters
    ----------
    responses : Responses
        Answers to n images.
    neurons : NeuronLabels

    Returns
    -------
    (n,) float64
        Steps since the beginning of the accepted presentation; NaN for images without an answer.
    """
    weights = members(neurons)
    decided = np.full(responses.n_images, np.nan)
    for image in range(responses.n_images):
        own = slice(*responses.offsets[image : image + 2])
        votes = weights[responses.neuron[own]].cumsum(axis=0)
        if len(votes) == 0 or votes[-1].max() == 0:
            continue
        step = responses.step[own].astype(np.int64)
        # Spikes of one step count together.
        last = np.append(step[1:] != step[:-1], True)
        winner, when = votes[last].argmax(axis=1), step[last]
        other = np.flatnonzero(winner != winner[-1])
        decided[image] = when[other[-1] + 1] if len(other) else when[np.flatnonzero(votes[last].max(axis=1) > 0)[0]]
    return decided
