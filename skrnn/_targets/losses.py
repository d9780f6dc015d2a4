"""Losses that keep one number a sample, so that samples can be weighted."""

import copy
import inspect

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    log_softmax,
)

from skrnn._targets.heads import (
    Classes,
    Gaussian,
    Labels,
    LogRate,
    Point,
    Quantiles,
    StudentT,
)

POINT_LOSSES = {
    "squared_error": nn.MSELoss,
    "absolute_error": nn.L1Loss,
    "huber": nn.HuberLoss,
}
LIKELIHOODS = {"poisson": LogRate, "gaussian": Gaussian, "student_t": StudentT}
# Quantiles that the kernels have room for; laws.h has the same number.
_MOST_LEVELS = 256
REGRESSION_LOSSES = {*POINT_LOSSES, *LIKELIHOODS, "quantile"}


class SampleLoss(nn.Module):
    """Weighted mean over samples of a loss for each output.

    Parameters
    ----------
    elementwise : callable
        Takes parameters of shape (N, n_targets, width) and targets, and returns losses
        of shape (N,) or (N, n_targets); those of several outputs are averaged.
    compiled : tuple, default=None
        Where the kernels have it too: its name among `skrnn._kernels.library.LOSSES`,
        label smoothing, the exponent of a focal loss or 0, and levels of quantiles.
    """

    def __init__(self, elementwise, compiled=None):
        super().__init__()
        self.elementwise = elementwise
        self.compiled = compiled

    def forward(self, parameters, target, weight=None):
        """Loss of a batch: the mean of `of_samples`, as a Tensor of shape ()."""
        return self.of_samples(parameters, target, weight).mean()

    def of_samples(self, parameters, target, weight=None):
        """Weighted loss of each sample.

        Parameters
        ----------
        parameters : Tensor of shape (N, n_targets, width)
            What the network gave.
        target : Tensor of shape (N, n_targets), or (N,) of int64 for classes
            What was wanted.
        weight : Tensor of shape (N,), default=None
            Weights whose mean over all samples, not over the batch, is 1.

        Returns
        -------
        Tensor of shape (N,)
        """
        loss = self.elementwise(parameters, target)
        if loss.ndim == 2:
            loss = loss.mean(dim=1)
        return loss if weight is None else loss * weight


class _OnPoints(nn.Module):
    """A torch loss over the only parameter of each output."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def forward(self, parameters, target):
        try:
            loss = self.loss(parameters[..., 0], target)
        except torch.OutOfMemoryError:
            raise
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"The loss {self.loss!r} cannot compare outputs of shape "
                f"{tuple(parameters.shape[:2])} with targets of shape "
                f"{tuple(target.shape)} of {target.dtype}: {error}"
            ) from error
        if loss.ndim == 0 or len(loss) != len(target):
            raise ValueError(
                f"The loss {self.loss!r} gives {tuple(loss.shape)} numbers for "
                f"{len(target)} samples: it must give one a sample or one an output "
                '(reduction="none"), so that samples can be weighted.'
            )
        return loss


class _CrossEntropy(nn.Module):
    """Cross-entropy of classes over logits (N, C, 1), with smoothed labels [1].

    [1] Szegedy, C. et al. (2016), arXiv:1512.00567.
    """

    def __init__(self, smoothing):
        super().__init__()
        self.smoothing = smoothing

    def forward(self, logits, target):
        return cross_entropy(
            logits[..., 0], target, label_smoothing=self.smoothing, reduction="none"
        )


class _FocalLoss(nn.Module):
    """The same with weights (1 - p) ** gamma, so that easy samples count less [2].

    [2] Lin, T.-Y. et al. (2017), arXiv:1708.02002.
    """

    def __init__(self, smoothing, gamma):
        super().__init__()
        self.smoothing, self.gamma = smoothing, gamma

    def forward(self, logits, target):
        log_p = log_softmax(logits[..., 0], dim=1)  # (N, C)
        n_classes = log_p.shape[1]
        wanted = torch.full_like(log_p, self.smoothing / n_classes)
        extra = wanted.new_full((len(target), 1), 1 - self.smoothing)
        wanted = wanted.scatter_add(1, target[:, None], extra)
        log_p = log_p * _power(1 - log_p.exp(), self.gamma)
        return -(wanted * log_p).sum(dim=1)


class _BinaryCrossEntropy(nn.Module):
    """Either of them for several labels a sample, each present or not."""

    def __init__(self, smoothing, gamma):
        super().__init__()
        self.smoothing, self.gamma = smoothing, gamma

    def forward(self, logits, target):
        logits = logits[..., 0]  # (N, n_labels)
        wanted = target * (1 - self.smoothing) + self.smoothing / 2
        loss = binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        if self.gamma:
            p = logits.sigmoid()
            away = torch.where(target > 0.5, 1 - p, p)
            loss = loss * _power(away, self.gamma)
        return loss


def _power(base, exponent):
    # Away from zero, where the derivative of a root is infinite.
    return base.clamp(min=torch.finfo(base.dtype).eps) ** exponent


def regression_loss(loss, quantiles):
    """Make the head and the loss of a regressor.

    Parameters
    ----------
    loss : str, or class of torch.nn.Module, or torch.nn.Module
        One of `REGRESSION_LOSSES`, or a loss of torch.
    quantiles : sequence of float
        Levels of the quantile loss.

    Returns
    -------
    head : Point
        What the outputs mean.
    loss : SampleLoss
        What is minimised.
    """
    if isinstance(loss, str) and loss in POINT_LOSSES:
        elementwise = _OnPoints(POINT_LOSSES[loss](reduction="none"))
        return Point(), SampleLoss(elementwise, (loss, 0.0, 0.0, ()))
    if isinstance(loss, str):
        head = Quantiles(quantiles) if loss == "quantile" else LIKELIHOODS[loss]()
        levels = tuple(head.levels) if loss == "quantile" else ()
        has_room = len(levels) <= _MOST_LEVELS
        compiled = (loss, 0.0, 0.0, levels) if has_room else None
        return head, SampleLoss(head.loss, compiled)
    return Point(), SampleLoss(_OnPoints(_unreduced(loss)))


def classification_loss(loss, *, multilabel, label_smoothing, focal_gamma):
    """Make the head and the loss of a classifier, as `regression_loss` does."""
    head = Labels() if multilabel else Classes()
    if not isinstance(loss, str):
        return head, SampleLoss(_OnPoints(_unreduced(loss)))
    gamma = focal_gamma if loss == "focal" else 0.0
    if multilabel:
        name, elementwise = (
            "binary_cross_entropy",
            _BinaryCrossEntropy(label_smoothing, gamma),
        )
    elif gamma:
        name, elementwise = "cross_entropy", _FocalLoss(label_smoothing, gamma)
    else:
        name, elementwise = "cross_entropy", _CrossEntropy(label_smoothing)
    return head, SampleLoss(elementwise, (name, label_smoothing, gamma, ()))


def _unreduced(loss):
    """Give a torch loss, class or object, that keeps one number an output."""
    if isinstance(loss, type):
        keeps = "reduction" in inspect.signature(loss).parameters
        try:
            return loss(**({"reduction": "none"} if keeps else {}))
        except TypeError as error:
            raise ValueError(
                f"The loss {loss.__qualname__} cannot be made without arguments: "
                f'{error}. Give an object, made with reduction="none".'
            ) from error
    loss = copy.deepcopy(loss)
    if hasattr(loss, "reduction"):
        loss.reduction = "none"
    return loss
