"""The one network: scaling, recurrent stack, pooling and linear head."""

import torch
from torch import nn

from skrnn._recurrent import RecurrentStack, SeededDropout


class RecurrentNetwork(nn.Module):
    """Sequences in, one vector of outputs a sequence out.

    Inputs are in the user's units; the network scales them itself. Outputs are in
    units of the scaled target, and `decode` takes them back to the user's.

    Parameters
    ----------
    n_features, n_outputs : int
        Features of a step, and outputs of a sequence.
    cell : {"lstm", "gru", "rnn"}
        Kind of the recurrent cell.
    hidden_size, num_layers : int
        Units of a layer and direction, and number of layers.
    bidirectional : bool
        Whether every layer reads its input in both directions.
    dropout : float
        Probability of zeroing an output of a layer, or of the pooled state.
    pooling : {"last", "mean", "max", "attention"}
        How the states of all steps become one.
    generator : torch.Generator
        Source of the initial weights and the dropout masks.
    dtype : torch.dtype
        Type of weights and computation.
    """

    def __init__(
        self,
        *,
        n_features,
        n_outputs,
        cell,
        hidden_size,
        num_layers,
        bidirectional,
        dropout,
        pooling,
        generator,
        dtype,
    ):
        super().__init__()
        self.generator = generator
        self.stack = RecurrentStack(
            cell,
            n_features,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            generator=generator,
        )
        self.pool = _Pooling(pooling, self.stack.output_size, generator)
        self.dropout = SeededDropout(dropout, generator)
        self.head = _new_linear(self.stack.output_size, n_outputs, generator)
        self.to(dtype)
        # In double precision whatever the dtype of the weights: a feature such as a
        # time stamp may have a mean that is huge beside its deviation.
        for name, size in (("x", n_features), ("y", n_outputs)):
            zeros = torch.zeros(size, dtype=torch.float64)
            self.register_buffer(f"{name}_mean", zeros)
            self.register_buffer(f"{name}_scale", torch.ones_like(zeros))

    @torch.no_grad()
    def set_scaling(self, which, mean, scale):
        """Fix mean and scale (arrays of float64) of the features or targets.

        Parameters
        ----------
        which : {"x", "y"}
            Features or targets.
        mean, scale : ndarray of shape (n_features,) or (n_outputs,)
            Moments in the user's units.
        """
        getattr(self, f"{which}_mean").copy_(torch.as_tensor(mean))
        getattr(self, f"{which}_scale").copy_(torch.as_tensor(scale))

    def forward(self, x, lengths=None):
        """Return outputs in units of the scaled target.

        Parameters
        ----------
        x : Tensor of shape (N, L, F), any real dtype
            Sequences in the user's units, padded behind their last present step.
        lengths : Tensor of shape (N,) of int64, default=None
            Present steps of each sequence; None where all L are present.

        Returns
        -------
        Tensor of shape (N, n_outputs)
        """
        dtype = self.head.weight.dtype
        x = ((x - self.x_mean) / self.x_scale).to(dtype)
        if x.shape[1] == 0:  # no sample of the batch has a step
            x = x.new_zeros(x.shape[0], 1, x.shape[2])
            lengths = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        states, final = self.stack(x, lengths)
        return self.head(self.dropout(self.pool(states, final, lengths)))

    def encode(self, y):
        """Scale targets (N, n_outputs) in the user's units for the loss."""
        scaled = (y - self.y_mean.to(y.device)).div_(self.y_scale.to(y.device))
        return scaled.to(self.head.weight.dtype)

    def decode(self, outputs):
        """Take outputs (N, n_outputs) back to the user's units, in double precision."""
        return outputs.to(self.y_mean.dtype) * self.y_scale + self.y_mean


class _Pooling(nn.Module):
    """Turn the states of all present steps into one; zero where there is none.

    Attention weighs the steps by a softmax of ``v . tanh(W h)``, as in Yang et al.
    (2016), "Hierarchical Attention Networks for Document Classification".
    """

    def __init__(self, kind, size, generator):
        super().__init__()
        self.kind = kind
        if kind == "attention":
            self.project = _new_linear(size, size, generator)
            self.score = _new_linear(size, 1, generator)

    def forward(self, states, final, lengths):
        if self.kind == "last":
            return final
        if lengths is None:
            return self._pool(states, None)
        step = torch.arange(states.shape[1], device=states.device)
        absent = (step >= lengths[:, None])[:, :, None]  # (N, L, 1)
        pooled = self._pool(states, absent)
        return pooled * (lengths > 0)[:, None].to(pooled.dtype)

    def _pool(self, states, absent):
        if self.kind == "max":
            # A finite floor: minus infinity times zero would be NaN for a sample
            # without any step.
            floor = torch.finfo(states.dtype).min
            return _fill(states, absent, floor).amax(dim=1)
        if self.kind == "mean":
            count = states.shape[1] if absent is None else (~absent).sum(1).clamp(min=1)
            return _fill(states, absent, 0.0).sum(dim=1) / count
        score = self.score(torch.tanh(self.project(states)))  # (N, L, 1)
        floor = torch.finfo(states.dtype).min
        weight = _fill(score, absent, floor).softmax(dim=1)
        return (weight * states).sum(dim=1)


def _fill(values, mask, filler):
    return values if mask is None else values.masked_fill(mask, filler)


def _new_linear(n_inputs, n_outputs, generator):
    layer = nn.utils.skip_init(
        nn.Linear, n_inputs, n_outputs, device="cpu", dtype=torch.float32
    )
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
