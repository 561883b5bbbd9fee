"""Save the middle of a long stage, so that a killed job goes on from there."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.io import canonical_json, read_arrays, write_arrays
from stdp_pipeline.locking import HeldError, Lock

__all__ = ["Checkpoint", "Saved"]


@dataclass(frozen=True)
class Saved:
    """A checkpoint's content: arrays named ``group.name``, and single numbers."""

    arrays: dict[str, np.ndarray]
    numbers: dict[str, Any]

    def group(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays of one group."""
        return {k.partition(".")[2]: v for k, v in self.arrays.items() if k.startswith(f"{name}.")}


class Checkpoint:
    """One file that is replaced as a whole, at most every few seconds.

    Parameters
    ----------
    folder : Path or None
        Where it is kept; None for no checkpoints. It must not be among the workflow's declared outputs, which are
        deleted before a job starts again.
    identity : object
        What the stage computes, as JSON. A checkpoint of anything else, such as older code, is not taken up.

    Notes
    -----
    ``STDP_CHECKPOINT_S`` sets the seconds between two checkpoints (default 20).
    """

    def __init__(self, folder: Path | None, identity: Any) -> None:
        self._file = folder / "checkpoint.npz" if folder is not None else None
        self._identity = hashlib.sha256(canonical_json(identity).encode()).hexdigest()
        text = os.environ.get("STDP_CHECKPOINT_S", "20")
        try:
            self._every_s = float(text)
        except ValueError:
            raise ConfigError(f"STDP_CHECKPOINT_S must be a number of seconds, got '{text}'") from None
        self._last = time.monotonic()
        self.resumed = False

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Make sure that no other process works on the same thing; the claim ends with the block, or the process.

        Raises
        ------
        ResultsError
            If one does, for example a job that outlived its killed Snakemake.
        """
        if self._file is None:
            yield
            return
        with Lock(self._file.parent / "lock") as lock:
            try:
                lock.acquire(self._file.parent.name)
            except HeldError as held:
                raise ResultsError(
                    f"another process ({held.holder or 'just started'}) is still working on "
                    f"'{self._file.parent.name}'; wait for it or stop it, then run again"
                ) from None
            for part in self._file.parent.glob(".*.part"):  # of a job that was killed while it wrote
                part.unlink(missing_ok=True)
            yield

    def load(self) -> Saved | None:
        """Return the checkpoint to go on from, or None."""
        if self._file is None or not self._file.exists():
            return None
        log = logging.getLogger(__name__)
        try:
            content = read_arrays(self._file)
        except ResultsError as error:
            log.warning("starting over, the checkpoint cannot be read: %s", error)
            return None
        if str(content.pop("identity", "")) != self._identity:
            log.warning("starting over: '%s' was made with other parameters or other code", self._file)
            return None
        numbers = {k: v.item() for k, v in content.items() if "." not in k}
        self.resumed = True
        log.info("going on from '%s'", self._file)
        return Saved({k: v for k, v in content.items() if "." in k}, numbers)

    def due(self) -> bool:
        """Whether it is time for the next one."""
        return self._file is not None and time.monotonic() - self._last >= self._every_s

    def save(self, groups: dict[str, dict[str, np.ndarray]], numbers: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        if self._file is None:
            return
        arrays = {f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()}
        write_arrays(self._file, {"identity": np.array(self._identity), **numbers, **arrays})
        self._last = time.monotonic()

    def remove(self) -> None:
        """Delete the checkpoint: the stage is done."""
        if self._file is not None:
            shutil.rmtree(self._file.parent, ignore_errors=True)
