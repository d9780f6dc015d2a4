"""Fitted models in files that hold no code."""

from skrnn._persistence.description import describe
from skrnn._persistence.files import load, save

__all__ = ["describe", "load", "save"]
