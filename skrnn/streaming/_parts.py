"""What a fitted pipeline does with a row before, in and after its windows."""

import operator

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn._estimator.base import BaseRNN
from skrnn._time.index import order_kind
from skrnn.reshape import TimeDistributed
from skrnn.windows import SlidingWindow, WindowedArray

__all__ = ["Parts", "flat_steps"]


def flat_steps(estimator):
    """All steps (list) of a fitted estimator, those of pipelines within it included."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(estimator, Pipeline):
        is_nothing = estimator is None or isinstance(estimator, str)
        return [] if is_nothing else [estimator]
    found = []
    for _, step in estimator.steps:
        is_leaf = isinstance(step, (SlidingWindow, TimeDistributed, BaseRNN))
        found += [step] if is_leaf else flat_steps(step)
    return found


def _are_same(those, these):
    """Whether two lists hold the same objects."""
    return len(those) == len(these) and all(map(operator.is_, those, these))


def _learned(steps):
    """Values (list) of the fitted attributes of steps, which partial_fit sets anew."""
    return [
        value
        for step in steps
        for part in flat_steps(step)
        for name, value in vars(part).items()
        if name.endswith("_") and not name.startswith("_")
    ]


def _refuse_inner_windows(steps):
    """Raise where windows are made within a step, which is given whole tables."""
    for step in steps:
        if isinstance(step, SlidingWindow) or not hasattr(step, "get_params"):
            continue
        if any(isinstance(part, SlidingWindow) for part in step.get_params().values()):
            name = type(step).__name__
            raise ValueError(
                f"{name} has a SlidingWindow within, so that it asks for the rows of a "
                "whole table, and streams know one row at a time. Put the window "
                f"before it: make_pipeline(SlidingWindow(...), {name}(...))."
            )


class Parts:
    """The steps of a fitted pipeline, by what they are given.

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted.
    window_length : int or None
        Of an estimator without `SlidingWindow`.

    Attributes
    ----------
    before : list of transformer
        Which rows go through on their own.
    window : SlidingWindow or None
    of_steps : list of TimeDistributed
        Which each step of a window goes through once.
    of_windows : list of transformer
        Which whole windows go through.
    estimator : estimator
        The last step.
    window_length, horizon : int
    known : list of int
        Columns that are known ahead.
    is_opened : bool
        Whether a step is there as soon as its known columns are.
    categories : dict of Categories
        Those of the features of a step, once it is prepared.
    n_features, n_inputs : int
        Numbers of a row that the windows are made of, and of a step of a window.
    meaning : list
        What numbers and times of remembered rows mean, as it was when this was made.
    is_direct : bool
        Whether windows are given to an estimator that needs no check of them.
    is_flat : bool
        Whether samples are rows of lag columns of one series.
    """

    def __init__(self, estimator, window_length=None):
        steps = flat_steps(estimator)
        if not steps:
            raise ValueError(f"{estimator!r} predicts nothing.")
        check_is_fitted(estimator)
        _refuse_inner_windows(steps)
        places = [i for i, s in enumerate(steps) if isinstance(s, SlidingWindow)]
        if len(places) > 1:
            raise ValueError("The pipeline has more than one SlidingWindow.")
        place = places[0] if places else -1
        self.before, self.window = steps[: max(place, 0)], None
        after, self.estimator = steps[place + 1 : -1], steps[-1]
        n_of_steps = 0
        while n_of_steps < len(after) and isinstance(
            after[n_of_steps], TimeDistributed
        ):
            n_of_steps += 1
        first = ([*after, self.estimator])[0]
        self.is_flat = not places and not getattr(first, "_is_3d", False)
        n_of_steps = 0 if self.is_flat else n_of_steps
        self.of_steps, self.of_windows = after[:n_of_steps], after[n_of_steps:]
        self.is_direct = isinstance(self.estimator, BaseRNN) and not self.of_windows
        self.horizon, self.known, self.is_opened = 0, [], False
        if places:
            self._read_window(steps[place], window_length)
        else:
            self._read_layout(first, window_length)
        self._first = self.before[0] if self.before else self.window or first
        self._seen = steps, self._fits()
        self.meaning = self._meaning()
        one = self._through_steps(np.zeros((1, self.n_features)))
        self.n_inputs, self.categories = one.shape[2], one.categories

    def _read_window(self, window, window_length):
        if window_length is not None:
            raise ValueError(
                f"window_length={window_length!r} is for estimators without a "
                f"SlidingWindow; this pipeline has one, {window!r}."
            )
        self.window = window
        self.window_length, self.horizon = window._reach
        self.known, self.is_opened = list(window._known), window._opened
        keys = window._key_columns.names
        self.n_features = window.n_features_in_ - len(keys)
        timed = window._history is not None
        if timed and window.freq_ is None:
            raise ValueError(
                "SlidingWindow could not tell how far its rows are apart, because no "
                "series of fit had two. Set freq."
            )

    def _read_layout(self, first, window_length):
        if getattr(first, "_encoding", None) is not None:
            raise ValueError(
                f"{type(first).__name__} was fitted on columns of categories, whose "
                "codes a SlidingWindow in front of it would remember. Fit a pipeline "
                "that begins with one on the rows."
            )
        n_features = first.n_features_in_
        if self.is_flat:
            if window_length not in (None, n_features):
                raise ValueError(
                    f"window_length={window_length!r}, but the fit had {n_features} "
                    "lag columns, which is the length of its windows."
                )
            self.window_length, self.n_features = n_features, 1
            return
        if window_length is None:
            raise ValueError(
                f"{type(self.estimator).__name__} was fitted on sequences, which may "
                "be of any length. Say how many of the newest rows it is to be given: "
                "window_length=24, for instance."
            )
        self.window_length, self.n_features = window_length, n_features

    @property
    def column_names(self):
        """Names (list of str) that a row is given by, or None where there are none."""
        if self.is_flat:
            return None
        names = getattr(self._first, "feature_names_in_", None)
        return None if names is None else list(names)

    @property
    def n_columns(self):
        """How many numbers (int) a row is given by."""
        return 1 if self.is_flat else self._first.n_features_in_

    def _fits(self):
        """What is another object (list) where a step was fitted again."""
        reach = None if self.window is None else self.window._reach
        inner = [step.transformer_ for step in self.of_steps]
        return [reach, *inner, *_learned([*self.before, *inner])]

    def is_of(self, estimator):
        """Whether these still are the parts of an estimator, fitted as they were."""
        steps, fits = self._seen
        now = flat_steps(estimator)
        return _are_same(steps, now) and _are_same(fits, self._fits())

    def shape(self):
        """What streams rely on (tuple), whatever was fitted."""
        is_timed = self.window is not None and self.window._history is not None
        size = self.window_length, self.horizon, self.n_columns, self.n_inputs
        return *size, tuple(self.known), self.is_opened, self.is_flat, is_timed

    def _meaning(self):
        window = self.window
        if window is None:
            return [self.column_names]
        times = None if window._history is None else window._history.times
        kind = None if times is None else order_kind(times)
        zone = str(getattr(times, "tz", None))
        return [self.column_names, kind, zone, window.freq_, window._categories]

    def prepare(self, rows):
        """Have rows (n, n_features) pass what each step of a window passes."""
        if not self.of_steps or not len(rows):
            return rows
        return self._through_steps(rows).values

    def _through_steps(self, rows):
        """Windows of one step each, which have passed that."""
        ones = np.ones(len(rows), np.int64)
        names = None if self.window is None else self.window._feature_names()
        of = None if self.window is None else self.window._categories
        X = WindowedArray(
            rows, np.cumsum(ones), ones, 1, feature_names=names, categories=of
        )
        for step in self.of_steps:
            X = step.transform(X)
        return X

    def step_names(self):
        """Names (list of str) of the features of a step, or None."""
        if self.of_steps:
            return self.of_steps[-1]._names_out()
        return None if self.window is None else self.window._feature_names()

    def table(self, rows):
        """Rows as the first step was fitted on: with names, if those had some."""
        names = self.column_names
        if names is None or isinstance(rows, pd.DataFrame):
            return rows
        return pd.DataFrame(rows, columns=names)
