"""Trained networks that come with the package: ``NAME.npz`` holds the network, ``NAME.md`` is its model card."""
