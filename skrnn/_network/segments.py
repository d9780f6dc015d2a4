"""Sequences cut into segments, each of which is one step of the recurrence.

Lin, S. et al. (2023). SegRNN: segment recurrent neural network for long-term time
series forecasting. arXiv:2308.11200.
"""

import torch
from torch.nn.functional import pad


def n_segments(n_steps, length):
    """Count the segments of `length` steps (int) that hold `n_steps` (int or Tensor).

    Returns
    -------
    int or Tensor
    """
    return (n_steps + length - 1) // length


def align(x, lengths, length):
    """Move sequences so that their newest steps end a segment.

    Parameters
    ----------
    x : Tensor of shape (N, L, F)
        Right-padded sequences.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each; None where all L are present.
    length : int
        Steps of a segment.

    Returns
    -------
    x : Tensor of shape (N, S * length, F)
        The same with padding before the oldest step.
    lengths : Tensor of shape (N,) of int64, or None
        Present segments of each.
    padding : Tensor of shape (N,) or (1,) of int64, or None
        Steps of padding, less than `length`; None where there are none.
    """
    if length == 1:
        return x, lengths, None
    n_steps = x.shape[1]
    if lengths is None:
        lacking = -n_steps % length
        if not lacking:
            return x, None, None
        return pad(x, (0, 0, lacking, 0)), None, torch.tensor([lacking])
    padding = -lengths % length
    if n_steps % length == 0 and not padding.any():
        return x, n_segments(lengths, length), None
    place = torch.arange(n_segments(n_steps, length) * length) - padding[:, None]
    place = place.clamp_(0, n_steps - 1)[:, :, None].expand(-1, -1, x.shape[2])
    return x.gather(1, place), n_segments(lengths, length), padding


def cut(inputs, padding, length):
    """Make each segment of aligned sequences one step; what is padding becomes zero.

    Parameters
    ----------
    inputs : Tensor of shape (N, S * length, F)
        Scaled sequences, which may be changed.
    padding, length
        As for `align`.

    Returns
    -------
    Tensor of shape (N, S, length * F)
        Step after step within a segment.
    """
    if length == 1:
        return inputs
    if padding is not None:
        step = torch.arange(length, device=inputs.device)[None, :, None]
        is_padding = step < padding[:, None, None]  # (N, length, 1)
        inputs[:, :length].masked_fill_(is_padding, 0.0)
    return inputs.reshape(len(inputs), -1, length * inputs.shape[2])
