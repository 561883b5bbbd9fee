"""What draws figures, once for the screen or again for print, and the folder for pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from stdp_pipeline.io import write_bytes

__all__ = ["Drawings", "PictureFolder", "drawn"]

Drawings = dict[str, Callable[[], bytes]]
"""File name on the screen -> what draws it. Nothing is drawn before it is called."""


def drawn(drawings: Drawings) -> dict[str, bytes]:
    """Draw all: file name -> content."""
    return {file: draw() for file, draw in drawings.items()}


class PictureFolder:
    """A folder that holds the pictures that are written to it, and no others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[Path] = set()

    def write(self, pictures: Mapping[str, bytes], subfolder: str = "") -> None:
        """Write pictures by their file names."""
        for file, content in pictures.items():
            write_bytes(self._folder / subfolder / file, content)
            self._written.add(self._folder / subfolder / file)

    def remove_others(self) -> None:
        """Delete pictures of an earlier version of the experiment."""
        for old in self._folder.rglob("*.*"):
            if old not in self._written and old.suffix in (".png", ".svg"):
                old.unlink()
