"""Recurrent cells of one layer and direction, and their initial weights."""

import re
from functools import cache

import torch
from torch import nn

from skrnn._network.without_weights import without_weights

# What torch and oneDNN say where a processor has no instructions for bfloat16.
_NO_BFLOAT16 = re.compile("could not create a primitive|bf16|bfloat16", re.IGNORECASE)
_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
# Means over a memory differ little between samples, and much less than they are: what
# samples share drowns it, and a training does not get below the loss of a constant. So
# where units begin as means, inputs of unit variance change what goes into the gates by
# this standard deviation at the least, and a unit reads what it takes the mean of by
# this weight, where those of an orthogonal row are far below one.
_LEAST_DRIVE, _READING = 0.5, 3.0


def new_cell(
    cell,
    input_size,
    hidden_size,
    *,
    nonlinearity="tanh",
    init="orthogonal",
    max_steps=1,
    generator,
):
    """Make a cell whose weights come from the generator.

    Input weights are Glorot-uniform, recurrent weights orthogonal, a gate at a
    time; biases are zero, but for the forget gate of an LSTM, which starts open
    at 1 (Jozefowicz et al. 2015).

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of the cell.
    input_size, hidden_size : int
        Features of a step, and units.
    nonlinearity : {"tanh", "relu"}
        Of the plain cell.
    init : {"orthogonal", "chrono", "integrating", "identity"}
        ``"chrono"`` spreads the memories of the gates over up to `max_steps` steps
        (Tallec and Ollivier 2018); ``"integrating"`` does so for two thirds of the
        units, half of which begin as running means, each of one of the first third,
        and has inputs count for more than by Glorot's rule where they are few;
        ``"identity"`` is for the plain cell (Le, Jaitly and Hinton 2015).
    max_steps : int
        Length of the longest sequence.
    generator : torch.Generator
        Source of the weights.

    Returns
    -------
    nn.RNNBase
        One layer, one direction, batch first, float32.
    """
    options = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
    sizes = input_size, hidden_size
    layer = without_weights(_CELLS[cell], *sizes, batch_first=True, **options)
    with torch.no_grad():
        for gate in layer.weight_ih_l0.split(hidden_size):
            nn.init.xavier_uniform_(gate, generator=generator)
        for gate in layer.weight_hh_l0.split(hidden_size):
            nn.init.orthogonal_(gate, generator=generator)
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
        gates = layer.bias_ih_l0.split(hidden_size)
        if cell == "lstm":  # torch's gate order is input, forget, cell, output
            gates[1].fill_(1.0)
        if init == "chrono":
            _spread_memory(cell, gates, max_steps, generator)
        if init == "integrating":
            _have_a_third_integrate(layer, cell, max_steps, generator)
            layer.weight_ih_l0.mul_(_input_gain(layer))
        if init == "identity":
            layer.weight_ih_l0.normal_(std=0.001, generator=generator)
            nn.init.eye_(layer.weight_hh_l0)
    return layer


def _spread_memory(cell, gates, max_steps, generator):
    """Draw gate biases so that memories last from 1 to `max_steps` steps."""
    longest = max(2.0, max_steps - 1.0)
    lasting = torch.empty_like(gates[0]).uniform_(1.0, longest, generator=generator)
    keep = lasting.log()
    if cell == "lstm":
        gates[0].copy_(-keep)
        gates[1].copy_(keep)
    else:  # torch's GRU keeps its state where the update gate, its second, is open
        gates[1].copy_(keep)


def _have_a_third_integrate(layer, cell, max_steps, generator):
    """Have a third of the units read one each of another third, and remember its mean.

    What the last state tells so is what pooling over all steps would: the mean over a
    memory of what units without one have found, wherever it was. The third between
    them has memories of its own, and finds what happens but once.
    """
    n_units = layer.hidden_size
    n_open = n_units // 3
    gates = layer.bias_ih_l0.view(-1, n_units)
    before = gates[:, :n_open].clone()
    _spread_memory(cell, gates, max_steps, generator)
    gates[:, :n_open] = before
    if n_open:
        # Of both cells the third part is that of the candidates for the state.
        candidates = layer.weight_hh_l0.view(-1, n_units, n_units)[2]
        readers = torch.arange(2 * n_open, n_units)
        candidates[readers] = 0.0
        candidates[readers, (readers - 2 * n_open) % n_open] = _READING


def _input_gain(layer):
    """How many times as strong as by Glorot the inputs are to be (float).

    Glorot holds the variance of gradients on their way to the inputs as well, where
    those of a first layer are of no use, and so has few features count for little.
    """
    n_inputs, n_units = layer.input_size, layer.hidden_size
    by_glorot = (2 / (n_inputs + n_units)) ** 0.5
    return max(1.0, _LEAST_DRIVE / n_inputs**0.5 / by_glorot)


def run_cell(cell, x, state=None, keep=None):
    """Run a cell over a batch of sequences.

    Under autocast it runs in bfloat16, but in the precision of its weights where torch
    cannot do that.

    Parameters
    ----------
    cell : nn.RNNBase
        As `new_cell` makes it.
    x : Tensor of shape (N, L, F)
        Sequences.
    state : tuple of Tensor of shape (N, H), default=None
        Where to begin: the state, and for an LSTM its cell; zeros if None.
    keep : Tensor of shape (G*H, H), default=None
        Factors for the recurrent weights.

    Returns
    -------
    states : Tensor of shape (N, L, H)
    state : tuple of Tensor of shape (N, H)
        Where the sequences end, padding included.
    """
    kind, dtype = x.device.type, cell.weight_hh_l0.dtype
    if torch.is_autocast_enabled(kind) and bfloat16_fault(cell.mode, kind):
        if state is not None:
            state = tuple(part.to(dtype) for part in state)
        with torch.autocast(kind, enabled=False):
            return _run(cell, x.to(dtype), state, keep)
    return _run(cell, x, state, keep)


@cache
def bfloat16_fault(mode, device_type):
    """Try once whether torch can train a cell in bfloat16 on this machine.

    Parameters
    ----------
    mode : {"LSTM", "GRU", "RNN_TANH", "RNN_RELU"}
        Kind of the cell, as torch names it.
    device_type : str
        Where it is to run.

    Returns
    -------
    str or None
        What torch said; None where it can.
    """
    kind, _, nonlinearity = mode.lower().partition("_")
    cell = new_cell(
        kind, 1, 1, nonlinearity=nonlinearity or "tanh", generator=torch.Generator()
    ).to(device_type)
    with torch.inference_mode(False), torch.enable_grad():
        x = torch.zeros(1, 1, 1, device=device_type)
        try:
            with torch.autocast(device_type, dtype=torch.bfloat16):
                states, _ = cell(x)
            states.float().sum().backward()
        except RuntimeError as error:
            if not _NO_BFLOAT16.search(str(error)):
                raise
            return str(error).partition(". ")[0]
    return None


def _run(cell, x, state, keep):
    is_lstm = isinstance(cell, nn.LSTM)
    if state is None:
        zeros = x.new_zeros(x.shape[0], cell.hidden_size)
        state = (zeros, zeros) if is_lstm else (zeros,)
    begin = tuple(part[None] for part in state)  # (1, N, H)
    begin = begin if is_lstm else begin[0]
    if keep is None:
        states, end = cell(x, begin)
    else:
        states, end = _run_with_dropped_weights(cell, x, begin, keep)
    return states, tuple(part[0] for part in (end if is_lstm else (end,)))


def _run_with_dropped_weights(cell, x, begin, keep):
    kinds = {"LSTM": torch.lstm, "GRU": torch.gru}
    kinds |= {"RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}
    weights = [
        cell.weight_ih_l0,
        cell.weight_hh_l0 * keep,
        cell.bias_ih_l0,
        cell.bias_hh_l0,
    ]
    # has_biases, num_layers, dropout, train, bidirectional, batch_first
    options = (True, 1, 0.0, cell.training, False, True)
    states, *end = kinds[cell.mode](x, begin, weights, *options)
    return states, tuple(end) if cell.mode == "LSTM" else end[0]
