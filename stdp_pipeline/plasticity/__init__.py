"""Learning rules, one file each.

A rule's module has

* ``Params``: a parameters model with the fields of :class:`stdp_pipeline.plasticity._base.RuleParams`;
* ``Constants``: a ``NamedTuple`` of floats that its two functions read, and ``constants(params)`` to build it;
* ``on_pre(w, x_pre, y_fast, y_slow, c)`` and ``on_post(w, x_pre, y_fast, y_slow, c)``: the new weight of one synapse
  at a presynaptic and at a postsynaptic spike. They are written with plain arithmetic, so that the reference engine
  calls them on whole arrays and the fast engine compiles them for single synapses. The engine clips the result to
  [w_min, w_max]. ``on_pre`` must leave the weight alone where both postsynaptic traces are zero: the fast engine does
  not visit those synapses.

* ``SILENT_INPUTS_KEEP``: True if ``on_post`` leaves a weight alone where ``x_pre`` is zero; the fast engine then skips
  inputs that have been silent for long.

``x_pre`` is the presynaptic trace including a spike of this very step; ``y_fast`` and ``y_slow`` are the postsynaptic
traces before this step's spikes.
"""
