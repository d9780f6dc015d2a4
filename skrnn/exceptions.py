"""Errors and warnings of skrnn."""

__all__ = [
    "LeakingSplitWarning",
    "LostIndexWarning",
    "MissingHistoryWarning",
    "ModelFileError",
    "NoKernelsWarning",
    "NonFiniteLossError",
    "ShortWindowsWarning",
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


class ShortWindowsWarning(UserWarning):
    """Breaks in the index cut most windows short, or its step does not fit."""


class MissingHistoryWarning(UserWarning):
    """Rows are to be predicted without the newest rows before them."""


class LostIndexWarning(UserWarning):
    """Rows come without the index that tells their times or their series."""


class LeakingSplitWarning(UserWarning):
    """No gap between training and test rows keeps the targets of one from the other."""


class NoKernelsWarning(RuntimeWarning):
    """Compiled kernels that this machine could run are not there, so it is slower."""
