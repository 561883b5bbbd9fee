"""Explain what is wrong with results that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stdp_pipeline.errors import ResultsError, StdpError

__all__ = ["reading"]


@contextmanager
def reading(*folders: Path) -> Iterator[None]:
    """Turn what goes wrong with the content of results into one sentence that names their folder.

    Parameters
    ----------
    *folders : Path
        Of the results that are read inside.

    Raises
    ------
    ResultsError
        If something is missing, or is not what this version writes.
    """
    try:
        yield
    except StdpError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
        places = ", ".join(f"'{folder}'" for folder in folders)
        which = f"one of {places}" if len(folders) > 1 else places
        raise ResultsError(
            f"{which} holds a result that is damaged or of another version ({type(error).__name__}: {error}); delete "
            "the folder and run again"
        ) from error
