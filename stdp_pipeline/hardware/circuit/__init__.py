"""The array of devices as an electric circuit: what its wires, drivers and neighbours make of the current of a device.

* :mod:`~stdp_pipeline.hardware.circuit.params`: resistances, size of a tile;
* :mod:`~stdp_pipeline.hardware.circuit.nodal`: the exact solution of any such circuit, one sparse factorisation;
* :mod:`~stdp_pipeline.hardware.circuit.newton`: the same for devices whose current is not proportional to the voltage;
* :mod:`~stdp_pipeline.hardware.circuit.effective`: the matrix that a linear array multiplies by, after which every read
  is an ordinary product, in tiles;
* :mod:`~stdp_pipeline.hardware.circuit.bias`: voltages of the lines that are not selected, and the currents that sneak
  through their devices.
"""
