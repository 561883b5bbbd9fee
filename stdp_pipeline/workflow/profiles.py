"""Profiles of Snakemake: how jobs are run, on which machine; they change no result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from stdp_pipeline.config.explain import unknown
from stdp_pipeline.errors import ConfigError

__all__ = ["known", "profile_folder", "with_profiles"]

_FILES = ("config.yaml", "profile.yaml")


def known(root: Path) -> dict[str, Path]:
    """Return the profiles that come with the project, by name."""
    folders = sorted(path.parent for name in _FILES for path in (root / "config" / "profiles").glob(f"*/{name}"))
    return {folder.name: folder for folder in folders}


def profile_folder(name: str, root: Path) -> Path:
    """Return the folder of a profile.

    Parameters
    ----------
    name : str
        Of one that comes with the project, of one that Snakemake knows (``~/.config/snakemake/NAME``), or a path.
    root : Path
        Of the project.

    Raises
    ------
    ConfigError
        If there is none; the message lists those of the project.
    """
    ours = known(root)
    if name in ours:
        return ours[name]
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())
    for folder in (Path(name), home / "snakemake" / name, Path("/etc/xdg/snakemake") / name):
        if name and (folder.is_file() or any((folder / file).is_file() for file in _FILES)):
            return folder.resolve()
    raise ConfigError(f"--profile: {unknown(name, list(ours))} A folder with a config.yaml can be given as well")


def with_profiles(arguments: Sequence[str], root: Path) -> list[str]:
    """Return arguments for Snakemake with paths of profiles instead of their names.

    Raises
    ------
    ConfigError
        See :func:`profile_folder`.
    """
    found: list[str] = []
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if name == "--profile" and separator:
            found.append(f"{name}={profile_folder(value, root)}")
        elif found and found[-1] == "--profile":
            found.append(str(profile_folder(argument, root)))
        else:
            found.append(argument)
    return found
