"""Recurrent layers over batches of right-padded sequences."""

import torch
from torch import nn

from skrnn._kernels.layer import has_kernel, run_kernel
from skrnn._network.cells import new_cell, run_cell
from skrnn._network.dropout import SeededDropout
from skrnn._network.norms import NORMS


def reverse_sequences(x, lengths):
    """Reverse each sequence within its own length; the padding stays behind it.

    Parameters
    ----------
    x : Tensor of shape (N, L, H)
        Right-padded sequences.
    lengths : Tensor of shape (N,) of int64, or None
        Present steps of each; None where all L are present.

    Returns
    -------
    Tensor of shape (N, L, H)
    """
    if lengths is None:
        return x.flip(1)
    step = torch.arange(x.shape[1], device=x.device)
    mirrored = lengths[:, None] - 1 - step  # (N, L)
    order = torch.where(mirrored >= 0, mirrored, step)
    return x.gather(1, order[:, :, None].expand_as(x))


class RecurrentLayer(nn.Module):
    """One recurrent layer, read forwards or in both directions.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of the cell.
    input_size, hidden_size : int
        Features of a step, and units of each direction.
    bidirectional : bool
        Whether a second cell reads each sequence backwards, from its own last
        present step.
    recurrent_dropout : float
        Probability of zeroing a recurrent weight for a whole batch.
    norm : {None, "layer", "batch"}
        Normalisation of the states that the layer gives.
    generator : torch.Generator
        Source of the initial weights and the masks.
    **init
        As for `skrnn._network.cells.new_cell`.
    """

    def __init__(
        self,
        cell,
        input_size,
        hidden_size,
        *,
        bidirectional,
        recurrent_dropout=0.0,
        norm=None,
        generator,
        **init,
    ):
        super().__init__()
        self.directions = nn.ModuleList(
            new_cell(cell, input_size, hidden_size, generator=generator, **init)
            for _ in range(2 if bidirectional else 1)
        )
        self.output_size = hidden_size * len(self.directions)
        self.recurrent_dropout = SeededDropout(recurrent_dropout, generator)
        self.norm = NORMS[norm](self.output_size)

    def draw_masks(self):
        """Draw the factors of the recurrent weights of each direction, or None."""
        dropout = self.recurrent_dropout
        if not self.training or dropout.p == 0:
            return [None] * len(self.directions)
        return [dropout.mask(cell.weight_hh_l0) for cell in self.directions]

    def forward(self, x, lengths, masks, begin=None, repeats=None):
        """Return states (N, L, D*H), final ones (N, D*H) and the end of each cell.

        The end, a tuple of tensors (N, H), is where a following part of the same
        sequences begins; it is of use in one direction only. Parameters are those of
        `RecurrentStack.forward`, for one layer.
        """
        has = has_kernel(self.directions[0], x)
        run = _run_by_kernel if has else _run_by_torch
        states, final, end = run(self.directions[0], x, lengths, begin, masks[0])
        if len(self.directions) == 2:
            backward, first, _ = run(
                self.directions[1], x, lengths, None, masks[1], reverse=True
            )
            final = torch.cat([final, first], dim=1)
            states = torch.cat([states, backward], dim=2)
        if self.norm is not None:
            states, final = self.norm(states, final, lengths, repeats)
        return states, final, end


def _run_by_kernel(cell, x, lengths, begin, keep, reverse=False):
    states, end = run_kernel(cell, x, lengths, begin=begin, keep=keep, reverse=reverse)
    return states, end[0], end


def _run_by_torch(cell, x, lengths, begin, keep, reverse=False):
    # Padding stands behind the sequence also when it is reversed, so a plain cell
    # never carries padding into a present step.
    given = reverse_sequences(x, lengths) if reverse else x
    states, end = run_cell(cell, given, begin, keep)  # (N, L, H)
    final = _state_after(states, lengths)
    return reverse_sequences(states, lengths) if reverse else states, final, end


class RecurrentStack(nn.Module):
    """Recurrent layers on top of each other, with dropout between them.

    Parameters
    ----------
    cell, hidden_size, bidirectional, recurrent_dropout, norm, generator, **init
        As for `RecurrentLayer`.
    input_size : int
        Features of a step.
    num_layers : int
        Number of layers.
    dropout : float
        Probability of zeroing an output of each layer but the last.
    residual : bool
        Whether each layer but the first adds its input to its output, as in Wu, Y. et
        al. (2016), arXiv:1609.08144.
    """

    def __init__(
        self,
        cell,
        input_size,
        hidden_size,
        *,
        num_layers,
        dropout,
        residual=False,
        generator,
        **layer_options,
    ):
        super().__init__()
        self.layers = nn.ModuleList()
        size = input_size
        for i in range(num_layers):
            layer = RecurrentLayer(
                cell, size, hidden_size, generator=generator, **layer_options
            )
            if residual and i > 0 and layer.norm is not None:
                # So that a deep stack begins as its first layer alone (Goyal et al.
                # 2017, arXiv:1706.02677).
                nn.init.zeros_(layer.norm.weight)
            self.layers.append(layer)
            size = layer.output_size
        self.dropout = SeededDropout(dropout, generator)
        self.residual = residual
        self.output_size = size

    def draw_masks(self):
        """Draw the recurrent masks of every layer."""
        return [layer.draw_masks() for layer in self.layers]

    def forward(self, x, lengths, masks=None, begin=None, repeats=None):
        """Return the last layer's states and final state, and where each layer ends.

        Parameters
        ----------
        x : Tensor of shape (N, L, F)
            Right-padded sequences.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each.
        masks : list, default=None
            From `draw_masks`; drawn here if None.
        begin : list of tuple of Tensor, default=None
            Where each layer begins; at zero if None.
        repeats : Repeats, default=None
            How many times each sequence counts in the moments of a batch.

        Returns
        -------
        states : Tensor of shape (N, L, D*H)
        final : Tensor of shape (N, D*H)
            Zero for a sequence without a step.
        end : list of tuple of Tensor
        """
        masks = self.draw_masks() if masks is None else masks
        ends, below = [], None
        for i, layer in enumerate(self.layers):
            given = x if i == 0 else self.dropout(x)
            start = None if begin is None else begin[i]
            states, final, end = layer(given, lengths, masks[i], start, repeats)
            if self.residual and i > 0:
                states, final = states + x, final + below
            x, below = states, final
            ends.append(end)
        if lengths is not None:
            final = final * (lengths > 0)[:, None].to(final.dtype)
        return x, final, ends


def _state_after(states, lengths):
    """State after each sequence's last present step; the first where there is none."""
    if lengths is None:
        return states[:, -1]
    newest = (lengths - 1).clamp(min=0)[:, None, None]
    newest = newest.expand(-1, 1, states.shape[2])
    return states.gather(1, newest)[:, 0]  # (N, H)
