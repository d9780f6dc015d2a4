"""Modules of torch whose weights have memory and no values yet."""

import functools

import torch


def without_weights(kind, *sizes, **options):
    """Make a module of torch, and draw no initial weights from the global state.

    It is what `torch.nn.utils.skip_init` makes, whose first call in a process imports
    for a third of a second; so does, in some versions of torch, drawing on the device
    "meta".

    Parameters
    ----------
    kind : type
        Class of the module, which has no modules in it.
    *sizes, **options
        Its arguments.

    Returns
    -------
    nn.Module
        On the CPU, of float32.
    """
    module = _undrawn(kind)(*sizes, **options, device="cpu", dtype=torch.float32)
    module.__class__ = kind
    return module


@functools.cache
def _undrawn(kind):
    """The same class, whose weights stay as their memory was."""
    return type(kind.__name__, (kind,), {"reset_parameters": lambda module: None})
