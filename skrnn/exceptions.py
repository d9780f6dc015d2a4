"""Errors and warnings of skrnn."""

__all__ = [
    "ModelFileError",
    "NonFiniteLossError",
    "TabularInputWarning",
    "TargetInWindowWarning",
]


class NonFiniteLossError(ArithmeticError):
    """Training diverged: a loss or a weight became NaN or infinite."""


class ModelFileError(ValueError):
    """A file is no whole model or checkpoint, or belongs to another fit."""


class TabularInputWarning(UserWarning):
    """The columns of a table, read as the time steps of a sequence, seem to be none."""


class TargetInWindowWarning(UserWarning):
    """A window holds the very values that the model is to predict."""
