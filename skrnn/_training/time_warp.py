"""Sequences that run unevenly: what a classifier learns from in the place of samples.

Um, T. T. et al. (2017). Data augmentation of wearable sensor data for Parkinson's
disease monitoring using convolutional neural networks. ICMI. arXiv:1706.00527.
"""

import torch

# The speed is drawn at so many times, at even distances, and runs straight between.
_N_SPEEDS = 6


def warp(x, lengths, strength, generator):
    """Have sequences run faster and slower by turns; they begin and end as they do.

    Parameters
    ----------
    x : Tensor of shape (N, L, F), any real dtype
        Sequences, padded behind their last present step.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each; None where all L are present.
    strength : float
        Standard deviation of the logarithm of the speed, at least 0.
    generator : torch.Generator
        Source of randomness.

    Returns
    -------
    Tensor of shape (N, L, F) of float64
        Of the same lengths: values between two steps lie on the line between them.
        What is padding has no meaning.
    """
    x, (n, n_steps) = x.double(), x.shape[:2]
    if n_steps < 2:
        return x
    last = torch.full((n, 1), n_steps - 1.0, dtype=torch.float64)
    if lengths is not None:
        last = (lengths[:, None] - 1.0).double().clamp(min=0)
    times = _times(last, n_steps, strength, generator)  # (N, L)
    before = times.floor().clamp(max=last - 1).clamp_(min=0)
    share = (times - before)[:, :, None]
    before = before.long()[:, :, None].expand_as(x)
    after = torch.minimum(before + 1, last.long()[:, :, None])
    left, right = x.gather(1, before), x.gather(1, after)
    # What is missing is so for the steps that lie on it, and between it and others.
    return torch.where(share > 0, left * (1 - share) + right * share, left)


def _times(last, n_steps, strength, generator):
    """Times (N, L), in steps from 0 to `last` (N, 1), that stand in for the steps."""
    drawn = torch.empty(len(last), _N_SPEEDS, dtype=torch.float64)
    speeds = drawn.normal_(generator=generator).mul_(strength).exp_()
    step = torch.arange(n_steps, dtype=torch.float64).expand(len(last), -1)
    place = torch.minimum(step, last) * ((_N_SPEEDS - 1) / last.clamp(min=1))
    index = place.long().clamp_(max=_N_SPEEDS - 2)
    left, right = speeds.gather(1, index), speeds.gather(1, index + 1)
    speed = torch.lerp(left, right, place - index)
    # Between two steps it is the mean of theirs.
    passed = torch.zeros_like(speed)
    passed[:, 1:] = ((speed[:, 1:] + speed[:, :-1]) / 2).cumsum(dim=1)
    total = passed.gather(1, last.long()).clamp(min=1e-300)
    return torch.minimum(passed * (last / total), last)
