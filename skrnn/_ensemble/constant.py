"""What a classifier costs that has learned nothing but how frequent the classes are."""

import math

import torch

from skrnn._kernels.threads import single_thread

# So seldom is a class that no sample has, or a label that all samples have.
_LEAST_SHARE = 1e-6
# Losses are computed of so many numbers at a time, so that memory is bounded.
_CHUNK_SIZE = 2**20


def constant_loss(net, data):
    """Compute the training loss of the constant that gives the shares of the classes.

    Parameters
    ----------
    net : SequenceNet
        Whose loss it is.
    data : SequenceDataset
        The training samples, of one class each or of several labels.

    Returns
    -------
    float or None
        None where the loss of a constant is no positive number, so that nothing can be
        compared with it.
    """
    target, weight, shape = data.target, data.weight, net.module_.output_shape
    total, step = 0.0, max(1, _CHUNK_SIZE // shape[0])
    with single_thread(), torch.no_grad():
        logits = _logits(target, weight, shape[0]).to(net.module_.head.weight)
        for start in range(0, len(data), step):
            part = slice(start, start + step)
            wanted = target[part]
            outputs = logits[:, None].expand(len(wanted), *shape)
            inputs = {"weight": None if weight is None else weight[part]}
            total += len(wanted) * float(net.get_loss(outputs, wanted, inputs))
    loss = total / len(data)
    return loss if math.isfinite(loss) and loss > 0 else None


def _logits(target, weight, n_targets):
    """Logits (n_targets,) of the shares of classes, or of samples with each label."""
    weight = torch.ones(len(target)) if weight is None else weight
    weight = weight.double() / weight.double().sum()
    if target.ndim == 1:
        share = torch.bincount(target, weight, minlength=n_targets)
        return share.clamp(min=_LEAST_SHARE).log()
    return (weight @ target.double()).clamp(_LEAST_SHARE, 1 - _LEAST_SHARE).logit()
