"""Initial weights from a fitted estimator, and parts that stay as they are."""

import copy
from typing import NamedTuple

import numpy as np

from skrnn._ensemble.settings import RECURRENT_PART, Settings
from skrnn._targets.targets import Targets


class Pretrained(NamedTuple):
    """What a fit takes from a fitted estimator to begin with."""

    nets: list
    settings: Settings
    targets: Targets
    exponents: np.ndarray | None  # (F,), of two, by which features are divided
    codes: tuple | None = None  # what features are codes of, as `Codes.identity`


def take_over_weights(network, settings, targets, pretrained, place=0, *, codes=None):
    """Copy what fits from a pretrained network.

    Parameters
    ----------
    network : RecurrentNetwork
        Where to.
    settings : Settings
        Those that it was made by.
    targets : Targets
        What it predicts.
    pretrained : Pretrained
        Where from.
    place : int, default=0
        Number of the network among those of the fit; that of the same number is
        copied, where there are so many.
    codes : Codes, default=None
        Which features of the samples are codes; None where all are numbers.

    Returns
    -------
    has_head : bool
        Whether the output layer came along, and with it the scaling of the targets.

    Raises
    ------
    ValueError
        If the recurrent layers or the embeddings differ.
    """
    length = network.segment_length
    nets = [net for net in pretrained.nets if net.module_.segment_length == length]
    mine, theirs = settings.network, pretrained.settings.network
    for name in RECURRENT_PART:
        wanted, found = getattr(mine, name), getattr(theirs, name)
        if found != wanted:
            raise ValueError(
                f"init is an estimator with {name}={found!r}, so its layers do not "
                f"fit {name}={wanted!r}. Set the parameter to the same value."
            )
    other = nets[place % len(nets)].module_
    n_features, n_theirs = len(network.scaling.x_mean), len(other.scaling.x_mean)
    if n_features != n_theirs:
        raise ValueError(
            f"init is an estimator fitted on {n_theirs} features a step, X has "
            f"{n_features}."
        )
    _take_over_embedding(network, other, settings, pretrained, codes)
    network.stack.load_state_dict(other.stack.state_dict())
    if network.filters is not None:
        network.filters.load_state_dict(other.filters.state_dict())
    for which in ("x", "row"):
        moments = (getattr(other.scaling, f"{which}_{m}") for m in ("mean", "scale"))
        network.scaling.set_moments(which, *moments)
    network.scaling.is_bounded |= other.scaling.is_bounded
    if mine.pooling != theirs.pooling:
        return False
    network.pool.load_state_dict(other.pool.state_dict())
    has_head = _is_of_same_kind(targets, pretrained.targets) and _has_same_head(
        network, other
    )
    if has_head:
        network.head.load_state_dict(other.head.state_dict())
        if network.decoder is not None:
            network.decoder.load_state_dict(other.decoder.state_dict())
        # Theirs may read another number of steps.
        network.baseline.linear_path = copy.deepcopy(other.baseline.linear_path)
        network.baseline.load_state_dict(other.baseline.state_dict())
        network.scaling.load_state_dict(other.scaling.state_dict())
    return has_head


def _take_over_embedding(network, other, settings, pretrained, codes):
    theirs = pretrained.settings.network.embedding_sizes
    if (None if codes is None else codes.identity) != pretrained.codes:
        raise ValueError(
            "init is an estimator fitted on other categories, on tokens of another "
            "vocabulary, or on numbers where X holds one of them. Give both the same "
            "categories, or the same TokenSequence, such as one with vocabulary=."
        )
    if settings.network.embedding_sizes != theirs:
        raise ValueError(
            f"init is an estimator whose embedding has {theirs} numbers a feature, and "
            f"embedding_size asks for {settings.network.embedding_sizes}. Set it to "
            "the same value."
        )
    if theirs is not None:
        network.embedding.load_state_dict(other.embedding.state_dict())


def _is_of_same_kind(targets, others):
    pairs = (
        (getattr(targets, "classes", 0), getattr(others, "classes", 0)),
        (_units(targets), _units(others)),
    )
    return type(targets) is type(others) and all(np.array_equal(*p) for p in pairs)


def _units(targets):
    return 0 if targets.exponents is None else targets.exponents


def _has_same_head(network, other):
    return (
        type(other.target_head) is type(network.target_head)
        and vars(other.target_head) == vars(network.target_head)
        and other.output_shape == network.output_shape
        and (other.decoder is None) == (network.decoder is None)
        # The outputs are what a linear path leaves, or they are not.
        and (other.baseline.linear_path is None)
        == (network.baseline.linear_path is None)
    )


def freeze(network, frozen):
    """Keep parts of a network as they are, and no other.

    Parameters
    ----------
    network : RecurrentNetwork
        Whose parts.
    frozen : str, sequence of str, or None
        Names: ``"recurrent"`` for all layers, ``"recurrent.0"`` and so on for one,
        ``"embedding"``, ``"filters"``, ``"pooling"``, ``"decoder"``, ``"head"``.

    Raises
    ------
    ValueError
        If there is no such part, or nothing is left to train.
    """
    network.requires_grad_(True)
    if frozen is None:
        return
    layers = {f"recurrent.{i}": layer for i, layer in enumerate(network.stack.layers)}
    parts = {
        "recurrent": network.stack,
        **layers,
        "pooling": network.pool,
        "head": network.head,
    }
    if network.decoder is not None:
        parts["decoder"] = network.decoder
    if network.embedding is not None:
        parts["embedding"] = network.embedding
    if network.filters is not None:
        parts["filters"] = network.filters
    for name in frozen if isinstance(frozen, list | tuple | set) else [frozen]:
        if not isinstance(name, str) or name not in parts:
            raise ValueError(
                f"frozen names parts of the network, out of {sorted(parts)}; got "
                f"{name!r}."
            )
        parts[name].requires_grad_(False)
    if not any(p.requires_grad for p in network.parameters()):
        raise ValueError(f"frozen={frozen!r} leaves nothing to train.")
