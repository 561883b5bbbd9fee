"""A folder with one folder of files for each class."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stdp_pipeline.errors import DataError

__all__ = ["Found", "listed"]


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes
    ----------
    class_names : tuple of str
    files : dict of str to list of (Path, int)
        Files with their class; the key is 'train' or 'test', or 'all' where the folder does not divide them.
    ignored : list of Path
        Files of another kind, by their names.
    """

    class_names: tuple[str, ...]
    files: dict[str, list[tuple[Path, int]]]
    ignored: list[Path]


def listed(folder: Path, suffixes: Collection[str], parameter: str) -> Found:
    """List the files of a folder without opening them.

    Parameters
    ----------
    folder : Path
        ``FOLDER/CLASS/*``, or ``FOLDER/train/CLASS/*`` and ``FOLDER/test/CLASS/*``; names that begin with a dot are
        passed over.
    suffixes : names
        Endings of the files that count.
    parameter : str
        What names the folder in the configuration, for messages.

    Raises
    ------
    DataError
        If the folder does not exist, or no class's folder has such a file.
    """
    if not folder.is_dir():
        raise DataError(f"the folder '{folder}' does not exist; check {parameter}")
    halves = {split: folder / split for split in ("train", "test")}
    parts = halves if all(path.is_dir() for path in halves.values()) else {"all": folder}
    names = sorted({path.name for part in parts.values() for path in part.iterdir() if _counts(path) and path.is_dir()})
    files: dict[str, list[tuple[Path, int]]] = {}
    ignored = []
    for split, part in parts.items():
        files[split] = []
        for number, name in enumerate(names):
            for path in sorted((part / name).rglob("*")) if (part / name).is_dir() else ():
                if not path.is_file() or not _counts(path):
                    continue
                if path.suffix.lower() in suffixes:
                    files[split].append((path, number))
                else:
                    ignored.append(path)
    if not any(files.values()):
        raise DataError(
            f"'{folder}' holds no files of the right kind: expected FOLDER/CLASS/FILE or FOLDER/train/CLASS/FILE, file "
            f"names ending in {', '.join(sorted(suffixes))}"
        )
    return Found(tuple(names), files, ignored)


def _counts(path: Path) -> bool:
    return not path.name.startswith(".")
