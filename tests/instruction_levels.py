"""The compiled libraries, one for each instruction level."""

from functools import cache

from skrnn._kernels import library as kernel_library

LEVELS = {"kernels": 0, "kernels_v3": 3, "kernels_v4": 4}


@cache
def library_of(name):
    """A library with the signatures set, or None if this machine cannot run it."""
    library = kernel_library._load(name)
    if library is None or LEVELS[name] > library.skrnn_level():
        return None
    return kernel_library._declared(library)
