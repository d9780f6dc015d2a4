"""States that other versions of packages have written: what is said, what is added."""

import warnings
from functools import cache
from importlib.metadata import version

from sklearn.exceptions import InconsistentVersionWarning

from skrnn._numbers import defaults_of

_KEY = "_skrnn_version"


@cache
def own_version():
    """Version (str) of this skrnn."""
    return version("skrnn")


def warn_of_versions(name, written, now):
    """Warn as scikit-learn does if other versions have written a state.

    Parameters
    ----------
    name : str
        Of the class.
    written, now : dict of str
        Versions by the names of packages.

    Warns
    -----
    InconsistentVersionWarning
        That names those that differ.
    """
    other = [package for package in now if written.get(package) != now[package]]
    if other:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=name,
                current_sklearn_version=_named(now, other),
                original_sklearn_version=_named(written, other),
            ),
            stacklevel=3,
        )


def with_new_parameters(kind, state):
    """Add to a state the parameters that came after the version that wrote it.

    Parameters
    ----------
    kind : type
        Class of an estimator.
    state : dict
        Attributes of one.

    Returns
    -------
    dict
        The state; what it lacks has its default, which changes nothing of what there
        was before the parameter.
    """
    return defaults_of(kind) | state


def note_version(state):
    """Return a state (dict) that notes which skrnn has written it."""
    return state | {_KEY: own_version()}


def read_versioned(kind, state):
    """Return the state (dict) that `note_version` was given, and say what differs.

    Parameters
    ----------
    kind : type
        Class of the estimator.
    state : dict
        What was written.

    Warns
    -----
    InconsistentVersionWarning
        If another version of skrnn has written it.
    """
    state = dict(state)
    written = {"skrnn": state.pop(_KEY, None)}
    warn_of_versions(kind.__name__, written, {"skrnn": own_version()})
    return with_new_parameters(kind, state)


class VersionedStateMixin:
    """States that note which skrnn has written them, as scikit-learn's do."""

    def __getstate__(self):
        return note_version(super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(read_versioned(type(self), state))


def _named(several, packages):
    return ", ".join(f"{package} {several.get(package)}" for package in packages)
