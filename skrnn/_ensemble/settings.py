"""All that is decided before the first network is made; every "auto" ends here."""

from dataclasses import dataclass, fields, replace

import numpy as np

from skrnn._ensemble.auto import (
    SEGMENT_LENGTHS,
    initial_weights,
    integrates,
    is_auto,
    long_segment,
    n_convolutions,
    n_linear_steps,
    n_networks,
    of_regression,
    segment_length,
    sizes_and_rates,
    time_warp,
)
from skrnn._ensemble.codes import decide_for_codes
from skrnn._network.settings import NetworkSettings
from skrnn._training.settings import TrainingSettings, resolve_device

# What the weights of the recurrent layers are made for.
RECURRENT_PART = (
    "cell",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "nonlinearity",
    "segment_length",
    "n_filters",
    "norm",
    "residual",
    "instance_norm",
    "missing",
)
# Networks of a classifier that stand alone are of several kinds up to so many samples;
# with more there is one of them, or minutes pass, and nothing was compared.
_MOST_SAMPLES_OF_TURNS = 2_500
# The network of a fit that goes on is that of the fit before.
ARCHITECTURE = (
    *RECURRENT_PART,
    "embedding_size",
    "categorical_features",
    "pooling",
    "decoder",
    "linear_steps",
    "n_estimators",
    "parts",
    "scale",
    "dtype",
    "loss",
    "quantiles",
)


@dataclass(frozen=True)
class EnsembleSettings:
    """How many networks there are, what each sets aside, and what stands beside them.

    Each of `n_folds` networks of a kind sets other samples aside; the kinds are the
    numbers of steps that are one step of the recurrence, and `time_warps` of each how
    unevenly its samples run. Where they take turns there is one network for each fold,
    of one of the kinds.
    """

    segment_lengths: tuple
    n_folds: int
    n_kernels: int | None
    early_stopping: bool
    validation_fraction: float
    validation_gap: int
    frozen: object
    takes_turns: bool = False
    time_warps: tuple = ()

    @property
    def sets_aside(self):
        """Whether each network leaves out samples (bool), for whatever purpose."""
        return self.early_stopping or self.n_kernels is not None

    @property
    def n_networks(self):
        """How many networks there are."""
        return self.n_folds * (1 if self.takes_turns else len(self.segment_lengths))

    @property
    def sizes_of_kinds(self):
        """How many networks there are of each kind (list of int)."""
        n_kinds = len(self.segment_lengths)
        # Of places that take turns the first ones come once more.
        return [(self.n_networks - kind - 1) // n_kinds + 1 for kind in range(n_kinds)]

    def length_of(self, place):
        """Return how many steps are one to the network at a place (int or None)."""
        return self.segment_lengths[self.kind_of(place)]

    def kind_of(self, place):
        """Return the number of the kind of a network (int) at a place."""
        return place % len(self.segment_lengths)

    def fold_of(self, place):
        """Return the number of the fold of a network (int) at a place."""
        return place if self.takes_turns else place // len(self.segment_lengths)


@dataclass(frozen=True)
class Settings:
    """The decided parameters of a fit, by whom they concern.

    Attributes
    ----------
    network : NetworkSettings
    training : TrainingSettings
    ensemble : EnsembleSettings
    auto : dict
        What each parameter that may be ``"auto"`` is where it is.
    architecture : dict
        Parameters as they were given that a fit which goes on may not change.
    decided : dict
        What each parameter is that was given as ``"auto"``.
    """

    network: NetworkSettings
    training: TrainingSettings
    ensemble: EnsembleSettings
    auto: dict
    architecture: dict
    decided: dict

    @classmethod
    def decide(
        cls,
        parameters,
        source,
        *,
        is_classification,
        is_incremental=False,
        pretrained=None,
        previous=None,
    ):
        """Decide by the parameters and the samples.

        Parameters
        ----------
        parameters : dict
            Those of an estimator, checked.
        source : SequenceSource
            The samples.
        is_classification : bool
            Whether classes are learned.
        is_incremental : bool, default=False
            Whether the fit is one epoch of ``partial_fit``.
        pretrained : Settings, default=None
            Of the estimator whose weights the fit begins with.
        previous : Settings, default=None
            Of the fit that this one goes on from.

        Returns
        -------
        Settings
        """
        of_ensemble = _of_ensemble(
            parameters, source, previous, is_classification, is_incremental
        )
        n_folds = of_ensemble["n_folds"]
        if previous is None:
            auto = _auto(parameters, source, n_folds, pretrained)
        else:
            auto = dict(previous.auto)
        auto |= {
            "n_estimators": n_folds,
            "n_kernels": of_ensemble["n_kernels"],
            "segment_length": of_ensemble["segment_lengths"][0],
            "time_warp": max(of_ensemble["time_warps"]),
        }
        of_epochs = {"steps_per_epoch": None}
        if not is_classification:
            n_samples = len(source)
            of_epochs = of_regression(
                parameters, n_samples, is_incremental=is_incremental
            )
        steps = of_epochs.pop("steps_per_epoch")
        auto |= of_epochs
        values = {
            name: auto[name] if is_auto(value) and name in auto else value
            for name, value in parameters.items()
        }
        values |= of_ensemble
        values |= {
            "device": resolve_device(parameters["device"]),
            "callbacks": tuple(parameters["callbacks"] or ()),
            "steps_per_epoch": steps,
            "has_even_batches": _has_even_batches(parameters, values["init"]),
        }
        if source.codes is not None:
            of_codes = None if pretrained is None else pretrained.network
            values |= decide_for_codes(parameters, source.codes, of_codes)
        if not isinstance(parameters["init"], str):
            values["init"] = "orthogonal"  # until the pretrained weights replace it
        ensemble = _fill(EnsembleSettings, values)
        if parameters["max_time"] is not None:
            values["max_time"] = parameters["max_time"] / ensemble.n_networks
        network = _network(values, source, previous)
        values["linear_steps"] = network.linear_steps
        return cls(
            network=network,
            training=_fill(TrainingSettings, values),
            ensemble=ensemble,
            auto=auto,
            architecture=_architecture(parameters),
            decided=_decided(parameters, values),
        )

    def training_of(self, place):
        """Return how the network at a place (int) is trained (TrainingSettings)."""
        warps = self.ensemble.time_warps
        strength = warps[self.ensemble.kind_of(place)] if warps else 0.0
        return replace(self.training, time_warp=strength)

    def check_same_network(self, parameters, estimator_name):
        """Refuse parameters (dict) that ask for another network than was trained.

        Raises
        ------
        ValueError
            If a fit with them cannot go on from the weights of this one.
        """
        now = _architecture(parameters)
        for name, value in self.architecture.items():
            if now[name] != value:
                raise ValueError(
                    f"This {estimator_name} was fitted with {name}={value!r}, and the "
                    f"network of {name}={now[name]!r} cannot go on from its weights. "
                    "Set the parameter back, or fit with warm_start=False."
                )


def _decided(parameters, values):
    """What the parameters (dict) that are ``"auto"`` have become (dict)."""
    return {
        name: values[name]
        for name, given in parameters.items()
        if is_auto(given) and not is_auto(values[name])
    }


def _fill(kind, values):
    """Make settings of a kind from values by the names of their fields."""
    return kind(**{f.name: values[f.name] for f in fields(kind) if f.name in values})


def _of_ensemble(parameters, source, previous, is_classification, is_incremental):
    """Which networks there are: values (dict) by the names of `EnsembleSettings`."""
    n_kernels, n_samples = _n_kernels(parameters, source), len(source)
    if previous is None:
        kinds, n_folds = _networks(
            parameters, source, is_classification, is_incremental
        )
        takes_turns = is_classification and len(kinds) > 1
    else:
        ensemble = previous.ensemble
        kinds, n_folds = ensemble.segment_lengths, ensemble.n_folds
        takes_turns = ensemble.takes_turns
    # Of an epoch of `partial_fit` nothing says how many samples there will be, and
    # between two codes lies nothing.
    is_known = is_classification and n_kernels is None and not is_incremental
    is_known &= source.codes is None
    return {
        "segment_lengths": kinds,
        "n_folds": n_folds,
        "takes_turns": takes_turns,
        "time_warps": _time_warps(parameters, kinds, n_samples if is_known else None),
        "n_kernels": n_kernels,
    }


def _networks(parameters, source, is_classification, is_incremental):
    """Segment lengths of the kinds of networks, and how many there are of each."""
    wanted, length = parameters["n_estimators"], parameters["segment_length"]
    if is_auto(length):
        length = segment_length(source.longest())
    if is_auto(wanted) and (is_incremental or parameters["parts"] == "network"):
        wanted = 1
    if not is_auto(wanted):
        return (length,), wanted
    kinds = (length,)
    stands_alone = _n_kernels(parameters, source) is None
    n_folds = n_networks(
        len(source), is_classification=is_classification, stands_alone=stands_alone
    )
    if length is None and parameters.get("decoder", "linear") == "linear":
        # The layers of another estimator are of one kind.
        kinds = SEGMENT_LENGTHS if isinstance(parameters["init"], str) else (None,)
    # Turns were not compared where codes are read.
    is_few = len(source) <= _MOST_SAMPLES_OF_TURNS and source.codes is None
    if is_classification and not (stands_alone and is_few):
        kinds = kinds[:1]
        if length is None and not stands_alone and source.codes is None:
            # The layers of another estimator read what they have learned to read.
            is_new = isinstance(parameters["init"], str)
            kinds = (long_segment(source.max_steps) if is_new else None,)
    return kinds, n_folds


def _n_kernels(parameters, source):
    """How many random convolutions stand beside the networks; None for none."""
    wanted = parameters.get("n_kernels")
    if not is_auto(wanted):
        return wanted
    # What another loss than ours wants nothing would say.
    is_apt = isinstance(parameters["loss"], str) and parameters["parts"] == "all"
    is_apt &= _has_numbers(source)
    return n_convolutions(len(source)) if is_apt else None


def _time_warps(parameters, kinds, n_samples):
    """How unevenly the samples of each kind of networks run (tuple of float).

    They run evenly where the number of samples is None and nothing else is asked for.
    """
    wanted = parameters.get("time_warp", 0.0)
    if not is_auto(wanted):
        return (float(wanted),) * len(kinds)
    if n_samples is None:
        return (0.0,) * len(kinds)
    pooling, init = parameters["pooling"], parameters["init"]
    if is_auto(init):
        init = initial_weights(parameters["cell"], pooling)
    return tuple(time_warp(length, pooling, init, n_samples) for length in kinds)


def _auto(parameters, source, n_folds, pretrained):
    values = sizes_and_rates(
        len(source),
        n_folds,
        is_truncated=parameters["tbptt_steps"] is not None,
        stands_alone=_n_kernels(parameters, source) is None,
    )
    is_linear = parameters["parts"] == "all" and _has_numbers(source)
    values["linear_steps"] = (
        n_linear_steps(parameters["loss"], source.n_features) if is_linear else None
    )
    values["init"] = initial_weights(parameters["cell"], parameters["pooling"])
    if pretrained is not None:  # then the layers are as large as those
        for name in ("hidden_size", "bidirectional"):
            values[name] = getattr(pretrained.network, name)
    return values


def _has_even_batches(parameters, init):
    """Whether no batch is much smaller than another (bool).

    A step by the few samples that others left over is as large as any other, and is
    mostly noise. Where the states of samples differ little, as means do, that noise
    alone can hold a training at the loss of a constant.
    """
    return is_auto(parameters["batch_size"]) and integrates(init)


def _has_numbers(source):
    """Whether there are features for what cannot read codes."""
    return source.codes is None or not all(source.codes.sizes)


def _network(values, source, previous):
    if previous is not None:  # its weights go on
        changed = {name: values[name] for name in previous.network.changeable}
        return replace(previous.network, **changed)
    if values.get("linear_steps") is not None:
        # Steps that no sequence has are not read; where none has one there is no path.
        values["linear_steps"] = min(values["linear_steps"], source.longest()) or None
    return _fill(NetworkSettings, values)


def _architecture(parameters):
    """Parameters that make a network, comparable."""
    given = {name: parameters.get(name) for name in ARCHITECTURE}
    for name in ("quantiles", "categorical_features"):
        if given[name] is not None and not isinstance(given[name], str):
            given[name] = tuple(np.asarray(given[name]).tolist())
    return given
