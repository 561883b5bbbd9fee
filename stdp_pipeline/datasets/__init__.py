"""Data sets, one file each.

A data set's module has ``Params``, a subclass of :class:`stdp_pipeline.datasets._base.DatasetParams`, and
``read(params)``, which returns the whole data set as a :class:`stdp_pipeline.datasets._base.Dataset`.
"""
