"""Sequences that are read in another unit, or whose values are cut off."""

from itertools import chain

import numpy as np

from skrnn._sequences.sources import SequenceSource
from skrnn._units import LEAST, MOST, exponents_of, times_power_of_two

# Numbers in a unit of a fit are cut off there: what a prediction is asked for may be
# anything, and sums of it are to be floats.
FARTHEST = 2.0**400
# Samples of which most features are seen to be ordinary, before others are read.
FEW = 8


class ChangedSource(SequenceSource):
    """The samples of another source, with other values."""

    def __init__(self, source):
        self._source = source
        self.n_samples, self.n_features = len(source), source.n_features
        self.max_steps, self.series = source.max_steps, source.series
        self.is_of_windows, self.exponents = source.is_of_windows, source.exponents
        self.codes, self.borders = source.codes, source.borders

    def contents(self) -> list:
        return self._source.contents()

    def _changed(self, block):
        """Return other values (N, L, F) of float64 for some (N, L, F)."""
        raise NotImplementedError

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        block, lengths = self._source.batch(rows)
        block = self._changed(block)
        if lengths is not None:  # zeros stay behind the present steps
            block[np.arange(block.shape[1]) >= lengths[:, None]] = 0.0
        return block, lengths

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        return self._source.lengths(rows)


class UnitSource(ChangedSource):
    """Sequences whose features are divided by powers of two.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    exponents : ndarray of shape (n_features,) of int32
        Of two.
    """

    def __init__(self, source: SequenceSource, exponents: np.ndarray):
        super().__init__(source)
        self.exponents, self.largest = exponents, FARTHEST

    def contents(self) -> list:
        return [*self._source.contents(), self.exponents]

    def _changed(self, block):
        block = times_power_of_two(block, -self.exponents)
        return np.clip(block, -FARTHEST, FARTHEST, out=block)


class LimitedSource(ChangedSource):
    """Sequences in which what lies beyond limits is moved to them.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    low, high : ndarray of shape (n_features,) of float64
        The limits of each feature.
    """

    def __init__(self, source: SequenceSource, low: np.ndarray, high: np.ndarray):
        super().__init__(source)
        self._low, self._high = low, high
        self.largest = float(max(np.abs(low).max(), np.abs(high).max()))

    def _changed(self, block):
        return np.clip(np.asarray(block, np.float64), self._low, self._high)


def largest_of_features(source: SequenceSource) -> np.ndarray:
    """Find the largest absolute value of each feature.

    Parameters
    ----------
    source : SequenceSource
        The samples, of which no more are read than it takes to see that all features
        are ordinary.

    Returns
    -------
    ndarray of shape (n_features,) of float64
        Of an ordinary feature, a value that it has at the least.
    """
    largest, is_small = np.zeros(source.n_features), source.largest <= MOST
    first = np.arange(min(len(source), FEW))
    for rows in chain([first], source.chunks()):
        block = np.abs(np.asarray(source.batch(rows)[0], np.float64))
        # The greatest that is there: NaN is missing.
        np.fmax(largest, np.fmax.reduce(block, axis=(0, 1), initial=0.0), out=largest)
        if is_small and (largest >= LEAST).all():
            break
    return largest


def units_of(source: SequenceSource) -> tuple[np.ndarray | None, float]:
    """Choose the units of the features of a fit.

    Parameters
    ----------
    source : SequenceSource
        The samples.

    Returns
    -------
    exponents : ndarray of shape (n_features,) of int32, or None
        Of two; None where all features are ordinary.
    least : float
        The largest absolute value of the feature with the smallest one, or a value of
        it where that is ordinary.
    """
    largest = largest_of_features(source)
    return exponents_of(largest), float(largest.min())


def in_units(source: SequenceSource, exponents: np.ndarray | None) -> SequenceSource:
    """Return a source in the units of a fit; itself if those are its own.

    Parameters
    ----------
    source : SequenceSource
        In the user's units.
    exponents : ndarray of shape (n_features,) of int32, or None
        Of two, by which features are divided.
    """
    if exponents is None and source.largest <= FARTHEST:
        return source
    if exponents is None:
        exponents = np.zeros(source.n_features, np.int32)
    return UnitSource(source, exponents)
