"""One observation in, one prediction out."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skrnn._numbers import AT_LEAST_ONE, NOT_NEGATIVE
from skrnn._typing import ArrayLike, Dtype, Frequency, SupportsFitPredict
from skrnn.streaming._calls import MODES, StreamCalls
from skrnn.streaming._plain_state import plain_state, restore

__all__ = ["StreamingPredictor"]

_Row: TypeAlias = Mapping[Any, Any] | Sequence[Any] | ArrayLike


class StreamingPredictor(StreamCalls):
    """Predict row by row, as rows arrive.

    Each row is of a stream: a machine, a store, a patient. What earlier rows of it a
    prediction needs is remembered here, so that a row is sent once, alone.

    Parameters
    ----------
    estimator : Pipeline or estimator
        Fitted. Steps before :class:`~skrnn.SlidingWindow` make each row by itself;
        those after it are any. Of a fitted search the best estimator is taken. Without
        `SlidingWindow` the first step reads windows that were made otherwise.
    method : str, default="predict"
        What is asked of the estimator: ``"predict_proba"``, ``"predict_quantiles"``,
        ``"decision_function"``, ...
    mode : {"window", "stateful"}, default="window"
        ``"window"`` reads the window of each row: predictions are those of a batch of
        all rows so far, to the bit. ``"stateful"`` keeps the states of the networks
        instead, and takes a single step of them a row, whatever the length of the
        stream: predictions are those for the whole unbroken run of rows so far, to
        1e-6 of their size. It needs one of the estimators of skrnn that reads
        forwards, without ``instance_norm``, segments and random convolutions.
    window_length : int, default=None
        Newest rows that are read, where there is no `SlidingWindow` to tell and the
        fit was on 3-D sequences.
    freq : str, timedelta, pandas offset or int, default=None
        The step between rows, where there is no `SlidingWindow` and rows have times.
    max_delay : int, default=None
        By how many rows a row may be late: that many are remembered beyond those that
        windows read. None: by as many as a window reads. Not for
        ``mode="stateful"``, where only the newest row may come once more.
    late : {"raise", "skip"}, default="raise"
        What happens to a row whose own window is no longer remembered: an error, or
        that it is left out, with a prediction of None (NaN in `update_many`).
    max_streams : int, default=None
        Streams that are remembered; the one that was used least recently goes.
    dtype : {"float64", "float32"}, default="float64"
        In which rows are remembered. The batch that predictions are equal to is one
        of that type.

    Attributes
    ----------
    n_streams : int
        Streams that are remembered.
    keys : list
        Theirs, least recently used first.
    nbytes_per_stream : int
        Bytes that each of them takes.

    See Also
    --------
    SlidingWindow : The windows of a batch of rows.

    Notes
    -----
    *Times.* Where `SlidingWindow` was fitted on rows with times (an index, or the
    column `time`), each row has one. A row that does not come one step after the row
    before it begins anew, as in a batch. A stream goes on from the rows that
    `SlidingWindow` remembers of the fit, if it follows them without a gap. Rows without
    times are one run, in the order in which they come.

    *Late rows.* A row that is earlier than the newest of its stream is put where it
    belongs, and later windows read it there. A row of a time that has been is a
    correction and takes the place of the other; so the row that a forecast is wanted
    for may be sent with NaN first, and with its values once they are known. Either
    is predicted as a batch in time order would.

    *Series.* The key of a stream is the label of its series: of several levels a tuple.
    Where the fit had a single series, that is the stream with the key None; others
    begin with nothing.

    *What is not remembered.* A stream that was dropped, or the process before a
    restart, unless `get_state` was called: the stream then begins with what the fit
    remembers.

    *Fits meanwhile.* The estimator is asked as it is: after another `fit`, or
    ``partial_fit`` of its last step or of `SlidingWindow`, rows are read by what was
    learned. Where they cannot be (what stands before the window was fitted again, also
    by ``partial_fit``, columns, categories or times are others, or states are kept) the
    next call says so, and `reset` begins anew.

    *Threads.* Calls from several threads take turns. After a fork each process has
    streams of its own.

    *Bits.* Predictions are equal to those of a batch, to the bit, if the transformers
    of the pipeline make the same bits of a row alone as of many; those that multiply
    matrices, such as PCA, may differ in the last digit.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNRegressor, SlidingWindow
    >>> from skrnn.streaming import StreamingPredictor
    >>> hours = pd.date_range("2024-01-01", periods=80, freq="h")
    >>> X = pd.DataFrame({"load": np.sin(np.arange(80.0))}, index=hours)
    >>> y = X["load"].shift(-1, fill_value=0.0)
    >>> regressor = RNNRegressor("gru", 4, max_epochs=2, random_state=0)
    >>> window = SlidingWindow(6, history="allow")
    >>> model = make_pipeline(window, regressor).fit(X[:60], y[:60])
    >>> stream = StreamingPredictor(model)
    >>> rows = [(row.to_dict(), time) for time, row in X[60:].iterrows()]
    >>> predicted = [stream.update(row, time=time) for row, time in rows]
    >>> bool(np.allclose(predicted, model.predict(X[60:]), rtol=1e-12))
    True
    """

    def __init__(
        self,
        estimator: SupportsFitPredict,
        *,
        method: str = "predict",
        mode: Literal["window", "stateful"] = "window",
        window_length: int | None = None,
        freq: Frequency | None = None,
        max_delay: int | None = None,
        late: Literal["raise", "skip"] = "raise",
        max_streams: int | None = None,
        dtype: Dtype = "float64",
    ) -> None:
        for name, value, allowed in [
            ("mode", mode, tuple(MODES)),
            ("late", late, ("raise", "skip")),
            ("dtype", dtype, ("float64", "float32")),
        ]:
            if not isinstance(value, str) or value not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, got {value!r}.")
        for name, value, allowed in [
            ("window_length", window_length, AT_LEAST_ONE),
            ("max_delay", max_delay, NOT_NEGATIVE),
            ("max_streams", max_streams, AT_LEAST_ONE),
        ]:
            if value is not None and not allowed.is_satisfied_by(value):
                raise ValueError(f"{name} must be {allowed} or None, got {value!r}.")
        self.estimator, self.method, self.mode = estimator, method, mode
        self.window_length, self.freq, self.late = window_length, freq, late
        self.max_delay, self.max_streams, self.dtype = max_delay, max_streams, dtype
        self._lock = threading.RLock()
        self.reset()

    # -- streams --------------------------------------------------------------------

    @property
    def n_streams(self) -> int:
        """Streams that are remembered (int)."""
        return len(self._streams.slots)

    @property
    def keys(self) -> list[Hashable]:
        """Keys (list) of the streams, least recently used first."""
        return self._streams.slots.keys()

    @property
    def nbytes_per_stream(self) -> int:
        """Bytes (int) that the arrays of a stream take."""
        arrays = self._streams.arrays().values()
        return sum(a.dtype.itemsize * int(np.prod(a.shape[1:])) for a in arrays)

    def reset(self, key: Hashable = None) -> Self:
        """Forget a stream, or all of them.

        Parameters
        ----------
        key : hashable, default=None
            The stream; None forgets all, and looks at the estimator anew.

        Returns
        -------
        self : StreamingPredictor
        """
        with self._lock:
            if key is None:
                self._begin()
            elif key in self._streams.slots:
                self._streams.slots.drop(key)
        return self

    # -- rows -----------------------------------------------------------------------

    def update(self, row: _Row, *, key: Hashable = None, time: Any = None) -> Any:
        """Take one row, and predict for it.

        Parameters
        ----------
        row : mapping of str to float, pandas.Series, DataFrame of one row or \
                array-like of shape (n_columns,)
            The columns of fit; by name in any order, else in the order of fit. A time
            among them may be text, such as JSON has.
        key : hashable, default=None
            The stream: the label of its series, or a tuple of several. Where
            `SlidingWindow` names columns for that, they tell it.
        time : datetime, pandas.Timestamp, pandas.Period, str or int, default=None
            The time of the row, of the kind of the fit; or told by a column.

        Returns
        -------
        prediction : float, label or ndarray
            What `method` gives for that row; None if it is late and skipped.

        Raises
        ------
        ValueError
            If row, key or time are not like those of the fit, the row is too late, or
            the estimator refuses its window; the row is then not remembered.

        Warns
        -----
        MissingHistoryWarning
            If rows are missing before this one, and ``history="warn"`` in
            `SlidingWindow`.
        """
        with self._lock:
            self._notice_fits()
            value, key, time = self._reader.row(row, key, time)
            self._check_key(key)
            streams, tick = self._streams, self._streams.tick(time)
            slot = streams.slots.get(key)
            if slot is not None:
                return self._take_one(key, slot, value, tick)
            with streams.opened([key]):
                return self._take_one(key, streams.slots.of(key), value, tick)

    def update_many(
        self,
        rows: ArrayLike | Sequence[Any],
        *,
        keys: ArrayLike | Sequence[Hashable] | None = None,
        times: ArrayLike | Sequence[Any] | None = None,
    ) -> NDArray[Any]:
        """Take rows of many streams at once, and predict for each.

        Parameters
        ----------
        rows : DataFrame, array-like of shape (n, n_columns) or list of mappings
            Rows, each as `update` takes it; of one stream in the order in which they
            arrive.
        keys : array-like or list of shape (n,), default=None
            The stream of each. None: what index or columns of a DataFrame tell, as
            `SlidingWindow` reads them, else all of one stream.
        times : array-like or pandas.Index of shape (n,), default=None
            Their times. None: the same.

        Returns
        -------
        predictions : ndarray of shape (n, ...)
            As if `update` had been called for one after the other.

        Raises
        ------
        ValueError
            As `update` does. Rows that come before a wrong one in their stream may
            be remembered then.
        """
        with self._lock:
            self._notice_fits()
            return self._take_many(*self._reader.rows(rows, keys, times))

    def predict_one(self, x: _Row, *, key: Hashable = None, time: Any = None) -> Any:
        """Do what `update` does, by the name that river has for it.

        Parameters
        ----------
        x : mapping of str to float
            The row.
        key, time : object, default=None
            As for `update`.

        Returns
        -------
        prediction : float, label or ndarray
            What `method` gives for that row.
        """
        return self.update(x, key=key, time=time)

    # -- state ----------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Give all that the streams remember.

        Returns
        -------
        dict
            Of arrays (``"arrays"``), and of text, numbers and lists that JSON takes,
            if the keys are such. A pipeline that is saved beside it has all else.
        """
        with self._lock:
            return plain_state(self._streams)

    def set_state(self, state: dict[str, Any]) -> Self:
        """Go on from where another predictor over the same pipeline was.

        Parameters
        ----------
        state : dict
            From `get_state`; arrays may be lists.

        Returns
        -------
        self : StreamingPredictor

        Raises
        ------
        ValueError
            If it is of another pipeline or mode; nothing is changed then.
        """
        with self._lock:
            before = vars(self).copy()
            try:
                self._begin()
                restore(self._streams, state)
            except BaseException:
                vars(self).update(before)
                raise
        return self

    def __getstate__(self):
        names = inspect.signature(type(self)).parameters
        parameters = {name: getattr(self, name) for name in names}
        return {"parameters": parameters, "streams": self.get_state()}

    def __setstate__(self, state):
        self.__init__(**state["parameters"])
        self.set_state(state["streams"])
