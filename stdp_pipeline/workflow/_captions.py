"""Names and notation of captions in Snakemake's own report."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["FOLDER", "GROUPS", "caption_of", "escaped"]

FOLDER = Path(__file__).with_name("captions")

GROUPS = ("map", "hardware")
"""Beginnings of names of figures that have one caption together."""


def caption_of(file: str) -> str:
    """Return the caption's file of a result, relative to the rules."""
    name = Path(file).stem
    group = next((one for one in GROUPS if name.startswith(f"{one}_")), name)
    return f"{FOLDER.name}/{group}.rst"


def escaped(text: str) -> str:
    """Return text, on one line, in which reStructuredText and Jinja find nothing but text."""
    plain = " ".join(text.split()).replace("{", "(").replace("}", ")")
    return re.sub(r"([\\*`|_])", r"\\\1", plain)
