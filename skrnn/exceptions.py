"""Errors and warnings that skrnn raises beside scikit-learn's own."""

__all__ = ["NonFiniteLossError"]


class NonFiniteLossError(ArithmeticError):
    """The training loss became NaN or infinite; the estimator was left as it was."""
