"""What a fit of windows learns and remembers, and how windows are made of it."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._categories.categories import Categories
from skrnn._columns import refuse_lazy
from skrnn._numbers import plain
from skrnn._plain import Codec, WholeCopiesMixin, pack, unpack
from skrnn._time.plain import TIME_CODECS
from skrnn._versions import note_version, read_versioned
from skrnn.windows._array import WindowedArray
from skrnn.windows._beginnings import Beginnings
from skrnn.windows._breaks import check_breaks
from skrnn.windows._given_rows import refuse_numberless
from skrnn.windows._history import History
from skrnn.windows._key_columns import KeyColumns
from skrnn.windows._known import find_known, move_known, open_beginnings
from skrnn.windows._later_fit import split_by_time, warn_of_later_fit
from skrnn.windows._lost_index import (
    check_index_of_target,
    refuse_timeless,
    warn_of_unread_freq,
)
from skrnn.windows._missing_history import (
    absent_newest_steps,
    absent_rows,
    report_missing_history,
)
from skrnn.windows._newer_rows import with_newer_rows
from skrnn.windows._read_rows import read_rows
from skrnn.windows._sequence_output import SequenceOutputMixin
from skrnn.windows._state_check import check_state
from skrnn.windows._target_in_window import warn_of_target

# What is remembered is kept as arrays and text, like all of a fitted model.
_CODECS = TIME_CODECS | {
    name: Codec(kind, vars, lambda plain, kind=kind: kind(**plain))
    for name, kind in {"History": History, "Beginnings": Beginnings}.items()
}
_CODECS["Categories"] = Codec(Categories, lambda given: given.words, Categories)


class WindowMemory(
    WholeCopiesMixin,
    SequenceOutputMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """All of `SlidingWindow` but its signature and what users read of it."""

    # Those of the features whose numbers are codes; set by a fit.
    _categories = None

    def _fit(self, X, y, groups):
        """Fit and return the rows and their runs; set nothing before all is well."""
        refuse_lazy(y, "y")
        key_columns = KeyColumns.of(self.series, self.time)
        given = read_rows(X, groups, key_columns, self, is_fit=True)
        values, rows = given.values, given.rows
        refuse_numberless(values)
        wanted = key_columns.by_names(self.known, X)
        known = find_known(wanted, given.features, given.names, values.shape[1])
        warn_of_unread_freq(self.freq, rows)
        check_index_of_target(rows, y)
        step = rows.find_step(self.freq)
        runs = rows.cut(step)
        # How many rows before its own row a window can go back to.
        window_length, horizon = plain((self.window_length, self.horizon))
        reach = window_length + horizon - 1
        remedy = split_by_time(key_columns) if rows.is_shuffled else ""
        check_breaks(runs, reach + 1, self.freq, remedy=remedy)
        history = History.of(runs, values, reach)
        beginnings = Beginnings.of(runs, values)
        most_absent = 0
        absent = absent_rows(move_known(rows.values(values), known, horizon), known)
        if absent is not None:
            windows = runs.windows(window_length, horizon)
            most_absent = int(absent_newest_steps(absent, *windows).max())
        named = X if hasattr(X, "columns") else values
        validate_data(self, named, skip_check_array=True)
        # What is set after this is for the next fit.
        self._reach, self._freq = (window_length, horizon), self.freq
        self._known, self._keys = known, tuple(key_columns)
        # Nothing is known of a row before its own, and absent steps need no row.
        self._opened = self.partial_steps == "keep" and bool(known) and horizon > 0
        self.freq_ = step
        self._categories = given.categories
        self._history = history
        self._beginnings = beginnings
        self._most_absent = most_absent
        self._grouped = groups is not None
        if y is not None:
            names = np.arange(values.shape[1]) if given.names is None else given.names
            coded = given.categories
            warn_of_target(values, y, names, horizon, known, coded)
        return given, runs

    @property
    def _key_columns(self):
        return KeyColumns(*self._keys)

    def _feature_names(self):
        """Names of the features of a step (list of str), or None."""
        names, keys = getattr(self, "feature_names_in_", None), self._key_columns.names
        return None if names is None else [name for name in names if name not in keys]

    def _read(self, X, groups, caller):
        """Read rows after a fit (GivenRows, Runs)."""
        if (groups is not None) != self._grouped:
            had, lacks = ("with", "without") if self._grouped else ("without", "with")
            raise ValueError(
                f"SlidingWindow was fitted {had} groups, but {caller} was called "
                f"{lacks} groups, so the rows of each series cannot be told. Give "
                "groups to both or to neither (in a pipeline, by metadata routing), "
                "name the series in a MultiIndex (series, time), or in a column, by "
                "the parameters series and time."
            )
        given = read_rows(X, groups, self._key_columns, self, is_fit=False)
        rows = given.rows
        self._beginnings.check_labels(rows)
        step = rows.find_step(self._freq) if self.freq_ is None else self.freq_
        return given, rows.cut(step)

    def _transform(self, X, groups):
        check_is_fitted(self)
        given, runs = self._read(X, groups, "transform")
        preceding = self._preceding(runs)
        windows = self._windows(given, runs, preceding)
        warn_of_later_fit(runs.rows, self._history, self._beginnings, self._key_columns)
        if self.history != "allow":
            self._report_missing_history(given.values, runs, preceding)
        return windows

    def _preceding(self, runs):
        """The remembered rows that come before runs of a call (PrecedingRows, None)."""
        if self._history is None or runs.rows.times is None:
            return None
        return self._history.before(runs, runs.step)

    def _remember(self, X, groups):
        """Add rows to those that are remembered."""
        given, runs = self._read(X, groups, "partial_fit")
        if self._history is None or runs.rows.times is None:
            refuse_timeless(self._history, runs.rows)
            return
        preceding = self._preceding(runs)
        missed = self._beginnings.missed_by(
            runs, given.values, self._history, preceding, strictly=True
        )
        begun = ~missed
        if preceding is not None:
            begun[preceding.run] = False  # they go on, and begin nothing
        newer = with_newer_rows(
            self._history, self._beginnings, runs, given.values, begun, self._freq
        )
        self._history, self._beginnings, self.freq_ = newer

    def __getstate__(self):
        text, others = pack(note_version(super().__getstate__()), _CODECS)
        return {"text": text, "others": others}

    def __setstate__(self, state):
        attributes = unpack(state["text"], state["others"], _CODECS)
        attributes = read_versioned(type(self), attributes)
        check_state(attributes)
        super().__setstate__(attributes)

    def _windows(self, given, runs, preceding=None):
        rows = given.rows
        window_length, horizon = self._reach
        if self._opened:
            n_columns = given.values.shape[1]
            preceding = open_beginnings(preceding, runs, horizon, n_columns)
        stop, length = runs.windows(window_length, horizon, preceding)
        values = rows.values(given.values, preceding)
        return WindowedArray(
            move_known(values, self._known, horizon),
            stop,
            length,
            window_length,
            index=given.index,
            feature_names=self._feature_names(),
            series=rows.given_codes,
            rank=rows.rank,
            categories=self._categories,
        )

    def _report_missing_history(self, X, runs, preceding):
        """Warn or raise where rows of a call lack the newest rows before them."""
        rows, (window_length, horizon) = runs.rows, self._reach
        stop, length = runs.windows(window_length, horizon, preceding)
        short = length < window_length
        if short.any():
            missed = self._beginnings.missed_by(
                runs,
                X,
                self._history,
                preceding,
                strictly=self.history == "require",
            )
            short &= rows.in_given_order(np.repeat(missed, runs.lengths))
        stale = np.zeros(len(short), dtype=bool)
        values = move_known(rows.values(X, preceding), self._known, horizon)
        absent = absent_rows(values, self._known)
        if absent is not None:
            stale = absent_newest_steps(absent, stop, length) > self._most_absent
        report_missing_history(
            self.history,
            short,
            stale,
            rows.index,
            lost=self._beginnings.lost_times(rows),
            n_before=sum(self._reach) - 1,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
