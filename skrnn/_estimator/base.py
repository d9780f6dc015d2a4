"""What RNNRegressor and RNNClassifier have in common."""

import copy
from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator, _clone_parametrized, is_classifier
from sklearn.utils.validation import check_is_fitted

from skrnn._ensemble.checkpoints import new_checkpoints
from skrnn._ensemble.model import fit_model
from skrnn._ensemble.network_ensemble import NetworkEnsemble
from skrnn._ensemble.settings import Settings
from skrnn._ensemble.train_networks import NetworkTraining
from skrnn._estimator.callbacks import CallbackSupportMixin, FitTasks
from skrnn._estimator.extremes import refuse_non_finite, refuse_unscaled
from skrnn._estimator.parameters import CONSTRAINTS, check_combination
from skrnn._estimator.pretrained import pretrained_of
from skrnn._estimator.reading import read_samples, read_X
from skrnn._estimator.scoring import new_scorer
from skrnn._numbers import plain
from skrnn._sequences.changed import in_units


class BaseRNN(CallbackSupportMixin, BaseEstimator, ABC):
    """Reads X and y, decides the settings, and has a model fitted and asked."""

    _parameter_constraints: dict = CONSTRAINTS
    # Features are divided by two to these powers (ndarray of int32), or are not.
    _exponents = None

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

    @abstractmethod
    def _new_targets(self, parameters):
        """Return what is predicted (Targets), before y is known.

        Parameters
        ----------
        parameters : dict
            Those of the estimator, as plain numbers.
        """

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
        parameters, name = plain(self.get_params(deep=False)), type(self).__name__
        check_combination(parameters)
        self._check_arguments(y, X_val, y_val, resume)
        goes_on = hasattr(self, "nets_") and (self.warm_start or incremental)
        # The estimator as it will be; this one stays as it is until all has gone well.
        fitted = copy.copy(self)
        targets = fitted._targets = self._new_targets(parameters)
        if goes_on:
            targets.take_over(self._targets)
        pretrained = None if goes_on else pretrained_of(self.init)
        is_new = {"reset": not goes_on, "classes": classes, "pretrained": pretrained}
        samples = read_samples(fitted, X, y, sample_weight, targets=targets, **is_new)
        if goes_on:
            self.settings_.check_same_network(parameters, name)
        given = None
        if X_val is not None:
            given = read_samples(fitted, X_val, y_val, targets=targets, reset=False)
        settings = fitted.settings_ = Settings.decide(
            parameters,
            samples.source,
            is_classification=is_classifier(self),
            is_incremental=incremental,
            pretrained=None if pretrained is None else pretrained.settings,
            previous=self.settings_ if goes_on else None,
        )
        n_epochs = 1 if incremental else parameters["max_epochs"]
        tasks = FitTasks(
            self, X, y, fitted._shown_of, n_epochs * settings.ensemble.n_networks
        )
        scorer = new_scorer(self, fitted._judge_of, (X, y), (X_val, y_val))
        training = NetworkTraining(
            settings,
            targets,
            samples,
            given,
            n_epochs=n_epochs,
            is_incremental=incremental,
            resumes=resume,
            scorer=scorer,
            tasks=tasks,
            checkpoints=None if incremental else new_checkpoints(parameters, name),
            estimator_name=name,
        )
        model, attributes = fit_model(
            training,
            parameters["random_state"],
            previous=self._model if goes_on else None,
            pretrained=pretrained,
        )
        self._become(fitted, model, attributes)
        tasks.end()
        return self

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

    # -- fitted attributes ----------------------------------------------------------

    def _become(self, fitted, model, attributes):
        """Take over, all at once, what a fit has noted, learned and tells."""
        # What scikit-learn's callbacks keep here while they listen is not the fit's.
        listening = {k: v for k, v in vars(self).items() if "callback" in k}
        self.__dict__ = vars(fitted) | fitted._shown(model) | attributes | listening

    def _shown(self, model):
        """Fitted attributes (dict) that show a model and its targets."""
        shown = {"_model": model, **self._targets.fitted_attributes()}
        if is_classifier(self):
            shown["convolutions_"] = model.convolutions
        return shown

    def _shown_of(self, net):
        """All attributes (dict), were a net in training the whole model."""
        networks = NetworkEnsemble([net], np.ones(1))
        attributes = {
            "net_": net,
            "nets_": networks.nets,
            "net_weights_": networks.weights,
            "n_iter_": len(net.history),
        }
        return vars(self) | self._shown(networks) | attributes

    def _judge_of(self, net):
        """Return a fitted estimator whose whole model is a net in training."""
        judge = copy.copy(self)
        judge.__dict__ = self._shown_of(net)
        return judge

    # -- predicting -----------------------------------------------------------------

    def _predict_outputs(self, X):
        """Parameters of the targets, an ndarray (n_samples, n_targets, width)."""
        check_is_fitted(self)
        settings = self.settings_.network
        source = read_X(self, X, missing=settings.missing, reset=False)
        if not settings.scale:
            refuse_unscaled(source, None, settings=vars(settings))
        source = in_units(source, self._exponents)
        outputs = self._model.outputs(source)
        refuse_non_finite(outputs, source)
        return outputs

    @property
    def _head(self):
        """What the outputs of the networks mean."""
        check_is_fitted(self)
        return self.net_.module_.target_head
