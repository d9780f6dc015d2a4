"""Networks that tell what happens inside: states of all layers, and gates."""

import torch
from torch import nn

from skrnn._network.cells import run_cell
from skrnn._network.stack import reverse_sequences


class RecordingStack(nn.Module):
    """Takes the place of a `RecurrentStack` and keeps what its layers give.

    Parameters
    ----------
    stack : RecurrentStack
        Not in training.

    Attributes
    ----------
    inputs, states : list of Tensor of shape (N, L, H)
        What each layer was given and gave in the last call; zeros behind the present
        steps of `states`.
    """

    def __init__(self, stack):
        super().__init__()
        self.stack = stack
        self.layers, self.output_size = stack.layers, stack.output_size

    def run_layer(self, layer, x, lengths):
        """States (N, L, H) of a layer and its final ones (N, H)."""
        states, final, _ = layer(x, lengths, [None] * len(layer.directions))
        return states, final

    def forward(self, x, lengths, masks=None, begin=None, repeats=None):
        """Do what the stack does; see `RecurrentStack.forward`."""
        self.inputs, self.states, below = [], [], None
        self.lengths = lengths
        if lengths is None:
            self.lengths = x.new_full((len(x),), x.shape[1], dtype=torch.int64)
        is_there = torch.arange(x.shape[1]) < self.lengths[:, None]  # (N, L)
        for i, layer in enumerate(self.layers):
            self.inputs.append(x)
            states, final = self.run_layer(layer, x, lengths)
            if self.stack.residual and i > 0:
                states, final = states + x, final + below
            x, below = states, final
            self.states.append(states * is_there[:, :, None])
        if lengths is not None:
            final = final * (lengths > 0)[:, None].to(final.dtype)
        return x, final, []


class UnrolledStack(RecordingStack):
    """A stack whose states are computed one by one, so that each has a gradient.

    Attributes
    ----------
    unrolled : list of list of Unrolled
        By layer and direction, of the last call.
    """

    def forward(self, x, lengths, masks=None, begin=None, repeats=None):
        """Do what the stack does; see `RecurrentStack.forward`."""
        self.unrolled = []
        return super().forward(x, lengths, masks, begin, repeats)

    def run_layer(self, layer, x, lengths):
        """States (N, L, H) of a layer and its final ones (N, H)."""
        ways = []
        for cell, is_reversed in zip(layer.directions, (False, True), strict=False):
            given = reverse_sequences(x, lengths) if is_reversed else x
            ways.append(Unrolled(cell, given))
        self.unrolled.append(ways)
        states = [torch.stack(way.hidden, dim=1) for way in ways]  # (N, L, H)
        newest = self.lengths.clamp(min=1) - 1
        final = torch.cat([s[torch.arange(len(x)), newest] for s in states], dim=1)
        states[1:] = [reverse_sequences(s, lengths) for s in states[1:]]
        states = torch.cat(states, dim=2)
        if layer.norm is not None:
            states, final = layer.norm(states, final, lengths)
        return states, final


class Unrolled:
    """The states of a cell over a batch of sequences, each a tensor of its own.

    Parameters
    ----------
    cell : nn.RNNBase
        One layer, one direction.
    x : Tensor of shape (N, L, F)
        Sequences in the order in which they are read.

    Attributes
    ----------
    hidden, memory : list of Tensor of shape (N, H)
        States, and those of an LSTM's memory (None of the other cells), by step.
    """

    def __init__(self, cell, x):
        given = nn.functional.linear(x, cell.weight_ih_l0, cell.bias_ih_l0)  # (N, L, G)
        h = c = x.new_zeros(len(x), cell.hidden_size)
        self.hidden, self.memory = [], [] if cell.mode == "LSTM" else None
        for one in given.unbind(1):
            kept = nn.functional.linear(h, cell.weight_hh_l0, cell.bias_hh_l0)
            gates = gates_of(cell, one, kept)
            if cell.mode == "LSTM":
                c = gates["forget"] * c + gates["input"] * gates["cell"]
                h = gates["output"] * c.tanh()
                self.memory.append(c)
            elif cell.mode == "GRU":
                h = gates["new"] + gates["update"] * (h - gates["new"])
            else:
                h = gates["new"]
            self.hidden.append(h)


def gates_of(cell, given, kept):
    """Compute the gates of a cell.

    Parameters
    ----------
    cell : nn.RNNBase
        One layer, one direction.
    given, kept : Tensor of shape (..., G*H)
        Products, with their biases, of the inputs, and of the states before.

    Returns
    -------
    dict of str to Tensor of shape (..., H)
        By torch's names, in torch's order.
    """
    given, kept = (t.split(cell.hidden_size, dim=-1) for t in (given, kept))
    if cell.mode == "GRU":
        reset, update = ((given[i] + kept[i]).sigmoid() for i in range(2))
        new = (given[2] + reset * kept[2]).tanh()
        return {"reset": reset, "update": update, "new": new}
    both = [g + k for g, k in zip(given, kept, strict=True)]
    if cell.mode == "LSTM":
        names = ("input", "forget", "cell", "output")
        return {
            name: gate.tanh() if name == "cell" else gate.sigmoid()
            for name, gate in zip(names, both, strict=True)
        }
    return {"new": both[0].relu() if cell.mode == "RNN_RELU" else both[0].tanh()}


def gates_of_layer(layer, x, lengths):
    """Gates of a layer at every step.

    Parameters
    ----------
    layer : RecurrentLayer
        Not in training.
    x : Tensor of shape (N, L, F)
        Its inputs, right-padded.
    lengths : Tensor of shape (N,) of int64
        Present steps of each.

    Returns
    -------
    dict of str to Tensor of shape (N, L, D*H)
        Forwards first, then backwards.
    """
    ways = []
    for cell, is_reversed in zip(layer.directions, (False, True), strict=False):
        read = reverse_sequences(x, lengths) if is_reversed else x
        states, _ = run_cell(cell, read)
        before = nn.functional.pad(states, (0, 0, 1, 0))[:, :-1]
        given = nn.functional.linear(read, cell.weight_ih_l0, cell.bias_ih_l0)
        kept = nn.functional.linear(before, cell.weight_hh_l0, cell.bias_hh_l0)
        gates = gates_of(cell, given, kept)
        if is_reversed:
            gates = {n: reverse_sequences(g, lengths) for n, g in gates.items()}
        ways.append(gates)
    return {name: torch.cat([way[name] for way in ways], dim=2) for name in ways[0]}
