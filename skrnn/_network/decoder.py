"""Many outputs from one state, a group of them at a time and all groups at once.

Lin, S. et al. (2023). SegRNN: segment recurrent neural network for long-term time
series forecasting. arXiv:2308.11200.
"""

import math

import torch
from torch import nn

from skrnn._kernels.rowwise import affine, sigmoid
from skrnn._network.cells import new_cell


def group_length(n_targets, segment_length):
    """Say how many targets are decoded together.

    Parameters
    ----------
    n_targets : int
        Targets of a sequence.
    segment_length : int or None
        What the user wants; None for as many targets in a group as there are groups.

    Returns
    -------
    int
    """
    wanted = segment_length or math.isqrt(n_targets - 1) + 1
    return min(wanted, n_targets)


class ParallelDecoder(nn.Module):
    """One step of a recurrent cell for each group, all from the same state.

    What the cell reads is learned, and tells it which group is wanted. No group waits
    for the one before, and no output is fed back.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of the cell. The memory of an LSTM begins as its state does: pooled
        sequences have a state only.
    state_size, n_groups : int
        Size of a state; number of groups.
    nonlinearity : {"tanh", "relu"}
        Of the plain cell.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, cell, state_size, n_groups, *, nonlinearity, generator):
        super().__init__()
        positions = torch.empty(n_groups, state_size)
        self.positions = nn.Parameter(positions.normal_(generator=generator))
        self.cell = new_cell(
            cell,
            state_size,
            state_size,
            nonlinearity=nonlinearity,
            generator=generator,
        )

    def forward(self, state):
        """Decode states (N, H) to those of the groups (N, n_groups, H)."""
        cell = self.cell
        # The product with the state is the same for all groups, that with the position
        # for all samples.
        given = affine(self.positions, cell.weight_ih_l0, cell.bias_ih_l0)
        kept = affine(state, cell.weight_hh_l0, cell.bias_hh_l0)[:, None]
        given, kept = (t.split(cell.hidden_size, dim=-1) for t in (given, kept))
        state = state[:, None]  # (N, 1, H)
        if cell.mode == "GRU":
            reset, update = (sigmoid(given[i] + kept[i]) for i in range(2))
            new = torch.tanh(given[2] + reset * kept[2])
            return new + update * (state - new)
        gates = [g + k for g, k in zip(given, kept, strict=True)]  # (N, n_groups, H)
        if cell.mode == "LSTM":
            read, keep, show = (sigmoid(gates[i]) for i in (0, 1, 3))
            memory = keep * state + read * gates[2].tanh()
            return show * memory.tanh()
        return gates[0].relu() if cell.mode == "RNN_RELU" else gates[0].tanh()
