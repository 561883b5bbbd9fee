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
import re
import socket
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
PROGRESS_S = 10.0
"""Time between two lines of progress in a log, seconds."""

_BLOCK = 2**14  # what a broken connection loses, at most
_LATER = {408, 425, 429}  # the 4xx answers that mean "ask again": request timeout, too early, too many requests

_log = logging.getLogger(__name__)


class FetchError(Exception):
    """No mirror gave the file; the arguments are what went wrong with each."""


class _RefusedError(Exception):
    """A try that is not worth repeating."""


class _BrokenError(Exception):
    """A try that is."""


def fetch(urls: Sequence[str], path: Path, checksum: str) -> None:
    """Download a file, or leave it as it is if it is there with the right checksum.

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

    pooch.get_logger().setLevel(logging.WARNING)  # we say ourselves what is downloaded
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Pooch takes a leading "~" for the home folder, where we would not look: a whole path leaves it no choice.
        folder = path.parent.resolve()
        with _alone(path):
            if path.is_file() and not _is_right(path, checksum):
                path.unlink()
            reasons = []
            download = _downloader(path.with_name(f"{path.name}.part"), checksum)
            for url in urls:
                try:
                    pooch.retrieve(url, checksum, path.name, folder, downloader=download)
                    return
                except (_RefusedError, _BrokenError) as error:
                    reasons.append(f"{url}: {error}")
                except ValueError as error:  # how pooch says which checksum it found, and which it expected
                    reasons.append(f"{url}: wrong checksum: {str(error).split('. Deleted')[0]}")
                _log.warning("%s", reasons[-1])
            raise FetchError(*reasons)
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise DataError(
            f"cannot store '{path.name}' in '{path.parent}': {what}; free some space, or set STDP_CACHE_DIR to "
            "a folder that can be written to"
        ) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time fetch a file.

    A lock rather than a part of each one's own: the second process then waits and finds the file, instead of
    downloading it as well, and a part that a killed process left can be taken up by any other. The lock ends with the
    process that holds it, however that ends. Its file stays: if it were removed, a process that waits for it and one
    that makes a new one would both go ahead.
    """
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("waiting for another process that is downloading '%s'", path)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_right(path: Path, checksum: str) -> bool:
    from pooch import file_hash

    method, _, wanted = checksum.partition(":")
    return file_hash(str(path), method) == wanted.lower()


def _downloader(part: Path, checksum: str) -> Callable[[str, str, Any], None]:
    """Return pooch's downloader: it brings the content of ``url`` into the file ``output``, by way of the part."""

    def download(url: str, output: str, _: Any) -> None:
        # A part may be whole: its process was killed before it could be moved.
        if not (part.is_file() and _is_right(part, checksum)):
            resumed = _with_retries(url, part)
            if resumed and not _is_right(part, checksum):
                # What lay there was of another file or damaged, or the file has changed: once more, from the start.
                _log.info("what was there of '%s' did not fit; downloading it from the start", part.stem)
                part.unlink()
                _with_retries(url, part)
        os.replace(part, output)

    return download


def _with_retries(url: str, part: Path) -> bool:
    """Complete a part; return whether bytes that were there before the last request were kept."""
    tried = 0
    while True:
        try:
            return _more(url, part)
        except _BrokenError as error:
            tried += 1
            if tried >= TRIES:
                raise
            wait_s = WAIT_S * 2 ** (tried - 1)
            _log.info("%s: %s; trying again in %g s", url, error, wait_s)
            time.sleep(wait_s)


def _more(url: str, part: Path) -> bool:
    """Append what is missing of ``url`` to a part; return whether anything that was there was kept."""
    import requests

    there = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
    try:
        with requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers=headers) as answer:
            code = answer.status_code
            if code == 416:  # more is there than the server has
                part.unlink()
                raise _BrokenError("what was there did not fit (416)")
            if code >= 500 or code in _LATER:
                raise _BrokenError(f"the server answers {code} {answer.reason}")
            if code not in (200, 206):
                raise _RefusedError(f"the server answers {code} {answer.reason}")
            start = there if code == 206 else 0  # a server that ignores ranges sends all, with 200
            total = _total(answer, start)
            if total is None and code == 206:
                part.unlink(missing_ok=True)
                raise _BrokenError("the server sent another range than it was asked for")
            size = "" if total is None else f" ({total / 1e6:.1f} MB)"
            _log.info("downloading %s%s%s", url, size, f" from byte {start}" if start else "")
            _save(answer, part, start, total)
    except requests.exceptions.ConnectTimeout:
        raise _BrokenError(f"timed out: no connection within {CONNECT_S:g} s") from None
    except requests.exceptions.Timeout:
        raise _BrokenError(f"timed out: no answer within {READ_S:g} s") from None
    except requests.exceptions.ConnectionError as error:
        raise _BrokenError(f"no connection ({_cause(error)})") from None
    except requests.exceptions.RequestException as error:
        raise _RefusedError(str(error)) from None
    return start > 0


def _total(answer: Any, start: int) -> int | None:
    """Return the size of the whole file; None if it is not told, or if a range does not begin at ``start``."""
    if answer.status_code == 200:
        length = answer.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None
    given = re.match(r"bytes (\d+)-(\d+)/(\d*)", answer.headers.get("Content-Range", ""))
    if given is None or int(given[1]) != start:
        return None
    return int(given[3] or int(given[2]) + 1)


def _save(answer: Any, part: Path, start: int, total: int | None) -> None:
    from tqdm import tqdm
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    on_terminal = sys.stderr.isatty()
    of = f" of {total}" if total is not None else ""
    size, due = start, time.monotonic() + PROGRESS_S
    with (
        part.open("ab" if start else "wb") as file,
        tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem, disable=not on_terminal) as bar,
    ):
        try:
            # The bytes as they are sent: some servers call a .gz file "x-gzip" encoded, and requests would unpack it.
            for block in answer.raw.stream(_BLOCK, decode_content=False):
                file.write(block)
                size += len(block)
                bar.update(len(block))
                if not on_terminal and time.monotonic() >= due:
                    _log.info("%s: %d%s bytes", part.stem, size, of)
                    due = time.monotonic() + PROGRESS_S
        except ReadTimeoutError:
            raise _BrokenError(f"timed out: no more bytes for {READ_S:g} s, at {size}{of} bytes") from None
        except HTTPError as error:
            if "IncompleteRead" not in str(error):
                raise _BrokenError(f"the connection broke at {size}{of} bytes ({_cause(error)})") from None
            raise _BrokenError(f"truncated: the connection ended at {size}{of} bytes") from None
    if total is not None and size != total:  # older versions of urllib3 do not tell; or one range was not all
        raise _BrokenError(f"truncated: the connection ended at {size} of {total} bytes")


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a failed connection, without addresses of objects."""
    seen: list[BaseException] = []
    reason: BaseException | None = error
    while reason is not None and reason not in seen:
        seen.append(reason)
        inner = (getattr(reason, "reason", None), *reason.args, reason.__cause__, reason.__context__)
        reason = next((other for other in inner if isinstance(other, BaseException)), None)
    last = seen[-1]
    said = (last.strerror if isinstance(last, OSError) else None) or str(last) or type(last).__name__
    said = said[:1].lower() + said[1:]
    return f"name resolution failed: {said}" if isinstance(last, socket.gaierror) else said
