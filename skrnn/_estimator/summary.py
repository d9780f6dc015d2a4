"""What a fitted estimator is made of, as data."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from skrnn._estimator.summary_html import html_of
from skrnn._estimator.summary_text import text_of


class Part(NamedTuple):
    """A model within the model.

    Attributes
    ----------
    name : str
        What it is.
    counts : str
        How much it counts, in words.
    weight : float
        What its outputs are multiplied by before they are added to those of the others.
    loss : float or None
        Of a classifier's part: its mean cross-entropy by itself, for samples that it
        was not fitted on. Of others None.
    n_parameters : int
        Numbers that were learned.
    """

    name: str
    counts: str
    weight: float
    loss: float | None
    n_parameters: int


class NetworkRow(NamedTuple):
    """How the training of a network went.

    Attributes
    ----------
    segment_length : int
        Steps that it reads at a time.
    weight : float
        Of its outputs in the average; 1 in all.
    n_parameters : int
        Weights that gradients trained.
    n_epochs, best_epoch : int
        Epochs trained, and the one (from 1) whose weights are kept.
    train_loss : float
        Training loss of that epoch.
    valid_loss : float or None
        Validation loss of that epoch; None where there was none.
    seconds : float
        Time of its epochs.
    """

    segment_length: int
    weight: float
    n_parameters: int
    n_epochs: int
    best_epoch: int
    train_loss: float
    valid_loss: float | None
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What a fitted estimator is made of; it prints as text.

    Attributes
    ----------
    estimator : str
        Name of the class.
    task : str
        What goes in and comes out.
    seconds : float
        Wall-clock time of the last fit.
    parts : list of Part
        The models that the outputs are added from.
    networks : list of NetworkRow
        One for each of ``nets_``.
    layers : list of Layer
        Of the first network: ``name``, ``description``, ``n_parameters``.
    n_parameters : int
        Weights of all networks, trained by gradients.
    auto : dict
        What each parameter is that was given as ``"auto"``.
    joint_loss : float or None
        Of a classifier with several parts: mean cross-entropy of all together, for
        samples that the parts were not fitted on.
    """

    estimator: str
    task: str
    seconds: float
    parts: list[Part]
    networks: list[NetworkRow]
    layers: list[Any]
    n_parameters: int
    auto: dict[str, object]
    joint_loss: float | None

    def __str__(self) -> str:
        return text_of(self)

    __repr__ = __str__

    def _repr_html_(self):
        return html_of(self)


def summary_of(estimator, n_classes):
    """Look into a fitted estimator.

    Parameters
    ----------
    estimator : RNNRegressor or RNNClassifier
        Fitted.
    n_classes : int or None
        Classes or labels that it tells apart; None for numbers.

    Returns
    -------
    Summary
    """
    settings, nets = estimator.settings_, estimator.nets_
    rows = [
        _row(net, weight, best)
        for net, weight, best in zip(
            nets, estimator.net_weights_, estimator.best_epochs_, strict=True
        )
    ]
    shares, losses, joint_loss = [1.0], [None], None
    parts = []
    stacked = getattr(estimator, "convolutions_", None)
    if stacked is not None:
        shares, (*losses, joint_loss) = stacked.shares.tolist(), stacked.losses.tolist()
        parts = [
            _of_convolutions(*three)
            for three in zip(stacked.classifiers, shares, losses, strict=False)
        ]
    else:
        parts += _linear_part(nets)
    parts.append(_of_networks(rows, shares[-1], losses[-1]))
    return Summary(
        type(estimator).__name__,
        _task(estimator, n_classes),
        estimator.fit_time_,
        parts,
        rows,
        _layers(estimator),
        sum(row.n_parameters for row in rows),
        dict(settings.decided),
        joint_loss,
    )


def _task(estimator, n_classes):
    n_features = estimator.nets_[0].module_.scaling.x_mean.numel()
    given = f"{n_features} feature{'s' * (n_features != 1)} a step"
    n_codes = estimator.settings_.network.n_codes
    if n_codes is not None:
        n_categories = sum(n > 0 for n in n_codes)
        given += f", {n_categories} of them categories"
        if estimator._categories is None and estimator._encoding is None:
            given = f"one of {max(n_codes):,} tokens a step"
    if n_classes is not None:
        return f"{given} -> {n_classes} classes"
    n_targets = estimator.n_outputs_
    return f"{given} -> {n_targets} target{'s' * (n_targets != 1)}"


def _layers(estimator):
    """The layers of a network (list of Layer), with the names of its categories."""
    settings = estimator.settings_.network
    layers = estimator.nets_[0].module_.layers(settings)
    names = getattr(estimator, "feature_names_in_", None)
    if settings.n_codes is None or names is None:
        return layers
    encoding = estimator._encoding
    if not estimator._is_3d:
        if encoding.layout == "steps":
            return layers
        names = ["", *(names[j] for j in encoding.categories)]
    coded = [name for name, n in zip(names, settings.n_codes, strict=True) if n]
    words = layers[0].description.split(", one of")
    told = [f"one of{word}" for word in words]
    told[0] = words[0]
    pairs = zip(coded, told, strict=True)
    named = ", ".join(f"{name}: {what}" for name, what in pairs)
    return [layers[0]._replace(description=named), *layers[1:]]


def _row(net, weight, best_epoch):
    network, history = net.module_, net.history
    epoch = history[best_epoch - 1]
    valid = epoch.get("valid_loss")
    return NetworkRow(
        network.segment_length,
        float(weight),
        sum(w.numel() for w in network.parameters()),
        len(history),
        best_epoch,
        float(epoch["train_loss"]),
        None if valid is None else float(valid),
        float(sum(e["dur"] for e in history)),
    )


def _of_networks(rows, weight, loss):
    n_networks = len(rows)
    name = "1 network" if n_networks == 1 else f"{n_networks} networks, averaged"
    counts = "all" if loss is None else f"logits x {weight:.2f}"
    return Part(name, counts, weight, loss, sum(row.n_parameters for row in rows))


def _of_convolutions(classifier, weight, loss):
    convolutions = classifier.convolutions
    name = f"ridge classifier on {convolutions.n_outputs:,} features of "
    name += f"{convolutions.title}"
    n_parameters = classifier.weight.numel() + classifier.bias.numel()
    return Part(name, f"logits x {weight:.2f}", weight, loss, n_parameters)


def _linear_part(nets):
    """The linear path (list of at most one Part), which each network has its own of."""
    baselines = [net.module_.baseline for net in nets]
    paths = [b.linear_path for b in baselines if b.linear_path is not None]
    if not paths:
        return []
    name = f"linear model of {paths[0].n_regressors:,} numbers, beneath each network"
    share = np.mean([b.explained.mean().item() for b in baselines])
    counts = f"{share:.1%} of the targets' variance in training"
    n_parameters = sum(p.weight.numel() + p.bias.numel() for p in paths)
    return [Part(name, counts, 1.0, None, n_parameters)]
