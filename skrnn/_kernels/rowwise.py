"""Operations whose result for a sample does not depend on the other samples.

Those of torch round differently with the number of rows. Where a gradient is wanted,
or there are no kernels, torch's are used all the same.
"""

import torch
from torch.nn import functional

from skrnn._kernels.fit import check_lengths, check_tensor
from skrnn._kernels.library import DTYPES, check_answer, function, library

_NAMES = {getattr(torch, name): name for name in DTYPES}


def linear(layer, x):
    """Apply a linear layer.

    Parameters
    ----------
    layer : nn.Linear
        The layer.
    x : Tensor of shape (..., n_inputs)
        Its inputs.

    Returns
    -------
    Tensor of shape (..., n_outputs)
    """
    return affine(x, layer.weight, layer.bias)


def affine(x, weight, bias):
    """Multiply by a weight and add a bias.

    Parameters
    ----------
    x : Tensor of shape (..., n_inputs)
        What is multiplied.
    weight : Tensor of shape (n_outputs, n_inputs)
        The weight.
    bias : Tensor of shape (n_outputs,)
        The bias.

    Returns
    -------
    Tensor of shape (..., n_outputs)
    """
    dtype = _dtype_of(x)
    if dtype is None:
        return functional.linear(x, weight, bias)
    shape = tuple(x.shape)
    rows = x.contiguous()  # (N, K)
    if len(shape) != 2:
        rows = rows.view(-1, shape[-1])
    n_rows, n_inputs = rows.shape
    weight, bias = weight.contiguous(), bias.contiguous()
    n_outputs = weight.shape[0]
    check_tensor("weight", weight, (n_outputs, n_inputs), x.dtype)
    check_tensor("bias", bias, (n_outputs,), x.dtype)
    to = rows.new_empty(n_rows, n_outputs)
    answer = function("linear", dtype)(
        rows.data_ptr(),
        n_rows,
        n_inputs,
        weight.data_ptr(),
        bias.data_ptr(),
        n_outputs,
        to.data_ptr(),
    )
    check_answer(answer, f"There is no memory for {n_outputs} outputs.")
    return to if len(shape) == 2 else to.view(*shape[:-1], -1)


def sigmoid(x):
    """Apply the logistic function.

    Parameters
    ----------
    x : Tensor
        Its inputs.

    Returns
    -------
    Tensor
    """
    if torch.is_grad_enabled():
        return x.sigmoid()
    # torch's own rounds the last few numbers of a tensor in another way.
    return x.mul(0.5).tanh_().mul_(0.5).add_(0.5)


def sum_over_steps(values, factors, lengths):
    """Sum the present steps of sequences.

    Parameters
    ----------
    values : Tensor of shape (N, L, H)
        Summands.
    factors : Tensor of shape (N, L, 1), or None
        Their factors, zero where a step is absent; None means 1.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each; None where all L are present.

    Returns
    -------
    Tensor of shape (N, H)
    """
    dtype = _dtype_of(values)
    if dtype is None:
        if factors is not None:
            values = values * factors
        elif lengths is not None:
            step = torch.arange(values.shape[1], device=values.device)
            absent = (step >= lengths[:, None])[:, :, None]  # (N, L, 1)
            values = values.masked_fill(absent, 0.0)
        return values.sum(dim=1)
    n_samples, n_steps, size = values.shape
    values = values.contiguous()
    if factors is not None:
        factors = factors.contiguous()
        check_tensor("factors", factors, (n_samples, n_steps, 1), values.dtype)
    if lengths is not None:
        lengths = lengths.contiguous()
    check_lengths(lengths, n_samples)
    to = values.new_empty(n_samples, size)
    answer = function("sum_over_steps", dtype)(
        values.data_ptr(),
        None if factors is None else factors.data_ptr(),
        None if lengths is None else lengths.data_ptr(),
        n_samples,
        n_steps,
        size,
        to.data_ptr(),
    )
    check_answer(answer, "There is no memory for sums.")
    return to


def _dtype_of(x):
    dtype = _NAMES.get(x.dtype)
    is_apt = (
        dtype is not None
        and x.is_cpu
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and library() is not None
    )
    return dtype if is_apt else None
