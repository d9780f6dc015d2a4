"""Errors and warnings that skrnn raises beside scikit-learn's own."""

__all__ = ["NonFiniteLossError", "TargetInWindowWarning"]


class NonFiniteLossError(ArithmeticError):
    """The training loss became NaN or infinite; the estimator was left as it was."""


class TargetInWindowWarning(UserWarning):
    """A column of X equals y, and the window of each row includes the row itself."""
