"""The errors a user may meet. Each message names the thing, what was found, and what to do."""

from __future__ import annotations

__all__ = [
    "ActivityError",
    "ConfigError",
    "DataError",
    "EngineError",
    "MissingPackageError",
    "ResultsError",
    "StdpError",
]


class StdpError(Exception):
    """Base of all errors that the command line shows as one message, without a traceback."""


class ConfigError(StdpError, ValueError):
    """A configuration or command-line value is wrong."""


class DataError(StdpError):
    """A data file is missing, damaged or inconsistent."""


class EngineError(StdpError):
    """An engine cannot run here: something that it needs is missing or does not work."""


class MissingPackageError(StdpError):
    """An optional package is needed that is not installed."""


class ResultsError(StdpError):
    """A result cannot be written or read."""


class ActivityError(StdpError):
    """The simulated network died or exploded, so that going on would only produce nonsense."""
