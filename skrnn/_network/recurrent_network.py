"""The one network: scaling, recurrent stack, pooling, decoder and linear head."""

import torch
from torch import nn

from skrnn._kernels.compiled_network import KernelInputs
from skrnn._kernels.rowwise import linear
from skrnn._network.batch import SequenceBatch, to_device
from skrnn._network.cells import bfloat16_fault
from skrnn._network.composed import composed_form, training_form, training_inputs
from skrnn._network.decoder import ParallelDecoder
from skrnn._network.description import describe_layers
from skrnn._network.dropout import SeededDropout
from skrnn._network.filters import Filters
from skrnn._network.norms import Repeats
from skrnn._network.pooling import Pooling, new_linear
from skrnn._network.segments import align, cut, n_segments
from skrnn._network.stack import RecurrentStack
from skrnn._network.standard import form_of, is_standard, standard_form
from skrnn._network.truncation import pool_in_parts
from skrnn._network.whole import whole_form
from skrnn._preprocessing.baseline import Baseline


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
    embedding : CodeEmbedding, default=None
        Puts vectors in the place of codes; None where all features are numbers.
    n_targets : int
        Targets of a sequence.
    pooling : {"last", "mean", "max", "mixed", "attention"}
        How the states of all steps become one.
    dropout : float
        Probability of zeroing an output of a layer, or an input of the linear head.
    segment_length : int or None
        Steps of the sequences that are one step of the recurrence; None means 1.
    n_filters : int or None
        Filters that the recurrence reads in the place of segments; None for none.
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
        embedding=None,
        n_targets,
        pooling,
        dropout,
        segment_length=None,
        n_filters=None,
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
        self.embedding = embedding
        n_inputs = scaling.n_inputs if embedding is None else embedding.size
        input_size, self.filters = n_inputs * self.segment_length, None
        if n_filters is not None:
            sizes = input_size, n_filters, self.segment_length
            self.filters, input_size = Filters(*sizes, generator), n_filters
        self.stack = RecurrentStack(
            input_size=input_size,
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

    def forward(self, x, lengths=None, repeats=None, compiled=None):
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
        compiled : CompiledNetwork, default=None
            This network in compiled code, which then computes the outputs, but for a
            training by autograd.

        Returns
        -------
        Tensor of shape (N, n_targets, width)
        """
        return self._run(self.read(x, lengths), repeats, compiled)

    def predict(self, x, lengths=None, compiled=None):
        """Return parameters in the user's units, in double precision, on the CPU.

        Parameters
        ----------
        x, lengths, compiled
            As for `forward`.

        Returns
        -------
        Tensor of shape (N, n_targets, width) of float64
        """
        batch = self.read(x, lengths)
        parameters = self._run(batch, compiled=compiled)
        baseline = self.baseline
        if baseline.is_zero:
            return self.scaling.decode(self.target_head, parameters)
        taken_off = baseline.forward(x, lengths, batch.moments)
        return self.scaling.decode(self.target_head, parameters, taken_off)

    def change(self, *, dropout, recurrent_dropout, input_noise, tbptt_steps):
        """Take over what may differ in a training that goes on; as for the class."""
        self.dropout.p = self.stack.dropout.p = dropout
        for layer in self.stack.layers:
            layer.recurrent_dropout.p = recurrent_dropout
        self.input_noise, self.tbptt_steps = input_noise, tbptt_steps

    def n_steps(self, n_steps):
        """Steps of the recurrence (int) over sequences of `n_steps` (int)."""
        return n_segments(n_steps, self.segment_length)

    def standard_form(self):
        """Give shapes and weights (StandardForm) to kernels, or None if they cannot."""
        return standard_form(self)

    def is_standard(self):
        """Whether it has such a form (bool)."""
        return is_standard(self)

    def form(self):
        """Give the same as it is now, where the network is known to have one."""
        return form_of(self)

    def whole_form(self):
        """Give the same with all that stands around it (WholeForm), where it can be.

        Returns
        -------
        WholeForm or None
            None where kernels have only parts of the way of a sample.
        """
        return whole_form(self)

    def training_form(self, max_steps):
        """Give it to kernels that compute gradients over up to `max_steps` (int).

        Returns
        -------
        StandardForm or None
            None if they cannot.
        """
        return training_form(self, max_steps)

    def form_like(self, form):
        """Give the same as it is now, as another form (StandardForm) of it."""
        return form_of(self) if form.composition is None else composed_form(self)

    def training_inputs(self, x, lengths, repeats, form):
        """Give a batch as kernels read it to compute gradients.

        Parameters
        ----------
        x, lengths, repeats
            As for `forward`.
        form : StandardForm
            What the kernels have of it.

        Returns
        -------
        KernelInputs
        """
        batch = self.read(x, lengths)
        return training_inputs(self, batch, form.composition, repeats)

    def parameters_of(self, raw, given):
        """Turn what kernels gave for a batch into what `forward` gives.

        Parameters
        ----------
        raw : Tensor of shape (N, n_targets * width)
            Outputs of the head.
        given : KernelInputs
            From `training_inputs`.

        Returns
        -------
        Tensor of shape (N, n_targets, width)
        """
        raw = raw.view(len(raw), *self.output_shape)
        parameters = self.target_head.transform(raw)
        if given.units is None:
            return parameters
        scale, shift = given.units
        return self.target_head.affine(parameters, shift, scale)

    def scaled_inputs(self, batch):
        """Give a batch (SequenceBatch) as kernels read it (KernelInputs)."""
        is_scaled = batch.moments is not None or self.scaling.indicator
        if self.embedding is not None:
            # They look vectors up, and cut segments then.
            x = self.scaling.inputs(batch.x, batch.moments) if is_scaled else batch.x
            padding = batch.padding
            if padding is not None and len(padding) < len(x):  # the same of all
                padding = padding.repeat(len(x))
            return KernelInputs(x, batch.lengths, is_scaled, padding)
        # They standardise, which is all that most networks need.
        is_scaled |= bool(self.training and self.input_noise)
        # What is padding is zero in the network's units.
        is_scaled |= batch.padding is not None
        x = self.inputs(batch) if is_scaled else cut(batch.x, None, self.segment_length)
        return KernelInputs(x, batch.lengths, is_scaled)

    def layers(self, settings):
        """Describe the layers (list of Layer) of a network made by settings."""
        return describe_layers(self, settings)

    def bfloat16_fault(self):
        """Say (str) why torch cannot run the cells in bfloat16; None if it can."""
        cell = self.stack.layers[0].directions[0]
        return bfloat16_fault(cell.mode, cell.weight_hh_l0.device.type)

    def read(self, x, lengths):
        """Give a batch (SequenceBatch) from what `forward` is given."""
        if x.shape[1] == 0:  # no sample of the batch has a step
            x = x.new_zeros(x.shape[0], 1, x.shape[2])
            lengths = torch.zeros(len(x), dtype=torch.int64)
        moments = None
        if self.scaling.instance_norm is not None:
            moments = self.scaling.moments(x.to(torch.float64), lengths)
        return SequenceBatch(*align(x, lengths, self.segment_length), moments)

    def inputs(self, batch):
        """Scaled inputs (N, S, F) of the recurrence for a batch (SequenceBatch)."""
        weight, x = self.head.weight, batch.x
        # NumPy's float32 minus float64 is float64: nothing is lost before the scaling.
        inputs = self.scaling.inputs(x, batch.moments)
        if self.embedding is not None:
            # Where the weights are, from here on.
            inputs, padding = self.embedding(inputs), to_device(batch.padding, weight)
            return self._filtered(cut(inputs, padding, self.segment_length))
        inputs = inputs.to(weight.dtype)
        if self.training and self.input_noise:
            # Of the values only, not of what tells that they are missing.
            noise = torch.empty(x.shape, dtype=weight.dtype)
            noise.normal_(std=self.input_noise, generator=self.generator)
            inputs[:, :, : x.shape[2]] += noise
        inputs = cut(inputs, batch.padding, self.segment_length)
        return self._filtered(inputs.to(weight.device))

    def _filtered(self, segments):
        return segments if self.filters is None else self.filters(segments)

    def _run(self, batch, repeats=None, compiled=None):
        raw = self._outputs(batch, repeats, compiled)
        parameters = self.target_head.transform(
            raw.view(raw.shape[0], *self.output_shape)
        )
        spread = self.baseline.spread(batch.moments)
        return self.scaling.to_loss(self.target_head, parameters, spread)

    def _outputs(self, batch, repeats, compiled):
        """Raw outputs (N, n_targets * width)."""
        if compiled is None or self.training or torch.is_grad_enabled():
            return self._decode(self._pool(batch, repeats))
        return compiled.outputs(self.scaled_inputs(batch))

    def _decode(self, pooled):
        if self.decoder is None:
            return linear(self.head, self.dropout(pooled))
        groups = linear(self.head, self.dropout(self.decoder(pooled)))
        n_targets, width = self.output_shape
        return groups.flatten(1)[:, : n_targets * width]  # the last may be shorter

    def _pool(self, batch, repeats):
        """Pooled states (N, D*H) of sequences."""
        n_steps = batch.x.shape[1] // self.segment_length
        if self.tbptt_steps is not None and self.tbptt_steps < n_steps:
            return pool_in_parts(self, batch, n_steps)
        inputs = self.inputs(batch)
        if repeats is not None and self.training:
            repeats = Repeats.of(repeats, batch.lengths, n_steps, inputs)
        lengths = to_device(batch.lengths, inputs)
        states, final, _ = self.stack(inputs, lengths, repeats=repeats)
        return self.pool(states, final, lengths)
