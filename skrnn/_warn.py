"""Warnings that point at the line of the user's that led to them."""

import sys
import warnings

# What stands between that line and the place that warns: estimators are wrapped by
# scikit-learn, called by its pipelines or by sktime, and trained by skorch; NumPy and
# torch decorate functions.
_MACHINERY = {"skrnn", "sklearn", "sktime", "skbase", "skorch", "joblib"}
_MACHINERY |= {"numpy", "torch", "contextlib"}


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and name the nearest line outside this package and those it works with.

    Parameters
    ----------
    message : str
        What to say.
    category : type of Warning, default=UserWarning
        Of which kind it is.
    """
    level, frame = 2, sys._getframe(1)
    # The outermost frame is taken as it is: a worker's, where no line is the user's.
    while frame.f_back is not None and _package(frame) in _MACHINERY:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _package(frame):
    return str(frame.f_globals.get("__name__")).partition(".")[0]
