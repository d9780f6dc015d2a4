"""What the parts of an estimator learn from, checked and encoded."""

from typing import NamedTuple

import numpy as np

from skrnn._sequences.sources import SequenceSource


class Samples(NamedTuple):
    """Sequences with their targets and weights."""

    source: SequenceSource
    target: np.ndarray  # (n, n_targets) of float64, or (n,) of int64 for classes
    weight: np.ndarray | None  # (n,)
    loss_weight: np.ndarray | None  # (n,), with those of the classes
    rows: np.ndarray | None  # where in X they are; None if all of X is here

    def part(self, rows):
        """Return the sequences (SequenceSource) of some rows."""
        source = self.source
        return source if len(rows) == len(source) else source.take(rows)
