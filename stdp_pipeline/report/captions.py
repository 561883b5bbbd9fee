"""What each figure shows: its section, title and caption, by the name of its file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from stdp_pipeline.figures._methods import method_title

__all__ = ["HARDWARE_CAPTIONS", "SECTIONS", "About", "about"]

SECTIONS = (
    "Results",
    "What was learned",
    "Neurons and activity",
    "Input",
    "Maps",
    "All runs",
    "On hardware",
    "The model",
)
"""In the order of a page."""


class About(NamedTuple):
    """What is said about a figure; its section is one of :data:`SECTIONS`."""

    section: str
    title: str
    caption: str


_ABOUT = {
    "learning_curve": About(
        "Results",
        "Learning curve",
        "Each point classifies a window of training images with neuron labels from the window before, while learning "
        "goes on. The dashed line is the test accuracy of the finished network.",
    ),
    "confusion": About("Results", "Confusion matrix", "Test images by true class (row) and prediction (column)."),
    "receptive_fields": About(
        "What was learned",
        "Receptive fields by label",
        "Input weights of every neuron as an image, ordered by label. All share one grey scale.",
    ),
    "receptive_fields_by_similarity": About(
        "What was learned",
        "Receptive fields by similarity",
        "The same, ordered so that fields that are alike are neighbours.",
    ),
    "neurons_per_label": About(
        "Neurons and activity",
        "Neurons per label",
        "Labels come from a pass over training images with weights and thresholds fixed.",
    ),
    "theta_histogram": About(
        "Neurons and activity",
        "Adaptive thresholds",
        "A neuron that fires often has a high threshold, so that others get their turn.",
    ),
    "weight_histogram": About(
        "Neurons and activity", "Weights", "All weights from input to excitatory neurons; logarithmic axis."
    ),
    "spikes_per_image": About(
        "Neurons and activity", "Spikes per image", "Spikes of the whole excitatory layer for each test image."
    ),
    "raster": About("Input", "Input spikes", "The first training image as the network sees it."),
    "measures": About(
        "Maps", "Quality of maps", "Quality of the first network's maps; the best of each column is framed."
    ),
    "trajectories": About(
        "Maps",
        "Trajectories of receptive fields",
        "Receptive fields of the first run on their way through training: a line for each neuron, with a colour for "
        "each step from one snapshot to the next; its end in the colour of its label.",
    ),
    "neurons": About(
        "Neurons and activity",
        "Selectivity and sparseness",
        "Class selectivity (Morcos et al. 2018) and sparseness over images (Treves and Rolls) of neurons.",
    ),
    "similarity": About(
        "All runs",
        "Networks compared",
        "How alike networks answer the same test images: unbiased linear CKA, and Spearman's correlation of "
        "dissimilarities between images (RSA). 1: alike but for names of neurons.",
    ),
    "through_training": About(
        "Results",
        "Answers through training",
        "How alike the first run's answers to the same test images are at different times of its training (CKA).",
    ),
    "accuracies": About(
        "All runs", "Accuracies", "Accuracy by the first readout: each seed, and the mean with its 95 % interval."
    ),
    "differences": About(
        "All runs",
        "Differences",
        "Difference of accuracy from the combination of reference, with its 95 % interval: over the seeds that both "
        "have, or, of a single seed, over the test images. Filled where p after Holm's correction is below 0.05.",
    ),
    "learning_curves": About(
        "All runs",
        "Learning curves",
        "Windows of training images, classified with neuron labels from the window before, while learning goes on; a "
        "line for each run. Of more than ten combinations, the six that end best have a colour.",
    ),
    "accuracy_over_bits": About(
        "All runs",
        "Accuracy over bits",
        "Accuracy over the bits of a weight, mean and standard deviation over seeds.",
    ),
    "recovery": About(
        "On hardware",
        "Learning in place against transferring weights",
        "Test accuracy on the same devices, mean over seeds with its 95 % interval: weights that were learned without "
        "devices and transferred, and weights that were learned on the devices. Dotted: without devices.",
    ),
    "network": About(
        "The model",
        "The network",
        "The network: who excites and inhibits whom, with conductances relative to the leak.",
    ),
    "presentation": About(
        "The model",
        "One presentation",
        "One training image shown to the trained network: input, excitatory and inhibitory spikes.",
    ),
    "stdp_curves": About(
        "The model",
        "STDP curves",
        "Weight change at one pair of spikes, measured from the simulation, by learning rule.",
    ),
    "lif_response": About(
        "The model",
        "Response to one spike",
        "One input spike at one excitatory neuron: conductance and potential, by both integrators and by the "
        "equations.",
    ),
}

HARDWARE_CAPTIONS = {
    ".svg": "Mean test accuracy over specimens, with its 95 % interval; dotted, without hardware. Solid: neurons "
    "labelled on the specimen; dashed: with the labels that they had.",
    "_conductances.svg": "Conductances of one specimen, of the first device of each weight: as programming should "
    "leave them, and as they are read.",
    "_wires.png": "Share of each device's current that arrives at the end of its column: a specimen at the last point. "
    "Lines are borders of tiles; where there are devices of reference, they are the last column of each tile.",
    "_fields.png": "Receptive fields as the network meets them: a specimen at the last point, 100 neurons at most. "
    "Failed devices in red.",
}
"""By the end of the file's name, after that of the curve."""


def about(file: str) -> About:
    """Return what is said about a figure, found by the name of its file, with or without an ending.

    Raises
    ------
    KeyError
        If nothing is known of such a figure.
    """
    name = Path(file).stem
    if name.startswith("map_"):
        return About(
            "Maps",
            f"Map by {method_title(name.removeprefix('map_'))}",
            "Each point is one test image, placed by the spike counts of all neurons; colour and number are its class. "
            "Axes have no meaning of their own.",
        )
    if name.startswith("maps_"):
        features = name.removeprefix("maps_")
        return About(
            "Maps",
            f"Maps of {features} by all methods",
            f"Maps of {features} by all methods, first run; colour is the class. Axes have no meaning of their own.",
        )
    if name.startswith("measures_"):
        features = name.removeprefix("measures_")
        return _ABOUT["measures"]._replace(title=f"Quality of maps of {features}")
    if name.startswith("hardware_"):
        curve = name.removeprefix("hardware_").replace("_", " ")
        return About("On hardware", f"Curve {curve}", HARDWARE_CAPTIONS[".svg"])
    return _ABOUT[name]
