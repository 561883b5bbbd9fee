"""How a network represents images: by which neurons, how selectively, how sparsely, in how many dimensions."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from stdp_pipeline.analysis.activity._counts import checked, class_means, mean_of_defined, winners
from stdp_pipeline.analysis.activity.neurons import class_entropy_bits, nearest_cosine, selectivity, treves_rolls
from stdp_pipeline.analysis.activity.population import (
    covariance_spectrum,
    gini,
    n_components,
    participation_ratio,
    winner_entropy,
    winner_information,
)
from stdp_pipeline.errors import DataError

__all__ = ["DESCRIPTIONS", "per_neuron", "representation"]

DESCRIPTIONS = {
    "n_images": "images",
    "silent_images": "images that cause no spike",
    "spikes_per_image": "mean spikes of all neurons to an image",
    "n_neurons": "excitatory neurons",
    "dead_neurons": "neurons that answer no image",
    "used_neurons": "neurons with most spikes for at least one image",
    "tied_winners": "share of images with several neurons of equally many spikes; the first of them counts as winner",
    "winner_entropy_bits": "entropy of the neuron with most spikes, bits",
    "effective_winners": "neurons that would share the images as evenly: 2 to the power of the entropy of the winner",
    "winner_information_bits": "mutual information between winner and class, bits, corrected for bias",
    "gini": "inequality of the neurons' spikes (Gini): 0 if all have the same, near 1 if few have all",
    "selectivity": "class selectivity (Morcos et al. 2018), mean over neurons: 0 none, 1 one class alone",
    "class_entropy_bits": "entropy of a neuron's answers over classes, bits, mean over neurons: 0 one class alone",
    "lifetime_sparseness": "Treves-Rolls sparseness of a neuron over images, mean over neurons: the lower, the sparser",
    "population_sparseness": "Treves-Rolls sparseness of an image over neurons, mean over images",
    "participation_ratio": "effective number of dimensions of the responses; grows with the number of images",
    "n_components_90": "principal components that hold 90 % of the variance of the responses",
    "field_redundancy": "cosine of a receptive field with the one most like it, mean over neurons",
}
"""Name -> what it means, in the order of :func:`representation`. Means are over those neurons that have a value."""


def representation(
    counts: np.ndarray | csr_array, labels: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> dict[str, float]:
    """Measure how a network represents images.

    Parameters
    ----------
    counts : (n_images, n_exc) array or sparse array
        Spikes of each neuron to each image.
    labels : (n_images,) int
        Class of each image, -1 for none; such images are left out of what compares with classes.
    n_classes : int
    weights : (n_input, n_exc) float, optional
        Receptive fields.

    Returns
    -------
    dict
        The values of :data:`DESCRIPTIONS`; NaN where there is none, as for receptive fields that are not given.

    Raises
    ------
    DataError
        If no neuron answers any image, or shapes, labels or counts are wrong.
    """
    counts = checked(counts, labels, n_classes)
    own = _each(counts, labels, n_classes, weights)
    winner, tied = winners(counts)
    spikes = own["spikes"]
    entropy = winner_entropy(own["wins"])
    spectrum = covariance_spectrum(counts)
    return {
        "n_images": float(counts.shape[0]),
        "silent_images": float((winner < 0).sum()),
        "spikes_per_image": float(spikes.sum() / counts.shape[0]),
        "n_neurons": float(counts.shape[1]),
        "dead_neurons": float((spikes == 0).sum()),
        "used_neurons": float((own["wins"] > 0).sum()),
        "tied_winners": float(tied.mean()),
        "winner_entropy_bits": entropy,
        "effective_winners": 2.0**entropy,
        "winner_information_bits": winner_information(winner, np.asarray(labels), n_classes, counts.shape[1]),
        "gini": gini(spikes),
        "selectivity": mean_of_defined(own["selectivity"]),
        "class_entropy_bits": mean_of_defined(own["class_entropy_bits"]),
        "lifetime_sparseness": mean_of_defined(own["lifetime_sparseness"]),
        "population_sparseness": mean_of_defined(treves_rolls(counts, axis=1)),
        "participation_ratio": participation_ratio(spectrum),
        "n_components_90": n_components(spectrum),
        "field_redundancy": mean_of_defined(own["nearest_cosine"]),
    }


def per_neuron(
    counts: np.ndarray | csr_array, labels: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Measure each neuron.

    Parameters
    ----------
    counts, labels, n_classes, weights
        As for :func:`representation`.

    Returns
    -------
    dict of (n_exc,) arrays
        ``spikes``, ``wins`` (images of which the neuron is the winner), ``preferred_class`` (with the highest mean;
        -1 for none), ``selectivity``, ``class_entropy_bits``, ``lifetime_sparseness``, ``nearest_cosine``. NaN where
        there is none: silent neurons are not selective, nor unselective.

    Raises
    ------
    DataError
        As for :func:`representation`.
    """
    return _each(checked(counts, labels, n_classes), labels, n_classes, weights)


def _each(counts: csr_array, labels: np.ndarray, n_classes: int, weights: np.ndarray | None) -> dict[str, np.ndarray]:
    n_exc = counts.shape[1]
    if weights is not None and (weights.ndim != 2 or weights.shape[1] != n_exc):
        raise DataError(f"receptive fields of {n_exc} neurons must be (n_input, {n_exc}), got {weights.shape}")
    means = class_means(counts, np.asarray(labels), n_classes)
    answered = np.nan_to_num(means)
    winner, _ = winners(counts)
    return {
        "spikes": counts.sum(axis=0),
        "wins": np.bincount(winner[winner >= 0], minlength=n_exc),
        "preferred_class": np.where(answered.any(axis=0), answered.argmax(axis=0), -1),
        "selectivity": selectivity(means),
        "class_entropy_bits": class_entropy_bits(means),
        "lifetime_sparseness": treves_rolls(counts, axis=0),
        "nearest_cosine": np.full(n_exc, np.nan) if weights is None else nearest_cosine(weights),
    }
