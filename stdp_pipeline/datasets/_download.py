"""Download one file: from several mirrors, with resume, retries and a checksum.

Pooch checks and puts the file in its place; how the bytes come is ours, since pooch's own downloaders start from
nothing each time. What has arrived is kept in ``FILE.part`` beside the file, and the next try asks the server for the
rest.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stdp_pipeline.errors import DataError

__all__ = ["FetchError", "fetch"]

CONNECT_S, READ_S = 10.0, 30.0
"""How long a server may take to answer, and to send the next bytes, seconds."""
TRIES = 3
"""Tries with each mirror."""
WAIT_S = 1.0
"""Wait before the second try, seconds; twice as long before the next one."""

_BLOCK = 2**14  # what a broken connection loses, at most


class FetchError(Exception):
    """No mirror gave the file; the arguments are what went wrong with each."""


class _RefusedError(Exception):
    """A try that is not worth repeating."""


class _BrokenError(Exception):
    """A try that is."""


def fetch(urls: Sequence[str], path: Path, checksum: str) -> None:
    """Download a file.

    Parameters
    ----------
    urls : sequence of str
        Mirrors, tried in order.
    path : Path
        Where the file goes; it appears there whole and with the right checksum, or not at all.
    checksum : str
        ``sha256:...`` or ``md5:...``.

    Raises
    ------
    FetchError
        If no mirror gave the file.
    DataError
        If it cannot be written.
    """
    import pooch

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if path.is_file():  # another process was quicker
                return
            reasons = []
            download = _downloader(path.with_name(f"{path.name}.part"), checksum)
            pooch.get_logger().setLevel(logging.WARNING)  # we say ourselves what is downloaded
            for url in urls:
                try:
                    pooch.retrieve(url, checksum, path.name, path.parent, downloader=download)
                    return
                except (_RefusedError, _BrokenError) as error:
                    reasons.append(f"{url}: {error}")
                except ValueError:  # pooch's word for another checksum
                    reasons.append(f"{url}: the file has another checksum than {checksum}")
            raise FetchError(*reasons)
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise DataError(
            f"cannot store '{path.name}' in '{path.parent}': {what}; free some space, or set STDP_CACHE_DIR to "
            "a folder that can be written to"
        ) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time fetch a file: two would write into the same part."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _downloader(part: Path, checksum: str) -> Callable[[str, str, Any], None]:
    """Return pooch's downloader: it brings the content of ``url`` into the file ``output``, by way of the part."""
    from pooch import file_hash

    method, _, wanted = checksum.partition(":")

    def download(url: str, output: str, _: Any) -> None:
        resumed = part.exists()
        _with_retries(url, part)
        if resumed and file_hash(str(part), method) != wanted:
            # What lay there was of another file, or damaged: once more, from the start.
            part.unlink()
            _with_retries(url, part)
        os.replace(part, output)

    return download


def _with_retries(url: str, part: Path) -> None:
    for k in range(TRIES):
        try:
            return _more(url, part)
        except _BrokenError:
            if k + 1 == TRIES:
                raise
            time.sleep(WAIT_S * 2**k)


def _more(url: str, part: Path) -> None:
    """Append what is missing of ``url`` to a part."""
    import requests

    there = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={there}-", "Accept-Encoding": "identity"} if there else {"Accept-Encoding": "identity"}
    log = logging.getLogger(__name__)
    try:
        with requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers=headers) as answer:
            if answer.status_code == 416:  # more is there than the server has
                part.unlink()
                raise _BrokenError("the part that was there did not fit")
            if answer.status_code >= 500:
                raise _BrokenError(f"the server answers {answer.status_code}")
            if answer.status_code >= 400:
                raise _RefusedError(f"the server answers {answer.status_code}")
            appended = answer.status_code == 206
            start = there if appended else 0
            length = answer.headers.get("Content-Length")
            total = start + int(length) if length is not None else None
            log.info("downloading %s%s", url, f" from byte {start}" if start else "")
            _save(answer, part, "ab" if appended else "wb", start, total)
    except requests.exceptions.Timeout:
        raise _BrokenError(f"no answer within {CONNECT_S:g} s, or no more bytes for {READ_S:g} s") from None
    except requests.exceptions.ConnectionError as error:
        raise _BrokenError(f"no connection ({_cause(error)})") from None
    except requests.exceptions.RequestException as error:
        raise _RefusedError(str(error)) from None
    size = part.stat().st_size
    if total is not None and size != total:
        raise _BrokenError(f"the connection ended at {size} of {total} bytes")


def _save(answer: Any, part: Path, mode: str, start: int, total: int | None) -> None:
    import requests
    from tqdm import tqdm

    quiet = not sys.stderr.isatty()
    with (
        part.open(mode) as file,
        tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem, disable=quiet) as bar,
    ):
        try:
            for block in answer.iter_content(_BLOCK):
                file.write(block)
                bar.update(len(block))
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
            if "timed out" in str(error).lower():
                raise _BrokenError(f"no more bytes for {READ_S:g} s, at {file.tell()} bytes") from None
            of = f" of {total}" if total is not None else ""
            raise _BrokenError(f"the connection ended at {file.tell()}{of} bytes") from None


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a failed connection, without addresses of objects."""
    text = str(error)
    for known in ("Name or service not known", "Temporary failure in name resolution", "Connection refused"):
        if known in text:
            return known.lower()
    return text.split(": ", 1)[-1]
