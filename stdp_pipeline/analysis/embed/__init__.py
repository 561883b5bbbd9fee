"""Maps of high-dimensional features in two dimensions, one method per file.

A method's module has

``Params``
    Its constants, with their defaults and sources.
``PACKAGES``
    Names of packages, as they are imported, that it needs beyond those that come with the pipeline. Where one is
    missing, the method cannot be used.
``embed(params, points)``
    Lays out :class:`~stdp_pipeline.analysis.points.Points` and returns the coordinates, (n, 2) float64, and a
    dictionary of what the method found out on the way: numbers, text, or lists of them. All randomness comes from
    ``points.seed``. Classes are looked at only where a parameter asks for it.
``embed_trajectories(params, trajectories)``, in the place of ``embed``
    For methods that know of time: lays out :class:`~stdp_pipeline.analysis.points.Trajectories`, and the coordinates
    are (n_times, n_units, 2) float64.

The same points and seed give the same coordinates on one machine, whatever the number of threads; other machines
round differently. Coordinates have no meaning of their own: compare maps by measures of quality, never point by point.
"""
