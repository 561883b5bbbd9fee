"""Unsupervised STDP learning as a research pipeline: from images to a report, one YAML file per experiment."""

__version__ = "0.1.0"
