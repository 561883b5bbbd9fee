"""Optional packages of the analysis: which are missing, and how to install them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

__all__ = ["missing"]


def missing(packages: Iterable[str]) -> str:
    """Return why something is skipped: a sentence, or nothing if all packages are there.

    Parameters
    ----------
    packages : iterable of str
        Names as they are imported.
    """
    absent = [name for name in packages if find_spec(name) is None]
    if not absent:
        return ""
    are = "package is" if len(absent) == 1 else "packages are"
    return f"skipped: the {are} not installed ({', '.join(absent)}); pip install 'stdp_pipeline[analysis]'"
