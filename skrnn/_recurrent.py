"""Recurrent layers over right-padded batches, stacked and bidirectional."""

import torch
from torch import nn

_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class SeededDropout(nn.Module):
    """Dropout whose masks come from a generator of its own.

    The masks are drawn on the CPU, so that they are the same on every device and
    the global random state of torch is never touched.

    Parameters
    ----------
    p : float
        Probability of zeroing an element, in [0, 1).
    generator : torch.Generator
        Source of the masks.
    """

    def __init__(self, p, generator):
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = torch.empty(x.shape, dtype=x.dtype, device="cpu")
        keep.bernoulli_(1 - self.p, generator=self.generator)
        return x * keep.div_(1 - self.p).to(x.device)


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
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, cell, input_size, hidden_size, bidirectional, generator):
        super().__init__()
        self.directions = nn.ModuleList(
            _new_cell(cell, input_size, hidden_size, generator)
            for _ in range(2 if bidirectional else 1)
        )
        self.output_size = hidden_size * len(self.directions)

    def forward(self, x, lengths):
        """Return all states (N, L, D*H) and each direction's final one (N, D*H)."""
        states = self.directions[0](x)[0]  # (N, L, H)
        final = _state_after(states, lengths)
        if len(self.directions) == 1:
            return states, final
        # Padding stands behind the sequence also when it is reversed, so a plain
        # cell never carries padding into a present step.
        backward = self.directions[1](reverse_sequences(x, lengths))[0]
        final = torch.cat([final, _state_after(backward, lengths)], dim=1)
        states = torch.cat([states, reverse_sequences(backward, lengths)], dim=2)
        return states, final


class RecurrentStack(nn.Module):
    """Recurrent layers on top of each other, with dropout between them.

    Parameters
    ----------
    cell, hidden_size, bidirectional, generator
        As for `RecurrentLayer`.
    input_size : int
        Features of a step.
    num_layers : int
        Number of layers.
    dropout : float
        Probability of zeroing an output of each layer but the last.
    """

    def __init__(
        self,
        cell,
        input_size,
        hidden_size,
        *,
        num_layers,
        bidirectional,
        dropout,
        generator,
    ):
        super().__init__()
        self.layers = nn.ModuleList()
        size = input_size
        for _ in range(num_layers):
            layer = RecurrentLayer(cell, size, hidden_size, bidirectional, generator)
            self.layers.append(layer)
            size = layer.output_size
        self.dropout = SeededDropout(dropout, generator)
        self.output_size = size

    def forward(self, x, lengths):
        """Return the last layer's states (N, L, D*H) and final state (N, D*H)."""
        for i, layer in enumerate(self.layers):
            if i > 0:
                x = self.dropout(x)
            x, final = layer(x, lengths)
        return x, final


def _state_after(states, lengths):
    """State after each sequence's last present step; zero where there is none."""
    if lengths is None:
        return states[:, -1]
    newest = (lengths - 1).clamp(min=0)[:, None, None]
    newest = newest.expand(-1, 1, states.shape[2])
    final = states.gather(1, newest)[:, 0]  # (N, H)
    return final * (lengths > 0)[:, None].to(final.dtype)


def _new_cell(cell, input_size, hidden_size, generator):
    """Make a cell whose weights come from the generator.

    Input weights are Glorot-uniform, recurrent weights orthogonal, a gate at a
    time; biases are zero, but for the forget gate of an LSTM, which starts open
    at 1 (Jozefowicz et al. 2015).
    """
    # Made without memory first: torch's own initial weights would be drawn from the
    # global random state.
    layer = _CELLS[cell](
        input_size, hidden_size, batch_first=True, device="meta", dtype=torch.float32
    ).to_empty(device="cpu")
    with torch.no_grad():
        for gate in layer.weight_ih_l0.split(hidden_size):
            nn.init.xavier_uniform_(gate, generator=generator)
        for gate in layer.weight_hh_l0.split(hidden_size):
            nn.init.orthogonal_(gate, generator=generator)
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
        if cell == "lstm":  # torch's gate order is input, forget, cell, output
            layer.bias_ih_l0[hidden_size : 2 * hidden_size] = 1.0
    return layer
