"""What identifies the user's own files: their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from stdp_pipeline.errors import DataError

__all__ = ["digest_of"]


def digest_of(files: Iterable[Path], below: Path) -> str:
    """Return a digest of some files' places below a folder and of their content, 16 hexadecimal digits.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    total = hashlib.sha256()
    for path in sorted(files):
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"cannot read '{path}': {error.strerror}") from error
        total.update(f"{path.relative_to(below).as_posix()} {content}\n".encode())
    return total.hexdigest()[:16]
