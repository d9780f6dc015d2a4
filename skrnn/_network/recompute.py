"""A part of a computation whose gradient computes it anew."""

import torch


def recomputed(function, weights, *arguments):
    """Call a function and remember nothing of what it did but how to do it again.

    torch's own checkpoint keeps the graph of the first call, without its tensors: a
    node an operation, and so some kilobytes a time step wherever torch has no single
    operation for a whole layer.

    Parameters
    ----------
    function : callable
        Gives a tuple of tensors; called again when gradients are wanted.
    weights : sequence of torch.nn.Parameter
        What gets the gradients; there is at least one.
    *arguments : Tensor
        Of the function; they get none.

    Returns
    -------
    tuple of Tensor
    """
    return _Recomputed.apply(function, arguments, *weights)


class _Recomputed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, function, arguments, *weights):
        ctx.set_materialize_grads(False)
        ctx.function, ctx.arguments, ctx.weights = function, arguments, weights
        kind = weights[0].device.type
        ctx.autocast = {
            "device_type": kind,
            "dtype": torch.get_autocast_dtype(kind),
            "enabled": torch.is_autocast_enabled(kind),
        }
        return function(*arguments)

    @staticmethod
    def backward(ctx, *gradients):
        with torch.enable_grad(), torch.autocast(**ctx.autocast):
            results = ctx.function(*ctx.arguments)
        pairs = [
            (result, gradient)
            for result, gradient in zip(results, gradients, strict=True)
            if gradient is not None and result.requires_grad
        ]
        if not pairs:
            return None, None, *(None for _ in ctx.weights)
        results, gradients = zip(*pairs, strict=True)
        found = torch.autograd.grad(results, ctx.weights, gradients, allow_unused=True)
        return None, None, *found
