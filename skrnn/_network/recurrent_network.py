"""The one network: scaling, recurrent stack, pooling, decoder and linear head."""

from typing import NamedTuple

import torch
from torch import nn

from skrnn._kernels.compiled_network import compiled_twin
from skrnn._kernels.rowwise import linear
from skrnn._network.decoder import ParallelDecoder
from skrnn._network.pooling import Pooling, new_linear
from skrnn._network.recompute import recomputed
from skrnn._network.segments import align, cut, n_segments
from skrnn._network.stack import RecurrentStack, Repeats, SeededDropout
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.scaling import WindowMoments


class _Sequences(NamedTuple):
    """A batch in the user's units, or consecutive steps of one."""

    x: torch.Tensor  # (N, S * segment_length, F)
    lengths: torch.Tensor | None  # (N,), present segments of each
    padding: torch.Tensor | None  # (N,), steps of it before the oldest one
    moments: WindowMoments | None

    def between(self, start, stop, segment_length):
        """Steps `start` to `stop` of the recurrence; only the first has padding."""
        lengths = self.lengths
        if lengths is not None:
            lengths = (lengths - start).clamp(0, stop - start)
        x = self.x[:, start * segment_length : stop * segment_length]
        padding = self.padding if start == 0 else None
        return _Sequences(x, lengths, padding, self.moments)


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
    baseline : Baseline, default=None
        What the outputs are added to; None adds nothing.
    n_targets : int
        Targets of a sequence.
    pooling : {"last", "mean", "max", "mixed", "attention"}
        How the states of all steps become one.
    dropout : float
        Probability of zeroing an output of a layer, or an input of the linear head.
    segment_length : int or None
        Steps of the sequences that are one step of the recurrence; None means 1.
    target_group : int or None
        Targets that are decoded together; None for a linear layer that gives all.
    input_noise : float
        Standard deviation of the noise added to scaled inputs in training.
    tbptt_steps : int or None
        Steps of the recurrence that a gradient flows back within.
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
        baseline=None,
        n_targets,
        pooling,
        dropout,
        segment_length=None,
        target_group=None,
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
        self.segment_length = segment_length or 1
        self.stack = RecurrentStack(
            input_size=scaling.n_inputs * self.segment_length,
            dropout=dropout,
            generator=generator,
            **stack_options,
        )
        self.pool = Pooling(
            pooling,
            self.stack.output_size,
            generator,
            n_directions=len(self.stack.layers[-1].directions),
        )
        self.dropout = SeededDropout(dropout, generator)
        self.output_shape = (n_targets, target_head.width)
        self.decoder = None
        if target_group is not None:
            self.decoder = ParallelDecoder(
                stack_options["cell"],
                self.stack.output_size,
                n_segments(n_targets, target_group),
                nonlinearity=stack_options.get("nonlinearity", "tanh"),
                generator=generator,
            )
        n_outputs = (target_group or n_targets) * target_head.width
        self.head = new_linear(self.stack.output_size, n_outputs, generator)
        self.to(dtype)
        self.scaling = scaling
        self.baseline = Baseline(n_targets) if baseline is None else baseline

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
        return self._run(self._read(x, lengths), repeats)

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
        batch = self._read(x, lengths)
        parameters = self._run(batch)
        baseline = self.baseline(x, lengths, batch.moments)
        return self.scaling.decode(self.target_head, parameters, baseline)

    def change(self, *, dropout, recurrent_dropout, input_noise, tbptt_steps):
        """Take over what may differ in a training that goes on; as for the class."""
        self.dropout.p = self.stack.dropout.p = dropout
        for layer in self.stack.layers:
            layer.recurrent_dropout.p = recurrent_dropout
        self.input_noise, self.tbptt_steps = input_noise, tbptt_steps

    def n_steps(self, n_steps):
        """Steps of the recurrence (int) over sequences of `n_steps` (int)."""
        return n_segments(n_steps, self.segment_length)

    def kernel_inputs(self, x, lengths):
        """Scaled inputs (N, S, F) and lengths of the recurrence, as for `forward`."""
        batch = self._read(x, lengths)
        return self._inputs(batch), batch.lengths

    def _read(self, x, lengths):
        if x.shape[1] == 0:  # no sample of the batch has a step
            x = x.new_zeros(x.shape[0], 1, x.shape[2])
            lengths = torch.zeros(len(x), dtype=torch.int64)
        moments = None
        if self.scaling.instance_norm is not None:
            moments = self.scaling.moments(x.to(torch.float64), lengths)
        return _Sequences(*align(x, lengths, self.segment_length), moments)

    def _run(self, batch, repeats=None):
        raw = self._outputs(batch, repeats)
        parameters = self.target_head.transform(raw.unflatten(1, self.output_shape))
        spread = self.baseline.spread(batch.moments)
        return self.scaling.to_loss(self.target_head, parameters, spread)

    def _outputs(self, batch, repeats):
        """Raw outputs (N, n_targets * width)."""
        compiled = compiled_twin(self)
        if compiled is None or self.training or torch.is_grad_enabled():
            return self._decode(self._pool(batch, repeats))
        is_scaled = (
            batch.moments is not None
            or self.scaling.indicator
            or self.segment_length > 1
        )
        x = self._inputs(batch) if is_scaled else batch.x
        return compiled.outputs(x, batch.lengths, is_scaled=is_scaled)

    def _decode(self, pooled):
        if self.decoder is None:
            return linear(self.head, self.dropout(pooled))
        groups = linear(self.head, self.dropout(self.decoder(pooled)))
        n_targets, width = self.output_shape
        return groups.flatten(1)[:, : n_targets * width]  # the last may be shorter

    def _inputs(self, batch):
        weight, x = self.head.weight, batch.x
        # NumPy's float32 minus float64 is float64: nothing is lost before the scaling.
        inputs = self.scaling.inputs(x, batch.moments).to(weight.dtype)
        if self.training and self.input_noise:
            # Of the values only, not of what tells that they are missing.
            noise = torch.empty(x.shape, dtype=weight.dtype)
            noise.normal_(std=self.input_noise, generator=self.generator)
            inputs[:, :, : x.shape[2]] += noise
        return cut(inputs, batch.padding, self.segment_length).to(weight.device)

    def _pool(self, batch, repeats):
        """Pooled states (N, D*H) of sequences."""
        n_steps = batch.x.shape[1] // self.segment_length
        if self.tbptt_steps is not None and self.tbptt_steps < n_steps:
            return self._pool_in_parts(batch, n_steps)
        inputs = self._inputs(batch)
        if repeats is not None and self.training:
            repeats = Repeats.of(repeats, batch.lengths, n_steps, inputs)
        lengths = _to_device(batch.lengths, inputs)
        states, final, _ = self.stack(inputs, lengths, repeats=repeats)
        return self.pool(states, final, lengths)

    # -- truncated back-propagation through time (Williams and Peng 1990) ----------

    def _pool_in_parts(self, batch, n_steps):
        """The same, `tbptt_steps` at a time; no gradient crosses between the parts.

        A part is computed anew when its gradient is, so that the states of one part
        only are in memory at any time.
        """
        masks, ends, total, kept = self.stack.draw_masks(), None, None, None
        # The newest part is whole; the oldest takes what is left.
        first = (n_steps - 1) % self.tbptt_steps + 1
        starts = [0, *range(first, n_steps, self.tbptt_steps)]
        stops = [*starts[1:], n_steps]
        is_ragged = batch.lengths is not None
        for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            piece = batch.between(start, stop, self.segment_length)
            has_step = None
            if is_ragged:
                has_step = _to_device(piece.lengths > 0, self.head.weight)
            is_read = is_ragged or self.pool.kind != "last"
            part, ends = self._run_part(
                piece, masks, ends, with_gradient=is_read or stop == n_steps
            )
            # In one piece of memory: left where they are, they would keep the
            # allocator from using what the states of each part leave between them.
            kept = kept or [end.new_empty(len(starts), *end.shape) for end in ends]
            pairs = zip(kept, ends, strict=True)
            ends = tuple(all_ends[i].copy_(end) for all_ends, end in pairs)
            if total is not None:
                part = self.pool.merge(total, part, has_step)
            total = part
        return self.pool.finish(total, _to_device(batch.lengths, self.head.weight))

    def _run_part(self, piece, masks, begin, *, with_gradient):
        before = self.generator.get_state()
        n_parts = None

        def run(*begin):
            nonlocal n_parts
            now = None
            if n_parts is not None:  # computed anew, with the same random numbers
                now = self.generator.get_state()
                self.generator.set_state(before)
            try:
                inputs = self._inputs(piece)
                on_device = _to_device(piece.lengths, inputs)
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
