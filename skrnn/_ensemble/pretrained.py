"""Initial weights from another estimator, and parts that stay as they are."""

import copy

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._ensemble.auto import chosen
from skrnn._estimator.parameters import RECURRENT_PART


def donor_of(estimator):
    """Return the fitted estimator that the fit of another begins with, or None.

    Parameters
    ----------
    estimator : BaseRNN
        Whose ``init`` it is.

    Raises
    ------
    ValueError
        If that is no estimator of skrnn.
    """
    donor = estimator.init
    if isinstance(donor, str):
        return None
    if isinstance(donor, FrozenEstimator):
        donor = donor.estimator
    if not hasattr(donor, "get_params") or "hidden_size" not in donor.get_params():
        raise ValueError(
            f"init must name a scheme or be a fitted RNNRegressor or RNNClassifier, "
            f"got {donor!r}."
        )
    check_is_fitted(
        donor,
        msg="init is a %(name)s that is not fitted. If it was, a search has cloned it "
        "as a value of its grid: wrap it in sklearn.frozen.FrozenEstimator.",
    )
    return donor


def _value(estimator, name):
    is_chosen = name in ("hidden_size", "bidirectional")
    return chosen(estimator, name) if is_chosen else getattr(estimator, name)


def take_over_weights(network, estimator, place=0):
    """Copy what fits from the network of the fitted estimator in ``init``.

    Parameters
    ----------
    network : RecurrentNetwork
        Where to.
    estimator : BaseRNN
        Whose ``init`` it comes from.
    place : int, default=0
        Number of the network among those of the estimator; that of the same number
        is copied, where the donor has so many.

    Returns
    -------
    has_head : bool
        Whether the output layer came along, and with it the scaling of the targets.

    Raises
    ------
    ValueError
        If the recurrent layers differ.
    """
    donor = donor_of(estimator)
    length = network.segment_length
    nets = [net for net in donor.nets_ if net.module_.segment_length == length]
    for name in RECURRENT_PART:
        wanted, theirs = _value(estimator, name), _value(donor, name)
        if theirs != wanted:
            raise ValueError(
                f"init is an estimator with {name}={theirs!r}, so its layers do not "
                f"fit {name}={wanted!r}. Set the parameter to the same value."
            )
    theirs = nets[place % len(nets)].module_
    n_features, n_theirs = len(network.scaling.x_mean), len(theirs.scaling.x_mean)
    if n_features != n_theirs:
        raise ValueError(
            f"init is an estimator fitted on {n_theirs} features a step, X has "
            f"{n_features}."
        )
    network.stack.load_state_dict(theirs.stack.state_dict())
    for which in ("x", "row"):
        moments = (getattr(theirs.scaling, f"{which}_{m}") for m in ("mean", "scale"))
        network.scaling.set_moments(which, *moments)
    if donor.pooling == estimator.pooling:
        network.pool.load_state_dict(theirs.pool.state_dict())
    has_head = (
        donor.pooling == estimator.pooling
        and type(donor) is type(estimator)
        and type(theirs.target_head) is type(network.target_head)
        and vars(theirs.target_head) == vars(network.target_head)
        and theirs.output_shape == network.output_shape
        and (theirs.decoder is None) == (network.decoder is None)
        # The outputs are what a linear path leaves, or they are not.
        and (theirs.baseline.linear_path is None)
        == (network.baseline.linear_path is None)
        and np.array_equal(
            getattr(donor, "classes_", 0), getattr(estimator, "classes_", 0)
        )
    )
    if has_head:
        network.head.load_state_dict(theirs.head.state_dict())
        if network.decoder is not None:
            network.decoder.load_state_dict(theirs.decoder.state_dict())
        # Theirs may read another number of steps.
        network.baseline.linear_path = copy.deepcopy(theirs.baseline.linear_path)
        network.baseline.load_state_dict(theirs.baseline.state_dict())
        network.scaling.load_state_dict(theirs.scaling.state_dict())
    return has_head


def freeze(network, frozen):
    """Keep parts of a network as they are, and no other.

    Parameters
    ----------
    network : RecurrentNetwork
        Whose parts.
    frozen : str, sequence of str, or None
        Names: ``"recurrent"`` for all layers, ``"recurrent.0"`` and so on for one,
        ``"pooling"``, ``"decoder"``, ``"head"``.

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
    for name in [frozen] if isinstance(frozen, str) else frozen:
        if name not in parts:
            raise ValueError(
                f"frozen names parts of the network, out of {sorted(parts)}; got "
                f"{name!r}."
            )
        parts[name].requires_grad_(False)
    if not any(p.requires_grad for p in network.parameters()):
        raise ValueError(f"frozen={frozen!r} leaves nothing to train.")
