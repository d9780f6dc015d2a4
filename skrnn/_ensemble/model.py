"""A fit of all that an estimator is made of."""

from typing import NamedTuple

import numpy as np

from skrnn._ensemble.network_ensemble import NetworkEnsemble
from skrnn._ensemble.seeds import draw_seeds
from skrnn._ensemble.stacking import Stacking, fit_stacking
from skrnn._ensemble.train_networks import best_epochs
from skrnn._kernels.threads import on_cpu_unless_told


class Fitted(NamedTuple):
    """A fitted model, and what is told of its training."""

    model: NetworkEnsemble | Stacking
    attributes: dict  # of the estimator, by name


@on_cpu_unless_told
def fit_model(training, random_state, *, previous=None, pretrained=None):
    """Train networks, and fit what stands beside them.

    Parameters
    ----------
    training : NetworkTraining
        How networks are trained, and on what.
    random_state : int, RandomState instance or None
        Where seeds come from.
    previous : NetworkEnsemble or Stacking, default=None
        A model to go on from, which stays as it is.
    pretrained : Pretrained, default=None
        Whose weights new networks begin with.

    Returns
    -------
    Fitted
    """
    settings = training.settings
    if previous is None:
        seeds = draw_seeds(random_state, settings.ensemble.n_networks)
        trained = training.run(seeds=seeds, pretrained=pretrained)
    else:
        trained = training.run(previous=previous.networks)
    model = trained.networks
    if training.is_incremental:
        # One epoch on a few samples says nothing of what all others have taught.
        if previous is not None and previous.convolutions is not None:
            model = Stacking(trained.networks, previous.convolutions)
    elif settings.ensemble.n_kernels is not None:
        seed = draw_seeds(random_state, 1)[0]
        model = fit_stacking(trained.networks, training, seed)
    n_iter = len(trained.told.history) - trained.n_before
    place = trained.networks.nets.index(trained.told)
    return Fitted(model, attributes_of(trained.networks, place, n_iter))


def attributes_of(networks, told, n_iter):
    """Return fitted attributes (dict) that tell of the training of networks.

    Parameters
    ----------
    networks : NetworkEnsemble
        Trained.
    told : int
        Place of the net that is told of.
    n_iter : int
        Epochs of it in the last fit.
    """
    net = networks.nets[told]
    epochs, history = best_epochs(networks.nets), net.history
    return {
        "net_": net,
        "nets_": networks.nets,
        "net_weights_": networks.weights,
        "n_iter_": n_iter,
        "best_epoch_": epochs[told],
        "best_epochs_": epochs,
        "loss_curve_": _curve(history, "train_loss"),
        "validation_loss_curve_": _curve(history, "valid_loss"),
        "validation_scores_": _curve(history, "valid_score"),
    }


def _curve(history, name):
    if not any(name in epoch for epoch in history):
        return None
    return [float(epoch.get(name, np.nan)) for epoch in history]
