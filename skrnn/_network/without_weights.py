"""Modules of torch whose weights have memory and no values yet."""

import torch
from torch import nn


def without_weights(kind, *sizes, **options):
    """Make a module of torch, and draw no initial weights from the global state.

    It is what `torch.nn.utils.skip_init` makes, whose first call in a process imports
    for a third of a second.

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
    module = kind(*sizes, **options, device="meta", dtype=torch.float32)
    for name, weight in list(module.named_parameters(recurse=False)):
        setattr(module, name, nn.Parameter(torch.empty(weight.shape)))
    return module
