"""Maps of high-dimensional responses in two dimensions, one method per file.

A method's module has ``Params`` and ``embed(params, features, seed)``, which returns the coordinates, (n, 2) float64,
and a dictionary of what the method found out on the way. Coordinates have no meaning of their own: compare maps by
measures of quality, never point by point.
"""
