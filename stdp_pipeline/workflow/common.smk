# The plan of the experiment, and what all rules share.
import gc
import os
import sys
from pathlib import Path

# Thousands of jobs are millions of objects that stay. Python would look through them for garbage again and again, which
# takes a quarter of the time of planning; so it does that less often.
gc.set_threshold(100_000, 50, 100)

from stdp_pipeline.config.digest import code_digest
from stdp_pipeline.workflow import Workflow, costs, plan_from_config
from stdp_pipeline.workflow._captions import caption_of

# Jobs run the interpreter that runs Snakemake, without activating its environment. Snakemake limits the threads of
# BLAS and OpenMP to the rule's; Numba needs to be told as well. The prefix is not part of what Snakemake compares.
shell.prefix(
    f"set -euo pipefail; export PATH={Path(sys.executable).parent}:$PATH NUMBA_NUM_THREADS={os.cpu_count()}; "
)


# One environment for all rules. The image is used only if Snakemake is told to (--software-deployment-method apptainer);
# otherwise the environment that runs Snakemake is.
container: "docker://stdp_pipeline:0.1.0"


PLAN = plan_from_config(config)
JOBS = Workflow(PLAN)

# What workflow.rst tells: a template of Snakemake's own report sees the configuration and nothing else.
config["about"] = JOBS.about()


wildcard_constraints:
    id=r"[A-Za-z0-9._-]+",
