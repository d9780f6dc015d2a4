"""What RNNRegressor and RNNClassifier have in common."""

import copy
import secrets
from abc import ABC, abstractmethod
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from skrnn._layouts import check_sequences
from skrnn._losses import OPTIMIZERS, new_loss
from skrnn._network import RecurrentNetwork
from skrnn._sequences import as_source, feature_moments
from skrnn._threads import single_thread
from skrnn._training import SequenceDataset, SequenceNet
from skrnn._validation_split import newest_rows

_ARCHITECTURE = (
    "cell",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "pooling",
    "dtype",
)


class BaseRNN(BaseEstimator, ABC):
    """Reading X, building the network, training it, predicting with it."""

    _parameter_constraints: dict = {
        "cell": [StrOptions({"lstm", "gru", "rnn"})],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "num_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pooling": [StrOptions({"last", "mean", "max", "attention"})],
        "scale": ["boolean"],
        "optimizer": [StrOptions(set(OPTIMIZERS)), type],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "validation_gap": [Interval(Integral, 0, None, closed="left")],
        "n_iter_no_change": [
            Interval(Real, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "device": [str],
        "dtype": [StrOptions({"float32", "float64"})],
        "callbacks": [list, tuple, None],
        "verbose": ["verbose"],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    # -- what a leaf says of its targets ------------------------------------------

    @abstractmethod
    def _read_y(self, y, *, reset, classes=None):
        """Check y, set the fitted attributes that describe it, and encode it."""

    @abstractmethod
    def _loss_weight(self, y, sample_weight, *, incremental):
        """Return the weights of the loss, or None where all are 1."""

    @abstractmethod
    def _validation_groups(self, encoded, source):
        """Return groups whose newest rows validate; None for one group."""

    @abstractmethod
    def _n_network_outputs(self):
        """Return the number of outputs of the network."""

    @abstractmethod
    def _loss_name(self):
        """Return the name of the loss, a key of `skrnn._losses.LOSSES`."""

    def _scale_targets(self, network, target, sample_weight):
        """Fix the scaling of the targets; classes have none."""

    # -- fitting ------------------------------------------------------------------

    def _fit(self, X, y, sample_weight, *, incremental=False, classes=None):
        with self._all_or_nothing():
            proceed = hasattr(self, "net_") and (self.warm_start or incremental)
            source = self._read_X(X, reset=not proceed)
            if y is None:
                raise ValueError(
                    f"This {type(self).__name__} estimator requires y to be passed, "
                    "but the target y is None."
                )
            encoded = self._read_y(y, reset=not proceed, classes=classes)
            check_consistent_length(source, encoded)
            weight = self._read_weight(sample_weight, source)
            loss_weight = self._loss_weight(y, weight, incremental=incremental)
            if weight is not None and not weight.all():
                # A weight of zero means absence, in the split and the scaling too.
                rows = np.flatnonzero(weight)
                source, encoded = source.take(rows), encoded[rows]
                weight, loss_weight = weight[rows], loss_weight[rows]
            train, valid = self._split(source, encoded, incremental)
            if proceed:
                self._check_same_network()
            else:
                self.net_ = self._new_net(source, encoded, weight, train)
            if encoded.ndim == 2:
                encoded = self.net_.module_.encode(torch.as_tensor(encoded))
            self._train(
                source, encoded, loss_weight, train, valid, proceed, incremental
            )
        return self

    @contextmanager
    def _all_or_nothing(self):
        """Leave the estimator as it was if anything goes wrong."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _train(self, source, encoded, weight, train, valid, proceed, incremental):
        def dataset(rows):
            target = encoded[rows]
            if weight is None:
                return SequenceDataset(source.take(rows), target)
            # Weights have mean 1 over the data set: the mean over a full batch is
            # then the weighted mean, and small batches keep their relative weights.
            relative = torch.as_tensor(weight[rows] / (weight[rows].mean() or 1.0))
            relative = relative.to(self.net_.module_.head.weight.dtype)
            return SequenceDataset(source.take(rows), target, relative)

        snapshot = self.net_.snapshot() if proceed else None
        if proceed:
            self.net_.change(
                learning_rate=self.learning_rate,
                batch_size=self.batch_size,
                shuffle=self.shuffle,
                dropout=self.dropout,
                max_grad_norm=self.max_grad_norm,
                patience=self.n_iter_no_change,
                tol=self.tol,
            )
        try:
            self.net_.train(
                dataset(train),
                dataset(valid) if len(valid) else None,
                epochs=1 if incremental else self.max_epochs,
            )
        except BaseException:
            if proceed:
                self.net_.restore(snapshot)
            raise
        history = self.net_.history
        n_before = snapshot[-1] if proceed and not incremental else 0
        self.n_iter_ = len(history) - n_before
        self.best_epoch_ = self.net_.best_weights.best_epoch_ or len(history)
        self.loss_curve_ = [epoch["train_loss"] for epoch in history]
        self.validation_loss_curve_ = (
            [epoch.get("valid_loss", np.nan) for epoch in history]
            if any("valid_loss" in epoch for epoch in history)
            else None
        )

    def _split(self, source, encoded, incremental):
        if incremental or not self.early_stopping:
            return np.arange(len(source)), np.arange(0)
        return newest_rows(
            len(source),
            self.validation_fraction,
            self.validation_gap,
            self._validation_groups(encoded, source),
        )

    def _new_net(self, source, encoded, weight, train):
        device = _resolve_device(self.device)
        generator = torch.Generator(device="cpu")
        generator.manual_seed(self._draw_seed())
        with single_thread():
            network = RecurrentNetwork(
                n_features=source.n_features,
                n_outputs=self._n_network_outputs(),
                cell=self.cell,
                hidden_size=self.hidden_size,
                num_layers=self.num_layers,
                bidirectional=self.bidirectional,
                dropout=self.dropout,
                pooling=self.pooling,
                generator=generator,
                dtype=getattr(torch, self.dtype),
            )
        train_weight = None if weight is None else weight[train]
        if self.scale:
            moments = feature_moments(source.take(train), train_weight)
            network.set_scaling("x", *moments)
            self._scale_targets(network, encoded[train], train_weight)
        net = SequenceNet(
            network,
            new_loss(self._loss_name()),
            optimizer=_optimizer_class(self.optimizer),
            lr=self.learning_rate,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            max_grad_norm=self.max_grad_norm,
            patience=self.n_iter_no_change,
            tol=self.tol,
            title=type(self).__name__,
            progress=int(self.verbose),
            callbacks=copy.deepcopy(list(self.callbacks or [])),
            device=device,
            verbose=int(self.verbose >= 2),
            **self._optimizer_options(),
        )
        self._trained_as = {name: getattr(self, name) for name in _ARCHITECTURE}
        return net.initialize()

    def _draw_seed(self):
        if self.random_state is None:
            # From the system: NumPy's global state belongs to the caller.
            return secrets.randbits(63)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _optimizer_options(self):
        options = {}
        if self.weight_decay or isinstance(self.optimizer, str):
            options["optimizer__weight_decay"] = float(self.weight_decay)
        if self.optimizer in ("sgd", "rmsprop"):
            options["optimizer__momentum"] = float(self.momentum)
        return options

    def _check_same_network(self):
        for name, value in self._trained_as.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"This {type(self).__name__} was fitted with {name}={value!r}, and "
                    f"the network of {name}={getattr(self, name)!r} cannot go on from "
                    "its weights. Set the parameter back, or fit with "
                    "warm_start=False."
                )

    # -- reading ------------------------------------------------------------------

    def _read_X(self, X, *, reset):
        """Check X against what was fitted, or note what it is; wrap it."""
        series = _series_of(X)
        X, names = check_sequences(self, X, reset=reset, ensure_all_finite=False)
        source = as_source(X, names)
        if series is not None:
            source.series = series
        return source

    def _read_weight(self, sample_weight, source):
        if sample_weight is None:
            return None
        proxy = np.empty((len(source), 1))
        weight = _check_sample_weight(
            sample_weight, proxy, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.any():
            raise ValueError(
                "Sample weights must contain at least one non-zero number."
            )
        return weight

    # -- predicting ---------------------------------------------------------------

    def _predict_outputs(self, X):
        check_is_fitted(self)
        return self.net_.outputs(self._read_X(X, reset=False))


def _series_of(X):
    """Series of each row, where the levels of a MultiIndex before the last name it."""
    index = getattr(X, "index", None)
    if getattr(index, "nlevels", 1) < 2:
        return None
    return index.droplevel(-1).factorize()[0]


def _resolve_device(device):
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return str(torch.device(device))
    except RuntimeError as error:
        raise ValueError(
            f"device must be 'auto' or a torch device, got {device!r}."
        ) from error


def _optimizer_class(optimizer):
    return OPTIMIZERS[optimizer] if isinstance(optimizer, str) else optimizer
