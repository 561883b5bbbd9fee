"""Make a result again, and say whether it is the same."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stdp_pipeline.archive.records import Record, ancestors
from stdp_pipeline.errors import ResultsError
from stdp_pipeline.provenance import environment

__all__ = ["Verdict", "reproduce"]


@dataclass(frozen=True)
class Verdict:
    """What became of making a result again.

    Attributes
    ----------
    record : Record
    equal, different, missing, new : list of str
        Names of files: with the same bytes, with others, not made this time, not there before.
    changed : dict of str to (before, now)
        Versions and machine, where they are not those of the first time.
    """

    record: Record
    equal: list[str]
    different: list[str]
    missing: list[str]
    new: list[str]
    changed: dict[str, tuple[object, object]]

    @property
    def identical(self) -> bool:
        """Whether every file has the same bytes."""
        return not (self.different or self.missing or self.new)


def reproduce(record: Record, threads: int, with_parents: bool) -> list[Verdict]:
    """Run the job that made a result once more, in a temporary folder, and compare all files byte by byte.

    Records, which hold times, are not compared; nothing else of a result depends on time or machine speed.

    Parameters
    ----------
    record : Record
    threads : int
        Threads that a job may use.
    with_parents : bool
        Whether to make all that it was made from again, too, from the data set on; else the job reads the inputs that
        are there.

    Returns
    -------
    list of Verdict
        Of all jobs that were run, parents first.

    Raises
    ------
    ResultsError
        If an input is gone, or a job fails.
    """
    verdicts: dict[Path, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="stdp_reproduce_") as scratch:
        made = Path(scratch) / "results"
        made.mkdir()
        if not record.inputs:  # a report finds the results of its runs beside it
            for folder in record.root.iterdir():
                if folder.is_dir() and folder.name != record.folder.parent.name:
                    (made / folder.name).symlink_to(folder)
        _again(record, made, threads, with_parents, verdicts)
    return list(verdicts.values())


def _again(record: Record, made: Path, threads: int, with_parents: bool, verdicts: dict[Path, Verdict]) -> Path:
    """Make one result again and return its folder."""
    output = made / record.folder.parent.name / record.folder.name
    if record.folder in verdicts:
        return output
    inputs = dict(record.inputs)
    for role, parent in ancestors(record):
        if isinstance(parent, Path) and not parent.is_file():
            raise ResultsError(f"'{record.folder}' was made from '{parent}', which is gone; run its experiment again")
        if with_parents and isinstance(parent, Record):
            inputs[role] = _again(parent, made, threads, True, verdicts) / inputs[role].name
    spec = made / "spec.json"
    spec.write_text(json.dumps(record.values["spec"]), encoding="utf-8")
    command = [sys.executable, "-m", "stdp_pipeline", record.stage, "--spec", f"@{spec}", "--output", str(output)]
    command += ["--threads", str(threads), *(["--input"] if inputs else [])]
    command += [f"{role}={file}" for role, file in inputs.items()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ResultsError(f"'{record.folder}' could not be made again: {done.stderr.strip().splitlines()[-1]}")
    verdicts[record.folder] = _verdict(record, output)
    return output


def _verdict(record: Record, output: Path) -> Verdict:
    before = {str(path.relative_to(record.folder)): path for path in record.files()}
    again = Record(output.resolve(), record.values)
    now = {str(path.relative_to(again.folder)): path for path in again.files()}
    both = sorted(before.keys() & now.keys())
    equal = [name for name in both if before[name].read_bytes() == now[name].read_bytes()]
    old, new = record.values["environment"], environment()
    changed = {key: (old.get(key), value) for key, value in new.items() if key != "packages" and old.get(key) != value}
    packages = old.get("packages", {})
    changed |= {
        name: (packages.get(name), value) for name, value in new["packages"].items() if packages.get(name) != value
    }
    return Verdict(
        record,
        equal,
        [name for name in both if name not in equal],
        sorted(before.keys() - now.keys()),
        sorted(now.keys() - before.keys()),
        changed,
    )
