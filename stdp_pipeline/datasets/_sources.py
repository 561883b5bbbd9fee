"""Find the files of a data set: where the user says, in known places of the system, in the cache, or download them."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stdp_pipeline.datasets import _download
from stdp_pipeline.errors import DataError

__all__ = ["RemoteFile", "cache_folder", "find"]


@dataclass(frozen=True)
class RemoteFile:
    """One file of a public data set.

    Attributes
    ----------
    name : str
        File name. A name that ends in ``.gz`` is found without that ending as well, if ``content_sha256`` is known.
    urls : tuple of str
        Where it can be downloaded, in order.
    checksum : str
        ``sha256:...`` or ``md5:...`` of the file as it is downloaded; empty if that is not known.
    content_sha256 : str or None
        SHA-256 of the unpacked content, for files that may have been packed anew.
    """

    name: str
    urls: tuple[str, ...]
    checksum: str
    content_sha256: str | None = None

    def fault(self, path: Path) -> str | None:
        """Return what is wrong with the content of a file that should be this one, or None."""
        try:
            raw = path.read_bytes()
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        method, _, wanted = self.checksum.partition(":")
        found = hashlib.new(method, raw).hexdigest() if method else ""
        if method and found == wanted:
            return None
        if self.content_sha256 is None:
            return f"has the {method.upper()} {found}, expected {wanted}"
        try:
            content = gzip.decompress(raw) if path.suffix == ".gz" else raw
        except (OSError, EOFError, zlib.error):
            return "is truncated or damaged: it cannot be unpacked"
        inside = hashlib.sha256(content).hexdigest()
        return None if inside == self.content_sha256 else f"holds SHA-256 {inside}, expected {self.content_sha256}"


def cache_folder(dataset: str) -> Path:
    """Return where downloaded files are kept: below ``STDP_CACHE_DIR``, else in the user's cache."""
    import platformdirs

    chosen = os.environ.get("STDP_CACHE_DIR")
    return Path(chosen or platformdirs.user_cache_dir("stdp_pipeline")) / "datasets" / dataset


def find(
    dataset: str, files: Sequence[RemoteFile], data_dir: str | None, system: Sequence[str] = (), hint: str = ""
) -> dict[str, Path]:
    """Return the path of every file, by name.

    Looked at in this order: ``data_dir``, and nothing else if it is given; the folder that ``STDP_DATA_DIR`` names, or
    one called like the data set in it; known places of the system; the cache; then the files are downloaded into the
    cache, unless ``STDP_OFFLINE`` is set.

    Parameters
    ----------
    dataset : str
    files : sequence of RemoteFile
    data_dir : str or None
        The folder that the user names.
    system : sequence of str
        Folders in which a package of the operating system puts the files.
    hint : str
        What else could be done, for the message.

    Raises
    ------
    DataError
        If ``data_dir`` does not hold the right files, or no place does and they cannot be downloaded; the message lists
        the places.
    """
    if data_dir:
        return _in_named_folder(Path(data_dir), files)
    looked = []
    chosen = os.environ.get("STDP_DATA_DIR")
    for folder in [*([Path(chosen) / dataset, Path(chosen)] if chosen else []), *map(Path, system)]:
        found, reason = _in_folder(folder, files)
        if found:
            return found
        looked.append(f"{folder}: {reason}")
    return {file.name: _in_cache(dataset, file, looked, hint) for file in files}


def _candidates(folder: Path, file: RemoteFile) -> list[Path]:
    names = [file.name] + ([file.name.removesuffix(".gz")] if file.content_sha256 else [])
    return [folder / name for name in dict.fromkeys(names) if (folder / name).is_file()]


def _in_named_folder(folder: Path, files: Sequence[RemoteFile]) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"data folder '{folder}' does not exist; check dataset.data_dir")
    found = {}
    for file in files:
        there = _candidates(folder, file)
        if not there:
            unpacked = f" or '{file.name.removesuffix('.gz')}'" if file.content_sha256 else ""
            raise DataError(f"no '{file.name}'{unpacked} in '{folder}'; check dataset.data_dir")
        if fault := file.fault(there[0]):
            raise DataError(
                f"'{there[0]}' {fault}: it has the wrong checksum. Get the file again, or, if these are your own "
                "images, use dataset.name: idx, npz or images"
            )
        found[file.name] = there[0]
    return found


def _in_folder(folder: Path, files: Sequence[RemoteFile]) -> tuple[dict[str, Path], str]:
    """Return the files, or none and why."""
    found = {}
    for file in files:
        there = _candidates(folder, file)
        if not there:
            return {}, f"no '{file.name}'" if folder.is_dir() else "no such folder"
        if fault := file.fault(there[0]):
            return {}, f"'{there[0].name}' {fault}"
        found[file.name] = there[0]
    return found, ""


def _in_cache(dataset: str, file: RemoteFile, looked: list[str], hint: str) -> Path:
    folder = cache_folder(dataset)
    path = folder / file.name
    reason = f"no '{file.name}'"
    if path.is_file():
        fault = file.fault(path)
        if fault is None:
            return path
        reason = f"'{file.name}' {fault}"
    places = [*looked, f"{folder} (cache): {reason}"]
    failed: list[str] = []
    if os.environ.get("STDP_OFFLINE"):
        failed = ["STDP_OFFLINE is set, so nothing was downloaded"]
    elif not file.urls:
        failed = ["it cannot be downloaded"]
    else:
        try:
            if path.is_file():
                path.unlink()
            _download.fetch(file.urls, path, file.checksum)
            return path
        except _download.FetchError as error:
            failed = list(error.args)
        except OSError as error:
            raise DataError(f"cannot replace '{path}': {error.strerror}") from error
    told = "\n  ".join([*places, *failed])
    raise DataError(
        f"data set '{dataset}': '{file.name}' was not found. Looked at:\n  {told}\nPut the file into a folder and name "
        f"that with dataset.data_dir or STDP_DATA_DIR{f', {hint}' if hint else ''}."
    )
