"""Cross-entropy and focal loss against torch's own and plain loops."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import special
from torch import nn

from skrnn._targets.heads import Classes, Labels
from skrnn._targets.losses import classification_loss
from tests.targets.data import C, N, class_data, label_data


def new_loss(multilabel=False, smoothing=0.0, gamma=0.0, loss="focal"):
    head, result = classification_loss(
        loss, multilabel=multilabel, label_smoothing=smoothing, focal_gamma=gamma
    )
    assert type(head) is (Labels if multilabel else Classes)
    return result


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_equals_torch(smoothing, weighted):
    logits, target = class_data()
    mine, theirs = (logits.clone().requires_grad_() for _ in range(2))
    loss = new_loss(smoothing=smoothing, gamma=5.0, loss="cross_entropy")
    each = nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")(
        theirs, target
    )
    weight = torch.arange(N, dtype=torch.float64) if weighted else None
    expected = (each * weight).mean() if weighted else each.mean()
    result = loss(mine[..., None], target, weight)
    assert_allclose(result.detach(), expected.detach(), rtol=1e-12)
    result.backward()
    expected.backward()
    assert_allclose(mine.grad, theirs.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_focal_without_exponent_is_cross_entropy(smoothing):
    logits, target = class_data()
    result = new_loss(smoothing=smoothing)(logits[..., None], target)
    twin = nn.CrossEntropyLoss(label_smoothing=smoothing)
    assert_allclose(result, twin(logits, target), rtol=1e-12)
    logits, target = label_data()
    result = new_loss(True, smoothing)(logits[..., None], target)
    twin = nn.BCEWithLogitsLoss()(logits, target * (1 - smoothing) + smoothing / 2)
    assert_allclose(result, twin, rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 3.7])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_focal_equals_a_loop(gamma, smoothing):
    logits, target = class_data()
    total = 0.0
    for row, label in zip(logits.tolist(), target.tolist(), strict=True):
        mass = sum(math.exp(z) for z in row)
        for c, z in enumerate(row):
            p = math.exp(z) / mass
            wanted = smoothing / C + (1 - smoothing) * (c == label)
            total -= wanted * (1 - p) ** gamma * math.log(p)
    result = new_loss(smoothing=smoothing, gamma=gamma)(logits[..., None], target)
    assert_allclose(result, total / N, rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_labels_equal_torch(smoothing):
    logits, target = label_data()
    mine, theirs = (logits.clone().requires_grad_() for _ in range(2))
    loss = new_loss(True, smoothing, gamma=5.0, loss="cross_entropy")
    result = loss(mine[..., None], target)
    expected = nn.BCEWithLogitsLoss()(theirs, target * (1 - smoothing) + smoothing / 2)
    assert_allclose(result.detach(), expected.detach(), rtol=1e-12)
    result.backward()
    expected.backward()
    assert_allclose(mine.grad, theirs.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 3.7])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_focal_of_labels_equals_a_loop(gamma, smoothing):
    logits, target = label_data()
    total = 0.0
    for i in range(N):
        for c in range(C):
            p = 1 / (1 + math.exp(-float(logits[i, c])))
            is_there = float(target[i, c]) == 1
            wanted = (1 - smoothing) * is_there + smoothing / 2
            entropy = -wanted * math.log(p) - (1 - wanted) * math.log(1 - p)
            total += entropy * ((1 - p) if is_there else p) ** gamma
    result = new_loss(True, smoothing, gamma)(logits[..., None], target)
    assert_allclose(result, total / (N * C), rtol=1e-12)


def plain_focal(logits, target, multilabel, smoothing, gamma):
    """The definition in double precision, by logarithms that do not overflow."""
    logits, target = logits.double().numpy(), target.numpy()
    if multilabel:
        is_there = target == 1
        wanted = (1 - smoothing) * is_there + smoothing / 2
        log_p, log_q = special.log_expit(logits), special.log_expit(-logits)
        entropy = -wanted * log_p - (1 - wanted) * log_q
        return (entropy * np.exp(np.where(is_there, log_q, log_p) * gamma)).mean()
    log_p = special.log_softmax(logits, axis=1)
    wanted = smoothing / C + (1 - smoothing) * np.eye(C)[target]
    return -(wanted * (-np.expm1(log_p)) ** gamma * log_p).sum(axis=1).mean()


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("multilabel", [False, True])
def test_gradients_of_class_losses(multilabel, smoothing, gamma):
    logits, target = label_data() if multilabel else class_data()
    loss = new_loss(multilabel, smoothing, gamma)
    logits = logits[..., None].requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, target), (logits,))
    # Certain, rightly or wrongly.
    huge = (1e3 * logits.detach()).float().requires_grad_()
    result = loss(huge, target.float() if multilabel else target)
    result.backward()
    expected = plain_focal(huge[..., 0].detach(), target, multilabel, smoothing, gamma)
    assert_allclose(result.detach(), expected, rtol=1e-5)
    assert huge.grad.isfinite().all()


@pytest.mark.parametrize("multilabel", [False, True])
def test_class_weights_are_repetitions(multilabel):
    logits, target = label_data() if multilabel else class_data()
    logits = logits[..., None]
    counts = torch.tensor([2, 0, 1, 4, 1, 1])
    again = torch.repeat_interleave(torch.arange(N), counts)
    loss = new_loss(multilabel, 0.1, 2.0)
    weight = counts / counts.to(torch.float64).mean()
    assert_allclose(
        loss(logits, target, weight), loss(logits[again], target[again]), rtol=1e-12
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("multilabel", [False, True])
def test_focal_gradients_where_nothing_is_left_to_learn(multilabel, gamma):
    _, loss = classification_loss(
        "focal", multilabel=multilabel, label_smoothing=0.0, focal_gamma=gamma
    )
    logits = torch.tensor([[50.0, 0.0, -50.0]])[..., None].requires_grad_()
    target = torch.tensor([[1.0, 0.0, 0.0]]) if multilabel else torch.tensor([0])
    loss(logits, target).backward()
    learned = [0, 2] if multilabel else [0, 1, 2]
    assert_allclose(logits.grad[0, learned], 0.0, atol=1e-8)
    assert logits.grad.isfinite().all()
