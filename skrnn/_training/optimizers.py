"""Optimisers by name."""

import sys
from types import MethodType

import torch

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
}
# Those that torch has in one compiled step for the CPU.
_FUSED = {"sgd", "adagrad", "adam", "adamw"}


def optimizer_spec(
    optimizer, *, learning_rate, momentum, nesterov, weight_decay, is_cpu=False
):
    """Class and options of an optimiser.

    Parameters
    ----------
    optimizer : str or class
        A key of `OPTIMIZERS`, or a class derived from `torch.optim.Optimizer`.
    learning_rate, momentum, weight_decay : float
        As in torch; momentum counts for ``"sgd"`` and ``"rmsprop"``.
    nesterov : bool
        Whether the momentum looks ahead; for ``"sgd"``.
    is_cpu : bool, default=False
        Whether it runs on the CPU, where one compiled step saves much of the time.

    Returns
    -------
    kind : class
    options : dict
    """
    options = {"lr": learning_rate}
    if not isinstance(optimizer, str):
        if weight_decay:
            options["weight_decay"] = float(weight_decay)
        return optimizer, options
    options["weight_decay"] = float(weight_decay)
    if is_cpu and optimizer in _FUSED:
        options["fused"] = True
    if optimizer in ("sgd", "rmsprop"):
        options["momentum"] = float(momentum)
    if optimizer == "sgd":
        options["nesterov"] = bool(nesterov)
    return OPTIMIZERS[optimizer], options


def new_optimizer(kind, weights, options):
    """Make an optimiser.

    Parameters
    ----------
    kind : class
        Derived from `torch.optim.Optimizer`.
    weights : list of torch.nn.Parameter
        What it changes.
    options : dict
        Its other arguments.

    Returns
    -------
    torch.optim.Optimizer

    Raises
    ------
    ValueError
        If the class does not take the weights or an option.
    """
    try:
        return _made(kind, weights, options)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{name}={value!r}" for name, value in options.items())
        raise ValueError(
            f"The optimizer {kind.__qualname__} cannot be made with {given}: {error}"
        ) from error


def _made(kind, weights, options):
    """Make an optimiser, without the import of torch's compiler where that can be."""
    if kind not in OPTIMIZERS.values():
        return kind(weights, **options)
    optimizer = kind.__new__(kind)
    optimizer.add_param_group = MethodType(_plain("add_param_group"), optimizer)
    try:
        optimizer.__init__(weights, **options)
    finally:
        del optimizer.add_param_group
    return optimizer


def call(optimizer, name, *arguments):
    """Call a method of an optimiser, without the import of torch's compiler.

    The methods of torch that its compiler shall not look into import it, when they are
    called for the first time: a second that a short fit has no use for.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Of any class.
    name : str
        Of a method.
    *arguments
        Of the method.

    Returns
    -------
    object
        What the method returns.
    """
    method = getattr(type(optimizer), name)
    if method is not getattr(torch.optim.Optimizer, name):
        return getattr(optimizer, name)(*arguments)
    return _plain(name)(optimizer, *arguments)


def _plain(name):
    """A method of torch's optimisers, as it is below the decorators of its compiler."""
    method = getattr(torch.optim.Optimizer, name)
    if "torch._dynamo" in sys.modules:  # then the way that torch means costs nothing
        return method
    return getattr(method, "__wrapped__", method)
