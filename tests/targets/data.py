"""Outputs and targets of the tests of losses."""

import torch

from tests.support import normal, seeded

N, K, C = 6, 2, 4  # samples, targets, classes


def class_data(scale=2.0):
    """Outputs for each class, and a class for each sample."""
    logits = normal(N, C, scale=scale)
    return logits, torch.tensor([0, 3, 1, 1, 2, 0])


def label_data():
    """Outputs for each label, and whether a sample has it."""
    logits = normal(N, C, scale=2.0)
    target = (torch.rand(N, C, generator=seeded(9)) < 0.4).to(torch.float64)
    return logits, target
