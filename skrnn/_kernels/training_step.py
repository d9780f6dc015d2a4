"""A step of training a network, without autograd."""

import ctypes

import torch

from skrnn._kernels.consecutive import ConsecutiveBatches
from skrnn._kernels.library import PIECE, addresses, function
from skrnn._kernels.structs import AdamOptions, Tensors

_ADAM = (torch.optim.Adam, torch.optim.AdamW)


class CompiledStep:
    """Gradients, penalty, clipping and Adam in compiled code.

    Weights, gradients and the optimiser's state are torch's own tensors, so that
    checkpoints, callbacks and autograd see what they expect.

    Parameters
    ----------
    network : CompiledNetwork
        Of a network whose gradients kernels can compute; who made it closes it.
    loss : tuple
        As for `CompiledNetwork.gradients`.

    Attributes
    ----------
    is_adam : bool
        Whether the optimiser (as last prepared) is an Adam that the kernels have.
    """

    def __init__(self, network, loss):
        self.network = network
        self.loss = loss
        self.optimizer = None  # that of the last `prepare`
        dtype = network.dtype
        self._clip, self._adam = function("clip", dtype), function("adam", dtype)
        self._clip_and_adam = function("clip_and_adam", dtype)

    def prepare(self, form, optimizer):
        """Look where everything is; an epoch or a callback may have moved it.

        Parameters
        ----------
        form : StandardForm
            Of the network.
        optimizer : torch.optim.Optimizer
            Of the network's weights.
        """
        weights = form.weights
        gradients = [_gradient_of(weight) for weight in weights]
        tables = () if form.codes is None else form.codes.tables
        learning = [
            None if table is None or not table.requires_grad else _gradient_of(table)
            for table in tables
        ]
        self.network.read_addresses(form, gradients, learning)
        pairs = zip([*weights, *tables], [*gradients, *learning], strict=True)
        learnt = [(w, g) for w, g in pairs if g is not None and w.requires_grad]
        self.optimizer = optimizer
        self.is_adam = _is_plain_adam(optimizer)
        states = []
        if self.is_adam:
            states = [_adam_state(optimizer, weight) for weight, _ in learnt]
        columns = {
            "weights": [w for w, _ in learnt],
            "gradients": [g for _, g in learnt],
            "first": [state["exp_avg"] for state in states],
            "second": [state["exp_avg_sq"] for state in states],
            "steps": [state["step"] for state in states],
        }
        arrays = {
            name: addresses([t.data_ptr() for t in tensors])
            for name, tensors in columns.items()
        }
        integers = ctypes.c_int64 * len(learnt)
        arrays["sizes"] = integers(*(w.numel() for w, _ in learnt))
        arrays["is_matrix"] = integers(*(w.ndim > 1 for w, _ in learnt))
        self._kept = columns, arrays  # what the addresses point at
        self._places = [t.data_ptr() for tensors in columns.values() for t in tensors]
        self._tensors = Tensors(len(learnt))
        for name, array in arrays.items():
            setattr(self._tensors, name, ctypes.addressof(array))
        self._options = AdamOptions()
        n_pieces = sum(-(-w.numel() // PIECE) for w, _ in learnt)
        self._squares = (ctypes.c_double * n_pieces)()

    def gradients(self, given, target, weight):
        """Compute loss and gradients, as `CompiledNetwork.gradients` does."""
        return self.network.gradients(given, target, weight, self.loss)

    def consecutive(self, given, target, weight, size):
        """Give batches of some samples that lie one behind the other.

        Parameters
        ----------
        given, target, weight
            As for `gradients`, of all of them.
        size : int
            Samples of a batch.

        Returns
        -------
        ConsecutiveBatches
        """
        return ConsecutiveBatches(self.network, given, target, weight, self.loss, size)

    def clip(self, l1, max_value, max_norm):
        """Add the penalty (float) to the gradients and clip them (float or None).

        Returns
        -------
        float
            Norm of the gradient before it was clipped to `max_norm`.
        """
        self._set_limits(l1, max_value, max_norm)
        return self._norm(self._clip)

    def _set_limits(self, l1, max_value, max_norm):
        options = self._options
        options.l1 = l1
        options.max_value = max_value or 0.0
        options.max_norm = max_norm or 0.0

    def _norm(self, function):
        given = self._tensors, self._options, self._squares
        norm = function(self.network.place, *given)
        if norm < 0:
            self.network.check_answer(-1)
        return norm

    def clip_and_update(self, l1, max_value, max_norm):
        """Do what `clip` and `update` do, in one call, where the optimiser is Adam.

        A gradient whose norm is not finite is taken for zero, if it is to be clipped to
        `max_norm`.

        Returns
        -------
        float or None
            As from `clip`; None if there is neither a penalty nor a limit.
        """
        self._set_limits(l1, max_value, max_norm)
        self._set_rates()
        norm = self._norm(self._clip_and_adam)
        self.optimizer._opt_called = True  # as in `update`
        return norm if l1 or max_value or max_norm else None

    def train_on(self, batches, l1, max_value, max_norm):
        """Do what `gradients` and `clip_and_update` do of some batches, in one call.

        Parameters
        ----------
        batches : ConsecutiveBatches
            What to learn from.
        l1, max_value, max_norm
            As for `clip_and_update`.

        Returns
        -------
        losses : list of float
            Of the batches up to the first whose loss is not finite.
        norms : list of float or None
            What `clip_and_update` gives after each.
        """
        self._set_limits(l1, max_value, max_norm)
        self._set_rates()
        losses, norms = batches.train((self._tensors, self._options, self._squares))
        self.optimizer._opt_called = True  # as in `update`
        is_known = l1 or max_value or max_norm
        return losses, norms if is_known else [None] * len(norms)

    def weight_gradients(self):
        """Gradients (list of Tensor) of the weights that learn."""
        return self._kept[0]["gradients"]

    def update(self, *, was_shown=False):
        """Take one step of the optimiser.

        Parameters
        ----------
        was_shown : bool, default=False
            Whether callbacks have had the gradients and may have put others there.
        """
        if not self.is_adam or (was_shown and self._was_replaced()):
            self.optimizer.step()
            # An optimiser of the user's may put tensors in the place of others.
            if self._was_replaced():
                self.prepare(self.network.form, self.optimizer)
            return
        self._set_rates()
        self.network.check_answer(
            self._adam(self.network.place, self._tensors, self._options)
        )
        # What torch's schedulers ask for, or they warn that no step was taken. The one
        # public way to it is the optimiser's `step`, whose place this takes.
        self.optimizer._opt_called = True

    def _set_rates(self):
        group, options = self.optimizer.param_groups[0], self._options
        options.rate = group["lr"]
        options.beta1, options.beta2 = group["betas"]
        options.epsilon = group["eps"]
        options.decay = group["weight_decay"]
        # Before 2.7 of torch the groups did not tell.
        is_adamw = isinstance(self.optimizer, torch.optim.AdamW)
        options.is_decoupled = group.get("decoupled_weight_decay", is_adamw)

    def _was_replaced(self):
        columns = self._kept[0]
        pairs = zip(columns["weights"], columns["gradients"], strict=True)
        if any(weight.grad is not gradient for weight, gradient in pairs):
            return True
        tensors = [tensor for column in columns.values() for tensor in column]
        return [tensor.data_ptr() for tensor in tensors] != self._places


def _gradient_of(weight):
    """Where the gradient of a weight goes (Tensor); for nobody if it is frozen."""
    if not weight.requires_grad:
        return torch.empty_like(weight)
    if weight.grad is None or not _is_like(weight.grad, weight):
        weight.grad = torch.zeros_like(weight)
    return weight.grad


def _is_plain_adam(optimizer):
    groups = optimizer.param_groups
    if type(optimizer) not in _ADAM or len(groups) != 1:
        return False
    group = groups[0]
    is_plain = not any(
        group.get(name) for name in ("amsgrad", "maximize", "differentiable")
    )
    numbers = [group["lr"], *group["betas"]]
    return is_plain and all(isinstance(number, float | int) for number in numbers)


def _adam_state(optimizer, weight):
    """Give a weight's state in torch's Adam, made as torch makes it if need be."""
    state = optimizer.state[weight]
    if not state:
        state["step"] = torch.zeros((), dtype=torch.float32)
        state["exp_avg"] = torch.zeros_like(weight)
        state["exp_avg_sq"] = torch.zeros_like(weight)
    if state["step"].dtype != torch.float32:
        state["step"] = state["step"].to(torch.float32)
    # The kernels trust what they are given.
    for name in ("exp_avg", "exp_avg_sq"):
        if not _is_like(state[name], weight):
            raise ValueError(f"{name} of the optimizer is not like its weight.")
    if state["step"].numel() != 1:
        raise ValueError("step of the optimizer is not one number.")
    return state


def _is_like(moment, weight):
    return (
        moment.shape == weight.shape
        and moment.dtype == weight.dtype
        and moment.device == weight.device
        and moment.is_contiguous()
    )
