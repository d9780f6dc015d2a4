"""What RNNRegressor and RNNClassifier have in common."""

import copy
import time
from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator, _clone_parametrized, is_classifier
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skrnn._ensemble.checkpoints import new_checkpoints
from skrnn._ensemble.memory_check import check_memory
from skrnn._ensemble.model import attributes_of, fit_model
from skrnn._ensemble.network_ensemble import NetworkEnsemble
from skrnn._ensemble.settings import Settings
from skrnn._ensemble.train_networks import NetworkTraining
from skrnn._estimator.callbacks import CallbackSupportMixin, FitTasks
from skrnn._estimator.documentation import DocumentationLinkMixin
from skrnn._estimator.extremes import refuse_non_finite, refuse_unscaled
from skrnn._estimator.parameters import CONSTRAINTS, check_combination
from skrnn._estimator.pretrained import pretrained_of
from skrnn._estimator.reading import read_samples, read_X
from skrnn._estimator.scoring import new_scorer
from skrnn._estimator.state import (
    check_attributes,
    check_noted_codes,
    pack_fitted,
    unpack_fitted,
)
from skrnn._estimator.summary import Summary, summary_of
from skrnn._estimator.summary_html import html_with_summary
from skrnn._numbers import parameters_of, plain
from skrnn._plain import WholeCopiesMixin, pack_path, unpack_path
from skrnn._sequences.changed import in_units
from skrnn._sequences.encoding import Encoding
from skrnn._sequences.sources import SequenceSource
from skrnn._versions import with_new_parameters


class BaseRNN(
    WholeCopiesMixin, CallbackSupportMixin, DocumentationLinkMixin, BaseEstimator, ABC
):
    """Reads X and y, decides the settings, and has a model fitted and asked."""

    _parameter_constraints: dict = CONSTRAINTS
    # Features are divided by two to these powers (ndarray of int32), or are not.
    _exponents = None
    # Features that are numbers of categories, and their values in fit, or None.
    _categories = None
    # Columns or features that are categories (`Encoding`), or None.
    _encoding = None
    # What features are codes of (tuple, of `Codes.identity`), or None.
    _codes = None

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
        begin = time.perf_counter()
        parameters, name = plain(parameters_of(self)), type(self).__name__
        check_combination(parameters)
        self._check_arguments(y, X_val, y_val, resume)
        goes_on = hasattr(self, "nets_") and (self.warm_start or incremental)
        # The estimator as it will be; this one stays as it is until all has gone well.
        fitted = copy.copy(self)
        pretrained = None if goes_on else pretrained_of(self.init)
        given = (X, y, sample_weight), (X_val, y_val), classes
        read = self._read(fitted, parameters, *given, goes_on, pretrained)
        targets, samples, given = read
        settings = fitted.settings_ = Settings.decide(
            parameters,
            samples.source,
            is_classification=is_classifier(self),
            is_incremental=incremental,
            pretrained=None if pretrained is None else pretrained.settings,
            previous=self.settings_ if goes_on else None,
        )
        if not goes_on:
            check_memory(settings, targets, samples.source)
        n_epochs = 1 if incremental else parameters["max_epochs"]
        n_tasks = n_epochs * settings.ensemble.n_networks
        tasks = FitTasks(self, X, y, fitted._shown_of, n_tasks)
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
        attributes["fit_time_"] = time.perf_counter() - begin
        self._become(fitted, model, attributes)
        tasks.end()
        return self

    def _read(
        self, fitted, parameters, given, validation, classes, goes_on, pretrained
    ):
        """Targets, samples and validation samples (or None) that a fit is given.

        Parameters
        ----------
        fitted : BaseRNN
            Which notes what they are like, or compares them with what was noted.
        parameters : dict
            Those of the estimator, as plain numbers.
        given, validation : tuple
            X, y and the weights; X and y to validate on.
        classes : array-like or None
            All labels that may ever come.
        goes_on : bool
            Whether the fit goes on from the one before.
        pretrained : Pretrained or None
            What the fit begins with.
        """
        targets = fitted._targets = self._new_targets(parameters)
        if goes_on:
            targets.take_over(self._targets)
        samples = read_samples(
            fitted,
            *given,
            targets=targets,
            reset=not goes_on,
            classes=classes,
            pretrained=pretrained,
        )
        if goes_on:
            self.settings_.check_same_network(parameters, type(self).__name__)
        if validation[0] is None:
            return targets, samples, None
        valid = read_samples(fitted, *validation, targets=targets, reset=False)
        return targets, samples, valid

    def _check_arguments(self, y, X_val, y_val, resume):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, "
                "but the target y is None."
            )
        if (X_val is None) != (y_val is None):
            had, lacks = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
            raise ValueError(f"{had} was given without {lacks}; give both or neither.")
        validate_parameter_constraints(
            {"resume": ["boolean"]}, {"resume": resume}, f"{type(self).__name__}.fit"
        )
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

    # -- state ----------------------------------------------------------------------

    def __getstate__(self):
        state = super().__getstate__().copy()
        state["checkpoint_dir"] = pack_path(self.checkpoint_dir)
        if "_model" in state:
            # What follows from the rest is made again.
            told = attributes_of(self._model.networks, 0, self.n_iter_)
            made = {"_targets", "settings_", *told, *self._shown(self._model)}
            state = {name: v for name, v in state.items() if name not in made}
            if self._encoding is not None:
                state["_encoding"] = self._encoding.to_text()
            state["_fitted"] = pack_fitted(self)
        return state

    def __setstate__(self, state):
        state = dict(state)
        packed = state.pop("_fitted", None)
        super().__setstate__(with_new_parameters(type(self), state))
        self.checkpoint_dir = unpack_path(self.checkpoint_dir)
        if packed is not None:
            parameters, name = parameters_of(self), type(self).__name__
            settings, targets, model, told = unpack_fitted(
                packed, lambda: self._new_targets(parameters), parameters, name
            )
            n_features = len(model.networks.nets[0].module_.scaling.x_mean.flatten())
            check_attributes(type(self), state, n_features)
            if self._encoding is not None:
                self._encoding = Encoding.from_text(self._encoding)
            check_noted_codes(self._codes, self._categories, self._encoding, settings)
            self.settings_, self._targets = settings, targets
            vars(self).update(self._shown(model) | told)

    # -- telling what is inside -----------------------------------------------------

    def summary(self) -> Summary:
        """Say what the fitted model is made of.

        Returns
        -------
        Summary
            Prints as text, in a notebook as HTML: the parts of the model and how much
            each counts, the layers of a network with their sizes and numbers of
            weights, how each network was trained, and every ``"auto"`` as it was
            decided. Its attributes hold the same as data: ``parts``, ``layers``,
            ``networks``, ``n_parameters``, ``auto``, ``seconds``, ``joint_loss``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        check_is_fitted(self)
        n_classes = len(self.classes_) if is_classifier(self) else None
        return summary_of(self, n_classes)

    def _repr_html_inner(self):
        fitted = hasattr(self, "nets_")
        return html_with_summary(self, self.summary() if fitted else None)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle

    # -- predicting -----------------------------------------------------------------

    def _source_of(self, X):
        """Sequences to predict (SequenceSource), as the networks are to read them.

        X may be a `SequenceSource` itself, of samples like those of fit.
        """
        self._check_is_fitted()
        settings, source = self.settings_.network, X
        if not isinstance(X, SequenceSource):
            source = read_X(self, X, missing=settings.missing, reset=False)
        if not settings.scale:
            refuse_unscaled(source, None, settings=vars(settings))
        return in_units(source, self._exponents)

    def _predict_outputs(self, X):
        """Parameters of the targets, an ndarray (n_samples, n_targets, width)."""
        source = self._source_of(X)
        outputs = self._model.outputs(source)
        refuse_non_finite(outputs, source)
        return outputs

    @property
    def _head(self):
        """What the outputs of the networks mean."""
        self._check_is_fitted()
        return self.net_.module_.target_head

    def _check_is_fitted(self):
        if "_model" not in vars(self):  # scikit-learn looks at all that there is
            check_is_fitted(self)
