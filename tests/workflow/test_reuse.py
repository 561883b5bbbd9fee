"""The workflow inside another one, from another folder, and with a cache that workflows share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTER = f"""
module stdp:
    snakefile: "{ROOT}/Snakefile"
    config: config["stdp"]
    prefix: "sub"


rule ours:
    input:
        "sub/results/experiments/small/report.html",
    output:
        "size.txt",
    shell:
        "wc -c < {{input}} > {{output}}"


use rule * from stdp as stdp_*
"""


def snakemake(folder: Path, *arguments: str, **environment: str) -> str:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_another_workflow_uses_it_as_a_module_with_a_prefix(tmp_path, small):
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "Snakefile").write_text(OUTER)
    # Its own first rule is the default target, not ours.
    snakemake(outer, "--config", f"stdp={{experiment: {small}}}")
    report = outer / "sub" / "results" / "experiments" / "small" / "report.html"
    assert int((outer / "size.txt").read_text()) == report.stat().st_size
    # Everything is below the prefix, side folders included.
    assert {path.name for path in outer.iterdir()} == {"Snakefile", ".snakemake", "sub", "size.txt"}
    assert {path.name for path in (outer / "sub").iterdir()} == {"results"}
    (record,) = (outer / "sub" / "results" / "train").glob("*/provenance.json")
    assert json.loads(record.read_text())["stage"] == "train"
    assert "Nothing to be done" in snakemake(outer, "--config", f"stdp={{experiment: {small}}}")


def test_workflows_in_other_folders_share_prepared_and_encoded_data(tmp_path, small):
    cache = tmp_path / "cache"
    cache.mkdir()
    # The Snakefile is not in the folder that Snakemake is called from.
    call = ("--snakefile", str(ROOT / "Snakefile"), "--config", f"experiment={small}", "--until", "encode")
    shared = ("--cache", "prepare", "encode")
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    snakemake(first, *call, *shared, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    kept = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert len(kept) == 2 + 4  # the files of both
    said = snakemake(second, *call, *shared, SNAKEMAKE_OUTPUT_CACHE=str(cache))
    assert "encode: done" not in said
    assert "prepare: done" not in said
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == kept
    results = sorted(p.relative_to(first) for p in first.glob("results/[ep]*/*/[!.]*"))
    assert len(results) == len(kept)
    assert all((folder / path).resolve().parent == cache for path in results for folder in (first, second))
    # What made a result can still be asked for, in the folder where it is asked.
    (levels,) = second.glob("results/encode/*/levels.npz")
    asked = subprocess.run(
        [sys.executable, "-m", "stdp_pipeline", "provenance", str(levels)],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert levels.parent.name in asked.stdout
    assert "not found" not in asked.stdout
    # Without --cache nothing is shared, and other parameters make other data.
    snakemake(other, *call)
    assert not any(path.is_symlink() for path in other.glob("results/*/*/*"))
    assert set(cache.iterdir()) == set(kept)
