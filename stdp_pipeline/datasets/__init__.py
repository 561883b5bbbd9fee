"""Data sets, one file each.

A data set's module has

* ``Params``: a subclass of :class:`stdp_pipeline.datasets._base.DatasetParams`;
* ``read(params)``: the whole data set as a :class:`stdp_pipeline.datasets._base.Dataset`; what is common to all (choice
  of images, options of images) is applied by :func:`stdp_pipeline.datasets._read.read`;
* ``fingerprint(params)``: what identifies the content where the parameters do not: digests of the user's own files by
  role, or nothing where every file has a fixed checksum.
"""
