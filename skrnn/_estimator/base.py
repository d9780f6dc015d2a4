"""What RNNRegressor and RNNClassifier have in common."""

from abc import ABC, abstractmethod
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator, _clone_parametrized
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from skrnn._ensemble.member import Samples, comparable
from skrnn._ensemble.network_ensemble import Data, NetworkFitting, Plan
from skrnn._estimator.callbacks import CallbackSupportMixin, epoch_tasks
from skrnn._estimator.parameters import CONSTRAINTS, check_combination
from skrnn._sequences.layouts import check_sequences, series_of
from skrnn._sequences.sources import as_source
from skrnn._training.outputs import outputs


class BaseRNN(NetworkFitting, CallbackSupportMixin, BaseEstimator, ABC):
    """Reading X, building the network, training it, predicting with it."""

    _parameter_constraints: dict = CONSTRAINTS

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    def __sklearn_clone__(self):
        twin = _clone_parametrized(self)
        # A fitted estimator to begin with is worth nothing without its weights.
        twin.init = self.init
        return twin

    # -- what a leaf says of its targets ------------------------------------------

    @abstractmethod
    def _read_y(self, y, *, reset, classes=None):
        """Check y, set the fitted attributes that describe it, and encode it."""

    @abstractmethod
    def _loss_weight(self, target, weight):
        """Return the weights of the loss, or None where all are 1."""

    @abstractmethod
    def _validation_groups(self, encoded, source):
        """Return groups whose newest rows validate; None for one group."""

    @abstractmethod
    def _n_targets(self):
        """Return the number of targets of the network."""

    @abstractmethod
    def _new_loss(self):
        """Return the head of the network and the loss."""

    # -- fitting ------------------------------------------------------------------

    def _fit(
        self,
        X,
        y,
        sample_weight,
        *,
        X_val=None,
        y_val=None,
        resume=False,
        incremental=False,
        classes=None,
    ):
        with self._all_or_nothing():
            check_combination(self.get_params(deep=False))
            self._check_arguments(y, X_val, y_val, resume)
            proceed = hasattr(self, "nets_") and (self.warm_start or incremental)
            n_epochs = 1 if incremental else self.max_epochs
            # Callbacks hear of all that follows; y is checked when it is read.
            n_rows = len(y) if hasattr(y, "__len__") else 1
            kinds, n_parts = self._kinds(proceed, incremental, n_rows)
            context, tasks = epoch_tasks(self, len(kinds) * n_parts * n_epochs, X, y)
            samples = self._read_samples(
                X, y, sample_weight, reset=not proceed, classes=classes
            )
            if proceed:
                self._check_same_network()
            given = None
            if X_val is not None:
                given = self._read_samples(X_val, y_val, None, reset=False)
            kinds, n_parts = self._kinds(proceed, incremental, len(samples.target))
            plan = Plan(
                kinds=kinds,
                n_parts=n_parts,
                n_epochs=n_epochs,
                proceed=proceed,
                incremental=incremental,
                resume=resume,
            )
            self._fit_nets(plan, Data(X, y, samples, X_val, y_val, given), tasks)
            if context is not None:
                context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @contextmanager
    def _all_or_nothing(self):
        """Leave the estimator as it was if anything goes wrong."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            # scikit-learn ends its callbacks after this.
            kept = {k: v for k, v in vars(self).items() if "callback" in k}
            self.__dict__.clear()
            self.__dict__.update(kept | before)
            raise

    def _check_arguments(self, y, X_val, y_val, resume):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, "
                "but the target y is None."
            )
        if (X_val is None) != (y_val is None):
            had, lacks = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
            raise ValueError(f"{had} was given without {lacks}; give both or neither.")
        if resume and self.checkpoint_dir is None:
            raise ValueError(
                "resume=True needs checkpoint_dir, where the checkpoints are."
            )

    # -- samples for training and validation ---------------------------------------

    def _read_samples(self, X, y, sample_weight, *, reset, classes=None):
        """Check and encode X, y and the weights; leave out what weighs nothing."""
        source = self._read_X(X, reset=reset)
        target = self._read_y(y, reset=reset, classes=classes)
        check_consistent_length(source, target)
        weight = self._read_weight(sample_weight, source)
        rows = None
        if weight is not None and not weight.all():
            # A weight of zero means absence, in the split and the scaling too.
            rows = np.flatnonzero(weight)
            source, target, weight = source.take(rows), target[rows], weight[rows]
        loss_weight = self._loss_weight(target, weight)
        return Samples(source, target, weight, loss_weight, rows)

    # -- the net ------------------------------------------------------------------

    def _check_same_network(self):
        for name, value in self._trained_as.items():
            now = comparable(self, name)
            if now != value:
                raise ValueError(
                    f"This {type(self).__name__} was fitted with {name}={value!r}, and "
                    f"the network of {name}={now!r} cannot go on from its weights. Set "
                    "the parameter back, or fit with warm_start=False."
                )

    # -- reading ------------------------------------------------------------------

    def _read_X(self, X, *, reset):
        """Check X against what was fitted, or note what it is; wrap it."""
        series = series_of(X)
        X, names = check_sequences(self, X, reset=reset, ensure_all_finite=False)
        source = as_source(X, names, allow_partial=self.missing == "indicator")
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
        """Parameters of the targets, an ndarray (n_samples, n_targets, width)."""
        check_is_fitted(self)
        return self._outputs_of(self._read_X(X, reset=False))

    def _outputs_of(self, source):
        if len(self.nets_) == 1:
            return outputs(self.nets_[0], source)
        pairs = zip(self.nets_, self.net_weights_, strict=True)
        return sum(weight * outputs(net, source) for net, weight in pairs)
