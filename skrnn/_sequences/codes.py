"""Features that are numbers of categories, such as tokens of a text."""

from typing import NamedTuple

import numpy as np


class Codes(NamedTuple):
    """Which features of a step are codes, and of how many things.

    A code is a whole number from 0; 0 is for all that is unknown.

    Attributes
    ----------
    sizes : tuple of int
        Codes that each feature may have; 0 where it is a number like any other.
    key : int
        The same for codes of the same things, as far as a checksum can tell.
    vectors : ndarray of shape (n_codes, n) of float32, or None
        What to begin with for each code, of a single feature; NaN where there is none.
    what : {"categories", "tokens"}
        What they are codes of.
    """

    sizes: tuple[int, ...]
    key: int
    vectors: np.ndarray | None = None
    what: str = "categories"

    @property
    def identity(self) -> tuple:
        """What has to be the same in fit and predict (tuple)."""
        return self.sizes, self.key
