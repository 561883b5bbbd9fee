"""The steps of the chain, from files to files; the only code that knows paths.

Each stage is a module with ``run(job)``, where ``job`` is a :class:`stdp_pipeline.stages._job.StageJob`. Results go to
the job's folder; the last file written is ``provenance.json``.
"""
