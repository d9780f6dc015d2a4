"""Checks of what was read from a file: types, shapes, ranges; nothing is computed."""

import math

import torch

from skrnn.exceptions import ModelFileError

# How far numbers that come from the data may differ: on another machine they are
# rounded otherwise.
_ROUNDING = 1e-3


def refuse(where, fault):
    """Raise the error that says what is wrong.

    Parameters
    ----------
    where, fault : str
        What it is about, and what is the matter with it.

    Raises
    ------
    ModelFileError
        Always.
    """
    raise ModelFileError(
        f"The checkpoint is not of this training, or was altered: {where} {fault}."
    )


def check_dict(where, value, keys, *, optional=()):
    """Refuse what is no dict of these keys (set)."""
    if type(value) is not dict:
        refuse(where, f"is of type {type(value).__name__}, not a dict")
    missing = sorted(map(str, keys - value.keys()))
    extra = sorted(map(str, value.keys() - keys - set(optional)))
    if missing or extra:
        told = [f"lacks {missing}"] * bool(missing) + [f"has {extra}"] * bool(extra)
        refuse(where, " and ".join(told)[:500])


def check_number(where, value, kinds, least=None, most=None, *, above=None):
    """Refuse what is no finite number of these types within the limits."""
    if type(value) not in kinds:
        names = " or ".join(kind.__name__ for kind in kinds)
        refuse(where, f"is of type {type(value).__name__}, not {names}")
    # Integers beyond float have no sense here either.
    if (isinstance(value, int) and abs(value) > 2**63) or not math.isfinite(value):
        refuse(where, "is not finite")
    if (
        (least is not None and value < least)
        or (most is not None and value > most)
        or (above is not None and value <= above)
    ):
        refuse(where, "is out of range")


def check_numbers_like(where, value, like):
    """Refuse what is not a value (a plain one, or lists and dicts of such), exactly."""
    if type(value) is not type(like):
        refuse(where, f"is of type {type(value).__name__}, not {type(like).__name__}")
    if isinstance(like, dict):
        check_dict(where, value, like.keys())
        for key in like:
            check_numbers_like(f"{where}.{key}", value[key], like[key])
    elif isinstance(like, list):
        if len(value) != len(like):
            refuse(where, f"has {len(value)} values, not {len(like)}")
        for i, pair in enumerate(zip(value, like, strict=True)):
            check_numbers_like(f"{where}[{i}]", *pair)
    elif isinstance(like, torch.Tensor):
        if not torch.equal(checked_tensor(where, value, like), like):
            refuse(where, "has other values than this fit")
    elif value != like and not (value != value and like != like):
        refuse(where, f"is not {like!r}")


def checked_tensor(where, value, like, *, may_be_infinite=False):
    """Return a copy of a tensor in one piece; refuse one that is not like another."""
    if type(value) is not torch.Tensor:
        refuse(where, f"is of type {type(value).__name__}, not a tensor")
    if value.layout != torch.strided or value.device.type != "cpu":
        refuse(where, "is no plain tensor")
    if value.shape != like.shape:
        refuse(where, f"has shape {tuple(value.shape)}, not {tuple(like.shape)}")
    if value.dtype != like.dtype:
        refuse(where, f"has {value.dtype}, not {like.dtype}")
    value = value.detach().clone(memory_format=torch.contiguous_format)
    if value.is_floating_point() and not may_be_infinite:
        if not value.isfinite().all():
            refuse(where, "is not finite")
    return value


def check_weights(where, value, net):
    """Return a copy of weights and buffers (dict); refuse what a net cannot have.

    Buffers that no training changes have to be those of the net, up to rounding.
    """
    module = net.module_
    expected = module.state_dict()
    check_dict(where, value, expected.keys())
    weights = {name for name, _ in module.named_parameters()}
    checked = {}
    for name, like in expected.items():
        place, is_learnt = f"{where}[{name!r}]", name in weights
        like = like.cpu()
        checked[name] = checked_tensor(
            place, value[name], like, may_be_infinite=not is_learnt
        )
        if not is_learnt:
            _check_buffer(place, name.rpartition(".")[2], checked[name], like)
    return checked


def _check_buffer(where, name, value, like):
    if name in ("running_mean", "running_var", "num_batches_tracked"):
        if not value.isfinite().all() or (name != "running_mean" and (value < 0).any()):
            refuse(where, "is out of range")
    elif not value.is_floating_point():
        if not torch.equal(value, like):
            refuse(where, "is not what the data give")
    else:
        if not torch.allclose(value, like, _ROUNDING, _tolerance(like), equal_nan=True):
            refuse(where, "is not what the data give")


def _tolerance(like):
    sizes = like[like.isfinite()].abs()
    return _ROUNDING * float(sizes.max()) if sizes.numel() else 0.0
