"""What methods of mapping are called wherever people read of them: one name each.

Apart from the look of figures, which the stage ``encode`` has a part in: a new name must not train networks anew.
"""

from __future__ import annotations

from stdp_pipeline.figures import _style

__all__ = ["method_title"]

_NAMES = {"(no map)": "the features themselves", "force_directed": "ForceAtlas2"}


def method_title(name: str) -> str:
    """Return how a method of mapping is written; ``(no map)``, in tables of measures, stands for none."""
    return _NAMES.get(name) or _style.method_title(name)
