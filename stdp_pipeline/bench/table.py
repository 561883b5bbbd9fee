"""What was measured, as text."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["text"]


def text(rows: list[dict[str, Any]]) -> str:
    """Lay out what was measured, milliseconds per image."""
    columns = {
        "engine": lambda r: r["engine"],
        "rule": lambda r: r["rule"],
        "delays": lambda r: r["delays"],
        "neurons": lambda r: str(r["n_exc"]),
        "ms/image": lambda r: f"{1e3 * r['cpu_s_median']:.3f}",
        "min": lambda r: f"{1e3 * r['cpu_s_min']:.3f}",
        "max": lambda r: f"{1e3 * r['cpu_s_max']:.3f}",
        "presentations": lambda r: f"{r['presentations_per_image']:.3f}",
    }
    notes = [f"CPU time per image, {rows[0]['cpu']}, {rows[0]['date']}; median, min, max; compilation not counted"]
    if rows[0].get("threads", 1) > 1:
        columns["wall ms"] = lambda r: f"{1e3 * r['wall_s_median']:.3f}"
        notes.append(f"{rows[0]['threads']} threads; wall: time on the clock")
    if "limit_s" in rows[0]:
        columns |= {
            "rows ms": lambda r: f"{1e3 * r['rows_s']:.3f}",
            "states ms": lambda r: f"{1e3 * r['states_s']:.3f}",
            "x limit": lambda r: f"{r['ratio']:.2f}",
        }
        notes.append("limit: the bare loops over rows of weights and over states, for one presentation")
    if "peer" in rows[0]:
        columns |= {
            "peer ms": lambda r: f"{1e3 * float(np.median(r['peer']['cpu_s_per_image'])):.1f}",
            "times faster": lambda r: f"{r['ratio']:.1f}",
        }
        notes.append(f"peer: {rows[0]['peer']['name']}; one presentation per image in both")
    cells = [list(columns)] + [[show(row) for show in columns.values()] for row in rows]
    widths = [max(len(line[c]) for line in cells) for c in range(len(columns))]
    lines = ["  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(lines + notes)
