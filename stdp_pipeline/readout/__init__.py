"""From spike counts to predictions, one file each.

A readout's module has ``Params`` and ``votes(params, counts, training)``, which returns one score for each image and
class. The prediction is the class with the highest score, the lowest class if two are equal; an image that no neuron
with a label answers to has no score and no prediction, and counts as wrong.
"""
