"""Whether losses and weights are finite, and what is said where they are not."""

import math

import torch
from torch.nn.utils import get_total_norm

from skrnn.exceptions import NonFiniteLossError

_LOSS_NAMES = {"train": "training loss", "valid": "validation loss"}
# From this rate on, and from this norm of the gradient on, the message names them as
# the likely cause. They decide about words alone.
_HIGH_RATE = 0.1
_HIGH_NORM = 1e3


def checked_step(net, step, prefix):
    """Return a step's results with its loss as a float, which is finite.

    Parameters
    ----------
    net : SequenceNet
        In training.
    step : dict
        As `train_step` of skorch returns it.
    prefix : {"train", "valid"}
        What the loss is of.

    Returns
    -------
    dict
        With a Tensor for the loss where that is on a GPU: to ask there after each
        batch would make it wait; `checked_losses` asks once an epoch.
    """
    loss = step["loss"]
    if isinstance(loss, torch.Tensor):
        loss = loss.detach()
        loss = loss if loss.device.type != "cpu" else loss.item()
    if isinstance(loss, float) and not math.isfinite(loss):
        raise_non_finite(net, f"the {_LOSS_NAMES[prefix]}")
    return step | {"loss": loss}


def checked_losses(net, losses, prefix):
    """Return the losses of an epoch's batches as floats, which are finite.

    Parameters
    ----------
    net, prefix
        As for `checked_step`.
    losses : list of float or Tensor
        As from there.

    Returns
    -------
    list of float
    """
    if not isinstance(losses[0], torch.Tensor):
        return losses
    losses = torch.stack(losses).tolist()  # from the GPU all at once
    for number, loss in enumerate(losses, start=1):
        if not math.isfinite(loss):
            raise_non_finite(net, f"the {_LOSS_NAMES[prefix]}", number)
    return losses


def check_weights(net):
    """Refuse weights of a net (SequenceNet) that are not finite."""
    modules = [module._parameters for _, module in net.run.named_modules]
    weights = [p.detach() for own in modules for p in own.values() if p is not None]
    # A sum is finite only if all of its numbers are, and is the faster one.
    if all(math.isfinite(w.sum()) for w in weights):
        return
    if not all(bool(w.isfinite().all()) for w in weights):
        raise_non_finite(net, "a weight of the network")


def raise_non_finite(net, what, batch=None):
    """Raise the error that says what is not finite, where, and why most likely.

    Parameters
    ----------
    net : SequenceNet
        In training.
    what : str
        What is not finite.
    batch : int, default=None
        Number of the batch, from 1; None for the present one.

    Raises
    ------
    NonFiniteLossError
        Always.
    """
    batch = net.run.batch if batch is None else batch
    rate = net.optimizer_.param_groups[0]["lr"]
    norm = net.run.grad_norm
    if norm is None:
        norm = get_total_norm([p.grad for p in net.learnable() if p.grad is not None])
    norm, is_clipped = float(norm), net.settings.max_grad_norm is not None
    if not math.isfinite(norm) and not is_clipped:
        cause = "the gradient exploded: set max_grad_norm, or lower learning_rate"
    elif norm > _HIGH_NORM and not is_clipped:
        cause = "the gradient is exploding: set max_grad_norm"
    elif rate >= _HIGH_RATE:
        cause = "the learning rate is too high: lower learning_rate"
    else:
        cause = (
            "extreme values in X or y (scale=True takes units off), or a learning "
            "rate too high"
        )
    raise NonFiniteLossError(
        f"Training diverged: {what} is not finite in epoch {len(net.history)}, "
        f"batch {batch}, at learning rate {rate:g}; the gradient's norm was "
        f"{norm:.3g}. Likely cause: {cause}."
    )
