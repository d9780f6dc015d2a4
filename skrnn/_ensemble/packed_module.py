"""The weights of a torch module as one array for each type of number."""

import math

import numpy as np
import torch

_TYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "int64": torch.int64,
    "bool": torch.bool,
}


def pack_module(*modules):
    """Give weights and buffers of modules as arrays.

    Parameters
    ----------
    *modules : torch.nn.Module
        On any device.

    Returns
    -------
    dict of ndarray of shape (n,)
        By the name of their type, in the order of ``state_dict``.
    """
    parts = {}
    for module in modules:
        for tensor in module.state_dict().values():
            name = _type_of(tensor)
            parts.setdefault(name, []).append(tensor.cpu().numpy().ravel())
    return {name: np.concatenate(several) for name, several in parts.items()}


@torch.no_grad()
def unpack_module(arrays, *modules):
    """Give modules the weights and buffers that `pack_module` took from others.

    Parameters
    ----------
    arrays : dict of ndarray
        Of modules of the same shapes.
    *modules : torch.nn.Module
        Which get them.

    Raises
    ------
    ValueError
        If the arrays are of other modules, or hold a weight that is infinite.
    """
    states = [module.state_dict() for module in modules]
    tensors = [tensor for state in states for tensor in state.values()]
    expected = {}
    for tensor in tensors:
        name = _type_of(tensor)
        expected[name] = expected.get(name, 0) + tensor.numel()
    found = {}
    for name, array in arrays.items():
        is_fine = name in _TYPES and isinstance(array, np.ndarray)
        if not is_fine or str(array.dtype) != name or array.ndim != 1:
            raise ValueError(f"The numbers of type {name!r} are no array of that type.")
        if array.dtype.kind == "f" and np.isinf(array).any():
            raise ValueError("A weight is infinite.")
        found[name] = len(array)
    if found != expected:
        raise ValueError(
            f"A model of these settings has so many numbers: {expected}; found were "
            f"{found}."
        )
    places = dict.fromkeys(arrays, 0)
    for tensor in tensors:
        name = _type_of(tensor)
        start, size = places[name], math.prod(tensor.shape)
        places[name] += size
        part = torch.from_numpy(arrays[name][start : start + size].copy())
        tensor.copy_(part.reshape(tensor.shape))


def _type_of(tensor):
    return str(tensor.dtype).removeprefix("torch.")
