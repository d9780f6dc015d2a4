"""Whether tensors are what the kernels take them for.

A kernel has an address and sizes, and cannot tell whether they belong together.
"""

import torch


def check_tensor(name, tensor, shape, dtype):
    """Raise an error where a kernel would read, or write, something else.

    Parameters
    ----------
    name : str
        What it is called in an error.
    tensor : Tensor
        What is given.
    shape : tuple of int
        What is expected.
    dtype : torch.dtype
        What is expected.

    Raises
    ------
    ValueError
        If shape, type, device or order in memory is another.
    """
    if (
        tensor.shape != shape
        or tensor.dtype != dtype
        or not tensor.is_cpu
        or tensor.layout != torch.strided
        or not tensor.is_contiguous()
    ):
        raise ValueError(
            f"{name} is {_told(tensor)}, and the kernels need "
            f"a contiguous {dtype} of shape {tuple(shape)} on the CPU."
        )


def check_lengths(lengths, n_samples):
    """Raise an error where lengths (Tensor or None) are not n_samples integers.

    How long each may be the kernels see for themselves.
    """
    if lengths is not None:
        check_tensor("lengths", lengths, (n_samples,), torch.int64)


def _told(tensor):
    if tensor.layout != torch.strided:
        return f"a tensor of layout {tensor.layout}"
    order = "contiguous" if tensor.is_contiguous() else "not contiguous"
    shape = tuple(tensor.shape)
    return f"a {tensor.dtype} of shape {shape} on {tensor.device}, {order}"
