"""M-PHATE: PHATE of the same units at several times; shows how learning moves them, and groups that form on the way.

Rows are units at times, z-scored each. A unit is linked to other units of the same time by an alpha-decay kernel, and
to itself at all other times by a Gaussian of fixed width [1]_:

K((t, i), (s, j)) = K_t(i, j) if t = s; exp(-|x(t, i) - x(s, i)|^2 / sigma^2) if i = j; 0 otherwise,

where sigma is the mean over units of the median over times of the distance to the ``interslice_knn``-th nearest own
time (the definition of the m_phate package by the authors). On this kernel the diffusion, square-root potential and
scaling of PHATE follow. The authors' own PCA to 100 components is left out: distances are those in the full space.
Limit: 20 times of 200 units with 784 features take 30 s on one core and 600 MB. The kernel holds up to
n_times n_units^2 + n_units n_times^2 entries of 12 bytes, so 20 times of 1600 units are too many (600 MB for it alone,
and a lot of time); take a sample of the units.

References
----------
.. [1] Gigante, Charles, Krishnaswamy, Mishne (2019), "Visualizing the PHATE of neural networks", Adv. Neural Inf.
   Process. Syst. 32, doi:10.48550/arXiv.1908.02831.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stdp_pipeline.analysis.embed._graph import one_thread
from stdp_pipeline.analysis.embed._kernel import THRESHOLD, alpha_decay_kernel
from stdp_pipeline.analysis.embed.phate import phate_of_kernel
from stdp_pipeline.analysis.points import Trajectories
from stdp_pipeline.config._base import Strict
from stdp_pipeline.errors import DataError

__all__ = ["PACKAGES", "Params", "embed_trajectories", "multislice_kernel"]

PACKAGES: tuple[str, ...] = ()


class Params(Strict):
    """Constants of M-PHATE; all defaults but the landmarks' are those of the m_phate package."""

    name: Literal["m_phate"] = "m_phate"
    """Name of the method."""
    intraslice_knn: Annotated[int, Field(ge=1)] = 2
    """Neighbours at the same time that set the width of a unit's kernel."""
    interslice_knn: Annotated[int, Field(ge=1)] = 25
    """Neighbour among a unit's own times that sets the width between times; at most all other times."""
    decay: Annotated[float, Field(gt=0)] = 5.0
    """Exponent of the tails of the kernel at one time."""
    n_landmark: Annotated[int, Field(ge=10)] = 2000
    """Landmarks that stand for all units at all times in the diffusion (as for PHATE; m_phate takes 4000)."""


def embed_trajectories(params: Params, trajectories: Trajectories) -> tuple[np.ndarray, dict[str, Any]]:
    """Lay out all units at all times by M-PHATE.

    Returns
    -------
    coordinates : (n_times, n_units, 2) float64
    found : dict

    Raises
    ------
    DataError
        If there are fewer than 2 times, or no more than ``intraslice_knn`` units.
    """
    n_times, n_units, _ = trajectories.values.shape
    if n_times < 2:
        raise DataError(f"m_phate needs at least 2 times, got {n_times}; train with more checkpoints")
    if n_units <= params.intraslice_knn:
        raise DataError(
            f"m_phate.intraslice_knn = {params.intraslice_knn} needs more than so many units, got {n_units}; "
            f"set it to at most {n_units - 1}, or use more units"
        )
    interslice_knn = min(params.interslice_knn, n_times - 1)
    with one_thread():
        kernel, sigma = multislice_kernel(trajectories.values, params.intraslice_knn, interslice_knn, params.decay)
    coordinates, time = phate_of_kernel(kernel, params.n_landmark, gamma=0.0, seed=trajectories.seed)
    from scipy.sparse.csgraph import connected_components

    return coordinates.reshape(n_times, n_units, 2), {
        "interslice_knn": interslice_knn,
        "sigma": sigma,
        "graph_components": int(connected_components(kernel, directed=False, return_labels=False)),
        "diffusion_time": time,
    }


def multislice_kernel(values: np.ndarray, intraslice_knn: int, interslice_knn: int, decay: float) -> tuple[Any, float]:
    """Return the kernel of [1]_ and its width between times.

    Parameters
    ----------
    values : (n_times, n_units, d) float
    intraslice_knn, interslice_knn : int
        Neighbours, not counting the unit or time itself.
    decay : float

    Returns
    -------
    kernel : (n_times * n_units,) * 2 scipy.sparse.csr_matrix of float64
        Rows are units, time after time. Affinities below 1e-4 count as none.
    sigma : float
        Of the z-scored rows' distance.
    """
    from scipy.sparse import block_diag, coo_matrix

    n_times, n_units, _ = values.shape
    scored = np.asarray(values, np.float64)
    scored = scored - scored.mean(axis=2, keepdims=True)
    spread = scored.std(axis=2, keepdims=True)
    scored /= np.where(spread > 0, spread, 1)

    within = block_diag([_at_one_time(rows, intraslice_knn, decay) for rows in scored], format="csr")

    apart = np.stack([_distances(scored[:, i]) for i in range(n_units)])  # (n_units, n_times, n_times)
    sigma = float(np.median(np.sort(apart, axis=2)[:, :, interslice_knn], axis=1).mean())
    # Units that never change have no width; they stay linked to themselves.
    affinity = np.exp(-((apart / sigma) ** 2)) if sigma > 0 else (apart == 0).astype(np.float64)
    own = np.arange(n_times)
    affinity[:, own, own] = 0  # the diagonal is that of the kernels at one time
    unit, one, other = np.nonzero(affinity >= THRESHOLD)
    shape = (n_times * n_units,) * 2
    across = coo_matrix((affinity[unit, one, other], (one * n_units + unit, other * n_units + unit)), shape=shape)
    return (within + across.tocsr()).tocsr(), sigma


def _distances(rows: np.ndarray) -> np.ndarray:
    """Return the distance of each row to each, (n, n)."""
    squares = (rows**2).sum(axis=1)
    squared = squares[:, None] + squares[None] - 2 * rows @ rows.T
    # Rounding leaves equal rows a distance that is not quite 0.
    squared[squared < 1e-12 * squares.max()] = 0
    np.fill_diagonal(squared, 0)
    return np.sqrt((squared + squared.T) / 2)


def _at_one_time(rows: np.ndarray, knn: int, decay: float) -> Any:
    distance = _distances(rows)
    np.fill_diagonal(distance, -1)  # a unit comes first among its neighbours, also before equal ones
    index = np.argsort(distance, axis=1, kind="stable")
    return alpha_decay_kernel(index, np.maximum(np.take_along_axis(distance, index, axis=1), 0), knn, decay)
