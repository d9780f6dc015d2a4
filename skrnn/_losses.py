"""Losses that keep one number a sample, so that samples can be weighted."""

import torch
from torch import nn


class SampleLoss(nn.Module):
    """Weighted mean over samples of an elementwise torch loss.

    Parameters
    ----------
    elementwise : nn.Module
        A torch loss with ``reduction="none"``. The losses of several outputs of a
        sample are averaged.
    """

    def __init__(self, elementwise):
        super().__init__()
        self.elementwise = elementwise

    def forward(self, outputs, target, weight=None):
        """Loss of a batch.

        Parameters
        ----------
        outputs : Tensor of shape (N, n_outputs)
            What the network gave.
        target : Tensor of shape (N, n_outputs), or (N,) of int64 for classes
            What was wanted.
        weight : Tensor of shape (N,), default=None
            Weights whose mean over all samples, not over the batch, is 1.

        Returns
        -------
        Tensor of shape ()
        """
        loss = self.elementwise(outputs, target)
        if loss.ndim == 2:
            loss = loss.mean(dim=1)  # (N,)
        if weight is not None:
            loss = loss * weight
        return loss.mean()


LOSSES = {
    "squared_error": nn.MSELoss,
    "absolute_error": nn.L1Loss,
    "huber": nn.HuberLoss,
    "cross_entropy": nn.CrossEntropyLoss,
    "multilabel": nn.BCEWithLogitsLoss,
}

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
}


def new_loss(name):
    """Make the loss of the given name (str, a key of `LOSSES`)."""
    return SampleLoss(LOSSES[name](reduction="none"))
