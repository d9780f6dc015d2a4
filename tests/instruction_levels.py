"""The compiled libraries, one for each instruction level."""

from functools import cache

import pytest

from skrnn._kernels import library as kernel_library

LEVELS = {"kernels": 0, "kernels_v3": 3, "kernels_v4": 4}


@cache
def library_of(name):
    """A library with the signatures set, or None if this machine cannot run it."""
    library = kernel_library._load(name)
    if library is None or LEVELS[name] > library.skrnn_level():
        return None
    return kernel_library._declared(library)


def library_or_skip(name):
    """The library of this name, or None for "torch", which is the code without one."""
    if name == "torch":
        return None
    return library_of(name) or pytest.skip("not on this machine")


needs_kernels = pytest.mark.skipif(
    kernel_library.library() is None, reason="this machine compiled no kernels"
)
