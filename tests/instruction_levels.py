"""The compiled libraries, one for each level of instructions."""

import pytest

from skrnn._kernels.levels import LEVELS
from skrnn._kernels.library import library, library_of

__all__ = ["LEVELS", "ROUNDING", "library_of", "library_or_skip", "needs_kernels"]


def library_or_skip(name):
    """The library of a level, or None for "torch", which is the code without one."""
    if name == "torch":
        return None
    return library_of(name) or pytest.skip("not on this machine")


needs_kernels = pytest.mark.skipif(
    library() is None, reason="there are no kernels, or SKRNN_KERNELS=0"
)
# Of predictions, relative: with kernels the bits of a sample do not depend on others.
# Without them torch computes in double precision, and rounds by what is in the batch.
ROUNDING = 1e-12 if library() is None else 0.0
