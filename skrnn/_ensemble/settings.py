"""All that is decided before the first network is made; every "auto" ends here."""

from dataclasses import dataclass, fields, replace

import numpy as np

from skrnn._ensemble.auto import (
    SEGMENT_LENGTHS,
    n_convolutions,
    n_linear_steps,
    n_networks,
    sizes_and_rates,
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
    "norm",
    "residual",
    "instance_norm",
    "missing",
)
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
    numbers of steps that are one step of the recurrence.
    """

    segment_lengths: tuple
    n_folds: int
    n_kernels: int | None
    early_stopping: bool
    validation_fraction: float
    validation_gap: int
    frozen: object

    @property
    def sets_aside(self):
        """Whether each network leaves out samples (bool), for whatever purpose."""
        return self.early_stopping or self.n_kernels is not None

    @property
    def n_networks(self):
        """How many networks there are."""
        return len(self.segment_lengths) * self.n_folds

    def kind_of(self, place):
        """Return the number of the kind of a network (int) at a place."""
        return place % len(self.segment_lengths)

    def fold_of(self, place):
        """Return the number of the fold of a network (int) at a place."""
        return place // len(self.segment_lengths)


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
        if previous is None:
            kinds, n_folds = _networks(
                parameters, len(source), is_classification, is_incremental
            )
            auto = _auto(parameters, source, n_folds, pretrained)
        else:
            ensemble, auto = previous.ensemble, dict(previous.auto)
            kinds, n_folds = ensemble.segment_lengths, ensemble.n_folds
        auto["n_estimators"] = n_folds
        # What another loss wants nothing would say.
        is_apt = isinstance(parameters["loss"], str) and parameters["parts"] == "all"
        is_apt &= _has_numbers(source)
        auto["n_kernels"] = n_convolutions(len(source)) if is_apt else None
        values = {
            name: auto[name] if _is_auto(value) and name in auto else value
            for name, value in parameters.items()
        }
        values |= {
            "segment_lengths": kinds,
            "n_folds": n_folds,
            "n_kernels": values.get("n_kernels"),
            "device": resolve_device(parameters["device"]),
            "callbacks": tuple(parameters["callbacks"] or ()),
        }
        if source.codes is not None:
            of_codes = None if pretrained is None else pretrained.network
            values |= decide_for_codes(parameters, source.codes, of_codes)
        if not isinstance(parameters["init"], str):
            values["init"] = "orthogonal"  # until the pretrained weights replace it
        if parameters["max_time"] is not None:
            values["max_time"] = parameters["max_time"] / (len(kinds) * n_folds)
        network = _network(values, source, previous)
        values["linear_steps"] = network.linear_steps
        return cls(
            network=network,
            training=_fill(TrainingSettings, values),
            ensemble=_fill(EnsembleSettings, values),
            auto=auto,
            architecture=_architecture(parameters),
            decided={
                k: values[k]
                for k, v in parameters.items()
                if _is_auto(v) and not _is_auto(values[k])
            },
        )

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


def _fill(kind, values):
    """Make settings of a kind from values by the names of their fields."""
    return kind(**{f.name: values[f.name] for f in fields(kind) if f.name in values})


def _is_auto(value):
    return isinstance(value, str) and value == "auto"


def _networks(parameters, n_samples, is_classification, is_incremental):
    """Segment lengths of the kinds of networks, and how many there are of each."""
    wanted, length = parameters["n_estimators"], parameters["segment_length"]
    if _is_auto(wanted) and (is_incremental or parameters["parts"] == "network"):
        wanted = 1
    if not _is_auto(wanted):
        return (length,), wanted
    kinds = (length,)
    if length is None and parameters.get("decoder") == "linear":
        # The layers of another estimator are of one kind.
        kinds = SEGMENT_LENGTHS if isinstance(parameters["init"], str) else (None,)
    return kinds, n_networks(n_samples, is_classification=is_classification)


def _auto(parameters, source, n_folds, pretrained):
    values = sizes_and_rates(
        len(source), n_folds, is_truncated=parameters["tbptt_steps"] is not None
    )
    is_linear = parameters["parts"] == "all" and _has_numbers(source)
    values["linear_steps"] = (
        n_linear_steps(parameters["loss"], source.n_features) if is_linear else None
    )
    if pretrained is not None:  # then the layers are as large as those
        for name in ("hidden_size", "bidirectional"):
            values[name] = getattr(pretrained.network, name)
    return values


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
        if given[name] is not None:
            given[name] = tuple(np.asarray(given[name]).tolist())
    return given
