"""Fitted models in files that hold no code."""

from skrnn._persistence.description import describe
from skrnn._persistence.files import load, save

# Files ask for it by this name.
from skrnn._persistence.rebuilt import distribution as _distribution  # noqa: F401

__all__ = ["describe", "load", "save"]
