"""A network with all that stands around it, asked for a few samples in one call.

Each step from the user's units to those of the network and back takes Python longer
than a small network takes for a sample.
"""

import ctypes
from typing import NamedTuple

import numpy as np
import torch

from skrnn._kernels.fit import check_tensor
from skrnn._kernels.library import check_answer, function
from skrnn._kernels.structs import Input, Whole

# Answers of the library, as in checks.h.
_DONE, _LEFT = 1, 2
_KINDS = {"f": 0, "d": 1}
# Numbers of sequences whose room is kept for the next ones: 2 MB.
_MOST_KEPT = 2**18


class WholeForm(NamedTuple):
    """A network whose targets have one output each, and what stands around it."""

    network: object  # StandardForm, without codes
    row_mean: torch.Tensor | None  # (F,) of the features; None where all are near
    row_scale: torch.Tensor | None  # (F,)
    farthest: float  # deviations from the mean that a feature may have
    n_path: int  # newest steps of the linear path; 0 where there is none
    center: torch.Tensor | None  # (n_path * F,)
    weight: torch.Tensor | None  # (n_targets, n_path * F)
    bias: torch.Tensor | None  # (n_targets,)
    y_mean: torch.Tensor  # (n_targets,)
    y_scale: torch.Tensor  # (n_targets,)


class WholeNetwork:
    """Asks a network in compiled code for predictions in the user's units.

    Parameters
    ----------
    compiled : CompiledNetwork
        Standard, open, of the calling thread; without codes.
    form : WholeForm
        Of the same network.

    Attributes
    ----------
    form : WholeForm
        As given.

    Raises
    ------
    ValueError
        If a tensor is not what the kernels can read.
    """

    def __init__(self, compiled, form):
        of, around = form.network, form._asdict()
        del around["network"]
        self.form, self._compiled = form, compiled  # which hold what is pointed at
        self._n_features, self._n_targets = of.n_features, of.n_outputs
        sizes = dict.fromkeys(("bias", "y_mean", "y_scale"), of.n_outputs)
        sizes |= {"row_mean": of.n_features, "row_scale": of.n_features}
        sizes["center"] = form.n_path * of.n_features
        for name, part in around.items():
            if isinstance(part, torch.Tensor):
                shape = (of.n_outputs, sizes["center"]) if name == "weight" else None
                check_tensor(name, part, shape or (sizes[name],), torch.float64)
                around[name] = part.data_ptr()
        moments = of.x_mean.data_ptr(), of.x_scale.data_ptr()
        kept = Input(None, 0, None, *moments, None), Whole(**around)
        self._told = compiled.weights, *map(ctypes.pointer, kept)
        self._predict = function("predict_whole", compiled.dtype)
        self._dtype = np.dtype(compiled.dtype)
        n_states = of.n_layers * (2 if of.cell == "lstm" else 1)
        n_pooled = 2 if of.pooling == "mixed" else 1
        self._width = (n_states + n_pooled) * of.hidden_size + (of.pooling == "mean")
        self._shape = None

    def is_open(self):
        """Whether the network is still open."""
        return self._compiled.handle is not None

    def outputs(self, x, largest):
        """Predict.

        Parameters
        ----------
        x : ndarray of shape (n, n_timesteps, n_features) of float32 or float64
            A few sequences in the user's units, all of whose steps are present.
        largest : float
            No absolute value of them is larger; finite.

        Returns
        -------
        ndarray of shape (n, n_targets, 1) of float64, or None
            The bits of `RecurrentNetwork.predict`; None where a value lies so far
            from those of the fit that it is to be moved, or steps are too few.
        """
        return self._ask(x, largest, None, None)

    def step(self, x, largest, before):
        """Take the newest step of a few sequences, from the states before it.

        Parameters
        ----------
        x : ndarray of shape (n, n_timesteps, n_features) of float32 or float64
            The newest steps, of which only the last one is new.
        largest : float
            As for `outputs`.
        before : ndarray of shape (n, width) of the type of the weights
            States of all layers and of the pooling, as `NetworkState` has them.

        Returns
        -------
        outputs : ndarray of shape (n, n_targets, 1) of float64
            As of `outputs`.
        after : ndarray of shape (n, width)
            The states after the step. None in the place of both, as there.
        """
        shape = len(x), self._width
        if before.shape != shape or before.dtype != self._dtype:
            raise ValueError(
                f"before is a {before.dtype} of shape {before.shape}, and the kernels "
                f"need a {self._dtype} of shape {shape}."
            )
        before = np.ascontiguousarray(before)
        after = np.empty_like(before)
        found = self._ask(x, largest, before.ctypes.data, after.ctypes.data)
        return None if found is None else (found, after)

    def _make_room(self, shape):
        """Have arrays for sequences and results whose addresses are known.

        To ask an array where it is takes longer than to copy a few numbers.
        """
        self._x, self._results = (
            np.empty(shape),
            np.empty((shape[0], self._n_targets, 1)),
        )
        self._x_at, self._results_at = self._x.ctypes.data, self._results.ctypes.data
        self._shape = shape

    def _ask(self, x, largest, before, after):
        n, n_steps, n_features = x.shape
        if n_features != self._n_features or not n_steps:
            return None
        if x.dtype.char not in _KINDS or not x.dtype.isnative:
            return None
        if x.shape != self._shape:
            self._make_room(x.shape)
        self._x[...] = x
        answer = self._predict(
            self._compiled.place,
            *self._told,
            self._x_at,
            _KINDS["d"],
            largest,
            n,
            n_steps,
            before,
            after,
            self._results_at,
        )
        results = self._results
        if x.size > _MOST_KEPT:
            self._shape = self._x = self._results = None
        if answer == _DONE:
            return results.copy()
        if answer == _LEFT:
            return None
        return check_answer(answer, "There is no memory for the states of a sample.")
