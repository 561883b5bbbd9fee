"""Write ``config/default.yaml`` and ``config/schema.json`` from the models.

Call it with ``python -m stdp_pipeline.config.generate``; a test checks that the two files are up to date.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from stdp_pipeline.config.schema import experiment_model
from stdp_pipeline.io import write_text

__all__ = ["default_yaml", "json_schema"]

_HEAD = """\
# yaml-language-server: $schema=schema.json
# All parameters with their default values. Generated: do not edit; an experiment's file states only what differs.
# "code" is the released code of Diehl & Cook (2015), "paper" is doi:10.3389/fncom.2015.00099.

"""


def default_yaml() -> str:
    """Return the default configuration as YAML, each parameter with its description."""
    return _HEAD + "\n".join(_section(experiment_model()(), 0)) + "\n"


def _section(model: BaseModel, depth: int) -> list[str]:
    indent = "  " * depth
    lines = []
    for name, field in sorted(type(model).model_fields.items(), key=lambda item: item[0] != "name"):
        value = getattr(model, name)
        text = " ".join((field.description or "").split())
        if text:
            lines += [f"{indent}# {line}" for line in _wrapped(text, 112 - len(indent))]
        if isinstance(value, BaseModel):
            lines += [f"{indent}{name}:", *_section(value, depth + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            lines.append(f"{indent}{name}:")
            for item in value:
                inner = _section(item, depth + 2)
                first = next(i for i, line in enumerate(inner) if not line.lstrip().startswith("#"))
                lines += inner[:first]
                lines.append(f"{indent}  - {inner[first].strip()}")
                lines += inner[first + 1 :]
        else:
            lines.append(f"{indent}{name}: {_plain(value)}")
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)


def _plain(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    return text.removesuffix("\n...").strip()


def json_schema() -> str:
    """Return the JSON schema of an experiment's file, for editors."""
    return json.dumps(experiment_model().model_json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(__file__).resolve().parents[2] / "config"
    write_text(folder / "default.yaml", default_yaml())
    write_text(folder / "schema.json", json_schema())
