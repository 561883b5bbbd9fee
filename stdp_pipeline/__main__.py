"""Run the command line with ``python -m stdp_pipeline``."""

import sys

from stdp_pipeline.cli import main

sys.exit(main())
