"""The standard network in compiled code: its outputs, and the gradients of a batch.

Standard is what most people train: layers in one direction, the last state or the mean
or maximum of all, a linear head. Autograd runs everything else, and judges whether the
gradients here are right.
"""

import ctypes
import math
import threading
from contextlib import contextmanager

import torch

from skrnn._kernels.library import (
    CELLS,
    LOSSES,
    POOLINGS,
    Input,
    Loss,
    Shape,
    addresses,
    function,
    library,
)

_KINDS = {torch.float32: 0, torch.float64: 1}
_this_thread = threading.local()


class CompiledNetwork:
    """A network's compiled twin, which reads the weights where torch has them.

    Parameters
    ----------
    network : RecurrentNetwork
        One that `is_standard`.
    n_threads : int
        Threads that work at once; the results do not depend on it.
    """

    def __init__(self, network, n_threads):
        layers = network.stack.layers
        cell = layers[0].directions[0]
        self.dtype = str(network.head.weight.dtype).removeprefix("torch.")
        shape = Shape(
            cell=CELLS[cell.mode.partition("_")[0].lower()],
            is_relu=cell.mode == "RNN_RELU",
            pooling=POOLINGS[network.pool.kind],
            n_layers=len(layers),
            n_features=cell.input_size,
            hidden_size=cell.hidden_size,
            n_outputs=network.head.out_features,
            n_threads=n_threads,
        )
        self.network = network
        self._train = function("train", self.dtype)
        self._predict = function("predict", self.dtype)
        self._loss = ctypes.c_double()
        self.handle = function("open_network", self.dtype)(shape)
        if not self.handle:
            raise MemoryError("There is no memory for a network.")
        self.read_addresses()

    def close(self):
        """Give memory and threads back."""
        if self.handle:
            function("close_network", self.dtype)(self.handle)
            self.handle = None

    def parameters(self):
        """Weights (list of Tensor) in the order of the kernels."""
        network = self.network
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        cells = [layer.directions[0] for layer in network.stack.layers]
        weights = [getattr(cell, name) for cell in cells for name in names]
        return [*weights, network.head.weight, network.head.bias]

    def read_addresses(self, gradients=()):
        """Look where weights are, and gradients (list of Tensor) shall go."""
        self._weights = addresses([p.data_ptr() for p in self.parameters()])
        self._gradients = addresses([g.data_ptr() for g in gradients])
        self._kept = gradients

    def _input(self, x, lengths, is_scaled):
        scaling = self.network.scaling
        return Input(
            x.data_ptr(),
            _KINDS[x.dtype],
            x.shape[1] * x.shape[2],
            None if lengths is None else lengths.data_ptr(),
            None if is_scaled else scaling.x_mean.data_ptr(),
            None if is_scaled else scaling.x_scale.data_ptr(),
        )

    def outputs(self, x, lengths, *, is_scaled=False):
        """Raw outputs of the head.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float32 or float64
            Right-padded sequences in the user's units, or steps of the recurrence.
        lengths : Tensor of shape (N,) of int64, or None
            Present steps of each.
        is_scaled : bool, default=False
            Whether x is in the network's units already.

        Returns
        -------
        Tensor of shape (N, n_outputs)
            The bits of a row do not depend on the other rows.
        """
        weight = self.network.head.weight
        results = weight.new_empty(len(x), weight.shape[0])
        given = self._input(x.contiguous(), lengths, is_scaled)
        _check(
            self._predict(
                self.handle,
                self._weights,
                given,
                len(x),
                x.shape[1],
                results.data_ptr(),
            )
        )
        return results

    def gradients(self, x, lengths, target, weight, loss):
        """Compute loss and gradients of a batch; those go to where they shall.

        Parameters
        ----------
        x, lengths
            As for `outputs`, always in the user's units.
        target : Tensor of shape (N, n_outputs), or (N,) of int64 for classes
            In the units of the loss.
        weight : Tensor of shape (N,), or None
            Weights of the samples.
        loss : tuple of str and float
            Key of `skrnn._kernels.library.LOSSES`, and label smoothing.

        Returns
        -------
        loss : float
        outputs : Tensor of shape (N, n_outputs)
        """
        kind, smoothing = loss
        head = self.network.head.weight
        results = head.new_empty(len(x), head.shape[0])
        is_scaled = self.network.segment_length > 1
        if is_scaled:
            x, lengths = self.network.kernel_inputs(x, lengths)
        given = self._input(x, lengths, is_scaled)
        wanted = Loss(
            LOSSES[kind],
            smoothing,
            target.data_ptr(),
            None if weight is None else weight.data_ptr(),
        )
        _check(
            self._train(
                self.handle,
                self._weights,
                self._gradients,
                given,
                len(x),
                x.shape[1],
                wanted,
                results.data_ptr(),
                self._loss,
            )
        )
        return self._loss.value, results


@contextmanager
def in_use(compiled):
    """Have the calling thread compute outputs by a compiled twin, then close that.

    Other threads may use the same network meanwhile, with twins of their own.

    Parameters
    ----------
    compiled : CompiledNetwork
        The twin.
    """
    twins = vars(_this_thread).setdefault("twins", {})
    twins[id(compiled.network)] = compiled
    try:
        yield
    finally:
        del twins[id(compiled.network)]
        compiled.close()


def compiled_twin(network):
    """Return the twin of a network that this thread has in use, or None."""
    return vars(_this_thread).get("twins", {}).get(id(network))


def _check(is_done):
    if not is_done:
        raise MemoryError(
            "There is no memory for the states of a batch. Lower batch_size, or set "
            "tbptt_steps."
        )


def is_standard(network):
    """Whether kernels can compute the outputs of a network (RecurrentNetwork)."""
    stack, weight = network.stack, network.head.weight
    return (
        weight.device.type == "cpu"
        and weight.dtype in _KINDS
        and network.pool.kind in POOLINGS
        and network.decoder is None
        and not stack.residual
        and all(len(layer.directions) == 1 for layer in stack.layers)
        and all(layer.norm is None for layer in stack.layers)
        and library() is not None
    )


def is_standard_training(network, max_steps):
    """Whether they can compute its gradients too, over up to `max_steps` steps."""
    has_dropout = network.dropout.p > 0 or any(
        layer.recurrent_dropout.p > 0 for layer in network.stack.layers
    )
    scaling = network.scaling
    return (
        is_standard(network)
        and not has_dropout
        and not network.input_noise
        and scaling.instance_norm is None
        and not scaling.indicator
        and network.n_steps(max_steps) <= (network.tbptt_steps or math.inf)
    )
