"""Docstrings as Markdown: roles, formulas and references of reStructuredText, which the site does not know."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["PlainDocstrings"]

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")
MATH = re.compile(r"^\.\. math::[ ]*(.*\n(?:(?:[ ]+.*)?\n)*(?:[ ]+.*)?)", re.MULTILINE)
REFERENCES = re.compile(r"^(References)\n-+\n", re.MULTILINE)
REFERENCE = re.compile(r"^\.\. \[(\d+)\] (.*(?:\n[ ]+.*)*)", re.MULTILINE)
CITED = re.compile(r"\[(\d+)\]_")


class PlainDocstrings(griffe.Extension):
    """Rewrites every docstring of a package once it is read."""

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **kwargs: Any) -> None:
        """Rewrite the docstrings of a package and all that is in it."""
        left: list[Any] = [pkg]
        while left:
            one = left.pop()
            if one.docstring is not None:
                one.docstring.value = as_markdown(one.docstring.value)
            left += [member for member in one.members.values() if not member.is_alias]


def as_markdown(text: str) -> str:
    """Return a docstring without what Markdown does not know."""
    text = ROLE.sub(r"`\1`", text)
    text = MATH.sub(lambda match: f"$$\n{formula(match[1])}\n$$\n\n", text)
    text = REFERENCES.sub(r"**\1**\n\n", text)
    text = REFERENCE.sub(lambda match: f"* [{match[1]}] {' '.join(match[2].split())}", text)
    return CITED.sub(r"[\1]", text)


def formula(text: str) -> str:
    """Return the TeX of one formula; with marks of alignment, as lines below each other."""
    text = " ".join(text.split())
    return rf"\begin{{split}}{text}\end{{split}}" if "&" in text or r"\\" in text else text
