"""From an estimator's parameters and data to a net that can be trained."""

import copy
import secrets

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._network import RecurrentNetwork
from skrnn._optimizers import optimizer_spec
from skrnn._scaling import Scaling
from skrnn._sequences import feature_moments, target_moments
from skrnn._threads import single_thread
from skrnn._training import SequenceNet


def new_network(estimator, head, *, n_features, n_targets, max_steps, undo):
    """Make the network of an estimator, with its initial weights.

    Parameters
    ----------
    estimator : BaseRNN
        Whose parameters count.
    head : Point
        What the outputs mean.
    n_features, n_targets, max_steps : int
        Features of a step, targets of a sequence, steps of the longest one.
    undo : bool
        Whether outputs get back what instance normalisation took off.

    Returns
    -------
    RecurrentNetwork
    """
    generator = torch.Generator(device="cpu")
    generator.manual_seed(_draw_seed(estimator.random_state))
    scaling = Scaling(
        n_features,
        n_targets,
        instance_norm=estimator.instance_norm,
        undo=undo,
        # A step that lacks its only feature is absent.
        indicator=estimator.missing == "indicator" and n_features > 1,
    )
    init = estimator.init if isinstance(estimator.init, str) else "orthogonal"
    with single_thread():
        return RecurrentNetwork(
            scaling,
            head,
            n_targets=n_targets,
            cell=estimator.cell,
            hidden_size=estimator.hidden_size,
            num_layers=estimator.num_layers,
            bidirectional=estimator.bidirectional,
            nonlinearity=estimator.nonlinearity,
            dropout=estimator.dropout,
            recurrent_dropout=estimator.recurrent_dropout,
            input_noise=estimator.input_noise,
            norm=estimator.norm,
            residual=estimator.residual,
            pooling=estimator.pooling,
            tbptt_steps=estimator.tbptt_steps,
            init=init,
            max_steps=max_steps,
            generator=generator,
            dtype=getattr(torch, estimator.dtype),
        )


def _draw_seed(random_state):
    if random_state is None:
        # From the system: NumPy's global state belongs to the caller.
        return secrets.randbits(63)
    return int(check_random_state(random_state).randint(2**31 - 1))


# -- scaling ----------------------------------------------------------------------


def fit_scaling(scaling, source, weight, *, scale):
    """Fix the moments of the features.

    Parameters
    ----------
    scaling : Scaling
        Whose moments.
    source : SequenceSource
        Training samples.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    scale : bool
        Whether to standardise.
    """
    if scaling.instance_norm is not None:
        scaling.set_moments("row", *feature_moments(source, weight))
    if scale:
        moments = feature_moments(source, weight, _normaliser(scaling))
        scaling.set_moments("x", *moments)


def fit_target_scaling(scaling, source, target, weight, *, scale, center):
    """Fix the moments of the targets, and which feature each of them goes with.

    Parameters
    ----------
    scaling : Scaling
        Whose moments; those of its features are fixed.
    source : SequenceSource
        Training samples.
    target : ndarray of shape (n_samples, n_targets) of float64
        Their targets.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    scale : bool
        Whether to standardise.
    center : bool
        Whether to take off the mean; else targets are divided by it.
    """
    if scaling.is_undone:
        best = _nearest_features(scaling, source, target)
        scaling.source.copy_(torch.as_tensor(best))
    if not scale:
        return
    if not center:
        mean = np.average(target, axis=0, weights=weight)
        scaling.set_moments("y", np.zeros_like(mean), np.where(mean > 0, mean, 1.0))
        return
    if scaling.is_undone:
        level, spread = target_levels(scaling, source, with_spread=True)
        target = target - level
        scaling.set_moments("rest", *target_moments(target / spread, weight))
    scaling.set_moments("y", *target_moments(target, weight))


def target_levels(scaling, source, *, with_spread=False):
    """Level, and spread if asked for, of the window of each sample's targets.

    Parameters
    ----------
    scaling : Scaling
        What knows them.
    source : SequenceSource
        Samples.
    with_spread : bool, default=False
        Whether to return the spread too.

    Returns
    -------
    ndarray of shape (n_samples, n_targets) of float64, or a pair of them
        Zeros where nothing is taken off.
    """
    shape = (len(source), len(scaling.y_mean))
    levels, spreads = np.zeros(shape), np.ones(shape)
    if scaling.is_undone:
        for rows, moments in _moments_of(scaling, source):
            levels[rows] = scaling.level(moments).numpy()
            spreads[rows] = scaling.spread(moments).numpy()
    return (levels, spreads) if with_spread else levels


def _moments_of(scaling, source):
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        yield rows, scaling.moments(*_tensors(block, lengths))


def _tensors(block, lengths):
    block = torch.from_numpy(np.ascontiguousarray(block, np.float64))
    if block.shape[1] == 0:
        block, lengths = block.new_zeros(len(block), 1, block.shape[2]), lengths * 0
    return block, None if lengths is None else torch.from_numpy(lengths)


def _normaliser(scaling):
    if scaling.instance_norm is None:
        return None

    def normalise(block, lengths):
        x, lengths = _tensors(block, lengths)
        return scaling.normalise(x, scaling.moments(x, lengths)).numpy()

    return normalise


def _nearest_features(scaling, source, target):
    """For each target the feature whose level within the window comes nearest."""
    n_features = len(scaling.row_mean)
    error = np.zeros((target.shape[1], n_features))
    if n_features > 1:
        for rows, moments in _moments_of(scaling, source):
            difference = target[rows][:, :, None] - moments.level.numpy()[:, None]
            error += (difference**2).sum(axis=0)
    return error.argmin(axis=1)


# -- initial weights from another estimator ---------------------------------------

_SAME = (
    "cell",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "nonlinearity",
    "norm",
    "residual",
    "instance_norm",
    "missing",
)


def take_over_weights(network, estimator):
    """Copy what fits from the network of the fitted estimator in ``init``.

    Parameters
    ----------
    network : RecurrentNetwork
        Where to.
    estimator : BaseRNN
        Whose ``init`` it comes from.

    Returns
    -------
    has_head : bool
        Whether the output layer came along, and with it the scaling of the targets.

    Raises
    ------
    ValueError
        If the recurrent layers differ.
    """
    donor = estimator.init
    if isinstance(donor, FrozenEstimator):
        donor = donor.estimator
    if not hasattr(donor, "get_params") or "hidden_size" not in donor.get_params():
        raise ValueError(
            f"init must name a scheme or be a fitted RNNRegressor or RNNClassifier, "
            f"got {donor!r}."
        )
    check_is_fitted(donor)
    theirs = donor.net_.module_
    for name in _SAME:
        if getattr(donor, name) != getattr(estimator, name):
            raise ValueError(
                f"init is an estimator with {name}={getattr(donor, name)!r}, so its "
                f"layers do not fit {name}={getattr(estimator, name)!r}. Set the "
                "parameter to the same value."
            )
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
        and np.array_equal(
            getattr(donor, "classes_", 0), getattr(estimator, "classes_", 0)
        )
    )
    if has_head:
        network.head.load_state_dict(theirs.head.state_dict())
        network.scaling.load_state_dict(theirs.scaling.state_dict())
    return has_head


def freeze(network, frozen):
    """Keep parts of a network as they are.

    Parameters
    ----------
    network : RecurrentNetwork
        Whose parts.
    frozen : str, sequence of str, or None
        Names: ``"recurrent"`` for all layers, ``"recurrent.0"`` and so on for one,
        ``"pooling"``, ``"head"``.

    Raises
    ------
    ValueError
        If there is no such part, or nothing is left to train.
    """
    if frozen is None:
        return
    layers = {f"recurrent.{i}": layer for i, layer in enumerate(network.stack.layers)}
    parts = {
        "recurrent": network.stack,
        **layers,
        "pooling": network.pool,
        "head": network.head,
    }
    for name in [frozen] if isinstance(frozen, str) else frozen:
        if name not in parts:
            raise ValueError(
                f"frozen names parts of the network, out of {sorted(parts)}; got "
                f"{name!r}."
            )
        parts[name].requires_grad_(False)
    if not any(p.requires_grad for p in network.parameters()):
        raise ValueError(f"frozen={frozen!r} leaves nothing to train.")


# -- the net ----------------------------------------------------------------------


def optimizer_of(estimator):
    """Class and options of an estimator's optimiser."""
    return optimizer_spec(
        estimator.optimizer,
        learning_rate=estimator.learning_rate,
        momentum=estimator.momentum,
        nesterov=estimator.nesterov,
        weight_decay=estimator.weight_decay,
    )


def schedule_of(estimator):
    """Schedule of an estimator: its name or class, options, and epochs planned."""
    options = estimator.lr_schedule_options
    return estimator.lr_schedule, options, estimator.max_epochs


def training_options(estimator):
    """Parameters of the training that may change from one fit to the next."""
    return {
        "optimizer_spec": optimizer_of(estimator),
        "schedule_spec": schedule_of(estimator),
        "batch_size": estimator.batch_size,
        "shuffle": estimator.shuffle,
        "l1": estimator.l1,
        "max_grad_norm": estimator.max_grad_norm,
        "max_grad_value": estimator.max_grad_value,
        "stop_early": estimator.early_stopping,
        "patience": estimator.n_iter_no_change,
        "tol": estimator.tol,
        "max_time": estimator.max_time,
        "on_divergence": estimator.on_divergence,
        "autocast": estimator.autocast,
    }


def new_net(estimator, network, loss):
    """Make the skorch net that trains a network for an estimator.

    Parameters
    ----------
    estimator : BaseRNN
        Whose parameters count.
    network : RecurrentNetwork
        What is trained.
    loss : SampleLoss
        What is minimised.

    Returns
    -------
    SequenceNet
    """
    net = SequenceNet(
        network,
        loss,
        title=type(estimator).__name__,
        progress=int(estimator.verbose),
        callbacks=copy.deepcopy(list(estimator.callbacks or [])),
        device=resolve_device(estimator.device),
        verbose=int(estimator.verbose >= 2),
        **training_options(estimator),
    )
    return net.initialize()


def resolve_device(device):
    """Return the name of a torch device (str); ``"auto"`` is a GPU, if there is one.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(
            "device must be 'auto', 'cpu', 'cuda', 'mps' or another torch device, got "
            f"{device!r}."
        ) from error
    is_there = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
    if not is_there.get(kind, lambda: True)():
        raise ValueError(
            f"device={device!r} was asked for, but torch finds no such device here. "
            "Set device='auto' or 'cpu'."
        )
    return str(torch.device(device))
