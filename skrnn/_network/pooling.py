"""How the states of all present steps become one, whole or a part at a time."""

import torch
from torch import nn

from skrnn._kernels.rowwise import linear, sum_over_steps
from skrnn._network.without_weights import without_weights


def new_linear(n_inputs, n_outputs, generator):
    """Make a linear layer with Glorot-uniform weights from the generator."""
    layer = without_weights(nn.Linear, n_inputs, n_outputs)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


class Pooling(nn.Module):
    """Turn the states of all present steps into one; zero where there is none.

    Attention weighs the steps by a softmax of ``v . tanh(W h)``, as in Yang et al.
    (2016), "Hierarchical Attention Networks for Document Classification".

    Parameters
    ----------
    kind : {"last", "mean", "max", "mixed", "attention"}
        What is taken; mixed is the last of half of the units of each direction, and
        the maximum of the others.
    size : int
        Size of a state.
    generator : torch.Generator
        Source of the initial weights.
    n_directions : int, default=1
        Directions whose states are joined.
    """

    def __init__(self, kind, size, generator, n_directions=1):
        super().__init__()
        self.kind = kind
        n_units = size // n_directions
        is_last = torch.arange(size) % n_units < n_units // 2  # (D*H,)
        self.register_buffer("is_last", is_last, persistent=False)
        if kind == "attention":
            self.project = new_linear(size, size, generator)
            self.score = new_linear(size, 1, generator)

    def forward(self, states, final, lengths):
        """Pool whole sequences: (N, L, H) and (N, H) to (N, H)."""
        return self.finish(self.part(states, final, lengths), lengths)

    def part(self, states, final, lengths):
        """Reduce consecutive steps of the sequences to a tuple of tensors.

        Parameters
        ----------
        states : Tensor of shape (N, L, H)
            States of some steps.
        final : Tensor of shape (N, H)
            State after the last of those that are present.
        lengths : Tensor of shape (N,) of int64, or None
            How many of them are present.
        """
        if self.kind == "last":
            return (final,)
        absent = None
        if lengths is not None:
            step = torch.arange(states.shape[1], device=states.device)
            absent = (step >= lengths[:, None])[:, :, None]  # (N, L, 1)
        # A finite floor: minus infinity times zero would be NaN for a sample
        # without any step.
        floor = torch.finfo(states.dtype).min
        if self.kind == "max":
            return (_fill(states, absent, floor).amax(dim=1),)
        if self.kind == "mixed":
            return final, _fill(states, absent, floor).amax(dim=1)
        if self.kind == "mean":
            count = states.new_full((len(states), 1), states.shape[1])
            if absent is not None:
                count = lengths[:, None].to(states.dtype)
            return sum_over_steps(states, None, lengths), count
        score = linear(
            self.score, torch.tanh(linear(self.project, states))
        )  # (N, L, 1)
        score = _fill(score, absent, floor)
        # Subtracted for the range of exp only: it cancels, so no gradient is lost.
        highest = score.detach().amax(dim=1)  # (N, 1)
        weight = _fill((score - highest[:, None]).exp(), absent, 0.0)
        total = sum_over_steps(states, weight, lengths)
        return total, sum_over_steps(weight, None, lengths), highest

    def merge(self, before, after, has_after):
        """Join the parts of earlier and later steps.

        Parameters
        ----------
        before, after : tuple of Tensor
            What `part` gave.
        has_after : Tensor of shape (N,) of bool, or None
            Which sequences have a present step in the later part; None means all.
        """
        if self.kind in ("last", "mixed"):
            newest = after[0]
            if has_after is not None:
                newest = torch.where(has_after[:, None], newest, before[0])
            rest = map(torch.maximum, before[1:], after[1:])
            return newest, *rest
        if self.kind == "max":
            return (torch.maximum(before[0], after[0]),)
        if self.kind == "mean":
            return before[0] + after[0], before[1] + after[1]
        highest = torch.maximum(before[2], after[2])
        old, new = (before[2] - highest).exp(), (after[2] - highest).exp()
        total, mass = (before[i] * old + after[i] * new for i in range(2))
        return total, mass, highest

    def finish(self, part, lengths):
        """Turn the part of all steps into the pooled state (N, H)."""
        if self.kind in ("last", "max"):
            pooled = part[0]
        elif self.kind == "mixed":
            pooled = torch.where(self.is_last, *part)
        else:
            least = 1.0 if self.kind == "mean" else torch.finfo(part[1].dtype).tiny
            pooled = part[0] / part[1].clamp(min=least)
        if lengths is None:
            return pooled
        return pooled * (lengths > 0)[:, None].to(pooled.dtype)


def _fill(values, mask, filler):
    return values if mask is None else values.masked_fill(mask, filler)
