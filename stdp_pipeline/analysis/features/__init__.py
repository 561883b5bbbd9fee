"""What is laid out in maps and compared: features of images or of neurons, one kind per file.

A module has ``Params``, ``ROWS`` ("images" or "neurons"), ``NEEDS`` (which parts of a :class:`Source` it reads) and
``features(params, source)``, which returns (n_rows, d) float32. Rows of NaN have no place on a map.
"""
