"""Fitted models in files that hold no code."""

from skrnn._persistence.description import describe
from skrnn._persistence.files import load, save

# Files ask for these by their names here.
from skrnn._persistence.rebuilt import distribution as _distribution  # noqa: F401
from skrnn._persistence.rebuilt import metadata_request as _metadata_request  # noqa: F401

__all__ = ["describe", "load", "save"]
