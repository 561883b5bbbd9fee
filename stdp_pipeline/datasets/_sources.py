"""Find the files of a data set: where the user says, in known places of the system, in the cache, or download them."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from stdp_pipeline.datasets import _download
from stdp_pipeline.errors import DataError

__all__ = ["RemoteFile", "cache_folder", "find"]

_CHECKSUM = re.compile(r"sha256:[0-9a-fA-F]{64}|md5:[0-9a-fA-F]{32}")


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
        ``sha256:...`` or ``md5:...`` of the file as it is downloaded; empty if there are no ``urls`` and
        ``content_sha256`` is known.
    content_sha256 : str or None
        SHA-256 of the unpacked content, for files that may have been packed anew.

    Raises
    ------
    ValueError
        If there is no checksum to know the file by.
    """

    name: str
    urls: tuple[str, ...]
    checksum: str
    content_sha256: str | None = None

    def __post_init__(self) -> None:
        known_by_content = not self.checksum and not self.urls and self.content_sha256
        if not known_by_content and not _CHECKSUM.fullmatch(self.checksum):
            raise ValueError(f"checksum of '{self.name}' must be sha256:HEX or md5:HEX, got '{self.checksum}'")

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which it may lie in a folder."""
        plain = self.name.removesuffix(".gz")
        return (self.name, plain) if self.content_sha256 and plain != self.name else (self.name,)

    def fault(self, path: Path) -> str | None:
        """Return what is wrong with the content of a file that should be this one, or None."""
        method, _, wanted = self.checksum.partition(":")
        faults = []
        try:
            if method:
                with path.open("rb") as file:
                    found = _digest(file, method)
                if found == wanted.lower():
                    return None
                faults.append(f"has the {method.upper()} {found}, expected {wanted}")
            if self.content_sha256:
                with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as content:
                    inside = _digest(content, "sha256")
                if inside == self.content_sha256.lower():
                    return None
                faults = [f"holds the content of SHA256 {inside}, expected {self.content_sha256}"]
        except (EOFError, zlib.error, gzip.BadGzipFile):
            faults.append("cannot be unpacked, being truncated or damaged")
        except OSError as error:
            faults.append(f"cannot be read: {error.strerror}")
        return " and ".join(faults)


def cache_folder(dataset: str) -> Path:
    """Return where downloaded files are kept: below ``STDP_CACHE_DIR``, else in the user's cache."""
    import platformdirs

    chosen = os.environ.get("STDP_CACHE_DIR")
    return Path(chosen or platformdirs.user_cache_dir("stdp_pipeline")) / "datasets" / dataset


def find(
    dataset: str,
    files: Sequence[RemoteFile],
    data_dir: str | None,
    system: Sequence[str] = (),
    check: bool = True,
    hint: str = "",
) -> dict[str, Path]:
    """Return the path of every file, by name.

    Looked at in this order:

    1. ``data_dir``, and nothing else if it is given; else ``$STDP_DATA_DIR/DATASET``, and nothing else if there is
       such a folder; else ``$STDP_DATA_DIR``, and nothing else if it holds the first file with the right content (files
       of several data sets have the same names);
    2. known places of the system, each if it holds all files;
    3. the cache, where a damaged file is replaced;
    4. the mirrors, from which files are downloaded into the cache, unless ``STDP_OFFLINE`` is set.

    Parameters
    ----------
    dataset : str
    files : sequence of RemoteFile
    data_dir : str or None
        The folder that the user names.
    system : sequence of str
        Folders in which a package of the operating system puts the files.
    check : bool, default True
        Whether files in folders must be the original ones, not just be there; what is downloaded always must.
    hint : str
        What else could be done, for the message.

    Raises
    ------
    DataError
        If the folder that the user names does not hold the right files, or no place does and they cannot be downloaded;
        the message lists the places.
    """
    if data_dir:
        return _in_named_folder(Path(data_dir), "dataset.data_dir", files, check)
    looked = []
    if chosen := os.environ.get("STDP_DATA_DIR"):
        own, shared = Path(chosen) / dataset, Path(chosen)
        if os.path.isdir(own):
            return _in_named_folder(own, "STDP_DATA_DIR", files, check)
        first, reason = _local(shared, files[0], check)
        if first:
            return _in_named_folder(shared, "STDP_DATA_DIR", files, check)
        looked += [f"{own} (STDP_DATA_DIR): no such folder", f"{shared} (STDP_DATA_DIR): {reason}"]
    for folder in map(Path, system):
        there = {file.name: _local(folder, file, check) for file in files}
        found = {name: path for name, (path, _) in there.items() if path}
        if len(found) == len(files):
            return found
        reason = next(reason for path, reason in there.values() if not path)
        if os.path.isdir(folder):
            logging.getLogger(__name__).warning("'%s' is passed over: %s", folder, reason)
        looked.append(f"{folder}: {reason}")
    return {file.name: _in_cache(dataset, file, looked, hint) for file in files}


def _digest(file: IO[bytes] | gzip.GzipFile, method: str) -> str:
    # Not for security: where MD5 is forbidden for that, it may still tell one file from another.
    return hashlib.file_digest(file, partial(hashlib.new, method, usedforsecurity=False)).hexdigest()  # type: ignore[arg-type]


def _candidates(folder: Path, file: RemoteFile) -> list[Path]:
    # Not Path.is_file or Path.is_dir, here and elsewhere: they raise where one may not look, or if a name is too long.
    return [folder / name for name in file.names if os.path.isfile(folder / name)]


def _local(folder: Path, file: RemoteFile, check: bool) -> tuple[Path | None, str]:
    """Return where a file lies in a folder, or None and why not."""
    if not os.path.isdir(folder):
        return None, "no such folder"
    there = _candidates(folder, file)
    if not there:
        return None, "no " + " or ".join(f"'{name}'" for name in file.names)
    faults = []
    for path in there:
        fault = file.fault(path) if check else None
        if fault is None:
            return path, ""
        faults.append(f"'{path.name}' {fault}")
    return None, "; ".join(faults)


def _in_named_folder(folder: Path, named_by: str, files: Sequence[RemoteFile], check: bool) -> dict[str, Path]:
    if not os.path.isdir(folder):
        raise DataError(f"data folder '{folder}' does not exist; check {named_by}")
    found = {}
    for file in files:
        path, reason = _local(folder, file, check)
        if path is None and not _candidates(folder, file):
            raise DataError(f"{reason} in '{folder}'; check {named_by}")
        if path is None:
            raise DataError(
                f"wrong checksum in '{folder}' ({named_by}): {reason}. Get the file again, or, if these are your own "
                "images, use dataset.name: idx, npz or images"
            )
        found[file.name] = path
    return found


def _in_cache(dataset: str, file: RemoteFile, looked: list[str], hint: str) -> Path:
    folder = cache_folder(dataset)
    cached, reason = _local(folder, file, check=True)
    if cached:
        return cached
    if os.environ.get("STDP_OFFLINE", "0") not in ("", "0"):
        failed = ["STDP_OFFLINE is set, so nothing was downloaded"]
    elif not file.urls:
        failed = ["it cannot be downloaded"]
    else:
        try:
            _download.fetch(file.urls, folder / file.name, file.checksum)
            return folder / file.name
        except _download.FetchError as error:
            failed = list(error.args)
    told = "\n  ".join([*looked, f"{folder} (cache): {reason}", *failed])
    raise DataError(
        f"data set '{dataset}': '{file.name}' was not found. Looked at:\n  {told}\nPut the file into a folder and name "
        f"that with dataset.data_dir or STDP_DATA_DIR{f', {hint}' if hint else ''}."
    )
