"""Structures that the compiled kernels read, field for field as in their headers."""

import ctypes
from ctypes import c_double, c_int, c_int64, c_void_p


class Shape(ctypes.Structure):
    """Of a standard network; as `Shape` in network.h."""

    _fields_ = [
        ("cell", c_int),
        ("is_relu", c_int),
        ("pooling", c_int),
        ("n_layers", c_int64),
        ("n_features", c_int64),
        ("hidden_size", c_int64),
        ("n_outputs", c_int64),
        ("n_threads", c_int),
    ]


class CodesOfInput(ctypes.Structure):
    """Vectors in the place of codes; as `Codes` in lanes.h."""

    _fields_ = [
        ("segment", c_int64),
        ("n_given", c_int64),
        ("n_codes", c_void_p),
        ("sizes", c_void_p),
        ("tables", c_void_p),
        ("gradients", c_void_p),
        ("padding", c_void_p),
    ]


class Input(ctypes.Structure):
    """Sequences in the user's units; as `Input` in lanes.h."""

    _fields_ = [
        ("values", c_void_p),
        ("kind", c_int),
        ("lengths", c_void_p),
        ("mean", c_void_p),
        ("scale", c_void_p),
        ("codes", c_void_p),
    ]


class Whole(ctypes.Structure):
    """What stands around a network; as `Whole` in whole.h."""

    _fields_ = [
        ("row_mean", c_void_p),
        ("row_scale", c_void_p),
        ("farthest", c_double),
        ("n_path", c_int64),
        ("center", c_void_p),
        ("weight", c_void_p),
        ("bias", c_void_p),
        ("y_mean", c_void_p),
        ("y_scale", c_void_p),
    ]


class Loss(ctypes.Structure):
    """As `Loss` in loss.h."""

    _fields_ = [
        ("kind", c_int),
        ("smoothing", c_double),
        ("targets", c_void_p),
        ("weights", c_void_p),
        ("gamma", c_double),
        ("width", c_int64),
        ("levels", c_void_p),
        ("scales", c_void_p),
        ("shifts", c_void_p),
    ]


class Composition(ctypes.Structure):
    """As `Composition` in composition.h."""

    _fields_ = [
        ("n_directions", c_int),
        ("norm", c_int),
        ("is_residual", c_int),
        ("dropout", c_double),
        ("recurrent_dropout", c_double),
        ("epsilon", c_double),
        ("momentum", c_double),
        ("most_steps", c_int64),
        ("keys", c_void_p),
        ("moments", c_void_p),
        ("shares", c_void_p),
        ("count", c_double),
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

    _fields_ = [("count", c_int64)] + [
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


class SmoothingCall(ctypes.Structure):
    """As `SmoothingCall` in smoothing.h."""

    _fields_ = [
        *(
            (name, c_int64)
            for name in (
                "n_series",
                "n_rows",
                "n_models",
                "n_effects",
                "period",
                "n_steps",
                "n_kinds",
                "n_asked",
                "begin",
            )
        ),
        *(
            (name, c_void_p)
            for name in (
                "values",
                "gain",
                "variance",
                "log_variance",
                "damping",
                "prior",
                "basis",
                "damped",
                "kinds",
                "steps",
                "asked",
                "rows",
            )
        ),
        *((name, c_double) for name in ("most_surprise", "least_variance", "power")),
        ("rows_of_scale", c_int64),
        *((name, c_void_p) for name in ("state", "path", "evidence", "shares")),
    ]
