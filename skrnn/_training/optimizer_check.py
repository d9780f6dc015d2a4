"""Whether states of an optimiser and a schedule are those of this training."""

import copy
import math

import torch

from skrnn._training.checkpoint import plain
from skrnn._training.content_check import (
    check_dict,
    check_number,
    check_numbers_like,
    checked_tensor,
    refuse,
)
from skrnn._training.optimizers import OPTIMIZERS
from skrnn._training.schedules import SCHEDULES

# What schedules move, and what depends on the device, which may be another one.
_RATES = {"lr", "initial_lr", "max_lr", "min_lr"}
_MOMENTA = {"momentum", "base_momentum", "max_momentum"}
_OF_DEVICE = {"fused", "foreach", "capturable"}
_OF_SCHEDULES = {"initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"}
_NEVER_NEGATIVE = {"exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum"}
# What torch's schedulers count, and where they have the limit of it.
_COUNTS = {
    "last_epoch": None,
    "_step_count": None,
    "num_bad_epochs": "patience",
    "cooldown_counter": "cooldown",
}


def check_optimizer(value, net):
    """Return the state of an optimiser (dict), its tensors copied, or refuse it.

    Parameters
    ----------
    value : object
        As read.
    net : SequenceNet
        A copy for this purpose, with the optimiser, and the schedule, if any.
    """
    check_dict("optimizer", value, {"state", "param_groups"})
    like = net.optimizer_.state_dict()
    groups, n_weights = value["param_groups"], 0
    if type(groups) is not list or len(groups) != len(like["param_groups"]):
        refuse("optimizer.param_groups", f"is no list of {len(like['param_groups'])}")
    for i, (group, own) in enumerate(zip(groups, like["param_groups"], strict=True)):
        _check_group(f"optimizer.param_groups[{i}]", group, plain(own))
        n_weights += len(own["params"])
    state = value["state"]
    if type(state) is not dict or not all(type(key) is int for key in state):
        refuse("optimizer.state", "is no dict of numbered states")
    if not state.keys() <= set(range(n_weights)):
        refuse("optimizer.state", f"is not of {n_weights} weights")
    if type(net.optimizer_) not in OPTIMIZERS.values():
        return {**value, "state": {i: _any_state(i, s) for i, s in state.items()}}
    own = _after_a_step(net.optimizer_)
    check_dict("optimizer.state", state, own.keys())
    return {**value, "state": {i: _state(i, s, own[i]) for i, s in state.items()}}


def _check_group(where, group, own):
    check_dict(where, group, own.keys() - _OF_DEVICE, optional=_OF_DEVICE)
    for name, value in group.items():
        place = f"{where}.{name}"
        if name in _RATES:
            check_number(place, value, {float, type(own[name])}, least=0)
        elif name in _MOMENTA:
            kinds = {float, type(own[name])}
            check_number(place, value, kinds, least=0, most=max(1, own[name]))
        elif name == "betas":
            if type(value) is not list or len(value) != 2:
                refuse(place, "is no pair")
            for beta in value:
                check_number(place, beta, (float,), least=0, most=1)
        elif name in _OF_DEVICE:
            if value is not None and type(value) is not bool:
                refuse(place, "is no boolean")
        else:
            check_numbers_like(place, value, own[name])


def _after_a_step(optimizer):
    """States (dict by number) that a step with a gradient of zero leaves."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = torch.zeros_like(weight)
    optimizer.step()
    optimizer.zero_grad()
    return optimizer.state_dict()["state"]


def _state(number, state, own):
    where, checked = f"optimizer.state[{number}]", {}
    check_dict(where, state, own.keys())
    for name, like in own.items():
        place, value = f"{where}.{name}", state[name]
        if not isinstance(like, torch.Tensor):
            if value is not None or like is not None:
                check_number(place, value, (int, float), least=0)
            checked[name] = value
            continue
        like = like.cpu()
        if name == "step" and isinstance(value, torch.Tensor):
            like = like.to(value.dtype) if value.is_floating_point() else like
        checked[name] = value = checked_tensor(place, value, like)
        if name in ("step", "mu_product"):
            check_number(place, float(value), (float,), 0, 2**53)
            if name == "step" and float(value) % 1:
                refuse(place, "is no whole number")
        if name == "mu_product" and not 0 < float(value) <= 1:
            refuse(place, "is out of range")
        if name in _NEVER_NEGATIVE and (value < 0).any():
            refuse(place, "is negative")
    return checked


def _any_state(number, state):
    """Copy the state of an optimiser of the user's: finite, whatever it means."""
    where = f"optimizer.state[{number}]"
    if type(state) is not dict:
        refuse(where, "is no dict")

    def checked(place, value, depth=0):
        if depth > 4:
            refuse(place, "is too deep")
        if isinstance(value, torch.Tensor):
            if value.numel() > 2**16 + 512 * value.untyped_storage().nbytes():
                refuse(place, "is too large")
            return checked_tensor(place, value, value)
        if isinstance(value, list):
            parts = enumerate(value)
            return [checked(f"{place}[{i}]", v, depth + 1) for i, v in parts]
        if isinstance(value, float | int) and not math.isfinite(value):
            refuse(place, "is not finite")
        return copy.copy(value)

    return {name: checked(f"{where}.{name}", value) for name, value in state.items()}


def check_schedule(value, net, losses):
    """Refuse what is no state of the schedule of a net.

    Parameters
    ----------
    value : object
        As read.
    net : SequenceNet
        A copy for this purpose, with the schedule, if any.
    losses : list of float
        Of all epochs, by which some schedules go.
    """
    schedule = net.schedule_
    if schedule is None:
        if value is not None:
            refuse("schedule", "is there without lr_schedule")
        return
    own, kind = plain(schedule.state_dict()), net.settings.lr_schedule
    if type(value) is not dict:
        refuse("schedule", "is no dict")
    is_known = isinstance(kind, str) and kind in SCHEDULES
    # What a class of the user's adds later may be no name of the class's own.
    later = [
        name
        for name in value
        if type(name) is str and not hasattr(type(schedule.scheduler), name)
    ]
    check_dict("schedule", value, own.keys(), optional=() if is_known else later)
    for name, like in own.items():
        place, part = f"schedule.{name}", value[name]
        if name in _COUNTS:
            most = own.get(_COUNTS[name], 2**53) if is_known else 2**53
            check_number(place, part, (int,), least=0, most=most)
        elif name == "_last_lr":
            if type(part) is not list or len(part) != len(like):
                refuse(place, f"is no list of {len(like)}")
            for rate, own_rate in zip(part, like, strict=True):
                check_number(place, rate, {float, type(own_rate)}, least=0)
        elif name == "best":
            if type(part) is not float or part not in [*losses, like]:
                refuse(place, "is no loss of the history")
        elif is_known:
            check_numbers_like(place, part, like)
        elif type(part) is not type(like) and None not in (part, like):
            numbers = (int, float)
            if type(part) not in numbers or type(like) not in numbers:
                refuse(place, f"is of type {type(part).__name__}")
    if is_known:
        _check_counts(value, len(losses))


def _check_counts(value, n_epochs):
    last = value.get("last_epoch", 0)
    if value.get("_step_count", last + 1) != last + 1:
        refuse("schedule.last_epoch", "does not go with the steps counted")
    if "num_bad_epochs" in value and not value["num_bad_epochs"] <= last <= n_epochs:
        refuse("schedule.last_epoch", "does not go with the history")
