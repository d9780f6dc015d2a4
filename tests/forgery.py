"""Checkpoints with a right hash and a wrong content: one field replaced by another."""

import copy
import hashlib
import io
import math
import os

import torch

from skrnn._training.checkpoint_file import read_file
from skrnn.exceptions import ModelFileError
from tests.support import same_fit

_MAGIC = b"skrnn checkpoint 1\n"
_NEVER_NEGATIVE = ("exp_avg_sq", "running_var", "_scale", "step", "mu_product")
MISSING, EXTRA = object(), object()


def sealed(body):
    """A file with this body, and its hash."""
    return _MAGIC + hashlib.sha256(body).digest() + body


def file_of(content):
    """The bytes of a checkpoint file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return sealed(buffer.getvalue())


def places(value, path=()):
    """Yield the path of every field of a tree, the inner nodes included."""
    if path:
        yield path
    keys = value if isinstance(value, dict) else ()
    keys = range(len(value)) if isinstance(value, list) else keys
    for key in keys:
        yield from places(value[key], (*path, key))


def replacements(value, name):
    """What is put in the place of a value of this name.

    None of it is what a training might have come to: other weights are no fault.
    """
    others = [None, True, "text", 7, -1, 10**30, -3.5, math.nan, math.inf, -math.inf]
    others += [[], {}, [value], {"a": value}, b"bytes", (1, 2), torch.zeros(3)]
    others += [MISSING, EXTRA]
    if isinstance(value, torch.Tensor):
        flat = value.flatten()
        others += [flat[:0], torch.cat([flat, flat]), value[None], value.to_sparse()]
        others += [value.double(), value.half(), value.to(torch.int8), value.to("meta")]
        others += [value.bool(), torch.zeros(1, dtype=value.dtype).expand(10**12)]
        if value.ndim == 2:
            others.append(value.T)
        if value.is_floating_point():
            others += [value * number for number in (math.nan, math.inf)]
            if str(name).endswith(_NEVER_NEGATIVE):
                others.append(-1 - value.abs())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        others += [-1 - abs(value), str(value)]
        if isinstance(value, int):
            others.append(value + 0.5)
    return others


def replaced(tree, path, value):
    """A copy of a tree with another value at a place."""
    # Shared tensors stay what they are: nothing here changes one.
    tree = copy.copy(tree)
    *_, last = path
    if len(path) > 1:
        tree[path[0]] = replaced(tree[path[0]], path[1:], value)
    elif value is MISSING:
        del tree[last]
    elif value is EXTRA:
        if isinstance(tree, dict):
            tree["one more"] = tree[last]
        else:
            tree.append(tree[last])
    else:
        tree[last] = value
    return tree


def forgeries(path, every=1, begin=0):
    """Yield forged files of a checkpoint: what was done (str), and the bytes.

    Parameters
    ----------
    path : Path
        The checkpoint.
    every, begin : int
        Of so many the one with this number.
    """
    content = read_file(path, os.stat(path).st_size)
    number = -1
    for place in places(content["state"]):
        value = content["state"]
        for key in place:
            value = value[key]
        for which, other in enumerate(replacements(value, place[-1])):
            number += 1
            if number % every != begin:
                continue
            state = replaced(content["state"], place, other)
            try:
                forged = file_of({**content, "state": state})
            except (NotImplementedError, RuntimeError):  # torch does not save it
                continue
            yield f"{place} by replacement {which}", forged


def outcome(model, X, y, path, forged, expected):
    """Resume from a forged file; tell what came of it.

    Returns
    -------
    str
        "refused", "same", or what was wrong.
    """
    path.write_bytes(forged)
    # What is no checkpoint gives way to the one before it.
    path.with_name("checkpoint-previous.skrnn").unlink(missing_ok=True)
    try:
        resumed = model.fit(X, y, resume=True)
    except ModelFileError:
        return "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "same" if same_fit(resumed, expected) else "other bits"
