"""The compiled kernels: which library fits this machine, and its functions.

Nothing here knows torch. Arrays are handed over as addresses, so whoever calls keeps
them alive, contiguous and of the right type.
"""

import ctypes
import os
import sysconfig
import threading
from ctypes import POINTER, c_double, c_int, c_int64, c_long, c_void_p
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "native"
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
PIECE = 2**14  # as in optimizer.h


class Shape(ctypes.Structure):
    """Of a standard network; as `Shape` in network.h."""

    _fields_ = [
        ("cell", c_int),
        ("is_relu", c_int),
        ("pooling", c_int),
        ("n_layers", c_long),
        ("n_features", c_long),
        ("hidden_size", c_long),
        ("n_outputs", c_long),
        ("n_threads", c_int),
    ]


class Input(ctypes.Structure):
    """Sequences in the user's units; as `Input` in lanes.h."""

    _fields_ = [
        ("values", c_void_p),
        ("kind", c_int),
        ("sample_step", c_long),
        ("lengths", c_void_p),
        ("mean", c_void_p),
        ("scale", c_void_p),
    ]


class Loss(ctypes.Structure):
    """As `Loss` in loss.h."""

    _fields_ = [
        ("kind", c_int),
        ("smoothing", c_double),
        ("targets", c_void_p),
        ("weights", c_void_p),
    ]


class AdamOptions(ctypes.Structure):
    """As `AdamOptions` in optimizer.h."""

    _fields_ = [
        ("rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("decay", c_double),
        ("is_decoupled", c_int64),
        ("l1", c_double),
        ("max_value", c_double),
        ("max_norm", c_double),
    ]


class Tensors(ctypes.Structure):
    """As `Tensors` in optimizer.h."""

    _fields_ = [("count", c_long)] + [
        (name, c_void_p)
        for name in (
            "sizes",
            "is_matrix",
            "weights",
            "gradients",
            "first",
            "second",
            "steps",
        )
    ]


class LayerCall(ctypes.Structure):
    """As `LayerCall` in layer_call.h."""

    _fields_ = [
        (name, c_int64)
        for name in (
            "cell",
            "is_relu",
            "is_reversed",
            "needs_record",
            "n_samples",
            "n_steps",
            "n_features",
            "hidden_size",
        )
    ] + [
        (name, c_void_p)
        for name in (
            "w_ih",
            "w_hh",
            "b_ih",
            "b_hh",
            "x",
            "lengths",
            "h0",
            "c0",
            "states",
            "h_end",
            "c_end",
            "record",
            "d_states",
            "d_end",
            "dx",
            "dw_ih",
            "dw_hh",
            "db_ih",
            "db_hh",
        )
    ]


class ConvolutionCall(ctypes.Structure):
    """As `ConvolutionCall` in convolutions.h."""

    _fields_ = [
        (name, c_int64)
        for name in ("n_samples", "n_steps", "n_features", "n_dilations", "n_biases")
    ] + [
        (name, c_void_p)
        for name in ("x", "lengths", "dilations", "channels", "biases", "to")
    ]


class CompetitionCall(ctypes.Structure):
    """As `CompetitionCall` in competition.h."""

    _fields_ = [
        (name, c_int64)
        for name in ("n_samples", "n_steps", "n_features", "n_sets", "n_groups")
    ] + [
        (name, c_void_p)
        for name in (
            "x",
            "lengths",
            "dilations",
            "is_change",
            "channels",
            "weights",
            "to",
        )
    ]


_SIGNATURES = {
    "open_network": (c_void_p, [POINTER(Shape)]),
    "close_network": (None, [c_void_p]),
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
    "adam": (None, [c_void_p, POINTER(Tensors), POINTER(AdamOptions)]),
    "linear": (
        c_int,
        [c_void_p, c_int64, c_int64, c_void_p, c_void_p, c_int64, c_void_p],
    ),
    "sum_over_steps": (
        None,
        [c_void_p, c_void_p, c_void_p, c_int64, c_int64, c_int64, c_void_p],
    ),
    "layer_size": (c_int64, [POINTER(LayerCall)]),
    "layer_forward": (c_int, [c_void_p, POINTER(LayerCall)]),
    "layer_backward": (c_int, [c_void_p, POINTER(LayerCall)]),
}
_OF_NO_DTYPE = {
    "open_team": (c_void_p, [c_int]),
    "close_team": (None, [c_void_p]),
    "convolve": (c_int, [c_void_p, POINTER(ConvolutionCall)]),
    "compete": (c_int, [c_void_p, POINTER(CompetitionCall)]),
}
_this_thread = threading.local()


@cache
def library():
    """Return the library for this machine (ctypes.CDLL), or None if there is none.

    There is none where no C++ compiler was found when the package was installed, or
    where the environment variable ``SKRNN_KERNELS`` is 0; torch then does the same
    work, more slowly.
    """
    if os.environ.get("SKRNN_KERNELS", "1") == "0":
        return None
    basic = _load("kernels")
    if basic is None:
        return None
    level = basic.skrnn_level()
    found = (_load(f"kernels_v{n}") for n in (4, 3) if n <= level)
    chosen = next((lib for lib in found if lib is not None), basic)
    return _declared(chosen)


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
    path = _FOLDER / (name + sysconfig.get_config_var("EXT_SUFFIX"))
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


def team():
    """Return the team of threads (int) that work for this thread, or None."""
    return getattr(_this_thread, "team", None)


def set_team(team):
    """Let a team of threads (int), or None, work for this thread."""
    _this_thread.team = team
