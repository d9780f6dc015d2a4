"""A network in compiled code: its outputs, and the gradients of a batch.

Outputs are those of the standard network: layers in one direction, the last state or
the mean or maximum of all, a linear head. Gradients are also those of networks that are
composed of more (`skrnn._kernels.composition`). Autograd runs everything else, and
judges whether the gradients here are right.
"""

import ctypes
import threading
from typing import NamedTuple

import torch

from skrnn._kernels.codes import codes_of
from skrnn._kernels.composition import (
    BatchShares,
    composition_of,
    shapes_of_weights,
)
from skrnn._kernels.fit import check_lengths, check_tensor
from skrnn._kernels.handle import Handle
from skrnn._kernels.library import (
    ALL_POOLINGS,
    CELLS,
    LOSS_WIDTHS,
    LOSSES,
    addresses,
    check_answer,
    function,
)
from skrnn._kernels.scopes import Scope
from skrnn._kernels.structs import Input, Loss, Shape

_KINDS = {torch.float32: 0, torch.float64: 1}
_GATES = {"lstm": 4, "gru": 3, "rnn": 1}
_NO_MEMORY = (
    "There is no memory for the states of a batch. Lower batch_size, or set "
    "tbptt_steps."
)


class KernelInputs(NamedTuple):
    """A batch as the network in compiled code reads it."""

    # (N, L, F) of float32 or float64, padded behind the last present step: in the
    # user's units or as steps of the recurrence; where there are codes, L is of steps
    # before they are cut into segments.
    x: torch.Tensor
    lengths: torch.Tensor | None = None  # (N,) of int64: steps of the recurrence
    is_scaled: bool = False  # whether x is in the network's units already
    # (N,) of int64: steps before the oldest one; only where there are codes.
    padding: torch.Tensor | None = None
    # (K,) of int64: of the random numbers of dropout, in the order of their use.
    keys: torch.Tensor | None = None
    shares: BatchShares | None = None  # of the moments of a batch norm
    # Scale and shift (N, n_targets) of what the head gives, where each sample has units
    # of its own.
    units: tuple[torch.Tensor, torch.Tensor] | None = None


class CompiledNetwork(Scope):
    """A network in compiled code, which reads the weights where torch has them.

    It is of the thread that made it, and of a training or a prediction: a context
    manager that takes memory and threads, and gives them back at its end.

    Parameters
    ----------
    form : StandardForm
        Shapes, weights and scaling of the network, as
        `skrnn._network.standard.StandardForm` has them.
    n_threads : int
        Threads that work at once; the results do not depend on it.

    Attributes
    ----------
    form : StandardForm
        As last given.
    dtype : str
        Of the weights.
    handle : int or None
        For the kernels; None but within the with statement.
    """

    def __init__(self, form, n_threads):
        self._thread = threading.get_ident()
        self.dtype = str(form.weights[0].dtype).removeprefix("torch.")
        self._torch_dtype = form.weights[0].dtype
        self._kind, self._of_weights = _kind_of(form), _shapes_of_weights(form)
        self._shape = Shape(
            cell=CELLS[form.cell],
            is_relu=form.is_relu,
            pooling=ALL_POOLINGS[form.pooling],
            n_layers=form.n_layers,
            n_features=form.n_features,
            hidden_size=form.hidden_size,
            n_outputs=form.n_outputs,
            n_threads=n_threads,
        )
        is_standard = form.composition is None
        self._train = function("train", self.dtype) if is_standard else self._compose
        self._train_composed = function("train_composed", self.dtype)
        self._train_batches = function("train_batches", self.dtype)
        self._predict = function("predict", self.dtype)
        self._loss = ctypes.c_double()
        self._handle = Handle(function("close_network", self.dtype))
        self.read_addresses(form)

    def _begin(self):
        self.open()
        return self

    def open(self):
        """Take memory and threads; a with statement does it at its beginning."""
        answer = self._handle.open(function("open_network", self.dtype), self._shape)
        check_answer(answer, "There is no memory for a network.")

    def _finish(self):
        self.close()

    @property
    def handle(self):
        """For the kernels."""
        return self._handle.value

    def close(self):
        """Give memory and threads back; once is enough."""
        self._handle.close()

    @property
    def weights(self):
        """Where the weights are (C array), as last looked at."""
        return self._weights

    @property
    def place(self):
        """Where the handle stands, for the kernels."""
        return self._handle.place

    def check_answer(self, answer):
        """Raise what an answer of the kernels means, if it is not that all was done.

        Parameters
        ----------
        answer : int
            As `Answer` in checks.h.

        Raises
        ------
        MemoryError
            If there was no memory.
        ValueError
            If the network is closed, or what was given misfits.
        """
        if answer < 0 and self.handle is None:
            raise ValueError("The compiled network is closed.")
        check_answer(answer, _NO_MEMORY)

    def is_of_this_thread(self):
        """Whether the calling thread made it; no other may use it meanwhile."""
        return self._thread == threading.get_ident()

    def is_made_for(self, form):
        """Whether a network is open that is of the kind of a form."""
        has_dtype = form.weights[0].dtype == self._torch_dtype
        return has_dtype and _kind_of(form) == self._kind and self.handle is not None

    def read_addresses(self, form, gradients=(), of_tables=()):
        """Look where weights are, and gradients (list of Tensor) shall go.

        Parameters
        ----------
        form : StandardForm
            Of the same network.
        gradients : list of Tensor, default=()
            One for each of its weights, where gradients are wanted.
        of_tables : list of Tensor or None, default=()
            One for each of the tables of codes in the same way, None where that does
            not learn or there is no table.

        Raises
        ------
        ValueError
            If one of them is not what the kernels can read.
        """
        self._check_form(form, gradients)
        self.form = form
        self._weights = addresses([p.data_ptr() for p in form.weights])
        self._gradients = addresses([g.data_ptr() for g in gradients])
        self._kept = gradients, of_tables
        self._codes = None
        if form.codes is not None:
            self._codes = codes_of(form.codes, of_tables, self._torch_dtype)

    def _check_form(self, form, gradients):
        if _kind_of(form) != self._kind:
            raise ValueError(f"A network {_kind_of(form)} is not one {self._kind}.")
        dtype, expected = self._torch_dtype, self._of_weights
        for weight, of_weight in zip(form.weights, expected, strict=True):
            check_tensor("A weight", weight, of_weight, dtype)
        for gradient, of_weight in zip(gradients, expected, strict=bool(gradients)):
            check_tensor("A gradient", gradient, of_weight, dtype)
        # Of a step in the user's units, several of which may be one of the recurrence.
        of_step = form.x_mean.shape
        check_tensor("x_mean", form.x_mean, of_step, torch.float64)
        check_tensor("x_scale", form.x_scale, of_step, torch.float64)
        self._n_given = form.n_features
        if form.codes is not None:
            self._n_given = len(form.codes.n_codes)
        self._reads_users_units = of_step == (self._n_given,)

    def _input(self, given):
        x, lengths, is_scaled, padding = given[:4]
        if x.dtype not in _KINDS:
            raise ValueError(
                f"x is {x.dtype}, and the kernels need float32 or float64."
            )
        check_tensor("x", x, (*x.shape[:2], self._n_given), x.dtype)
        check_lengths(lengths, len(x))
        if not (is_scaled or self._reads_users_units):
            raise ValueError("Steps of the recurrence are to be scaled already.")
        codes = self._codes
        if codes is not None:
            check_lengths(padding, len(x))
            codes.padding = None if padding is None else padding.data_ptr()
        return Input(
            x.data_ptr(),
            _KINDS[x.dtype],
            None if lengths is None else lengths.data_ptr(),
            None if is_scaled else self.form.x_mean.data_ptr(),
            None if is_scaled else self.form.x_scale.data_ptr(),
            None if codes is None else ctypes.addressof(codes),
        )

    def _n_steps(self, x):
        """Steps of the recurrence (int) over x (N, L, F)."""
        if self.form.codes is None:
            return x.shape[1]
        n_steps, rest = divmod(x.shape[1], self.form.codes.segment)
        if rest:
            raise ValueError(f"x has {x.shape[1]} steps, which are no whole segments.")
        return n_steps

    def outputs(self, given):
        """Raw outputs of the head.

        Parameters
        ----------
        given : KernelInputs of N sequences
            What the network reads.

        Returns
        -------
        Tensor of shape (N, n_outputs)
            The bits of a row do not depend on the other rows.
        """
        if self.form.composition is not None:
            raise ValueError("The kernels give outputs of the standard network alone.")
        given = _contiguous(given)
        x = given.x
        results = self.form.weights[-1].new_empty(len(x), self.form.n_outputs)
        answer = self._predict(
            self.place,
            self._weights,
            self._input(given),
            len(x),
            self._n_steps(x),
            results.data_ptr(),
        )
        self.check_answer(answer)
        return results

    def gradients(self, given, target, weight, loss):
        """Compute loss and gradients of a batch; those go to where they shall.

        Parameters
        ----------
        given : KernelInputs of N sequences
            What the network reads.
        target : Tensor of shape (N, n_outputs), or (N,) of int64 for classes
            In the units of the loss.
        weight : Tensor of shape (N,), or None
            Weights of the samples.
        loss : tuple
            Key of `skrnn._kernels.library.LOSSES`, label smoothing, the exponent of a
            focal loss or 0, and the levels (tuple) of quantiles.

        Returns
        -------
        loss : float
        outputs : Tensor of shape (N, n_outputs)
        """
        n_samples, n_outputs = given.x.shape[0], self.form.n_outputs
        results = self.form.weights[-1].new_empty(n_samples, n_outputs)
        self._given = given
        told = self.told(given, target, weight, loss)
        return self.step(*told, n_samples, results.data_ptr()), results

    def told(self, given, target, weight, loss):
        """Check a batch and tell the library of it; arguments as for `gradients`.

        Returns
        -------
        inputs : Input
        wanted : Loss
        n_steps : int
            Of the recurrence.
        """
        wanted = self._loss_of(loss, target, weight, given)
        return self._input(given), wanted, self._n_steps(given.x)

    def step(self, inputs, wanted, n_steps, n_samples, results):
        """Compute gradients and the loss (float) of so many samples.

        Parameters
        ----------
        inputs, wanted, n_steps
            From `told`.
        n_samples : int
            How many of those that were told.
        results : int
            Where the outputs go.
        """
        answer = self._train(
            self.place,
            self._weights,
            self._gradients,
            inputs,
            n_samples,
            n_steps,
            wanted,
            results,
            self._loss,
        )
        if answer <= 0:
            self.check_answer(answer)
        return self._loss.value

    def steps(self, inputs, wanted, n_steps, n_samples, results, size, update):
        """Train on batches that lie one behind the other.

        Parameters
        ----------
        inputs, wanted, n_steps, n_samples
            As for `step`, of all batches together.
        results : int
            Where the outputs of a batch go.
        size : int
            Samples of a batch; the last one may have fewer.
        update : tuple of (Tensors, AdamOptions, ctypes.Array)
            What is updated after each, how, and where squares go.

        Returns
        -------
        losses : list of float
            Of the batches up to the first whose loss is not finite.
        norms : list of float
            Of their gradients, before they were clipped.
        """
        numbers = ctypes.c_double * -(-n_samples // size)
        losses, norms = numbers(), numbers()
        count = self._train_batches(
            self.place,
            self._weights,
            self._gradients,
            inputs,
            n_samples,
            n_steps,
            wanted,
            results,
            size,
            *update,
            losses,
            norms,
        )
        if count <= 0:
            self.check_answer(count)
        return losses[:count], norms[:count]

    def _compose(self, *arguments):
        """Train a network that is composed of more than the standard one."""
        of = composition_of(self.form, self._given, self._torch_dtype)
        return self._train_composed(*arguments[:7], of, *arguments[7:])

    def _loss_of(self, loss, target, weight, given):
        """The loss (Loss) of samples, whose tensors it does not keep alive."""
        (kind, smoothing, gamma, levels), n_samples = loss, len(given.x)
        dtype, width = self._torch_dtype, len(levels) or LOSS_WIDTHS.get(kind, 1)
        if kind == "cross_entropy":
            check_tensor("target", target, (n_samples,), torch.int64)
        else:
            n_targets = self.form.n_outputs // width
            check_tensor("target", target, (n_samples, n_targets), dtype)
        if weight is not None:
            check_tensor("weight", weight, (n_samples,), dtype)
        wanted = Loss(
            LOSSES[kind],
            smoothing,
            target.data_ptr(),
            None if weight is None else weight.data_ptr(),
            gamma,
            width,
        )
        if given.units is not None:
            shape = n_samples, self.form.n_outputs // width
            for name, units in zip(("scales", "shifts"), given.units, strict=True):
                check_tensor(name, units, shape, dtype)
                setattr(wanted, name, units.data_ptr())
        if levels:
            wanted.kept = (ctypes.c_double * width)(*levels)
            wanted.levels = ctypes.addressof(wanted.kept)
        return wanted


def _contiguous(given):
    return given._replace(x=given.x.contiguous())


def _shapes_of_weights(form):
    """Shape (list of tuple) of each of the weights of a form."""
    if form.composition is not None:
        return shapes_of_weights(form, _GATES[form.cell])
    columns, units = form.n_features, form.hidden_size
    rows, shapes = _GATES[form.cell] * units, []
    for _ in range(form.n_layers):
        shapes += [(rows, columns), (rows, units), (rows,), (rows,)]
        columns = units
    return [*shapes, (form.n_outputs, units), (form.n_outputs,)]


def _kind_of(form):
    """All of a form (tuple) but its tensors, which a handle is made for."""
    shape = form.n_layers, form.n_features, form.hidden_size, form.n_outputs
    codes = None if form.codes is None else form.codes[:3]
    parts = None if form.composition is None else form.composition.kind
    return form.cell, form.is_relu, form.pooling, *shape, codes, parts
