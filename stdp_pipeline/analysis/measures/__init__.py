"""How well a map keeps what is among the features: the neighbourhoods, the large structure, the classes, the paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stdp_pipeline.analysis.measures._ranks import neighbour_ranks
from stdp_pipeline.analysis.measures._space import N_NEIGHBORS, N_ROWS, Space, space_of
from stdp_pipeline.analysis.measures.classes import N_RESTARTS, N_VOTES, class_measures
from stdp_pipeline.analysis.measures.demap import demap
from stdp_pipeline.analysis.measures.global_structure import global_measures
from stdp_pipeline.analysis.measures.local import local_measures
from stdp_pipeline.analysis.measures.trajectories import trajectory_measures
from stdp_pipeline.errors import DataError

__all__ = [
    "MEASURES",
    "N_NEIGHBORS",
    "N_ROWS",
    "TRAJECTORY_MEASURES",
    "Measure",
    "Space",
    "class_measures",
    "demap",
    "measures",
    "space_of",
    "trajectory_measures",
]


@dataclass(frozen=True)
class Measure:
    """What a measure means.

    Attributes
    ----------
    title : str
        For tables and axes.
    description : str
        One sentence.
    tells : {"local", "global", "classes", "paths"}
        What of the structure it is about.
    higher_is_better : bool
    chance : float or None
        What a map of random places scores; None where that depends on the data, as the description says.
    """

    title: str
    description: str
    tells: Literal["local", "global", "classes", "paths"]
    higher_is_better: bool = True
    chance: float | None = None


MEASURES = {
    "trustworthiness": Measure(
        "trustworthiness",
        f"Are the {N_NEIGHBORS} nearest points in the map near among the features? The farther they are, the less.",
        "local",
        chance=0.5,
    ),
    "continuity": Measure(
        "continuity",
        f"Are the {N_NEIGHBORS} nearest points among the features near in the map? The farther they are, the less.",
        "local",
        chance=0.5,
    ),
    "neighbours_kept": Measure(
        "neighbours kept",
        f"Share of the {N_NEIGHBORS} nearest points among the features that are also among the {N_NEIGHBORS} nearest in"
        f" the map (Q_NX); by chance {N_NEIGHBORS} / (points - 1).",
        "local",
    ),
    "rnx_auc": Measure(
        "neighbours kept, all scales",
        "Neighbours kept beyond chance, as a mean over all numbers k of neighbours weighted by 1 / k: area under R_NX "
        "over ln k.",
        "local",
        chance=0.0,
    ),
    "random_triplets": Measure(
        "random triplets",
        "Share of random triplets in which the map keeps which of two points is nearer to the third.",
        "global",
        chance=0.5,
    ),
    "centroid_distances": Measure(
        "distances of class means",
        "Spearman's correlation between distances of class means among the features and in the map.",
        "global",
        chance=0.0,
    ),
    "geodesics_kept": Measure(
        "geodesics kept",
        "Spearman's correlation between geodesics among the features themselves and distances in the map. Not DEMaP, "
        "which needs noiseless data.",
        "global",
        chance=0.0,
    ),
    "knn_accuracy": Measure(
        "k-NN accuracy",
        f"Share of points whose class is that of most of the {N_VOTES} nearest others; by chance about the sum of the "
        "squared shares of the classes.",
        "classes",
    ),
    "silhouette": Measure(
        "silhouette",
        "How much nearer points are to their own class than to the nearest other class, from -1 to 1; by chance "
        "slightly below 0.",
        "classes",
    ),
    "ari": Measure(
        "ARI of clusters",
        f"Rand index, adjusted for chance, of k-means clusters in the map against classes; mean of {N_RESTARTS} runs.",
        "classes",
        chance=0.0,
    ),
    "nmi": Measure(
        "NMI of clusters",
        f"Normalised mutual information of k-means clusters in the map and classes; mean of {N_RESTARTS} runs. By "
        "chance slightly above 0.",
        "classes",
    ),
}
"""Name -> what it means, in the order of :func:`measures`."""

TRAJECTORY_MEASURES = {
    "path_correlation": Measure(
        "paths kept",
        "Spearman's correlation between distances along a unit's own path among the features and in the map; mean over "
        "units.",
        "paths",
        chance=0.0,
    ),
    "largest_jump": Measure(
        "largest jump",
        "Share of a path's length that its longest step takes; mean over units. Compare with the features' own value.",
        "paths",
        higher_is_better=False,
    ),
    "long_steps": Measure(
        "shattered steps",
        "Share of steps longer than the median distance between two random points.",
        "paths",
        higher_is_better=False,
        chance=0.5,
    ),
    "time_neighbours": Measure(
        "next in time is nearest",
        "Share of points whose nearest other point is the same unit at the time before or after; by chance about "
        "2 / points. Compare with the features' own value.",
        "paths",
    ),
}
"""Name -> what it means, in the order of :func:`trajectory_measures`."""


def measures(space: Space, coordinates: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Judge a map by all of :data:`MEASURES`.

    ``space.features`` may stand in for a map: that tells what the features themselves score, which for classes is
    what a map can be compared with. They keep not quite all of their own neighbours where distances are equal, as the
    order of those is drawn.

    Parameters
    ----------
    space : Space
    coordinates : (n, m) float
        Places of the rows of the space: ``whole_map[space.rows]``.
    rng : numpy.random.Generator
        Orders equal distances, draws triplets and the first centres of clusters. Give each map that is compared one
        with the same seed, and they are judged on the same triplets.

    Returns
    -------
    dict
        Name -> value; NaN where a measure has none, as those of classes if there is only one.

    Raises
    ------
    DataError
        If there are not as many rows as the space has, or if some have no place.
    """
    from scipy.spatial.distance import cdist

    coordinates = np.asarray(coordinates, np.float64)
    if coordinates.ndim != 2 or len(coordinates) != len(space.rows):
        raise DataError(
            f"the map must have a place for each of the {len(space.rows)} rows of the space, got coordinates of shape "
            f"{coordinates.shape}; give coordinates[space.rows]"
        )
    if not np.isfinite(coordinates).all():
        raise DataError("the map has points without a place; leave them out before the space is made")
    map_distance = cdist(coordinates, coordinates)
    return (
        local_measures(space, coordinates, neighbour_ranks(map_distance, rng))
        | global_measures(space, coordinates, map_distance, rng)
        | class_measures(coordinates, space.labels, rng)
    )
