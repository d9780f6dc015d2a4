"""The compiled kernels: which library fits this machine, and its functions.

Nothing here knows torch. Arrays are handed over as addresses, so whoever calls keeps
them alive, contiguous and of the right type.
"""

import ctypes
import os
import sys
from ctypes import POINTER, c_double, c_int, c_int64, c_void_p
from functools import cache
from pathlib import Path

from skrnn._kernels.structs import (
    AdamOptions,
    CompetitionCall,
    ConvolutionCall,
    Input,
    LayerCall,
    Loss,
    Shape,
    Tensors,
)

_FOLDER = Path(__file__).parent / "native"
# Levels of instructions, as `skrnn_level` in kernels.cpp counts them, with their files.
LEVELS = {
    "baseline": (0, "kernels"),
    "v3": (3, "kernels_v3"),
    "v4": (4, "kernels_v4"),
}
CELLS = {"lstm": 0, "gru": 1, "rnn": 2}
POOLINGS = {"last": 0, "mean": 1, "max": 2, "mixed": 3}
LOSSES = {
    "squared_error": 0,
    "absolute_error": 1,
    "huber": 2,
    "cross_entropy": 3,
    "binary_cross_entropy": 4,
}
DTYPES = ("float32", "float64")
# Numbers of a tensor that one thread takes at a time; as in optimizer.h. The squares
# of a gradient are summed a piece at a time, so that the norm rounds alike whatever the
# number of threads.
PIECE = 2**14

_SIGNATURES = {
    "open_network": (c_int, [POINTER(Shape), POINTER(c_void_p)]),
    "close_network": (c_int, [POINTER(c_void_p)]),
    "train": (
        c_int,
        [
            c_void_p,
            c_void_p,
            c_void_p,
            POINTER(Input),
            c_int64,
            c_int64,
            POINTER(Loss),
            c_void_p,
            POINTER(c_double),
        ],
    ),
    "predict": (
        c_int,
        [c_void_p, c_void_p, POINTER(Input), c_int64, c_int64, c_void_p],
    ),
    "clip": (c_double, [c_void_p, POINTER(Tensors), POINTER(AdamOptions), c_void_p]),
    "adam": (c_int, [c_void_p, POINTER(Tensors), POINTER(AdamOptions)]),
    "linear": (
        c_int,
        [c_void_p, c_int64, c_int64, c_void_p, c_void_p, c_int64, c_void_p],
    ),
    "sum_over_steps": (
        c_int,
        [c_void_p, c_void_p, c_void_p, c_int64, c_int64, c_int64, c_void_p],
    ),
    "layer_size": (c_int64, [POINTER(LayerCall)]),
    "layer_forward": (c_int, [c_void_p, POINTER(LayerCall)]),
    "layer_backward": (c_int, [c_void_p, POINTER(LayerCall)]),
}
_OF_NO_DTYPE = {
    "open_pool": (c_int, [c_int, POINTER(c_void_p)]),
    "close_pool": (c_int, [POINTER(c_void_p)]),
    "convolve": (c_int, [c_void_p, POINTER(ConvolutionCall)]),
    "compete": (c_int, [c_void_p, POINTER(CompetitionCall)]),
}


@cache
def library():
    """Return the library for this machine (ctypes.CDLL), or None if there is none.

    There is none where no C++ compiler was found when the package was installed; torch
    then does the same work, more slowly. The environment variable ``SKRNN_KERNELS``
    tells, before the first use, which one is wanted: ``0`` for none, ``1`` for the best
    that the machine can run, which is what an unset one means, or the name of a level
    of instructions: ``baseline``, ``v3`` or ``v4``, as in x86-64-v3.

    Raises
    ------
    ValueError
        If the variable names a level that this machine cannot run, or that was not
        compiled.
    """
    wanted = os.environ.get("SKRNN_KERNELS", "1")
    if wanted == "0":
        return None
    if wanted in ("", "1"):
        found = (library_of(level) for level in reversed(LEVELS))
        return next((lib for lib in found if lib is not None), None)
    found = library_of(wanted) if wanted in LEVELS else None
    if found is None:
        there = [level for level in LEVELS if library_of(level) is not None]
        raise ValueError(
            f"The environment variable SKRNN_KERNELS is {wanted!r}, and there are no "
            "such kernels on this machine. Of the levels of instructions there are "
            f"here: {', '.join(there) or 'none'}. 1 takes the best of them, 0 leaves "
            "all work to torch."
        )
    return found


@cache
def library_of(level):
    """Return the library of a level, or None if it is not there or cannot run here.

    Parameters
    ----------
    level : {"baseline", "v3", "v4"}
        Level of instructions.

    Returns
    -------
    ctypes.CDLL or None
        With the signatures set.
    """
    number, name = LEVELS[level]
    # Only what every machine can run may be asked what this machine can.
    basic = _load(LEVELS["baseline"][1])
    if basic is None or number > basic.skrnn_level():
        return None
    loaded = _load(name)
    return None if loaded is None else _declared(loaded)


def _declared(library):
    for name, signature in _OF_NO_DTYPE.items():
        _declare(library, f"skrnn_{name}", signature)
    for name, signature in _SIGNATURES.items():
        for dtype in DTYPES:
            _declare(library, f"skrnn_{name}_{dtype}", signature)
    return library


def _declare(library, name, signature):
    function = getattr(library, name)
    function.restype, function.argtypes = signature


def _load(name):
    # As compilers.py in that folder names them.
    path = _FOLDER / (name + (".dll" if sys.platform == "win32" else ".so"))
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None


def function(name, dtype):
    """Return a function of the library for float32 or float64."""
    return getattr(library(), f"skrnn_{name}_{dtype}")


def addresses(arrays):
    """Return a C array of the addresses (int) of arrays."""
    return (c_void_p * len(arrays))(*arrays)


def check_answer(answer, no_memory):
    """Raise what an answer of the library means, if it is not that all was done.

    Parameters
    ----------
    answer : int
        As `Answer` in checks.h.
    no_memory : str
        What to tell where there was no memory.

    Raises
    ------
    MemoryError
        If there was no memory.
    ValueError
        If sizes or addresses cannot be right.
    """
    if answer == 0:
        raise MemoryError(no_memory)
    if answer < 0:
        raise ValueError(
            "The kernels were given sizes, lengths, labels or addresses that misfit."
        )
