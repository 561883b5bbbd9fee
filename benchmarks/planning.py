"""How long planning takes: CPU time of `stdp show` and of a dry run of sweeps with so many jobs, without results.

python benchmarks/planning.py [JOBS ...]     default: 300 1000 3000
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SEEDS, JOBS_OF_RUN = 4, 5  # train, respond twice, label, test
SWEEP = """\
title: Many short runs
dataset: {{name: digits, n_train: 500, n_test: 200}}
network: {{n_exc: 25}}
embeddings: []
representation: false
sampled:
  n: {n}
  values:
    plasticity.eta_post: {{low: 0.001, high: 0.1, log: true}}
    network.exc.theta_plus_mv: {{low: 0.01, high: 0.2, log: true}}
seeds: [0, 1, 2, 3]
"""


def cpu_s(n_jobs: int) -> tuple[float, float]:
    """Return the CPU seconds of `stdp show` and of `stdp run -- --dry-run`, with all processes that they start."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.yaml"
        file.write_text(SWEEP.format(n=max(1, round(n_jobs / SEEDS / JOBS_OF_RUN))))
        found = []
        for command in (["show", file], ["run", file, "--", "--dry-run", "--quiet"]):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            at = command.index("--") if "--" in command else len(command)
            command[at:at] = ["--directory", folder]
            done = subprocess.run(
                [sys.executable, "-m", "stdp_pipeline", *map(str, command)],
                env=os.environ,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                sys.exit(done.stderr)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return found[0], found[1]


if __name__ == "__main__":
    print("jobs   stdp show, s   stdp run -- --dry-run, s")
    for n_jobs in [int(arg) for arg in sys.argv[1:]] or [300, 1000, 3000]:
        shown, run = cpu_s(n_jobs)
        print(f"{n_jobs:5d}  {shown:12.1f}   {run:23.1f}")
