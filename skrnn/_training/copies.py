"""A copy of a net: a training that goes on trains it, and leaves the net as it is."""

import copy

import torch
from skorch.history import History

from skrnn._training.optimizers import call


def deep_copy(net, memo):
    """Copy what a training changes of a net; all else the copy shares with it.

    The way over pickle, which nets go without this, takes ten times as long: more than
    a short `partial_fit` does.

    Parameters
    ----------
    net : SequenceNet
        Initialised.
    memo : dict
        As `copy.deepcopy` hands it on.

    Returns
    -------
    SequenceNet
        With network, loss, optimiser, schedule, moving average, callbacks and history
        of its own. A training of it gives the bits that one of the net would give.
    """
    twin = object.__new__(type(net))
    vars(twin).update(vars(net))
    vars(twin).pop("run", None)  # the training is the net's
    # What callbacks hold of these is the twin's afterwards.
    memo[id(net)] = twin
    for part in net.parts():
        memo.update(_quick_copies(part))
    names = ("module_", "criterion_")
    vars(twin).update({n: copy.deepcopy(getattr(net, n), memo) for n in names})
    vars(twin).update(module=twin.module_, criterion=twin.criterion_)
    if net.has_optimizer:
        twin.renew_optimizer(_copy_of_state(net.optimizer_, memo))
        memo[id(net.optimizer_)] = twin.optimizer_
    names = ("schedule_", "average", "callbacks", "callbacks_")
    vars(twin).update({n: copy.deepcopy(getattr(net, n), memo) for n in names})
    twin.lead_schedule()
    twin.virtual_params_ = dict(net.virtual_params_)
    twin.history = History(
        {**epoch, "batches": [dict(batch) for batch in epoch["batches"]]}
        for epoch in net.history
    )
    return twin


def _quick_copies(module):
    """Copy what a module holds, by id: `deepcopy` alone takes twice the time."""
    values = vars(module).values()
    # A module has a dozen dicts of hooks.
    copies = {id(v): type(v)() for v in values if isinstance(v, dict) and not v}
    for weight in module.parameters(recurse=False):
        numbers = weight.detach().clone()
        copies[id(weight)] = torch.nn.Parameter(numbers, weight.requires_grad)
    for buffer in module.buffers(recurse=False):
        copies[id(buffer)] = buffer.clone()
    return copies


def _copy_of_state(optimizer, memo):
    state = call(optimizer, "state_dict")
    for of_weight in state["state"].values():
        if isinstance(of_weight, dict):
            tensors = [v for v in of_weight.values() if isinstance(v, torch.Tensor)]
            memo.update((id(tensor), tensor.clone()) for tensor in tensors)
    return copy.deepcopy(state, memo)
