# Targets and includes; the rules are in stdp_pipeline/workflow.
#
#   stdp run quickstart                                            the usual way
#   snakemake --profile config/profiles/local                      the same, by hand
#   snakemake --profile config/profiles/local --config experiment=NAME
#   stdp run NAME -- gallery                                       figures for print to docs/gallery
from snakemake.utils import min_version

min_version("9.10")


report: "stdp_pipeline/workflow/workflow.rst"


include: "stdp_pipeline/workflow/common.smk"
include: "stdp_pipeline/workflow/inputs.smk"
include: "stdp_pipeline/workflow/network.smk"
include: "stdp_pipeline/workflow/readout.smk"
include: "stdp_pipeline/workflow/hardware.smk"
include: "stdp_pipeline/workflow/analysis.smk"


# The first rule of this file, so the default target; workflows that use this one as a module have their own.
rule all:
    input:
        rules.experiment.output,
        rules.illustrate.output,
