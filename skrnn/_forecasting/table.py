"""One or many series as flat rows without gaps: series after series, step by step."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.differencing import filled_forward

__all__ = ["Origins", "SeriesTable", "newest_known", "numbered", "table_of"]


class Origins(NamedTuple):
    """Where forecasts are made from."""

    rows: np.ndarray  # (n,) newest row that is known; one before the first if none is
    codes: np.ndarray  # (n,) the series


class SeriesTable:
    """Rows of series, each without a gap; what is missing is NaN.

    Parameters
    ----------
    keys : list
        Label of each series: a tuple of the levels of a MultiIndex but the last, or
        the empty tuple for a single series.
    first : ndarray of shape (n_series,) of int64
        Step, on the time axis, of the first row of each series.
    begin : ndarray of shape (n_series + 1,) of int64
        Where in the rows each series begins; at the end, the number of rows.
    y : ndarray of shape (n_rows, n_targets) of float64
        Targets.
    x : ndarray of shape (n_rows, n_exogenous) of float64, or None
        Exogenous values.
    moments : ndarray of shape (n_series, 2, n_targets) of float64, or None
        Centre and scale of the targets of each series; NaN where not known yet.
    """

    def __init__(self, keys, first, begin, y, x=None, moments=None):
        self.keys, self.first, self.begin = keys, first, begin
        self.y, self.x, self.moments = y, x, moments

    @property
    def lengths(self):
        """Rows of each series, ndarray of shape (n_series,)."""
        return np.diff(self.begin)

    @property
    def last(self):
        """Step of the last row of each series, ndarray of shape (n_series,)."""
        return self.first + self.lengths - 1

    @property
    def codes(self):
        """Number of the series of each row, ndarray of shape (n_rows,)."""
        return np.repeat(np.arange(len(self.keys)), self.lengths)

    @property
    def ordinals(self):
        """Step of each row, ndarray of shape (n_rows,)."""
        return np.arange(self.begin[-1]) + np.repeat(
            self.first - self.begin[:-1], self.lengths
        )

    def positions(self, codes, ordinals):
        """Rows of the given series at the given steps; -1 where there is none."""
        inside = (ordinals >= self.first[codes]) & (ordinals <= self.last[codes])
        place = self.begin[codes] + ordinals - self.first[codes]
        return np.where(inside, place, -1)

    def spanning(self, first, last):
        """The same series from one step to another: cut, or filled up with NaN.

        Parameters
        ----------
        first, last : ndarray of shape (n_series,) of int64
            First and last step of each series.

        Returns
        -------
        SeriesTable
        """
        lengths = np.maximum(last - first + 1, 0)
        begin = np.append(0, np.cumsum(lengths))
        table = SeriesTable(self.keys, first, begin, None, None, self.moments)
        place = self.positions(table.codes, table.ordinals)
        table.y = _taken(self.y, place)
        table.x = None if self.x is None else _taken(self.x, place)
        return table

    def with_moments(self, moments):
        """The same rows, with these centres and scales of the series."""
        return SeriesTable(self.keys, self.first, self.begin, self.y, self.x, moments)

    def known_until(self, longer):
        """Step of each series of a longer table up to which its rows are here too.

        Parameters
        ----------
        longer : SeriesTable
            What `followed_by` gave.

        Returns
        -------
        ndarray of shape (n_series,) of int64
        """
        known_until = longer.first - 1
        n_old = len(self.keys)
        known_until[:n_old] = np.minimum(self.last, longer.last[:n_old])
        return known_until

    @property
    def known_last(self):
        """Step of the newest row of each series that has a target; its last if none.

        A series that ends with rows of NaN is one that ends earlier.
        """
        is_known = ~np.isnan(self.y).all(axis=1)
        newest = newest_known(is_known[:, None], self.begin)[self.begin[1:] - 1, 0]
        none = newest < self.begin[:-1]
        return np.where(none, self.last, self.first + newest - self.begin[:-1])

    def known_part(self):
        """The same series without rows of NaN at their ends.

        Raises
        ------
        ValueError
            If a series has no other rows.
        """
        last = self.known_last
        rows = self.begin[:-1] + last - self.first
        nothing = np.flatnonzero(np.isnan(self.y[rows]).all(axis=1))
        if len(nothing):
            key = self.keys[nothing[0]]
            label = key[0] if len(key) == 1 else key
            raise ValueError(
                "y holds nothing but NaN"
                + (f" in the series {label!r}" if key else "")
                + ". Give at least some values"
                + (", or leave that series out." if key else ".")
            )
        return self if (last == self.last).all() else self.until(last)

    def tails(self, n_rows):
        """The last `n_rows` rows of each series, in a table of its own.

        Where a value is missing in the first of them, as many more as are needed for
        the value that is carried forward to it.
        """
        codes = np.arange(len(self.keys))
        rows = np.maximum(self.begin[:-1], self.begin[1:] - n_rows)
        rows = self._with_carried(rows)
        table = self.spanning(self.first + rows - self.begin[:-1], self.last)
        if table.x is not None and np.isnan(table.x[table.begin[codes]]).any():
            table.x[table.begin[:-1]] = self._carried_x[rows]
        return table

    def _with_carried(self, rows):
        """Rows, or where some targets are missing there the ones that they are of."""
        missing = np.isnan(self.y[rows])
        if not missing.any():
            return rows
        newest = newest_known(~np.isnan(self.y), self.begin)[rows]
        # What was never seen before is not carried either.
        newest[newest < 0] = len(self.y)
        return np.minimum(rows, newest.min(axis=1))

    @property
    def _carried_x(self):
        """Exogenous values, or where they are missing the newest before them."""
        start = np.repeat(self.begin[:-1], self.lengths)
        return filled_forward(self.x, start)

    def reaching(self, longer):
        """These rows, and after them those of a longer table, of which X is known."""
        if (longer.last == self.last).all():
            return self
        table = self.spanning(self.first, longer.last)
        if self.x is not None:
            later = table.ordinals > np.repeat(self.last, table.lengths)
            place = longer.positions(table.codes[later], table.ordinals[later])
            table.x[later] = longer.x[place]
        return table

    def contexts(self, rows, n_before, n_after):
        """What is known at some rows: a series of its own for each.

        Parameters
        ----------
        rows : ndarray of shape (n,) of int64
            The newest row of each.
        n_before : int
            Rows up to and with the newest one, fewer where the series begins later.
        n_after : int
            Rows after it, of which only the exogenous values are there.

        Returns
        -------
        table : SeriesTable of n series
        newest : ndarray of shape (n,) of int64
            Where in it the newest rows are.
        """
        codes = np.searchsorted(self.begin, rows, side="right") - 1
        now = rows - self.begin[codes] + self.first[codes]
        first = np.maximum(self.first[codes], now - n_before + 1)
        oldest = self.begin[codes] + first - self.first[codes]
        if len(self.y):
            first = first + self._with_carried(oldest) - oldest
        lengths = now + n_after - first + 1
        table = self._without_rows(codes, first, lengths)
        place = self.positions(np.repeat(codes, lengths), table.ordinals)
        if self.x is not None:
            table.x = _taken(self._carried_x, place)
        newest = table.begin[:-1] + now - first
        place[table.ordinals > np.repeat(now, lengths)] = -1
        table.y = _taken(self.y, place)
        return table, newest

    def chosen(self, codes):
        """The series of these numbers, in this order; one may come several times."""
        codes = np.asarray(codes, dtype=np.int64)
        table = self._without_rows(codes, self.first[codes], self.lengths[codes])
        series, number = numbered(table.lengths)
        place = self.begin[codes][series] + number
        table.y = self.y[place]
        table.x = None if self.x is None else self.x[place]
        return table

    def _without_rows(self, codes, first, lengths):
        """Some of these series, whose rows are still to come."""
        keys = [self.keys[code] for code in codes]
        begin = np.append(0, np.cumsum(lengths))
        moments = None if self.moments is None else self.moments[codes]
        return SeriesTable(keys, first, begin, None, None, moments)

    def until(self, last):
        """The same series up to these steps (ndarray of shape (n_series,))."""
        return self.spanning(self.first, np.minimum(last, self.last))

    def followed_by(self, newer):
        """These series with newer rows, which win over their own.

        A series ends where its newer rows end, even if it went on; one without newer
        rows stays as it is; new ones come last.

        Parameters
        ----------
        newer : SeriesTable
            The newer rows.

        Returns
        -------
        SeriesTable
        """
        here = {key: i for i, key in enumerate(self.keys)}
        keys = self.keys + [key for key in newer.keys if key not in here]
        there = {key: i for i, key in enumerate(newer.keys)}
        parts, firsts = [], []
        for key in keys:
            old, new = here.get(key), there.get(key)
            if new is None:
                first, last = self.first[old], self.last[old]
            else:
                first, last = newer.first[new], newer.last[new]
                if old is not None and self.first[old] <= last:
                    first = min(first, self.first[old])
            firsts.append(first)
            part = [
                _cut(table, code, first, last)
                for table, code in ((self, old), (newer, new))
                if code is not None
            ]
            parts.append(part[0] if len(part) == 1 else _overlaid(*part))
        begin = np.append(0, np.cumsum([len(y) for y, _ in parts]))
        y = np.concatenate([y for y, _ in parts])
        x = None if self.x is None else np.concatenate([x for _, x in parts])
        moments = self.moments
        if moments is not None:
            unknown = np.full((len(keys) - len(self.keys), *moments.shape[1:]), np.nan)
            moments = np.concatenate([moments, unknown])
        return SeriesTable(keys, np.array(firsts, dtype=np.int64), begin, y, x, moments)

    def with_x(self, x, codes, ordinals, columns=slice(None)):
        """Fill in exogenous values, given row by row, wherever there is a row.

        Those of some columns, or of all.
        """
        place = self.positions(codes, ordinals)
        merged = self.x.copy()
        inside = place >= 0
        part = merged[:, columns]
        part[place[inside]] = x[inside]
        merged[:, columns] = part
        return SeriesTable(
            self.keys, self.first, self.begin, self.y, merged, self.moments
        )


def numbered(counts):
    """Count the members of groups.

    Parameters
    ----------
    counts : ndarray of shape (n_groups,) of int64
        Members of each.

    Returns
    -------
    codes, number : ndarray of shape (n_members,) of int64
        The group of each member, and its number there, from 0.
    """
    codes = np.repeat(np.arange(len(counts)), counts)
    return codes, np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)


def newest_known(known, begin):
    """For each row the newest up to it, of its series, that is known.

    Parameters
    ----------
    known : ndarray of shape (n_rows, k) of bool
        What is known.
    begin : ndarray of shape (n_series + 1,) of int64
        Where the series begin.

    Returns
    -------
    ndarray of shape (n_rows, k) of int64
        -1 where none is.
    """
    here = np.arange(len(known))[:, None]
    newest = np.maximum.accumulate(np.where(known, here, -1), axis=0)
    start = np.repeat(begin[:-1], np.diff(begin))[:, None]
    return np.where(newest >= start, newest, -1)


def _taken(values, place):
    taken = np.full((len(place), values.shape[1]), np.nan)
    taken[place >= 0] = values[place[place >= 0]]
    return taken


def _cut(table, code, first, last):
    one = table.chosen([code]).spanning(np.array([first]), np.array([last]))
    return one.y, one.x


def _overlaid(older, newer):
    """Newer values where there are any, else older."""
    return tuple(
        None if old is None else np.where(np.isnan(new), old, new)
        for old, new in zip(older, newer, strict=True)
    )


def table_of(keys, codes, ordinals, y, x=None):
    """Lay rows, given in any order, on the grid of their steps.

    Parameters
    ----------
    keys : list of tuple
        Label of each series.
    codes, ordinals : ndarray of shape (n_rows,) of int64
        Series and step of each row.
    y : ndarray of shape (n_rows, n_targets)
        Targets.
    x : ndarray of shape (n_rows, n_exogenous), default=None
        Exogenous values.

    Returns
    -------
    SeriesTable
        Every series from its first row to its last.
    """
    first = np.full(len(keys), np.iinfo(np.int64).max)
    last = np.full(len(keys), np.iinfo(np.int64).min)
    np.minimum.at(first, codes, ordinals)
    np.maximum.at(last, codes, ordinals)
    begin = np.append(0, np.cumsum(last - first + 1))
    table = SeriesTable(keys, first, begin, None)
    place = table.positions(codes, ordinals)
    table.y = np.full((begin[-1], y.shape[1]), np.nan)
    table.y[place] = y
    if x is not None:
        table.x = np.full((begin[-1], x.shape[1]), np.nan)
        table.x[place] = x
    return table
