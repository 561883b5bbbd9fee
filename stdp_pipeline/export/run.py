"""Choose what to export and as what, and write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stdp_pipeline.config.plan import Plan, Run
from stdp_pipeline.errors import ConfigError, ResultsError
from stdp_pipeline.export import aer, nix
from stdp_pipeline.export.spikes import spikes_of

__all__ = ["FORMATS", "SPLITS", "export"]

FORMATS = ("store", *aer.FOLDERS, "nix")
SPLITS = ("train", "test", "both")
_ENDINGS = {".h5": "store", ".hdf5": "store", ".nix": "nix"}
_NIX_IMAGES = 1000
"""Images of each split that go into a NIX file if nothing else is said: they are all held in memory."""


def export(
    planned: Plan,
    output: Path,
    kind: str | None = None,
    split: str = "both",
    n_images: int | None = None,
    pass_index: int | None = None,
    run_number: int = 1,
) -> dict[str, Any]:
    """Write the input spikes of one run of an experiment.

    Parameters
    ----------
    planned : Plan
    output : Path
        A file that ends in ``.h5`` or ``.nix``, or a folder, which must not exist.
    kind : str, optional
        One of :data:`FORMATS`; without it, the ending decides.
    split : {"train", "test", "both"}
    n_images : int, optional
        Only the first so many images of each split.
    pass_index : int, optional
        See :func:`stdp_pipeline.export.spikes.spikes_of`.
    run_number : int
        The run, counted from 1 as in the report.

    Returns
    -------
    dict
        ``run``, ``kind``, ``presentations`` and ``spikes``.

    Raises
    ------
    ConfigError
        If an argument is wrong, or a package is missing.
    ResultsError
        If the output exists or cannot be written.
    """
    kind = _kind(output, kind)
    one = _run(planned, run_number)
    if n_images is not None and n_images < 1:
        raise ConfigError(f"--images must be at least 1, got {n_images}")
    if output.exists():
        raise ResultsError(f"'{output}' exists; choose another --output or delete it")
    if kind == "nix" and n_images is None:
        n_images = _NIX_IMAGES
    splits = ("train", "test") if split == "both" else (split,)
    spikes = spikes_of(one, splits, n_images, pass_index)
    from stdp_pipeline.stages._monitor import ProgressReport

    report = ProgressReport(spikes.n_presentations, 0, output.name)
    if kind == "store":
        n_spikes = aer.write_store(output, spikes, report.update)
    elif kind == "nix":
        n_spikes = nix.write(output, spikes, report.update)
    else:
        n_spikes = aer.write_folder(output, kind, spikes, report.update)
    report.close()
    return {"run": one, "kind": kind, "presentations": spikes.n_presentations, "spikes": n_spikes}


def _kind(output: Path, kind: str | None) -> str:
    by_ending = _ENDINGS.get(output.suffix.lower())
    if kind is None and by_ending is None:
        raise ConfigError(
            f"--output must end in .h5 (AER store) or .nix (Neo), or --format must be one of {', '.join(aer.FOLDERS)} "
            f"for a folder of files, got '{output}'"
        )
    if kind is not None and (kind in aer.FOLDERS) != (by_ending is None):
        wanted = "a folder" if kind in aer.FOLDERS else f"a file ending in {'.nix' if kind == 'nix' else '.h5'}"
        raise ConfigError(f"--format {kind} writes {wanted}, got --output '{output}'")
    if kind is not None and by_ending not in (None, kind):
        raise ConfigError(f"--format {kind} does not fit the ending of --output '{output}'")
    return kind or str(by_ending)


def _run(planned: Plan, number: int) -> Run:
    if not 1 <= number <= len(planned.runs):
        raise ConfigError(
            f"--run must be 1 to {len(planned.runs)}, the runs of '{planned.name}' in the order of its report, got "
            f"{number}"
        )
    return planned.runs[number - 1]
