"""Codes: from the intensities of an image to input spikes, one file each.

A code's module has

* ``Params``: its parameters model, a subclass of :class:`stdp_pipeline.encoding._base.EncodingParams`;
* ``rate_hz(params)``: the (256,) mean rate in Hz of each intensity level in a first presentation;
* ``constants(params)``: the numbers its ``draw`` reads, a tuple of floats;
* ``draw(levels, attempt, n_steps, dt_ms, constants, k0, k1, c1, c2, c3, step, source)``: write the spikes of one
  presentation into ``step`` and ``source`` and return their number, or -1 if they do not fit. Plain Python in the
  subset that the fast engine can compile.
"""
