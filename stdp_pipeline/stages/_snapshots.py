"""Keep the network as it was after certain numbers of training images, to look at how it learned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.engines._contract import Model
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.io import read_arrays, write_arrays
from stdp_pipeline.network.state import NetworkState
from stdp_pipeline.stages._network import file_arrays, state_from

__all__ = ["Snapshots", "read_snapshots"]

_FILE = "snapshots.npz"


class Snapshots:
    """The states kept so far.

    Parameters
    ----------
    wanted : list of int or None
        Training images after which to keep the network, rising.
    n_images : int
        All presentations of training images.

    Raises
    ------
    ConfigError
        If one lies beyond the end of training.
    """

    def __init__(self, wanted: list[int] | None, n_images: int) -> None:
        self._wanted = wanted or []
        self._kept: dict[str, np.ndarray] = {}
        if self._wanted and self._wanted[-1] > n_images:
            raise ConfigError(
                f"training.snapshots must be at most {n_images}, the training images of all passes, got "
                f"{self._wanted[-1]}"
            )

    def room(self, done: int) -> int:
        """Images until the next one."""
        return min((k - done for k in self._wanted if k > done), default=sys.maxsize)

    def at(self, done: int, state: NetworkState, model: Model) -> None:
        """Keep the state after so many images, if that is wanted."""
        if done in self._wanted:
            self._kept |= {f"{done}.{name}": value.copy() for name, value in file_arrays(state, model).items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a checkpoint must keep."""
        return self._kept

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over from a checkpoint."""
        self._kept = dict(arrays)

    def write(self, folder: Path) -> None:
        """Write ``snapshots.npz``, if any are wanted."""
        if self._wanted:
            write_arrays(folder / _FILE, {"images_seen": np.array(self._wanted), **self._kept}, compress=True)


def read_snapshots(network: Path) -> tuple[np.ndarray, list[NetworkState]]:
    """Read the snapshots beside a trained network.

    Returns
    -------
    images_seen : (n,) int64
    states : list of NetworkState

    Raises
    ------
    ResultsError
        If there are none, or the file is damaged.
    """
    file = network.with_name(_FILE)
    if not file.exists():
        raise ResultsError(
            f"'{file}' is missing: the network was trained without training.snapshots; delete its folder and run again"
        )
    arrays: dict[str, Any] = read_arrays(file, "images_seen")
    images_seen = arrays.pop("images_seen").astype(np.int64)
    states = []
    for k in images_seen:
        mine = {name.partition(".")[2]: value for name, value in arrays.items() if name.partition(".")[0] == str(k)}
        if "step" not in mine:
            raise ResultsError(f"'{file}' lacks the network after {k} images; delete its folder and run again")
        states.append(state_from(mine))
    return images_seen, states
