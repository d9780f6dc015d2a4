"""Rows of streams that lack the newest rows before them, as SlidingWindow tells it."""

import numpy as np
import pandas as pd

from skrnn.windows._missing_history import absent_rows, report_missing_history
from skrnn.windows._runs import Rows

__all__ = ["MissingHistory"]


class MissingHistory:
    """Warns of such rows, or raises, as the `history` of a SlidingWindow says.

    A gap is told of once, by the row that comes after it.

    Parameters
    ----------
    window : SlidingWindow or None
        Fitted.
    """

    def __init__(self, window):
        self._window = window
        self._missed = {}  # by place of the stream

    def _policy(self):
        return "allow" if self._window is None else self._window.history

    def of(self, slot):
        """What was found (str or None) of the run of a stream."""
        return self._missed.get(slot)

    def note(self, slot, missed):
        """Note that again."""
        self._missed[slot] = missed

    def look(self, streams, key, slot, value, tick, last, is_short):
        """Look whether rows were left out before one that begins a run.

        Parameters
        ----------
        streams : Streams
            Of which it is.
        key, slot, value, tick
            Of the row.
        last : Rows or None
            What its stream had before.
        is_short : bool
            Whether its window will be.
        """
        if self._policy() == "allow":
            return
        missed = is_short and self._is_missed(streams, key, value, tick, last)
        self._missed[int(slot)] = "new" if missed else None

    def _is_missed(self, streams, key, value, tick, last):
        window = self._window
        labels = window._beginnings.labels
        if labels is None and key is not None:
            return False  # a series that the fit did not have
        values, ticks = value[None], np.array([tick])
        if last is not None:
            values = np.concatenate([last.values[-1:], values])
            ticks = np.append(last.ticks[-1:], tick)
        elif labels is not None and key not in streams.past:
            return False
        index, groups = streams.clock.index(ticks), None
        if labels is not None:
            levels = list(key) if labels.nlevels > 1 else [key]
            if window._grouped:
                groups = np.repeat(np.array(levels[-1:]), len(ticks))
                levels = levels[:-1]
            if levels:
                levels = [[level] * len(ticks) for level in levels]
                index = pd.MultiIndex.from_arrays([*levels, index])
        runs = Rows(len(ticks), index, groups).cut(window.freq_)
        missed = window._beginnings.missed_by(
            runs,
            values,
            window._history,
            window._preceding(runs),
            strictly=window.history == "require",
        )
        return bool(missed[-1])

    def report(self, streams, arrivals, lengths):
        """Warn of rows, or raise.

        Parameters
        ----------
        streams : Streams
            As they are before these rows.
        arrivals : Arrivals
            The rows.
        lengths : ndarray of shape (n,)
            Rows of their windows.
        """
        policy = self._policy()
        if policy == "allow":
            return
        short = np.zeros(len(lengths), dtype=bool)
        is_short = lengths < self._window._reach[0]
        if self._missed and is_short.any():
            for i in np.flatnonzero(is_short):
                slot = int(arrivals.slots[i])
                told = self._missed.get(slot)
                short[i] = told == "new" or (told is not None and policy == "require")
                if told == "new" and policy == "warn":
                    self._missed[slot] = "told"
        if streams.clock is None and policy == "require":
            short |= is_short
        stale = self._stale(streams, arrivals, lengths)
        if not (short.any() or stale.any()):
            return
        index = None
        if streams.clock is not None:
            index = streams.clock.index(arrivals.ticks)
        report_missing_history(
            policy,
            short,
            stale,
            index,
            lost=False,
            n_before=sum(self._window._reach) - 1,
        )

    def _stale(self, streams, arrivals, lengths):
        """Which windows end with more absent steps than any of the fit."""
        known, h = self._window._known, streams.parts.horizon
        stale = np.zeros(len(lengths), dtype=bool)
        most, rings, values = self._window._most_absent, streams.rings, arrivals.values
        newest = rings.last("values", arrivals.slots, before=h - 1) if h else values
        # Most rows have nothing missing, which is told in less time than the rest.
        absent = absent_rows(newest, known) if np.isnan(newest).any() else None
        if absent is None:
            return stale
        for i in np.flatnonzero(absent & (lengths > 0) & (arrivals.runs > h)):
            slot, count = arrivals.slots[i : i + 1], 1
            while count < lengths[i]:
                older = rings.last("values", slot, before=h - 1 + count)
                if absent_rows(older, known) is None:
                    break
                count += 1
            stale[i] = count > most
        return stale
