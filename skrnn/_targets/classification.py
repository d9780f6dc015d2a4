"""Targets of a classifier: classes or labels, and what they weigh."""

import numpy as np
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skrnn._targets.losses import classification_loss
from skrnn._targets.reading import checked_y
from skrnn._targets.targets import Targets
from skrnn._units import ordinary_weights


class ClassTargets(Targets):
    """One class a sample, or several labels.

    Parameters
    ----------
    loss : str, or class of torch.nn.Module, or torch.nn.Module
        What is minimised.
    class_weight : dict, list of dict, "balanced" or None
        As for `RNNClassifier`.
    label_smoothing, focal_gamma : float
        Options of the loss.
    estimator_name : str
        Whose targets they are.

    Attributes
    ----------
    classes : ndarray of shape (n_targets,)
        Labels, sorted, in their own dtype; column numbers where there are several.
    is_multilabel : bool
        Whether a sample may have several labels.
    n_outputs : int
        Columns of a multilabel y, else 1.
    """

    def __init__(
        self, loss, class_weight, label_smoothing, focal_gamma, estimator_name
    ):
        super().__init__(estimator_name)
        self.loss, self.class_weight = loss, class_weight
        self.label_smoothing, self.focal_gamma = label_smoothing, focal_gamma

    @property
    def n_targets(self):
        """Number of classes, or of labels."""
        return len(self.classes)

    @property
    def has_classes(self):
        """Whether a sample is of one class; else it may have several labels."""
        return not self.is_multilabel

    def fit(self, y, classes=None):
        """Note the classes and encode y."""
        y, self.is_multilabel = self._checked(y)
        if self.is_multilabel:
            self.n_outputs, self.classes = y.shape[1], np.arange(y.shape[1])
            return y.astype(np.float64)
        # Before y is one column: its classes are those of all columns.
        self.n_outputs = 1
        self.classes = np.unique(y if classes is None else _as_labels(classes))
        return self._places(column_or_1d(y, warn=True))

    def read(self, y, classes=None):
        """Check y against the classes of fit and encode it."""
        y, is_multilabel = self._checked(y)
        if is_multilabel != self.is_multilabel:
            kinds = {True: "several labels a sample", False: "one label a sample"}
            raise ValueError(
                f"This {self.estimator_name} was fitted with "
                f"{kinds[self.is_multilabel]}, got y with {kinds[is_multilabel]}."
            )
        if is_multilabel:
            if y.shape[1] != self.n_outputs:
                raise ValueError(
                    f"y has {y.shape[1]} labels, but this {self.estimator_name} was "
                    f"fitted with {self.n_outputs}."
                )
            return y.astype(np.float64)
        y = column_or_1d(y, warn=True)
        if classes is not None and not np.array_equal(
            np.unique(_as_labels(classes)), self.classes
        ):
            raise ValueError(
                f"`classes={classes!r}` is not the same as in the first call to "
                f"partial_fit: {self.classes!r}."
            )
        return self._places(y)

    def _checked(self, y):
        y = checked_y(y, self.estimator_name)
        if y.dtype == object and y.ndim == 1:
            _refuse_mixed(y)
        with np.errstate(invalid="ignore"):  # of labels beyond integers
            check_classification_targets(y)
            kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"y should be a 1d array, got an array of shape {y.shape} instead: "
                f"{self.estimator_name} learns one class a sample, or several labels "
                "of 0 and 1. For several classes a sample take "
                f"sklearn.multioutput.MultiOutputClassifier({self.estimator_name}())."
            )
        return y, kind == "multilabel-indicator"

    def _places(self, y):
        """Replace each label by its place among the classes."""
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ValueError(
                f"y contains labels that are not among the classes of this "
                f"{self.estimator_name}, {self.classes!r}: {unknown!r}. Its output "
                "layer is made for the classes of the first call: partial_fit is told "
                "all of them as `classes`; warm_start can only be used where `y` has "
                "no others than in the previous call to fit. A new estimator with this "
                "one as `init` keeps the other layers; warm_start=False keeps none."
            )
        return np.searchsorted(self.classes, y).astype(np.int64)

    def take_over(self, fitted):
        """Note the classes that other targets have noted."""
        self.is_multilabel = fitted.is_multilabel
        self.n_outputs, self.classes = fitted.n_outputs, fitted.classes

    def _has_noted(self):
        classes = self.classes
        is_array = isinstance(classes, np.ndarray) and classes.ndim == 1
        is_sorted = is_array and len(np.unique(classes)) == len(classes) > 0
        n_outputs = len(classes) if self.is_multilabel is True else 1
        is_flag = isinstance(self.is_multilabel, bool)
        return is_sorted and is_flag and self.n_outputs == n_outputs

    def new_loss(self):
        """Make the head of a network and its loss."""
        return classification_loss(
            self.loss,
            multilabel=self.is_multilabel,
            label_smoothing=self.label_smoothing,
            focal_gamma=self.focal_gamma,
        )

    def fitted_attributes(self):
        """Return what a classifier shows of y."""
        return {"n_outputs_": self.n_outputs, "classes_": self.classes}

    def loss_weight(self, target, weight):
        """Multiply the weights of the samples by those of their classes."""
        if self.class_weight is None:
            return weight
        labels = target if self.is_multilabel else self.classes[target]
        if self.class_weight == "balanced":
            balance = _balance(target, weight)
        elif isinstance(self.class_weight, list | tuple) and not self.is_multilabel:
            raise ValueError(
                "class_weight is a list, which is for several labels a sample, and y "
                "has one. Give a dict of a weight for each class."
            )
        else:
            balance = self._given_balance(labels)
        if not (np.isfinite(balance) & (balance >= 0)).all():
            raise ValueError(
                "class_weight must be made of finite numbers that are not negative, "
                f"got {self.class_weight!r}."
            )
        balance = ordinary_weights(balance)
        return balance if weight is None else ordinary_weights(balance * weight)

    def _given_balance(self, labels):
        given = self.class_weight
        given = list(given) if isinstance(given, tuple) else given
        try:
            if not isinstance(given, list) or len(given) != self.n_outputs:
                return compute_sample_weight(given, labels)
            # The product over the labels, within floats.
            balance = np.ones(len(labels))
            for of_label, column in zip(given, labels.T, strict=True):
                weight = compute_sample_weight(of_label, column)
                balance = ordinary_weights(balance * ordinary_weights(weight))
            return balance
        except OverflowError as error:
            raise ValueError(
                "class_weight must be made of numbers that a float can be, up to 1.8e"
                "308; one is an integer beyond that. Divide all of them by a constant."
            ) from error

    def validation_groups(self, target, series):
        """Return the classes, each of which validates; series for several labels."""
        return series if self.is_multilabel else target

    def _refuse_weights(self):
        raise ValueError(
            f"class_weight={self.class_weight!r} leaves no sample with a weight in the "
            "training or the validation data."
        )


def _as_labels(classes):
    """Labels (ndarray) from an array, or from whatever gives one after the other."""
    if not hasattr(classes, "__array__") and not isinstance(classes, (str, bytes)):
        try:
            classes = list(classes)  # a set, or the keys of a dict
        except TypeError:
            pass
    labels = np.asarray(classes)
    if labels.ndim == 0:
        raise ValueError(
            "`classes` must list all labels that may ever come, such as [0, 1]; got "
            f"{classes!r}."
        )
    return labels


def _balance(target, weight):
    """Weights that give every class the same sum; a sample's weight is its count."""
    weight = np.ones(len(target)) if weight is None else weight
    if target.ndim == 1:
        counts = np.bincount(target, weight)
        return (weight.sum() / ((counts > 0).sum() * counts.clip(1e-300)))[target]
    balance = np.ones(len(target))
    for column in target.T:  # as scikit-learn does: the product over the labels
        balance *= _balance(column.astype(np.int64), weight)
    return balance


def _refuse_mixed(y):
    """Raise where labels are missing beside texts, or are of types without an order."""
    is_text = np.array([isinstance(label, str) for label in y])
    if is_text.all() or not is_text.any():
        return
    other = int(np.argmin(is_text))
    raise ValueError(
        f"Unknown label type: y holds texts such as {y[int(np.argmax(is_text))]!r} "
        f"and others, such as {y[other]!r} ({type(y[other]).__name__}) of sample "
        f"{other}. Labels must be all text or all numbers: leave samples without a "
        "label out, or make texts of all."
    )
