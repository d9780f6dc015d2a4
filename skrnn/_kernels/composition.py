"""What a network is composed of beyond the standard one, as the kernels read it."""

import ctypes
from typing import NamedTuple

import torch

from skrnn._kernels.fit import check_tensor
from skrnn._kernels.library import addresses
from skrnn._kernels.structs import Composition

_NORMS = {None: 0, "layer": 1, "batch": 2}
# Below so many samples, which leave lanes empty, and from so many units on, torch's
# LSTM, one fused operation, takes half the time. Measured at 4 and 8 samples, 32, 128
# and 256 units.
_FEW_SAMPLES = 8
_MANY_UNITS = 128


class CompositionForm(NamedTuple):
    """Parts of a network that the standard one has not."""

    n_directions: int
    norm: str | None  # "layer" or "batch"
    is_residual: bool
    dropout: float
    recurrent_dropout: float
    most_steps: int  # that a gradient flows back within; 0 for all
    epsilon: float  # of the norm
    momentum: float  # of the running moments of a batch norm
    moments: list  # running mean and variance of each layer with a batch norm (Tensor)

    @property
    def kind(self):
        """What a handle is made for (tuple)."""
        return self[:3]

    def n_parts_of_steps(self, n_steps):
        """Count the parts (int) that n_steps (int) are run back in."""
        most = self.most_steps
        return -(-n_steps // most) if 0 < most < n_steps else 1

    def n_keys(self, n_layers, n_steps):
        """Count the tensors (int) that dropout draws random numbers for in a step."""
        count = n_layers * self.n_directions if self.recurrent_dropout else 0
        if self.dropout:
            count += self.n_parts_of_steps(n_steps) * (n_layers - 1) + 1
        return count


class BatchShares(NamedTuple):
    """How much each sample counts in what a batch has in common.

    Attributes
    ----------
    share : Tensor of shape (N,), or None
        What each of its present steps is of all; None for all alike.
    count : float
        Present steps that count.
    """

    share: torch.Tensor | None
    count: float


def is_worth_composing(form, n_samples):
    """Whether a step of a form with a composition is faster than autograd's.

    Parameters
    ----------
    form : StandardForm
        With a composition.
    n_samples : int
        Of the largest batch.

    Returns
    -------
    bool
    """
    is_large = form.cell == "lstm" and form.hidden_size >= _MANY_UNITS
    return not (is_large and n_samples < _FEW_SAMPLES)


def shapes_of_weights(form, n_gates):
    """Shapes (list of tuple) of the weights of a form with a composition, in order."""
    parts, units = form.composition, form.hidden_size
    state, columns = parts.n_directions * units, form.n_features
    rows, shapes = n_gates * units, []
    for _ in range(form.n_layers):
        cell = (rows, columns), (rows, units), (rows,), (rows,)
        shapes += cell * parts.n_directions
        shapes += [(state,)] * 2 if parts.norm is not None else []
        columns = state
    if form.pooling == "attention":
        shapes += [(state, state), (state,), (1, state), (1,)]
    return [*shapes, (form.n_outputs, state), (form.n_outputs,)]


def composition_of(form, given, dtype):
    """Say what a network is composed of, and what it needs for a batch.

    Parameters
    ----------
    form : StandardForm
        With a composition.
    given : KernelInputs
        With the keys and the shares of the batch.
    dtype : torch.dtype
        Of the weights.

    Returns
    -------
    Composition
        It keeps alive what it points at, but for the tensors.

    Raises
    ------
    ValueError
        If a tensor is not what the kernels can read.
    """
    parts, (n_samples, n_steps, _) = form.composition, given.x.shape
    if form.codes is not None:
        n_steps //= form.codes.segment
    n_keys = parts.n_keys(form.n_layers, n_steps)
    if n_keys:
        check_tensor("keys", given.keys, (n_keys,), torch.int64)
    state = parts.n_directions * form.hidden_size
    for moments in parts.moments:
        check_tensor("Moments", moments, (state,), dtype)
    shares = given.shares or BatchShares(None, 0.0)
    if shares.share is not None:
        check_tensor("share", shares.share, (n_samples,), dtype)
    moments = addresses([tensor.data_ptr() for tensor in parts.moments])
    composition = Composition(
        n_directions=parts.n_directions,
        norm=_NORMS[parts.norm],
        is_residual=parts.is_residual,
        dropout=parts.dropout,
        recurrent_dropout=parts.recurrent_dropout,
        epsilon=parts.epsilon,
        momentum=parts.momentum,
        most_steps=parts.most_steps,
        keys=given.keys.data_ptr() if n_keys else None,
        moments=ctypes.addressof(moments) if parts.moments else None,
        shares=None if shares.share is None else shares.share.data_ptr(),
        count=shares.count,
    )
    composition.kept = moments
    return composition
