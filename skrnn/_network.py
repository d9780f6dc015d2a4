"""The one network: scaling, recurrent stack, pooling and linear head."""

import torch
from torch import nn

from skrnn._compiled import compiled_twin
from skrnn._pooling import Pooling, new_linear
from skrnn._recompute import recomputed
from skrnn._recurrent import RecurrentStack, Repeats, SeededDropout
from skrnn._row_by_row import linear


class RecurrentNetwork(nn.Module):
    """Sequences in, parameters of one or more targets a sequence out.

    Inputs are in the user's units; the network scales them itself. Outputs are in
    units of the loss, and `predict` gives them in the user's.

    Parameters
    ----------
    scaling : Scaling
        The way from the user's units and back.
    target_head : Point
        What the outputs mean.
    n_targets : int
        Targets of a sequence.
    pooling : {"last", "mean", "max", "attention"}
        How the states of all steps become one.
    dropout : float
        Probability of zeroing an output of a layer, or of the pooled state.
    input_noise : float
        Standard deviation of the noise added to scaled inputs in training.
    tbptt_steps : int or None
        Steps that a gradient flows back within.
    generator : torch.Generator
        Source of the initial weights, the masks and the noise.
    dtype : torch.dtype
        Type of weights and computation.
    **stack_options
        As for `RecurrentStack`.
    """

    def __init__(
        self,
        scaling,
        target_head,
        *,
        n_targets,
        pooling,
        dropout,
        input_noise=0.0,
        tbptt_steps=None,
        generator,
        dtype,
        **stack_options,
    ):
        super().__init__()
        self.generator = generator
        self.target_head = target_head
        self.input_noise = input_noise
        self.tbptt_steps = tbptt_steps
        self.stack = RecurrentStack(
            input_size=scaling.n_inputs,
            dropout=dropout,
            generator=generator,
            **stack_options,
        )
        self.pool = Pooling(pooling, self.stack.output_size, generator)
        self.dropout = SeededDropout(dropout, generator)
        self.output_shape = (n_targets, target_head.width)
        n_outputs = n_targets * target_head.width
        self.head = new_linear(self.stack.output_size, n_outputs, generator)
        self.to(dtype)
        self.scaling = scaling

    def forward(self, x, lengths=None, repeats=None):
        """Return parameters in units of the loss.

        Parameters
        ----------
        x : Tensor of shape (N, L, F), any real dtype, on the CPU
            Sequences in the user's units, padded behind their last present step.
        lengths : Tensor of shape (N,) of int64, default=None
            Present steps of each sequence; None where all L are present.
        repeats : Tensor of shape (N,) of float64, default=None
            How many times each sequence counts in what the samples of a batch share,
            which is the moments of batch normalisation; once each if None.

        Returns
        -------
        Tensor of shape (N, n_targets, width)
        """
        x, lengths, moments = self._read(x, lengths)
        return self._run(x, lengths, moments, repeats)

    def predict(self, x, lengths=None):
        """Return parameters in the user's units, in double precision, on the CPU.

        Parameters
        ----------
        x, lengths
            As for `forward`.

        Returns
        -------
        Tensor of shape (N, n_targets, width) of float64
        """
        x, lengths, moments = self._read(x, lengths)
        parameters = self._run(x, lengths, moments)
        level = self.scaling.level(moments)
        return self.scaling.decode(self.target_head, parameters, level)

    def change(self, *, dropout, recurrent_dropout, input_noise, tbptt_steps):
        """Take over what may differ in a training that goes on; as for the class."""
        self.dropout.p = self.stack.dropout.p = dropout
        for layer in self.stack.layers:
            layer.recurrent_dropout.p = recurrent_dropout
        self.input_noise, self.tbptt_steps = input_noise, tbptt_steps

    def _read(self, x, lengths):
        if x.shape[1] == 0:  # no sample of the batch has a step
            x = x.new_zeros(x.shape[0], 1, x.shape[2])
            lengths = torch.zeros(len(x), dtype=torch.int64)
        moments = None
        if self.scaling.instance_norm is not None:
            moments = self.scaling.moments(x.to(torch.float64), lengths)
        return x, lengths, moments

    def _run(self, x, lengths, moments, repeats=None):
        raw = self._outputs(x, lengths, moments, repeats)
        parameters = self.target_head.transform(raw.unflatten(1, self.output_shape))
        return self.scaling.to_loss(self.target_head, parameters, moments)

    def _outputs(self, x, lengths, moments, repeats):
        """Outputs (N, n_outputs) of the linear head."""
        compiled = compiled_twin(self)
        if compiled is None or self.training or torch.is_grad_enabled():
            pooled = self._pool(x, lengths, moments, repeats)
            return linear(self.head, self.dropout(pooled))
        is_scaled = moments is not None or self.scaling.indicator
        if is_scaled:
            x = self._inputs(x, moments)
        return compiled.outputs(x, lengths, is_scaled=is_scaled)

    def _inputs(self, x, moments):
        weight = self.head.weight
        # NumPy's float32 minus float64 is float64: nothing is lost before the scaling.
        inputs = self.scaling.inputs(x, moments).to(weight.dtype)
        if self.training and self.input_noise:
            # Of the values only, not of what tells that they are missing.
            noise = torch.empty(x.shape, dtype=weight.dtype)
            noise.normal_(std=self.input_noise, generator=self.generator)
            inputs[:, :, : x.shape[2]] += noise
        return inputs.to(weight.device)

    def _pool(self, x, lengths, moments, repeats):
        """Pooled states (N, D*H) of sequences in the user's units."""
        if self.tbptt_steps is not None and self.tbptt_steps < x.shape[1]:
            return self._pool_in_parts(x, lengths, moments)
        inputs = self._inputs(x, moments)
        if repeats is not None and self.training:
            repeats = Repeats.of(repeats, lengths, x.shape[1], inputs)
        lengths = _to_device(lengths, inputs)
        states, final, _ = self.stack(inputs, lengths, repeats=repeats)
        return self.pool(states, final, lengths)

    # -- truncated back-propagation through time (Williams and Peng 1990) ----------

    def _pool_in_parts(self, x, lengths, moments):
        """The same, `tbptt_steps` at a time; no gradient crosses between the parts.

        A part is computed anew when its gradient is, so that the states of one part
        only are in memory at any time.
        """
        masks, ends, total, kept = self.stack.draw_masks(), None, None, None
        # The newest part is whole; the oldest takes what is left.
        first = (x.shape[1] - 1) % self.tbptt_steps + 1
        starts = [0, *range(first, x.shape[1], self.tbptt_steps)]
        stops = [*starts[1:], x.shape[1]]
        for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            piece = x[:, start:stop]
            has_step, piece_lengths = None, None
            if lengths is not None:
                piece_lengths = (lengths - start).clamp(0, stop - start)
                has_step = _to_device(piece_lengths > 0, self.head.weight)
            is_read = lengths is not None or self.pool.kind != "last"
            part, ends = self._run_part(
                piece,
                piece_lengths,
                moments,
                masks,
                ends,
                with_gradient=is_read or stop == x.shape[1],
            )
            # In one piece of memory: left where they are, they would keep the
            # allocator from using what the states of each part leave between them.
            kept = kept or [end.new_empty(len(starts), *end.shape) for end in ends]
            pairs = zip(kept, ends, strict=True)
            ends = tuple(all_ends[i].copy_(end) for all_ends, end in pairs)
            if total is not None:
                part = self.pool.merge(total, part, has_step)
            total = part
        return self.pool.finish(total, _to_device(lengths, self.head.weight))

    def _run_part(self, x, lengths, moments, masks, begin, *, with_gradient):
        before = self.generator.get_state()
        n_parts = None

        def run(*begin):
            nonlocal n_parts
            now = None
            if n_parts is not None:  # computed anew, with the same random numbers
                now = self.generator.get_state()
                self.generator.set_state(before)
            try:
                inputs = self._inputs(x, moments)
                on_device = _to_device(lengths, inputs)
                start = _grouped(begin, len(self.stack.layers))
                states, final, ends = self.stack(inputs, on_device, masks, start)
                part = self.pool.part(states, final, on_device)
            finally:
                if now is not None:
                    self.generator.set_state(now)
            n_parts = len(part)
            return *part, *(tensor for end in ends for tensor in end)

        flat = () if begin is None else begin
        weights = [*self.stack.parameters(), *self.pool.parameters()]
        weights = [weight for weight in weights if weight.requires_grad]
        if with_gradient and weights and torch.is_grad_enabled():
            results = recomputed(run, weights, *flat)
        else:
            with torch.no_grad():
                results = run(*flat)
        return results[:n_parts], tuple(end.detach() for end in results[n_parts:])


def _grouped(tensors, n_layers):
    """Split a flat tuple of states into those of each layer; None if it is empty."""
    if not tensors:
        return None
    size = len(tensors) // n_layers
    return [tensors[i * size : (i + 1) * size] for i in range(n_layers)]


def _to_device(lengths, like):
    return None if lengths is None else lengths.to(like.device)
