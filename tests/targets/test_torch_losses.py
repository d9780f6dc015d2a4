"""Losses of torch and of the user, a number for each sample."""

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from skrnn._targets.heads import Point
from skrnn._targets.losses import classification_loss, regression_loss
from tests.support import normal
from tests.targets.data import C, K, N, class_data, label_data


class Cubed(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).abs() ** 3


class Scalar(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target[:, None]).square().mean()


@pytest.mark.parametrize(
    ("loss", "twin"),
    [
        (nn.SmoothL1Loss, nn.SmoothL1Loss()),
        (nn.SmoothL1Loss(beta=0.3), nn.SmoothL1Loss(beta=0.3)),
        (nn.HuberLoss(reduction="sum", delta=0.2), nn.HuberLoss(delta=0.2)),
        (nn.MSELoss(reduction="none"), nn.MSELoss()),
        (Cubed, lambda p, t: ((p - t).abs() ** 3).mean()),
        (Cubed(), lambda p, t: ((p - t).abs() ** 3).mean()),
    ],
)
def test_regression_losses_of_torch(loss, twin):
    before = getattr(loss, "reduction", None)
    head, sample_loss = regression_loss(loss, None)
    assert type(head) is Point
    parameters, target = normal(N, K, 1), normal(N, K, seed=1)
    expected = twin(parameters[..., 0], target)
    assert_allclose(sample_loss(parameters, target), expected, rtol=1e-12)
    weight = torch.tensor([2.0, 0, 0, 0, 0, 0], dtype=torch.float64)
    expected = 2 * twin(parameters[:1, :, 0], target[:1]) / N
    assert_allclose(sample_loss(parameters, target, weight), expected, rtol=1e-12)
    assert getattr(loss, "reduction", None) == before


@pytest.mark.parametrize(
    ("loss", "twin"),
    [
        (nn.MultiMarginLoss, nn.MultiMarginLoss()),
        (nn.MultiMarginLoss(p=2, margin=0.5), nn.MultiMarginLoss(p=2, margin=0.5)),
        (nn.CrossEntropyLoss(label_smoothing=0.2), nn.CrossEntropyLoss()),
    ],
)
def test_class_losses_of_torch(loss, twin):
    if isinstance(loss, nn.CrossEntropyLoss):
        twin.label_smoothing = 0.2
    logits, target = class_data()
    _, sample_loss = classification_loss(
        loss, multilabel=False, label_smoothing=0.0, focal_gamma=2.0
    )
    result = sample_loss(logits[..., None], target)
    assert_allclose(result, twin(logits, target), rtol=1e-12)
    weight = torch.zeros(N, dtype=torch.float64)
    weight[4] = 3.0
    expected = 3 * twin(logits[4:5], target[4:5]) / N
    assert_allclose(sample_loss(logits[..., None], target, weight), expected)
    if not isinstance(loss, type):
        assert loss.reduction == "mean"


def test_multilabel_losses_of_torch():
    logits, target = label_data()
    _, sample_loss = classification_loss(
        nn.SoftMarginLoss, multilabel=True, label_smoothing=0.0, focal_gamma=2.0
    )
    expected = nn.SoftMarginLoss()(logits, target)
    assert_allclose(sample_loss(logits[..., None], target), expected, rtol=1e-12)


def test_objects_stay_as_they_were():
    original = nn.CrossEntropyLoss(weight=torch.arange(1.0, 1 + C, dtype=torch.float64))
    _, sample_loss = classification_loss(
        original, multilabel=False, label_smoothing=0.0, focal_gamma=2.0
    )
    sample_loss.to(torch.float32)
    assert original.reduction == "mean"
    assert original.weight.dtype == torch.float64
    logits, target = class_data()
    expected = original(logits, target) * (target + 1).sum() / N
    sample_loss.to(torch.float64)
    assert_allclose(sample_loss(logits[..., None], target), expected, rtol=1e-12)


@pytest.mark.parametrize("loss", [Scalar, Scalar()])
def test_scalars_are_refused_by_name(loss):
    logits, target = class_data()
    _, sample_loss = classification_loss(
        loss, multilabel=False, label_smoothing=0.0, focal_gamma=2.0
    )
    with pytest.raises(ValueError, match=r"Scalar\(\).*6 samples"):
        sample_loss(logits[..., None], target)
    _, sample_loss = regression_loss(loss, None)
    with pytest.raises(ValueError, match=r"Scalar\(\).*6 samples"):
        sample_loss(normal(N, 1, 1), target)
