"""What devices do to the conductance that they should have, one imperfection per file.

An imperfection's module has

* ``Params``: its parameters, with units and sources;
* ``PHASE``: when in the life of a device it acts, one of :data:`stdp_pipeline.hardware.devices._base.PHASES`;
* ``DRAWN``: how often its random numbers are drawn, "never", "device", "write" or "read";
* by phase, "target", "write", "age" and "fault": ``apply(g_us, params, devices, draws)``, which returns the new
  conductances; "read": ``read_sd_us(g_us, params, devices)``, the standard deviation of one reading, or
  ``seen_us(g_us, v, params)``, current over voltage.

Conductances are arrays (n_planes, n_rows, n_cols) in µS: planes are devices that hold one weight together.
"""
