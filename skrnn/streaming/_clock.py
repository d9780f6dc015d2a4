"""Times of single rows as whole numbers, and which of them follow each other."""

import operator
from numbers import Number

import numpy as np
import pandas as pd

from skrnn._time.index import conform, keys, order_kind
from skrnn._time.steps import as_step, fixed_length, follows

__all__ = ["Clock"]

_DAY = pd.Timedelta(days=1)
_OF_TIMES = (pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex)


class Clock:
    """Reads times of the kind of a fit.

    Parameters
    ----------
    like : pandas.Index
        Times of that kind.
    step : pandas offset, int or None
        From one row to the next, as `skrnn._time.frequency.find_step` gives it.
    """

    def __init__(self, like, step):
        if isinstance(like, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            like = like.as_unit("ns")
        self._like, self.step = like[:0], step
        self.kind = order_kind(like)
        self._zone = getattr(like, "tz", None)
        self._ticks_apart = self._constant()

    @classmethod
    def of(cls, freq, time):
        """Make the clock of a bare estimator, by a step and the first time given."""
        if isinstance(time, (int, np.integer)) and not isinstance(time, bool):
            return cls(pd.Index([int(time)]), 1 if freq is None else freq)
        if freq is None:
            raise ValueError(
                f"time={time!r} is given, but not how far rows are apart, so that "
                'gaps cannot be told. Set freq, for instance freq="h", or leave time '
                "out, and every row follows the one before it."
            )
        if isinstance(time, pd.Period):
            return cls(pd.PeriodIndex([time]), as_step(freq, is_period=True))
        return cls(pd.Index([pd.Timestamp(time)]), as_step(freq))

    def plain(self):
        """What kind of times it reads, as a list of text."""
        like = self._like
        if isinstance(like, pd.DatetimeIndex):
            return ["times", "" if self._zone is None else str(self._zone)]
        if isinstance(like, pd.TimedeltaIndex):
            return ["durations", ""]
        if isinstance(like, pd.PeriodIndex):
            return ["periods", like.freqstr]
        return ["integers", ""]

    @classmethod
    def from_plain(cls, plain, freq):
        """Make the clock of a bare estimator again, by what `plain` gave."""
        kind, of = plain
        if kind == "integers":
            return cls.of(freq, 0)
        if kind == "periods":
            return cls.of(freq, pd.Period("2000", freq=of))
        return cls.of(freq, pd.Timestamp(0, tz=of or None))

    def _constant(self):
        """Ticks (int) from a row to the next one; None where the calendar tells it."""
        like, step = self._like, self.step
        if isinstance(like, pd.PeriodIndex):
            return (like.freq if step is None else step).n
        if not isinstance(like, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            return 1 if step is None else int(step)
        delta = None if step is None else fixed_length(step)
        is_elapsed = self._zone is None or (delta is not None and delta < _DAY)
        return delta.value if delta is not None and is_elapsed else None

    def tick(self, time):
        """The number (int) of a time.

        Raises
        ------
        ValueError
            If it is none, or of another kind than those of the fit.
        """
        if time is None or time is pd.NaT:
            raise ValueError(
                f"time={time!r}, but the rows of the fit have times ({self.kind}), "
                "which tell what came before. Give the time of the row."
            )
        try:
            return self._tick(time)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"time={time!r} is not of the kind of the fit, which had {self.kind}"
                f": {error}"
            ) from error
        except OverflowError as error:
            raise ValueError(
                f"time={time!r} is beyond the times that are told apart here, whose "
                "numbers have 64 bits: of nanoseconds the years from 1678 to 2262."
            ) from error

    def _tick(self, time):
        like = self._like
        if isinstance(like, _OF_TIMES) and _is_number(time):
            raise TypeError(
                "a number is no time. Seconds since 1970 are pandas.Timestamp(time, "
                'unit="s").'
            )
        if isinstance(like, pd.DatetimeIndex):
            time = _known(pd.Timestamp(time))
            if (time.tz is None) != (self._zone is None):
                raise ValueError("with a time zone, or without one, as in fit.")
            return time.value
        if isinstance(like, pd.TimedeltaIndex):
            return _known(pd.Timedelta(time)).value
        if isinstance(like, pd.PeriodIndex):
            if not isinstance(time, pd.Period):
                time = _known(pd.Period(time, freq=like.freq))
            if time.freq != like.freq:
                raise ValueError(f"its frequency is {time.freqstr}.")
            return time.ordinal
        if isinstance(time, (bool, np.bool_)):
            raise TypeError("a boolean is no time.")
        number = operator.index(time)
        if not -(2**63) <= number < 2**63:
            raise OverflowError
        return number

    def ticks(self, times):
        """The numbers (ndarray of int64) of many times (pandas.Index)."""
        is_read = isinstance(times, pd.PeriodIndex) or times.dtype.kind in "iuMm"
        if not is_read:
            return np.array([self.tick(time) for time in times], dtype=np.int64)
        times, _ = conform(times, self._like)
        if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            times = times.as_unit("ns")
        return np.array(keys(times), dtype=np.int64)

    def index(self, ticks):
        """The times (pandas.Index) of numbers (ndarray of int64)."""
        ticks, like = np.asarray(ticks, dtype=np.int64), self._like
        if isinstance(like, pd.DatetimeIndex):
            times = pd.DatetimeIndex(ticks.view("M8[ns]"))
            if self._zone is not None:
                times = times.tz_localize("UTC").tz_convert(self._zone)
            return times
        if isinstance(like, pd.TimedeltaIndex):
            return pd.TimedeltaIndex(ticks.view("m8[ns]"))
        if isinstance(like, pd.PeriodIndex):
            return pd.PeriodIndex.from_ordinals(ticks, freq=like.freq)
        return pd.Index(ticks)

    def follows(self, earlier, later):
        """Whether each later number is one step after the earlier one beside it."""
        if self._ticks_apart is not None:
            return np.asarray(later - earlier == self._ticks_apart)
        if not np.ndim(earlier):
            return self.follows(np.array([earlier]), np.array([later]))[0]
        return np.asarray(follows(self.index(earlier), self.index(later), self.step))


def _known(time):
    """The time that was read, if it is one."""
    if time is pd.NaT:
        raise ValueError("it is no time.")
    return time


def _is_number(time):
    """Whether a time is given as a number, of whatever unit that may be."""
    return isinstance(time, Number) and not isinstance(time, np.timedelta64)
