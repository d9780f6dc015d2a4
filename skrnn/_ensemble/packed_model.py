"""A fitted model as arrays and plain values, from which it is built again.

What a training alone needs is not among them: no samples, no optimiser, no moving
average of the weights. A training that goes on from a model built again begins with a
new optimiser.
"""

import math
import zlib
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np

from skrnn._convolutions.convolution_classifier import ConvolutionClassifier
from skrnn._convolutions.hydra import Hydra
from skrnn._convolutions.multirocket import MultiRocket
from skrnn._ensemble.auto import is_auto
from skrnn._ensemble.build import new_network, new_scaling
from skrnn._ensemble.network_ensemble import NetworkEnsemble
from skrnn._ensemble.packed_module import pack_module, unpack_module
from skrnn._ensemble.pretrained import freeze
from skrnn._ensemble.settings import EnsembleSettings, Settings
from skrnn._ensemble.stacking import StackedConvolutions, Stacking
from skrnn._kernels.threads import on_cpu_unless_told
from skrnn._network.settings import NetworkSettings
from skrnn._network.weight_count import count_weights
from skrnn._sequences.codes import Codes
from skrnn._training.best_weights import JUDGED
from skrnn._training.net import SequenceNet
from skrnn._training.packed_history import pack_histories, unpack_histories
from skrnn._training.settings import TrainingSettings, resolve_device

_CONVOLUTIONS = {kind.title: kind for kind in (MultiRocket, Hydra)}
_SETTINGS = {
    "network": NetworkSettings,
    "training": TrainingSettings,
    "ensemble": EnsembleSettings,
}


class Shape(NamedTuple):
    """As much of a `SequenceSource` as a network is built by."""

    n_features: int
    max_steps: int = 1
    exponents: np.ndarray | None = None  # those of a baseline are read from its state
    codes: Codes | None = None  # the vectors of codes are weights


# -- settings -------------------------------------------------------------------------


def pack_settings(settings):
    """Give settings (Settings) as nested dicts of the values of their fields."""
    packed = {name: _values(getattr(settings, name)) for name in _SETTINGS}
    return _values(settings) | packed


def unpack_settings(packed, parameters):
    """Build settings from what `pack_settings` gave.

    A device that is not there is replaced by the CPU.

    Parameters
    ----------
    packed : dict
        What it gave. A version to which a field was unknown has not written it.
    parameters : dict
        Those of the estimator, by which such fields are filled in.

    Returns
    -------
    Settings
    """
    parts = {
        name: kind(**_of_fields(kind, parameters) | packed[name])
        for name, kind in _SETTINGS.items()
    }
    try:
        resolve_device(parts["training"].device)
    except ValueError:
        parts["training"] = replace(parts["training"], device="cpu")
    return Settings(**packed | parts)


def _of_fields(kind, parameters):
    """Parameters (dict) that settings of a kind have as they were given."""
    return {
        field.name: parameters[field.name]
        for field in fields(kind)
        if field.name in parameters and not is_auto(parameters[field.name])
    }


def _values(settings):
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


# -- model ----------------------------------------------------------------------------


def pack_model(model):
    """Take a model apart.

    Parameters
    ----------
    model : NetworkEnsemble or Stacking
        Fitted.

    Returns
    -------
    plain : dict
        Plain values.
    arrays : dict of dict of ndarray
        Its numbers.
    """
    nets, convolutions = model.networks.nets, model.convolutions
    plain = {
        "n_features": nets[0].module_.scaling.x_mean.numel(),
        "nets": [_pack_net(net) for net in nets],
        "weights": np.asarray(model.networks.weights).tolist(),
        "convolutions": None,
    }
    arrays = {
        "networks": pack_module(*_modules(nets)),
        "histories": pack_histories([net.history for net in nets]),
    }
    if convolutions is not None:
        parts = [classifier.convolutions for classifier in convolutions.classifiers]
        plain["convolutions"] = [(part.title, part.sizes) for part in parts]
        arrays["convolutions"] = pack_module(convolutions)
    return plain, arrays


@on_cpu_unless_told
def unpack_model(plain, arrays, settings, targets):
    """Build a model from what `pack_model` gave.

    Parameters
    ----------
    plain, arrays
        What it gave.
    settings : Settings
        Those of the fit.
    targets : Targets
        What is predicted.

    Returns
    -------
    NetworkEnsemble or Stacking
        Which gives the same bits.

    Raises
    ------
    ValueError
        If the arrays are of another model.
    """
    shape = Shape(plain["n_features"])
    _check_size(plain, arrays, settings, targets)
    nets = [
        _unpack_net(packed, settings, targets, shape, place)
        for place, packed in enumerate(plain["nets"])
    ]
    unpack_module(arrays["networks"], *_modules(nets))
    lengths = [packed["n_epochs"] for packed in plain["nets"]]
    histories = unpack_histories(arrays["histories"], lengths)
    for net, history in zip(nets, histories, strict=True):
        net.history_ = history
    networks = NetworkEnsemble(nets, np.array(plain["weights"]))
    if plain["convolutions"] is None:
        return networks
    classifiers = []
    for title, sizes in plain["convolutions"]:
        scaling = new_scaling(settings.network, *shape[:1], targets.n_targets)
        convolutions = _CONVOLUTIONS[title](*sizes)
        classifiers.append(
            ConvolutionClassifier(scaling, convolutions, targets.n_targets)
        )
    # All of them have one scaling.
    for classifier in classifiers:
        classifier.scaling = classifiers[0].scaling
    stacked = StackedConvolutions(classifiers)
    unpack_module(arrays["convolutions"], stacked)
    return Stacking(networks, stacked)


def _check_size(plain, arrays, settings, targets):
    """Refuse sizes that need more numbers than there are, before anything is made."""
    network, ensemble = settings.network, settings.ensemble
    n_features, n_targets = plain["n_features"], targets.n_targets
    of_path = (network.linear_steps or 0) * n_features * (n_targets + 1)
    width = targets.new_loss()[0].width
    least = {"networks": 0, "convolutions": 0}
    for place in range(len(plain["nets"])):
        length = ensemble.length_of(place)
        of_kind = replace(network, segment_length=length)
        least["networks"] += of_path
        least["networks"] += count_weights(of_kind, n_features, n_targets, width)
    for _, sizes in plain["convolutions"] or ():
        least["convolutions"] += math.prod(sizes)
    for name, number in least.items():
        found = sum(len(array) for array in arrays.get(name, {}).values())
        if number > found or min(n_features, n_targets) < 1 or not plain["nets"]:
            raise ValueError(
                f"The {name} of these settings have {number:,} numbers or more; found "
                f"were {found:,}."
            )


def _modules(nets):
    return [part for net in nets for part in (net.module_, net.criterion_)]


def _pack_net(net):
    best = net.best_weights
    random = net.module_.generator.get_state().numpy()
    units = net.module_.baseline.units
    return {
        "units": None if units is None else units.tolist(),
        "is_bounded": net.module_.scaling.is_bounded,
        "title": net.title,
        "learning_rate": net.settings.learning_rate,
        "n_epochs": len(net.history),
        "best": {name: getattr(best, name) for name in JUDGED},
        # A training that goes on needs random numbers, and 5 kB to have the same.
        "seed": zlib.crc32(random.tobytes()),
    }


def _unpack_net(packed, settings, targets, shape, place):
    ensemble = settings.ensemble
    length = ensemble.length_of(place)
    # The initial weights are replaced.
    of_network = replace(settings.network, segment_length=length, init="orthogonal")
    head, loss = targets.new_loss()
    network = new_network(of_network, targets, head, shape, packed["seed"])
    units = packed["units"]
    network.baseline.units = None if units is None else np.array(units, np.int32)
    network.scaling.is_bounded = packed["is_bounded"]
    freeze(network, ensemble.frozen)
    of_training = settings.training_of(place)
    of_training = replace(of_training, learning_rate=packed["learning_rate"])
    net = SequenceNet(network, loss, of_training, packed["title"])
    net.initialize_to_predict()
    network.generator.manual_seed(packed["seed"])
    best = {name: packed["best"][name] for name in JUDGED}
    net.best_weights.load_state_dict(best | {"weights_": None})
    return net
