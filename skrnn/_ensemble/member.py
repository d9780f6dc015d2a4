"""One network of an ensemble: how it is made, and what it learns from."""

from dataclasses import replace

import torch

from skrnn._ensemble.build import new_network
from skrnn._ensemble.far_targets import refuse_far_targets
from skrnn._ensemble.pretrained import freeze, take_over_weights
from skrnn._preprocessing.preprocessing import Preprocessing
from skrnn._sequences.categories import seen_codes
from skrnn._training.batches import SequenceDataset
from skrnn._training.net import SequenceNet
from skrnn._units import ordinary_weights

# Least weight that is one sample to batch normalisation, as a share of the greatest:
# that of a sample then counts as a number that single precision holds.
_LEAST_REPEAT = 1e-12


def new_member(
    settings,
    targets,
    samples,
    train,
    *,
    place,
    seed,
    pretrained,
    title,
    learned=None,
):
    """Make a network, fit what scales its samples, and make the net that trains it.

    Parameters
    ----------
    settings : Settings
        What is decided.
    targets : Targets
        What is predicted.
    samples : Samples
        All samples of the fit.
    train : ndarray of int64
        The rows of those that it learns from.
    place : int
        Its number among the networks.
    seed : int
        Of initial weights, the order of the batches and dropout.
    pretrained : Pretrained or None
        Whose weights it begins with.
    title : str
        What the progress bar says.
    learned : tuple of SequenceNet and (ndarray or None), default=None
        What was returned for a network that learns from the same rows: its scaling and
        its baseline are taken over, rather than found again.

    Returns
    -------
    net : SequenceNet
    taken_off : ndarray of shape (n_train, n_targets), or None
        Baselines of the training rows, if they were computed.
    """
    ensemble, of_network = settings.ensemble, settings.network
    length = ensemble.length_of(place)
    of_network = replace(of_network, segment_length=length)
    head, loss = targets.new_loss()
    network = new_network(of_network, targets, head, samples.source, seed)
    part = samples.part(train)
    if network.embedding is not None and part.codes.vectors is None:
        # What is in samples set aside alone would be noise in predictions.
        network.embedding.forget(seen_codes(part))
    has_head = pretrained is not None and take_over_weights(
        network, settings, targets, pretrained, place, codes=samples.source.codes
    )
    if learned is None:
        weight = samples.weight
        if weight is not None:
            weight = ordinary_weights(weight[train])
        is_scaled = targets.is_scaled and not has_head
        taken_off = Preprocessing(network.scaling, network.baseline).fit(
            part,
            samples.target[train] if is_scaled else None,
            weight,
            scale=of_network.scale,
            center=targets.is_centered,
            features=pretrained is None,
        )
    else:
        of_other, taken_off = learned
        for name in ("scaling", "baseline"):
            state = getattr(of_other.module_, name).state_dict()
            getattr(network, name).load_state_dict(state)
    freeze(network, ensemble.frozen)
    net = SequenceNet(network, loss, settings.training_of(place), title)
    # With what was taken off, the data set of the training need not read them again.
    return net.initialize(), taken_off


def new_dataset(network, settings, targets, samples, rows, taken_off=None):
    """Make what a network is trained or validated on.

    Parameters
    ----------
    network : RecurrentNetwork
        Which scales the targets.
    settings : Settings
        What is decided.
    targets : Targets
        What is predicted.
    samples : Samples
        All samples.
    rows : ndarray of int64
        Which of them.
    taken_off : ndarray of shape (n_rows, n_targets), default=None
        Their baselines, where those are known already.

    Returns
    -------
    SequenceDataset
    """
    source = network.scaling.limited(samples.part(rows))
    target, weight = samples.target[rows], samples.loss_weight
    dtype = network.head.weight.dtype
    if target.ndim == 2:
        if taken_off is None:
            preprocessing = Preprocessing(network.scaling, network.baseline)
            taken_off = preprocessing.baselines(source)
        pair = torch.from_numpy(target), torch.from_numpy(taken_off)
        target = network.scaling.encode(*pair)
        if targets.is_scaled:
            numbers = rows if samples.rows is None else samples.rows[rows]
            of_loss, given = target.numpy(), samples.target[rows]
            refuse_far_targets(of_loss, given, numbers, settings.network, targets)
        target = target.to(dtype)
    if weight is not None:
        weight = torch.as_tensor(targets.with_mean_one(weight[rows])).to(dtype)
    repeats = None
    if samples.weight is not None and settings.network.norm == "batch":
        # The least weight is one sample: neither the unit of the weights matters nor
        # whether samples are repeated or weigh as much. Weights of the classes do not
        # count: they say what an error costs and not how often a sample was seen. The
        # scaling of the features counts likewise.
        least = max(samples.weight.min(), _LEAST_REPEAT * samples.weight.max())
        repeats = samples.weight[rows] / least
    return SequenceDataset(source, target, weight, repeats)
