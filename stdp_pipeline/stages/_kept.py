"""Keep a result beside itself, so that what would be made again just the same need not be.

Snakemake makes a result again if one that it was made from is newer, even if that came out the same as before; and it
deletes the old result first. So each job leaves its files a second time, as hard links in a folder ``.kept``, with what
they were made of. A job that finds there what it was asked for puts it back.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path
from typing import Any

from stdp_pipeline.config.job import OF_EXPERIMENTS
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.io import canonical_json, explained, read_json, write_json

__all__ = ["ANEW", "KEPT", "Kept"]

ANEW = "STDP_ANEW"
"""Environment variable; if it is set, every job does its work, whatever is kept."""

KEPT = ".kept"
_RECORD = "provenance.json"
_LIST = ".files.json"


class Kept:
    """The second place of a job's results.

    Parameters
    ----------
    stage : str
    spec : dict
    code : str
        Digest of the code; nothing is kept of a job whose code is not known.
    inputs : dict of str to Path
        Files by role. What stands beside a result of another stage counts as well: stages read that, too.
    output : Path
    """

    def __init__(self, stage: str, spec: dict[str, Any], code: str, inputs: dict[str, Path], output: Path) -> None:
        self._output, self._folder = output, output / KEPT
        self._key = ""
        # What is of an experiment reads all results of its runs, and is quickly made.
        if code and stage not in OF_EXPERIMENTS:
            content = {role: _content(path) for role, path in inputs.items() if path.is_file()}
            self._key = hashlib.sha256(canonical_json([stage, spec, code, content]).encode()).hexdigest()

    def restored(self) -> bool:
        """Put the results back and return True, if those of the same code, parameters and inputs are kept."""
        if not self._key or os.environ.get(ANEW) or not (self._folder / _LIST).is_file():
            return False
        try:
            listed = read_json(self._folder / _LIST)
            if listed["key"] != self._key:
                return False
            if any(_digest(self._folder / name) != digest for name, digest in listed["files"].items()):
                raise ResultsError("a file is not what it was")
        except (ResultsError, OSError, KeyError) as error:
            logging.getLogger(__name__).warning("what was kept in '%s' is damaged: %s", self._folder, error)
            return False
        # The record last: who finds it finds all.
        for name in sorted(listed["files"], key=lambda name: name == _RECORD):
            target = self._output / name
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                os.link(self._folder / name, target)
                os.utime(target)  # newer than what it was made from, as Snakemake wants it
        return True

    def keep(self) -> None:
        """Link the results to the second place, instead of what is there."""
        if not self._key:
            return
        files = {path for path in self._output.rglob("*") if path.is_file()}
        names = sorted(str(path.relative_to(self._output)) for path in files)
        names = [name for name in names if not any(part.startswith(".") for part in Path(name).parts)]
        part = self._output / f"{KEPT}.part"
        try:
            for old in (part, self._folder):
                shutil.rmtree(old, ignore_errors=True)
            for name in names:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                os.link(self._output / name, part / name)
            digests = {name: _digest(self._output / name) for name in names}
            write_json(part / _LIST, {"key": self._key, "files": digests})
            part.rename(self._folder)
        except (OSError, ResultsError) as error:  # the results are there all the same
            shutil.rmtree(part, ignore_errors=True)
            logging.getLogger(__name__).warning(
                "'%s' is not kept for a change that leaves it as it is: %s", self._output, error
            )


def _content(path: Path) -> dict[str, str]:
    """Return the digests of an input, and of what stands beside it if it is a result."""
    files = [path]
    if (path.parent / _RECORD).is_file():
        files = [p for p in sorted(path.parent.iterdir()) if p.is_file() and not p.name.startswith(".")]
    return {one.name: _digest(one) for one in files if one.name != _RECORD}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
