"""What a file of a model holds, said without making anything of it."""

from __future__ import annotations

import json
import os
import zipfile
from io import BytesIO
from typing import Any

import numpy as np

from skrnn._persistence.container import read_archive
from skrnn._persistence.contents import read_schema
from skrnn._persistence.files import TYPES
from skrnn._persistence.paths import with_known_paths
from skrnn._persistence.trusted import untrusted_types
from skrnn.exceptions import ModelFileError


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Say what a file of a model holds without loading it.

    Parameters
    ----------
    path : str or path
        A file that `save`, or ``skops.io.dump``, has written.

    Returns
    -------
    dict
        ``model`` (str), the type of what it holds; ``types`` (list of str), all that it
        is made of beside plain values; ``untrusted`` (list of str), those that `load`
        would refuse; ``size`` (int) in bytes; ``estimators`` (list of dict), one for
        each fitted estimator of skrnn, with ``type``, ``versions``, ``cell``,
        ``hidden_size``, ``num_layers``, ``n_networks``, ``n_features``,
        ``n_numbers`` (of all networks, with those of their scaling) and
        ``convolutions``.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ModelFileError
        If the file is damaged, or is none of a model.

    Examples
    --------
    >>> import tempfile, numpy as np, skrnn
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = skrnn.RNNRegressor(max_epochs=5, early_stopping=False).fit(X, X[:, -1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skrnn.save(model, f"{folder}/model.skops")
    ...     found = skrnn.persistence.describe(f"{folder}/model.skops")
    >>> found["model"], found["untrusted"], found["estimators"][0]["n_networks"]
    ('skrnn.regressor.RNNRegressor', [], 10)
    """
    content = read_archive(path)
    try:
        content = with_known_paths(content)
        schema, loaders = read_schema(content, str(path))
        with zipfile.ZipFile(BytesIO(content)) as archive:
            nodes = list(_nodes(schema))
            estimators = [
                _estimator(node, archive) for node in nodes if _is_fitted(node)
            ]
        types = {_type_of(node) for node in nodes}
        return {
            "model": _type_of(schema),
            "types": sorted(t for t in types if not t.startswith("builtins.")),
            "untrusted": untrusted_types(content, loaders, set(TYPES)),
            "size": len(content),
            "estimators": estimators,
        }
    except ModelFileError:
        raise
    except Exception as error:  # whatever is found in a forged one
        raise ModelFileError(
            f"{str(path)!r} holds no model ({type(error).__name__}: {error})."
        ) from error


def _nodes(value):
    """All objects that a schema tells of."""
    open_ = [value]
    while open_:
        value = open_.pop()
        if isinstance(value, list):
            open_ += reversed(value)
        elif isinstance(value, dict):
            if "__class__" in value and value.get("__loader__") != "TypeNode":
                yield value
            open_ += reversed(list(value.values()))


def _type_of(node):
    return f"{node['__module__']}.{node['__class__']}"


def _content(node):
    inner = node.get("content")
    return inner.get("content") if isinstance(inner, dict) else None


def _is_fitted(node):
    attributes = _content(node)
    return isinstance(attributes, dict) and "_fitted" in attributes


def _estimator(node, archive):
    """What is told of a fitted estimator (dict)."""
    packed = _content(node)["_fitted"]["content"]
    # What stands for tuples and other objects is passed over.
    plain = json.loads(json.loads(packed["text"]["content"]))["dict"]
    settings = plain["settings"]["dict"]
    network = settings["network"]["dict"]
    model = plain["model"]["dict"]
    arrays = packed["arrays"]["content"]["networks"]["content"]
    sizes = [_size(archive, array["file"]) for array in arrays.values()]
    n_convolutions = model["convolutions"]
    return {
        "type": _type_of(node),
        "versions": plain["versions"]["dict"],
        "cell": network["cell"],
        "hidden_size": network["hidden_size"],
        "num_layers": network["num_layers"],
        "n_networks": len(model["nets"]),
        "n_features": model["n_features"],
        "n_numbers": sum(sizes),
        "convolutions": [pair["tuple"][0] for pair in n_convolutions or ()],
    }


def _size(archive, name):
    """Numbers (int) of an array in an archive."""
    return np.load(BytesIO(archive.read(name)), allow_pickle=False).size
