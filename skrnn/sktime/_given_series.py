"""Series given to a forecaster that is fitted: checked, and all or nothing."""

import contextlib
import copy

__all__ = ["all_or_nothing", "checked", "twin_of"]


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
    # sktime changes its dicts in place.
    return {
        name: dict(value) if type(value) is dict else value
        for name, value in vars(model).items()
    }
