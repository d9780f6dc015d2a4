"""Series given to a forecaster that is fitted: checked, and all or nothing."""

import contextlib
import copy
import functools

from skrnn._time.index import series_of

__all__ = ["checked", "twin_of", "whole_or_nothing", "with_labels"]


def checked(model, check, frames, X, y, is_other):
    """Series as sktime converts them, with the columns of fit.

    Parameters
    ----------
    model : RNNForecaster
        Keeps what sktime notes of the series, unless they are refused.
    check : callable
        sktime's own check, which converts.
    frames : SeriesFrames
        Of the series of fit.
    X, y : data formats of sktime
        Exogenous values and series.
    is_other : bool
        Whether they are other series than those of fit.

    Returns
    -------
    X, y : DataFrame
    """
    with all_or_nothing(model):
        X, y = check(X, y)
        if not is_other and y.index.nlevels != frames.n_levels:
            raise ValueError(
                f"The index of y has {y.index.nlevels} levels, but had "
                f"{frames.n_levels} in fit. Give it the levels "
                f"{list(frames.index_names)}, the last of which is the time."
            )
        y = frames.ordered(y, is_other)
        # The names of results.
        model._y_metadata = {**model._y_metadata, "feature_names": list(y.columns)}
    return X, y


def with_labels(check, X, y, *others):
    """What sktime's check makes of series, unless the label of one is missing.

    sktime itself looks for the last time of each series next, and fails without words.
    """
    X, y = check(X, y, *others)
    for frame in (X, y):
        series_of(getattr(frame, "index", None))
    return X, y


def whole_or_nothing(*names):
    """Decorate a class, some methods of which are to change nothing if they fail.

    Parameters
    ----------
    *names : str
        Of the methods, its own ones or inherited.
    """

    def decorated(cls):
        for name in names:
            setattr(cls, name, _whole(getattr(cls, name)))
        return cls

    return decorated


def _whole(method):
    @functools.wraps(method)
    def whole(self, *args, **kwargs):
        with all_or_nothing(self):
            return method(self, *args, **kwargs)

    return whole


@contextlib.contextmanager
def all_or_nothing(model):
    """Leave a model as it was if an error is raised."""
    before = _state(model)
    try:
        yield
    except BaseException:
        vars(model).clear()
        vars(model).update(before)
        raise


def twin_of(model):
    """A copy of a model, with the same networks, that may read other series."""
    twin = copy.copy(model)
    vars(twin).update(_state(model))
    return twin


def _state(model):
    # sktime changes its dicts and lists in place.
    return {
        name: copy.copy(value) if type(value) in (dict, list) else value
        for name, value in vars(model).items()
    }
