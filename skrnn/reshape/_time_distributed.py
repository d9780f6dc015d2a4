"""Transformers between flat columns and sequences, and one for every time step."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from skrnn._sequences.layouts import check_sequences
from skrnn.windows._array import WindowedArray, refuse_sequences


class _SequenceTransformer(TransformerMixin, BaseEstimator):
    """Transformer that lets NaN, the mark of an absent step, through."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags


class ToSequence(_SequenceTransformer, auto_wrap_output_keys=None):
    """Fold flat columns into sequences: (n, T * F) becomes (n, T, F).

    Parameters
    ----------
    n_timesteps : int, default=None
        Steps T of a sequence. None takes what `n_features` leaves.
    n_features : int, default=None
        Features F of a step. None takes what `n_timesteps` leaves, or 1 if that is
        None too.
    order : {"time", "feature"}, default="time"
        Whether the columns hold one step after the other, each with all its features,
        or one feature after the other, each with all its steps.

    Attributes
    ----------
    n_timesteps_ : int
        Steps of a sequence.
    n_step_features_ : int
        Features of a step.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the columns; only where X has string names.

    See Also
    --------
    FlattenSequence : The way back.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import ToSequence
    >>> X = np.arange(12).reshape(2, 6)
    >>> ToSequence(n_features=2).fit_transform(X)[0]
    array([[0, 1],
           [2, 3],
           [4, 5]])
    >>> ToSequence(n_features=2, order="feature").fit_transform(X)[0]
    array([[0, 3],
           [1, 4],
           [2, 5]])
    """

    _parameter_constraints: dict = {
        "n_timesteps": [Interval(Integral, 1, None, closed="left"), None],
        "n_features": [Interval(Integral, 1, None, closed="left"), None],
        "order": [StrOptions({"time", "feature"})],
    }

    def __init__(self, n_timesteps=None, n_features=None, *, order="time"):
        self.n_timesteps = n_timesteps
        self.n_features = n_features
        self.order = order

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps * n_features)
            Flat columns, any real dtype.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : ToSequence
            The fitted transformer.

        Raises
        ------
        ValueError
            If the columns do not make up whole steps.
        """
        X = self._check(X, reset=True)
        n_columns = X.shape[1]
        steps, features = self.n_timesteps, self.n_features
        if features is None:
            features = 1 if steps is None else n_columns // steps
        if steps is None:
            steps = n_columns // features
        if steps * features != n_columns:
            raise ValueError(
                f"X has {n_columns} columns, which are not n_timesteps={steps} times "
                f"n_features={features}. Change one, or leave it None to infer it."
            )
        self.n_timesteps_, self.n_step_features_ = steps, features
        return self

    def transform(self, X):
        """Fold the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps * n_features)
            Flat columns.

        Returns
        -------
        sequences : ndarray of shape (n_samples, n_timesteps, n_features)
            The sequences, in the dtype of X.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        if self.order == "time":
            return X.reshape(len(X), self.n_timesteps_, self.n_step_features_)
        folded = X.reshape(len(X), self.n_step_features_, self.n_timesteps_)
        return folded.transpose(0, 2, 1)

    def set_output(self, *, transform=None):
        """Accept an output container, and keep giving 3-D arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Has no effect: no data frame holds sequences. It is accepted so that
            `set_output` works on a whole pipeline.

        Returns
        -------
        self : ToSequence
            The transformer.
        """
        return self

    def get_feature_names_out(self, input_features=None):
        """Name the features of a step.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, to be checked against those of fit.

        Returns
        -------
        names : ndarray of shape (n_features,) of object
            ``x0``, ``x1`` and so on; those of the columns if there is a single step.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self.n_timesteps_ == 1:
            return names
        count = self.n_step_features_
        return np.array([f"x{i}" for i in range(count)], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        return tags

    def _check(self, X, *, reset):
        refuse_sequences(X, self)
        return validate_data(self, X, reset=reset, ensure_all_finite="allow-nan")


class FlattenSequence(_SequenceTransformer):
    """Unfold sequences into named lag columns, for a classical model.

    The columns are named ``load__lag3``: lags count back from the newest step of the
    sequence, which is ``lag0``. The oldest step comes first. With it the same pipeline
    takes a random forest in the place of a recurrent network, over the same windows.

    Parameters
    ----------
    pad : {"nan", "edge", "zero"}, default="nan"
        What stands for an absent step: NaN; the step before it, or the oldest present
        step where none is before it (zero where the sequence has no step at all); or
        zero.

    Attributes
    ----------
    n_timesteps_ : int
        Steps of a sequence.
    n_features_in_ : int
        Features of a step for 3-D X, columns for 2-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the features; only where X has string names.

    See Also
    --------
    ToSequence : The way back.
    SlidingWindow : Gives every row of a time series its window.

    Notes
    -----
    2-D X is one univariate sequence a row, so flat already: its columns keep their
    names. Shorter sequences of a ragged X are absent in their oldest steps.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import FlattenSequence, SlidingWindow
    >>> X = pd.DataFrame({"load": [1.0, 2.0, 3.0]})
    >>> windows = SlidingWindow(3).fit_transform(X)
    >>> flatten = FlattenSequence(pad="edge").set_output(transform="pandas")
    >>> flatten.fit_transform(windows)
       load__lag2  load__lag1  load__lag0
    0         1.0         1.0         1.0
    1         1.0         1.0         2.0
    2         1.0         2.0         3.0
    """

    _parameter_constraints: dict = {"pad": [StrOptions({"nan", "edge", "zero"})]}

    def __init__(self, pad="nan"):
        self.pad = pad

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the length of the sequences and the names of their features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first.
        y : object, default=None
            Ignored.

        Returns
        -------
        self : FlattenSequence
            The fitted transformer.
        """
        X, _ = check_sequences(self, X, reset=True)
        self.n_timesteps_ = max(map(len, X)) if isinstance(X, list) else X.shape[1]
        return self

    def transform(self, X):
        """Unfold the sequences.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences of at most as many steps as in fit.

        Returns
        -------
        columns : ndarray of shape (n_samples, n_timesteps * n_features)
            Lag columns. As a pandas DataFrame they have the index of the windows.

        Raises
        ------
        ValueError
            If a sequence has more steps than those of fit.
        """
        check_is_fitted(self)
        index = getattr(X, "index", None) if isinstance(X, WindowedArray) else None
        X, _ = check_sequences(self, X, reset=False)
        if not isinstance(X, list) and X.ndim == 2:
            block = X[:, :, None]
        else:
            block = self._align(X)  # (n, T, F)
        if self.pad != "nan" and block.dtype.kind == "f":
            block = _fill_absent(block, self.pad)
        flat = block.reshape(len(block), -1)
        if index is not None and _get_output_config("transform", self)["dense"] == (
            "pandas"
        ):
            return pd.DataFrame(flat, index, self.get_feature_names_out())
        return flat

    def get_feature_names_out(self, input_features=None):
        """Name the lag columns.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names of the features of a step; None takes those of fit, or x0, x1, ...

        Returns
        -------
        names : ndarray of shape (n_timesteps * n_features,) of object
            Such as ``load__lag3``, in the order of the columns.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if not self._is_3d:
            return names
        lags = range(self.n_timesteps_ - 1, -1, -1)
        return np.array([f"{n}__lag{lag}" for lag in lags for n in names], dtype=object)

    def _align(self, X):
        """Return sequences as one array, their newest steps in its last column."""
        longest = max(map(len, X)) if isinstance(X, list) else X.shape[1]
        if longest > self.n_timesteps_:
            raise ValueError(
                f"X has a sequence of {longest} steps, but FlattenSequence was fitted "
                f"on sequences of at most {self.n_timesteps_}. Cut X to its newest "
                f"{self.n_timesteps_} steps, or fit on longer sequences."
            )
        if not isinstance(X, list) and longest == self.n_timesteps_:
            return np.asarray(X)
        shape = (len(X), self.n_timesteps_, self.n_features_in_)
        block = np.full(shape, np.nan)
        for i, sequence in enumerate(X):
            block[i, self.n_timesteps_ - len(sequence) :] = sequence
        return block


class TimeDistributed(_SequenceTransformer, auto_wrap_output_keys=None):
    """Apply a transformer of 2-D data to every time step.

    The name is that of Keras. The present steps of all sequences are the rows on which
    the transformer is fitted; absent steps stay absent. Windows stay lazy: every row of
    the series that some window reads is one row for the transformer, however many
    windows read it.

    Parameters
    ----------
    transformer : transformer, default=None
        Any transformer of rows, such as `sklearn.preprocessing.StandardScaler`, which
        None stands for.

    Attributes
    ----------
    transformer_ : transformer
        The fitted copy.
    n_features_in_ : int
        Features of a step for 3-D X, columns for 2-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the features; only where X has string names.

    See Also
    --------
    SlidingWindow : Gives every row of a time series its window.

    Notes
    -----
    2-D X is one univariate sequence a row: the transformer sees a single column. Where
    it makes several of it, the result is 3-D.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import TimeDistributed
    >>> X = np.arange(12.0).reshape(2, 3, 2)
    >>> scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    >>> scaled.shape, bool(abs(scaled.mean()) < 1e-12)
    ((2, 3, 2), True)
    """

    _parameter_constraints: dict = {
        "transformer": [HasMethods(["fit", "transform"]), None]
    }

    def __init__(self, transformer=None):
        self.transformer = transformer

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Fit the transformer on all present steps.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first.
        y : object, default=None
            Ignored: a target belongs to a sequence, not to a step.

        Returns
        -------
        self : TimeDistributed
            The fitted transformer.

        Raises
        ------
        ValueError
            If X has no present step at all.
        """
        X, names = check_sequences(self, X, reset=True)
        steps = _Steps(X, names)
        if not len(steps.present):
            raise ValueError(
                "X has no present step: every step is NaN in all its features. "
                "TimeDistributed needs at least one to fit its transformer."
            )
        chosen = StandardScaler() if self.transformer is None else self.transformer
        self.transformer_ = clone(chosen).fit(steps.table())
        return self

    def transform(self, X):
        """Transform every present step.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences in the layout of fit.

        Returns
        -------
        sequences : ndarray, list of ndarray or WindowedArray
            In the layout of X, with the features that the transformer makes.

        Raises
        ------
        ValueError
            If the transformer does not give one row for each it is given.
        """
        check_is_fitted(self)
        X, names = check_sequences(self, X, reset=False)
        steps = _Steps(X, names)
        rows = steps.table()
        # Without a row the transformer cannot say how many columns it makes.
        given = rows if len(rows) else steps.as_table(np.zeros((1, steps.n_features)))
        result = self._transform_rows(given)[: len(rows)]
        return steps.rebuild(result, self._names_out)

    def _transform_rows(self, rows):
        result = self.transformer_.transform(rows)
        result = result.toarray() if hasattr(result, "toarray") else result
        result = np.asarray(result)
        if result.ndim != 2 or len(result) != len(rows):
            raise ValueError(
                f"The transformer of TimeDistributed, {self.transformer_!r}, made an "
                f"output of shape {result.shape} out of {len(rows)} rows, which are "
                "the present time steps. It must give one row for each of them: an "
                "output of shape (n_rows, n_features_out)."
            )
        return result

    def get_feature_names_out(self, input_features=None):
        """Name the features of a step.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names of the features of a step; None takes those of fit, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            What the transformer calls them; for 2-D X the columns keep their names.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return self.transformer_.get_feature_names_out(names) if self._is_3d else names

    def set_output(self, *, transform=None):
        """Accept an output container, and keep the layout of X.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Has no effect: no data frame holds sequences. It is accepted so that
            `set_output` works on a whole pipeline.

        Returns
        -------
        self : TimeDistributed
            The transformer.
        """
        return self

    def _names_out(self):
        try:
            return list(self.get_feature_names_out())
        except (AttributeError, ValueError):  # the transformer gives no names
            return None


class _Steps:
    """The present steps of sequences, and the way back from transformed ones.

    Parameters
    ----------
    X : WindowedArray, list of ndarray, or ndarray
        Checked sequences.
    names : sequence of str or None
        Names of the features of a step.
    """

    def __init__(self, X, names):
        self._X, self._names = X, names
        if isinstance(X, WindowedArray):
            self._rows = X.values
            candidates = np.flatnonzero(X.rows_read())
        elif isinstance(X, list):
            self._rows = np.concatenate(X)
            candidates = np.arange(len(self._rows))
        else:
            self._rows = X.reshape(-1, X.shape[2] if X.ndim == 3 else 1)
            candidates = np.arange(len(self._rows))
        self.n_features = self._rows.shape[1]
        if self._rows.dtype.kind == "f":
            absent = np.isnan(self._choose(candidates)).all(axis=1)
            candidates = candidates[~absent]
        self.present = candidates

    def _choose(self, rows):
        return self._rows if len(rows) == len(self._rows) else self._rows[rows]

    def table(self):
        """Return the present steps, as a DataFrame where they have names."""
        return self.as_table(self._choose(self.present))

    def as_table(self, rows):
        """Return rows as the transformer is to see them."""
        if self._names is None:
            return rows
        return pd.DataFrame(rows, columns=list(self._names))

    def rebuild(self, result, names_out):
        """Put the transformed steps where they came from."""
        X, width = self._X, result.shape[1]
        # Whole numbers too: a step may be absent in the next X, if not in this one.
        dtype = result.dtype if result.dtype.kind == "f" else np.float64
        if len(self.present) == len(self._rows):
            rows = result.astype(dtype, copy=False)
        else:
            rows = np.full((len(self._rows), width), np.nan, dtype)
            rows[self.present] = result
        if isinstance(X, WindowedArray):
            return X.with_values(rows, names_out())
        if isinstance(X, list):
            return np.split(rows, np.cumsum([len(item) for item in X])[:-1])
        if X.ndim == 2 and width == 1:
            return rows.reshape(X.shape)
        return rows.reshape(X.shape[0], X.shape[1], width)


def _fill_absent(block, pad):
    """Replace steps that are NaN in every feature, (n, T, F)."""
    absent = np.isnan(block).all(axis=2)  # (n, T)
    if not absent.any():
        return block
    block = block.copy()
    if pad == "edge":
        step = np.arange(block.shape[1])
        before = np.maximum.accumulate(np.where(absent, -1, step), axis=1)
        oldest = np.argmin(absent, axis=1)[:, None]
        source = np.where(before < 0, oldest, before)
        block = np.take_along_axis(block, source[:, :, None], axis=1)
        absent = absent.all(axis=1)
    block[absent] = 0.0
    return block
