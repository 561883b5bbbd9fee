"""Learning rules, one file each.

A rule's module has

* ``Params``: a parameters model with the fields of :class:`stdp_pipeline.plasticity._params.RuleParams`;
* ``Constants``: a ``NamedTuple`` of floats that its functions read, and ``constants(params, network)`` to build
  it from its own parameters and the network's;
* ``on_pre(w, x_pre, y_fast, y_slow, u, c)`` and ``on_post(w, x_pre, y_fast, y_slow, u, c)``: the new weight of one
  synapse at a presynaptic and at a postsynaptic spike. They are written with plain arithmetic, so that the reference
  engine calls them on whole arrays and the fast engine compiles them for single synapses. The engine clips the result
  to [w_min, w_max].
* ``normalise(total, norm_total, n_input)``: factor and summand that bring a neuron's weights, whose sum is ``total``,
  to the sum ``norm_total``. Most rules take :func:`stdp_pipeline.plasticity._base.normalise` as it is.

* ``RATES``: the names of those parameters that are learning rates; ``training.rate_factors`` scales them.

It says about itself what the fast engine may leave out:

* ``ON_PRE_READS``: the postsynaptic traces, of "fast" and "slow", without which ``on_pre`` leaves a weight alone; the
  engine visits only the neurons that have one of them. Empty for rules that act at postsynaptic spikes only: their
  ``on_pre`` is :func:`stdp_pipeline.plasticity._base.unchanged`, and is not called.
* ``SILENT_INPUTS_KEEP``: True if ``on_post`` leaves a weight alone where ``x_pre`` is zero; the engine then skips
  inputs that have been silent for long.
* ``draws(params)``: which random numbers the two functions get as ``u``. "spike": a uniform number on (0, 1) of this
  synapse at this spike, from :func:`stdp_pipeline.random.synapse_chance`. "device": four standard normal numbers of
  this synapse, always the same, from :func:`stdp_pipeline.random.device_normals`; "alike": four zeros in their place.
  "none": ``u`` is 0.

Most rules change a real number, and their parameters are a :class:`stdp_pipeline.plasticity._params.ContinuousParams`.
Synapses that *switch* between a few states, parameters a
:class:`stdp_pipeline.plasticity._params.SwitchingParams`, have

* ``n_states(params)``: how many, at most 256; ``on_pre`` and ``on_post`` take a state s = 0, 1, ... as their first
  argument and return one;
* ``level(s, c)`` and ``n_levels(params)``: the weight of a state is w_min + (w_max - w_min) level / (n_levels - 1);
  several states may have the same level. Levels are whole numbers, at most 255.

A rule that needs a power or an exponential takes :func:`stdp_pipeline.plasticity._base.power` or
:func:`stdp_pipeline.plasticity._base.exp_neg`.

``x_pre`` is the presynaptic trace including a spike of this very step; ``y_fast`` and ``y_slow`` are the postsynaptic
traces before this step's spikes.
"""
