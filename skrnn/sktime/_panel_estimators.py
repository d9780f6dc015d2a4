"""The recurrent estimators as classifier and regressor of sktime's panels."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.utils import get_tags
from sklearn.utils._param_validation import validate_parameter_constraints
from sktime.base import BaseObject
from sktime.classification.base import BaseClassifier
from sktime.regression.base import BaseRegressor

from skrnn._numbers import RANDOM_STATE
from skrnn._sequences.moments import feature_moments
from skrnn._sequences.sources import as_source
from skrnn._typing import RandomState, SupportsFitPredict
from skrnn._warn import warn_user
from skrnn.classifier import RNNClassifier
from skrnn.regressor import RNNRegressor
from skrnn.sktime._panels import (
    fill_partly_missing,
    has_partly_missing,
    panel_categories,
    read_panel,
    with_codes,
)
from skrnn.sktime._state import PlainStateMixin

__all__ = ["RNNPanelClassifier", "RNNPanelRegressor"]

_CONSTRAINTS = {"random_state": RANDOM_STATE}
_TAGS = {
    "authors": "skrnn",
    "maintainers": "skrnn",
    # The first is what sktime converts all other kinds to.
    "X_inner_mtype": ["pd-multiindex", "numpy3D", "df-list", "nested_univ"],
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:missing_values": True,
    "capability:categorical_in_X": True,
    "capability:random_state": True,
    "property:randomness": "derandomized",
}


class _RecurrentPanel(PlainStateMixin):
    """A clone of `estimator`, fitted on panels turned into sequences."""

    # Of variables, by their positions; set by a fit.
    _categories = None

    def _fit(self, X, y):
        estimator = self._new_estimator()
        self._categories = panel_categories(X)
        if self._categories:
            if "categorical_features" not in estimator.get_params():
                raise TypeError(
                    "Variables of X are categorical, and estimator has no parameter "
                    "categorical_features to be told of them. Encode them before, or "
                    f"give a {self._default.__name__}."
                )
            estimator.set_params(categorical_features=list(self._categories))
        X, self._names = read_panel(with_codes(X, self._categories))
        self._fill_values = None
        # What is built of several estimators may fill what is missing by itself.
        if getattr(estimator, "missing", None) == "error":
            if has_partly_missing(X):
                estimator.set_params(missing="indicator")
            else:
                source = as_source(X, self._names)
                self._fill_values = feature_moments(source)[0]  # (F,)
        self.estimator_ = estimator.fit(X, y)
        return self

    def __sklearn_tags__(self):
        # sktime's estimators have none, and scikit-learn's searches ask for them.
        return get_tags(self._default() if self.estimator is None else self.estimator)

    def reset(self) -> Self:
        """Make the estimator as it was made, as `fit` does at its start."""
        # A search of scikit-learn 1.9 hangs its own on it before, to take off after.
        kept = {name: v for name, v in vars(self).items() if "callback" in name}
        super().reset()
        vars(self).update(kept)
        return self

    def _check_y(self, y=None, return_to_mtype=False):
        # sktime's own words for these two lead nowhere.
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} requires y to be passed, but the target y "
                "is None."
            )
        if isinstance(y, (list, tuple)) and not isinstance(next(iter(y), None), dict):
            y = np.asarray(y)
        return super()._check_y(y, return_to_mtype)

    def _predict(self, X):
        return self.estimator_.predict(self._read(X))

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters of small instances, for the checks of sktime.

        Parameters
        ----------
        parameter_set : str, default="default"
            Not used; every set has the same parameters.

        Returns
        -------
        params : list of dict
        """
        short = {"hidden_size": 4, "max_epochs": 2, "early_stopping": False}
        short |= {"n_estimators": 1} | cls._few_convolutions
        other = cls._default(random_state=1, **cls._other_options, **short)
        return [
            {"estimator": cls._default("gru", **short), "random_state": 0},
            {"estimator": other},
        ]

    def _new_estimator(self):
        estimator = self._default() if self.estimator is None else self.estimator
        is_made = hasattr(estimator, "get_params") and not isinstance(estimator, type)
        # Those of sktime would take time for variables.
        is_made = is_made and not isinstance(estimator, BaseObject)
        if not is_made or not self._is_suitable(estimator):
            raise TypeError(
                f"estimator must be a {self.EST_TYPE} of scikit-learn's kind that "
                f"takes sequences, such as {self._default.__name__}(), or None; got "
                f"{estimator!r}."
            )
        estimator = clone(estimator)
        given = {"random_state": self.random_state}
        validate_parameter_constraints(_CONSTRAINTS, given, type(self).__name__)
        if self.random_state is not None:
            names = [
                name
                for name in estimator.get_params()
                if name == "random_state" or name.endswith("__random_state")
            ]
            estimator.set_params(**dict.fromkeys(names, self.random_state))
        return estimator

    def _read(self, X):
        """Convert X for a prediction."""
        X, names = read_panel(with_codes(X, self._categories or {}, self._names))
        if names != self._names and set(names or ()) == set(self._names or ()):
            raise ValueError(
                f"The variables of X are {names}, those of fit were {self._names}. "
                "Give them in the order of fit."
            )
        values = self._fill_values
        n_features = X[0].shape[1]
        if values is None or n_features != len(values) or not has_partly_missing(X):
            return X
        warn_user(
            "X has steps that are missing in part, and the X of fit had none: they are "
            'filled with the means of that X. Set missing="indicator" in the estimator'
            f" of this {type(self).__name__} to tell the network of them."
        )
        return fill_partly_missing(X, values)


class RNNPanelClassifier(_RecurrentPanel, BaseClassifier):
    """Recurrent network that classifies the series of a panel, for sktime.

    It holds an :class:`~skrnn.RNNClassifier` and takes every kind of panel that sktime
    knows. The series may be multivariate, of unequal length and have missing values.

    Parameters
    ----------
    estimator : classifier or None, default=None
        The :class:`~skrnn.RNNClassifier`, or a classifier of scikit-learn's kind that
        is built of one. A clone of it is fitted. None means ``RNNClassifier()``.
        Where one is given, a grid may name its parameters: ``hidden_size``, or in full
        ``estimator__hidden_size``.
    random_state : int, RandomState instance or None, default=None
        In the place of the `random_state` of `estimator`; None leaves that as it is.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone; not there where y had a single class, which sktime predicts
        by itself, or several columns.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted, in their own dtype.
    n_classes_ : int
        Number of classes.
    classifiers_ : DataFrame of shape (1, n_outputs)
        A fitted classifier for each column of y; only where y had several.
    fit_time_ : int
        Milliseconds that ``fit`` took.

    Raises
    ------
    TypeError
        By ``fit``, if `estimator` is no classifier, or a variable is categorical
        and `estimator` has no parameter ``categorical_features``.
    ValueError
        By ``fit`` and the predictions, if X or y is not as described; by the
        predictions, if X has not the variables of ``fit``, or has them in another
        order.

    Warns
    -----
    UserWarning
        By ``fit``, if y has a single class; by the predictions, if steps are missing in
        part and those of ``fit`` were not.

    See Also
    --------
    skrnn.RNNClassifier : The same for arrays (instance, time, variable).
    RNNPanelRegressor : The same for regression.

    Notes
    -----
    ``fit(X, y)``, ``predict(X)`` and ``predict_proba(X)`` take X in any of sktime's
    panel types, for example an array (n_instances, n_variables, n_timepoints) of any
    real dtype, and y of shape (n_instances,) with labels of any dtype. Predictions
    have the dtype of y and shape (n_instances,), probabilities are float64 of shape
    (n_instances, n_classes). At a prediction the series may be longer or shorter than
    in ``fit``. Only the order of the times counts, not their distance.

    A time at which all variables are missing is absent, as it is for
    :class:`~skrnn.RNNClassifier`. Where ``fit`` meets one at which some are missing,
    the clone has ``missing="indicator"``. Where only a prediction does, they are
    filled with the means of ``fit``. An `estimator` that is built of several does with
    them what it does by itself.

    Examples
    --------
    >>> from sktime.datasets import load_italy_power_demand
    >>> from skrnn import RNNClassifier
    >>> from skrnn.sktime import RNNPanelClassifier
    >>> X, y = load_italy_power_demand("train", return_type="numpy3D")
    >>> X_test, y_test = load_italy_power_demand("test", return_type="numpy3D")
    >>> gru = RNNClassifier("gru", 16, max_epochs=60)
    >>> model = RNNPanelClassifier(gru, random_state=0).fit(X, y)
    >>> bool(model.score(X_test, y_test) > 0.9)
    True
    """

    estimator_: Any
    classes_: NDArray[Any]
    n_classes_: int
    classifiers_: pd.DataFrame
    fit_time_: int

    _tags = _TAGS | {"y_inner_mtype": "numpy1D", "capability:predict_proba": True}
    _default = RNNClassifier
    _other_options = {"pooling": "mean"}
    _few_convolutions = {"n_kernels": 84}
    _is_suitable = staticmethod(is_classifier)

    def __init__(
        self,
        estimator: SupportsFitPredict | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.random_state = random_state
        super().__init__()

    def _predict_proba(self, X):
        return self.estimator_.predict_proba(self._read(X))


# By which files name it. Within the class, inspect would show lines of that module.
RNNPanelClassifier.__module__ = "skrnn.sktime"


class RNNPanelRegressor(_RecurrentPanel, BaseRegressor):
    """Recurrent network for regression on the series of a panel, for sktime.

    It holds an :class:`~skrnn.RNNRegressor` and takes every kind of panel that sktime
    knows. The series may be multivariate, of unequal length and have missing values.
    sktime's ``make_reduction`` makes a forecaster of it.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The :class:`~skrnn.RNNRegressor`, or a regressor of scikit-learn's kind that is
        built of one. A clone of it is fitted. None means ``RNNRegressor()``. Where one
        is given, a grid may name its parameters: ``hidden_size``, or in full
        ``estimator__hidden_size``.
    random_state : int, RandomState instance or None, default=None
        In the place of the `random_state` of `estimator`; None leaves that as it is.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone.
    fit_time_ : int
        Milliseconds that ``fit`` took.

    Raises
    ------
    TypeError
        By ``fit``, if `estimator` is no regressor, or a variable is categorical
        and `estimator` has no parameter ``categorical_features``.
    ValueError
        By ``fit`` and ``predict``, if X or y is not as described; by ``predict``, if X
        has not the variables of ``fit``, or has them in another order.

    Warns
    -----
    UserWarning
        By ``fit``, if y is constant; by ``predict``, if steps are missing in part and
        those of ``fit`` were not.

    See Also
    --------
    skrnn.RNNRegressor : The same for arrays (instance, time, variable).
    RNNPanelClassifier : The same for classification.

    Notes
    -----
    ``fit(X, y)`` and ``predict(X)`` take X in any of sktime's panel types, for example
    an array (n_instances, n_variables, n_timepoints) of any real dtype, and y of shape
    (n_instances,) or (n_instances, n_outputs), any real dtype. Predictions are float64
    of shape (n_instances,), or have the type of y where that has several columns. One
    network predicts all of them. The series of a prediction may be longer or shorter
    than those of ``fit``. Only the order of the times counts, not their distance.

    A time at which all variables are missing is absent, as it is for
    :class:`~skrnn.RNNRegressor`. Where ``fit`` meets one at which some are missing,
    the clone has ``missing="indicator"``. Where only ``predict`` does, they are filled
    with the means of ``fit``. An `estimator` that is built of several does with them
    what it does by itself.

    Examples
    --------
    >>> from sktime.datasets import load_airline
    >>> from sktime.forecasting.compose import make_reduction
    >>> from skrnn import RNNRegressor
    >>> from skrnn.sktime import RNNPanelRegressor
    >>> gru = RNNRegressor("gru", 8, max_epochs=20, early_stopping=False)
    >>> model = RNNPanelRegressor(gru, random_state=0)
    >>> forecaster = make_reduction(model, window_length=24, strategy="recursive")
    >>> forecaster.fit(load_airline()).predict(fh=[1, 2, 3]).shape
    (3,)
    """

    estimator_: Any
    fit_time_: int

    _tags = _TAGS | {"y_inner_mtype": "numpy2D", "capability:multioutput": True}
    _default = RNNRegressor
    _other_options = {"loss": "gaussian"}
    _few_convolutions = {}
    _is_suitable = staticmethod(is_regressor)

    def __init__(
        self,
        estimator: SupportsFitPredict | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.random_state = random_state
        super().__init__()

    def _fit(self, X, y):
        return super()._fit(X, y[:, 0] if y.shape[1] == 1 else y)


# By which files name it. Within the class, inspect would show lines of that module.
RNNPanelRegressor.__module__ = "skrnn.sktime"
