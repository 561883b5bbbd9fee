"""Codes: from the intensities of an image to input spikes, one file each.

A code's module has

* ``Params``: its parameters model, a subclass of :class:`stdp_pipeline.encoding._base.EncodingParams`;
* ``to_levels(images, params)``: an intensity level for each input channel, (n, *shape) uint8; most take the one of
  :mod:`stdp_pipeline.encoding._base`, which leaves images as they are;
* ``rate_hz(params, n_steps, dt_ms)``: the (256,) mean rate in Hz of each level in a first presentation;
* ``constants(params)``: the numbers its ``draw`` reads, a tuple of floats;
* ``draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source)``: write the spikes of one
  presentation into ``step`` and ``source``, ordered by source and within it by step, none twice, and return their
  number, or -1 if they do not fit. Plain Python in the subset that the fast engine can compile.

``recorded`` has no ``draw``: its spikes are in the data set.

All but the Poisson code describe their spikes by the intensity x = level / 255 of a channel. A level of 0 is silent in
every code.
"""
