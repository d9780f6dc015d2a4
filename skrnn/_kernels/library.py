"""The compiled kernels: which library fits this machine, and its functions.

Nothing here knows torch. Arrays are handed over as addresses, so whoever calls keeps
them alive, contiguous and of the right type.
"""

import os
from ctypes import POINTER, c_double, c_int, c_int64, c_uint64, c_void_p
from functools import cache

from skrnn._kernels.levels import LEVELS, load, missing, why_not
from skrnn._kernels.structs import (
    AdamOptions,
    CompetitionCall,
    Composition,
    ConvolutionCall,
    Input,
    LayerCall,
    Loss,
    Shape,
    SmoothingCall,
    Tensors,
    Whole,
)
from skrnn._warn import warn_user
from skrnn.exceptions import NoKernelsWarning

CELLS = {"lstm": 0, "gru": 1, "rnn": 2}
# Of the standard network; and what others may have.
POOLINGS = {"last": 0, "mean": 1, "max": 2, "mixed": 3}
ALL_POOLINGS = POOLINGS | {"attention": 4}
LOSSES = {
    "squared_error": 0,
    "absolute_error": 1,
    "huber": 2,
    "cross_entropy": 3,
    "binary_cross_entropy": 4,
    "poisson": 5,
    "quantile": 6,
    "gaussian": 7,
    "student_t": 8,
}
# Outputs a target, where they are more than one.
LOSS_WIDTHS = {"gaussian": 2, "student_t": 3}
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
    "train_batches": (
        c_int64,
        [
            c_void_p,
            c_void_p,
            c_void_p,
            POINTER(Input),
            c_int64,
            c_int64,
            POINTER(Loss),
            c_void_p,
            c_int64,
            POINTER(Tensors),
            POINTER(AdamOptions),
            c_void_p,
            c_void_p,
            c_void_p,
        ],
    ),
    "train_composed": (
        c_int,
        [
            c_void_p,
            c_void_p,
            c_void_p,
            POINTER(Input),
            c_int64,
            c_int64,
            POINTER(Loss),
            POINTER(Composition),
            c_void_p,
            POINTER(c_double),
        ],
    ),
    "keep_factors": (
        c_int,
        [c_uint64, c_double, c_int64, c_int64, c_int64, c_void_p],
    ),
    "predict": (
        c_int,
        [c_void_p, c_void_p, POINTER(Input), c_int64, c_int64, c_void_p],
    ),
    "predict_whole": (
        c_int,
        [
            c_void_p,
            c_void_p,
            POINTER(Input),
            POINTER(Whole),
            c_void_p,
            c_int,
            c_double,
            c_int64,
            c_int64,
            c_void_p,
            c_void_p,
            c_void_p,
        ],
    ),
    "clip": (c_double, [c_void_p, POINTER(Tensors), POINTER(AdamOptions), c_void_p]),
    "adam": (c_int, [c_void_p, POINTER(Tensors), POINTER(AdamOptions)]),
    "clip_and_adam": (
        c_double,
        [c_void_p, POINTER(Tensors), POINTER(AdamOptions), c_void_p],
    ),
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
    "smooth": (c_int, [c_void_p, POINTER(SmoothingCall)]),
}


@cache
def running_level():
    """Return the level of instructions (str) whose kernels run, None for torch alone.

    There are none where no C++ compiler was found when the package was installed; torch
    then does the same work, more slowly. The environment variable ``SKRNN_KERNELS``
    tells, before the first use, which are wanted: ``0`` for none, ``1`` for the best
    that the machine can run, which is what an unset one means, or the name of a level
    of instructions: ``baseline``, ``v3`` or ``v4``, as in x86-64-v3.

    Raises
    ------
    ValueError
        If the variable names a level that this machine cannot run, or that was not
        compiled.

    Warns
    -----
    skrnn.exceptions.NoKernelsWarning
        Once, if the machine could run better ones and nobody has said otherwise.
    """
    wanted = os.environ.get("SKRNN_KERNELS", "1")
    if wanted == "0":
        return None
    there = [level for level in LEVELS if library_of(level) is not None]
    if wanted in ("", "1"):
        best = there[-1] if there else None
        _warn_of_missing(best)
        return best
    if wanted not in there:
        why = f" ({why_not(wanted)})" if wanted in LEVELS else ""
        raise ValueError(
            f"The environment variable SKRNN_KERNELS is {wanted!r}, and there are no "
            f"such kernels on this machine{why}. Of the levels of instructions there "
            f"are here: {', '.join(there) or 'none'}. 1 takes the best of them, 0 "
            "leaves all work to torch."
        )
    return wanted


def _warn_of_missing(best):
    lost = missing(best)
    if not lost:
        return
    runs = f"with the kernels of {best!r} alone" if best else "without its kernels"
    told = "; ".join(f"{level}: {why}" for level, why in lost.items())
    warn_user(
        f"skrnn runs {runs}, and so more slowly than this machine could ({told}). "
        "Install it again where there is a compiler of C++, or from a wheel; the page "
        "on installation tells how. The environment variable SKRNN_KERNELS="
        f"{best or 0} says that this is wanted.",
        NoKernelsWarning,
    )


@cache
def library():
    """Return the library that runs (ctypes.CDLL), or None; see `running_level`."""
    level = running_level()
    return None if level is None else library_of(level)


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
    return None if why_not(level) else _declared(load(level)[0])


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
