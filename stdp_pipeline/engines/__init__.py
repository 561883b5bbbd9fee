"""Engines: run a network on events, one file each.

An engine's module has the two functions of :class:`stdp_pipeline.engines._contract.Engine`: ``train`` and ``respond``.
``reference`` is the specification; every other engine is tested against it.
"""
