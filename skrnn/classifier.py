"""The recurrent classifier."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from skrnn._base import BaseRNN

__all__ = ["RNNClassifier"]


class RNNClassifier(ClassifierMixin, BaseRNN):
    """Recurrent network for classification: sequences in, one or more labels out.

    It takes the place of any scikit-learn classifier. X may be 2-D (one univariate
    sequence a row), 3-D, a list of arrays of different lengths, or the lazy windows
    of :class:`~skrnn.SlidingWindow` and :func:`~skrnn.make_windows`.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Recurrent cell: long short-term memory [1]_, gated recurrent unit [2]_ or the
        plain tanh network [3]_.
    hidden_size : int, default=64
        Units of each layer and direction, at least 1.
    num_layers : int, default=1
        Recurrent layers on top of each other, at least 1.
    bidirectional : bool, default=False
        Whether every layer also reads the sequence backwards. With ``pooling="last"``
        each direction contributes its own final state.
    dropout : float, default=0.0
        Probability, in [0, 1), of zeroing an output while training: between layers
        and before the output layer.
    pooling : {"last", "mean", "max", "attention"}, default="last"
        How the states of all present steps become one: the final state, their mean,
        their maximum, or a mean whose weights are learned [4]_.
    scale : bool, default=True
        Whether to standardise the features inside ``fit`` and ``predict``, so that data
        in any unit works.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, ``{label: weight}``; ``"balanced"`` makes them inversely
        proportional to the frequencies in y. None means 1 each.
    optimizer : {"adam", "adamw", "nadam", "rmsprop", "adagrad", "sgd"} or class, \
            default="adam"
        Optimiser, or a class derived from `torch.optim.Optimizer`.
    learning_rate : float, default=0.01
        Step size of the optimiser, positive.
    momentum : float, default=0.9
        Momentum in [0, 1); only used when ``optimizer`` is ``"sgd"`` or
        ``"rmsprop"``.
    weight_decay : float, default=0.0
        L2 penalty as the optimiser of torch understands it, at least 0.
    max_grad_norm : float or None, default=1.0
        Norm to which the gradient of a batch is clipped [5]_; None clips nothing.
    batch_size : int or None, default=32
        Samples in a batch; None means all of them.
    max_epochs : int, default=200
        Passes over the training samples if nothing stops the training earlier.
    shuffle : bool, default=True
        Whether every epoch reads the samples in a new order.
    early_stopping : bool, default=True
        Whether to set samples aside, stop when the loss on them no longer falls, and
        go back to the weights of the best epoch. Set aside are the newest samples
        of each class, never a random choice; for several labels a sample, the newest
        samples. Where that leaves
        no sample (tiny data), training runs for ``max_epochs``. With False it always
        does.
    validation_fraction : float, default=0.1
        Share of the samples, in (0, 1), to set aside; only used when
        ``early_stopping`` is True.
    validation_gap : int, default=0
        Samples just before those set aside that are left out of training, for targets
        that reach several steps ahead; only used when ``early_stopping`` is True.
    n_iter_no_change : int, default=20
        Epochs in a row without an improvement by ``tol`` that end the training; only
        used when ``early_stopping`` is True.
    tol : float, default=1e-4
        The least improvement of the validation loss that counts, at least 0.
    warm_start : bool, default=False
        Whether ``fit`` continues with the weights, the optimiser and its state, the
        loss, the callbacks, the random state and the scaling of the fit before.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of the batches and dropout. An int gives the
        same bits at every fit. None draws a seed from the operating system; the
        global random states of NumPy and torch are never touched.
    device : str, default="auto"
        Torch device. ``"auto"`` takes a CUDA GPU where there is one, else the CPU.
    dtype : {"float32", "float64"}, default="float32"
        Type of weights and arithmetic in training. Predictions are float64.
    callbacks : list of skorch.callbacks.Callback or None, default=None
        Further callbacks for the training; copies of them are used.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar (in workers of a parallel search a line at
        the end of each fit), 2 prints a line an epoch.

    Attributes
    ----------
    n_features_in_ : int
        Features of a step for 3-D X, columns for 2-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the features; only where X has string names.
    n_outputs_ : int
        Number of labels a sample: 1, or the columns of a multilabel y.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted, in their own dtype; the column numbers for a multilabel y.
    net_ : skorch.NeuralNet
        The trained net; its torch module is ``net_.module_``.
    n_iter_ : int
        Epochs run by the last ``fit``, or by all calls of ``partial_fit``.
    best_epoch_ : int
        Epoch, counted from 1 in ``loss_curve_``, whose weights are kept.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_loss_curve_ : list of float or None
        Validation loss of each epoch; None where no sample was set aside.

    See Also
    --------
    RNNRegressor : The same for regression.

    Notes
    -----
    Fitting and predicting run on one thread, so that results do not depend on
    ``n_jobs``. On the CPU probabilities are computed in double precision: those of a
    sample do not depend on the other samples of the call.

    References
    ----------
    .. [1] Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural
       Computation 9(8). With the forget gate of Gers et al. (2000).
    .. [2] Cho, K. et al. (2014). Learning phrase representations using RNN
       encoder-decoder for statistical machine translation. :arxiv:`1406.1078`.
    .. [3] Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2).
    .. [4] Yang, Z. et al. (2016). Hierarchical attention networks for document
       classification. NAACL-HLT.
    .. [5] Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
       recurrent neural networks. :arxiv:`1211.5063`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skrnn import RNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X = X.reshape(-1, 8, 8)  # 8 steps: the rows of the picture
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = RNNClassifier("gru", 32, max_epochs=15, random_state=0)
    >>> bool(model.fit(X_train, y_train).score(X_test, y_test) > 0.95)
    True
    """

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        cell="lstm",
        hidden_size=64,
        *,
        num_layers=1,
        bidirectional=False,
        dropout=0.0,
        pooling="last",
        scale=True,
        class_weight=None,
        optimizer="adam",
        learning_rate=0.01,
        momentum=0.9,
        weight_decay=0.0,
        max_grad_norm=1.0,
        batch_size=32,
        max_epochs=200,
        shuffle=True,
        early_stopping=True,
        validation_fraction=0.1,
        validation_gap=0,
        n_iter_no_change=20,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        device="auto",
        dtype="float32",
        callbacks=None,
        verbose=0,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.pooling = pooling
        self.scale = scale
        self.class_weight = class_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_gap = validation_gap
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.dtype = dtype
        self.callbacks = callbacks
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any kind, or a multilabel indicator of zeros and ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each. A weight of zero
            is the same as leaving the sample out.

        Returns
        -------
        self : RNNClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described; the estimator is then left as
            it was.
        skrnn.exceptions.NonFiniteLossError
            If training diverged.
        """
        return self._fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on the given samples.

        The first call builds the network and fixes the scaling. No sample is set
        aside, whatever ``early_stopping`` says.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any kind, or a multilabel indicator of zeros and ones.
        classes : array-like of shape (n_classes,), default=None
            All labels that may ever come. Needed in the first call unless y is a
            multilabel indicator; later calls may leave it out.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each.

        Returns
        -------
        self : RNNClassifier
            The fitted estimator.
        """
        is_first = not hasattr(self, "net_")
        if is_first and classes is None and type_of_target(y) != "multilabel-indicator":
            raise ValueError(
                "classes must be passed on the first call to partial_fit: later calls "
                "may bring labels that are not in y."
            )
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X):
        """Predict the labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The likeliest label of each sample, in the dtype of the labels of ``fit``;
            or a multilabel indicator of ints.
        """
        probability = self.predict_proba(X)
        if self._is_multilabel:
            return (probability > 0.5).astype(int)
        return self.classes_[probability.argmax(axis=1)]

    def decision_function(self, X):
        """Compute the scores that the probabilities are made of.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        score : ndarray of shape (n_samples,) or (n_samples, n_classes) of float64
            Unnormalised log-probabilities in the order of ``classes_``. For two
            classes the log-odds of the second one; for several labels a sample
            the log-odds of each.
        """
        outputs = self._predict_outputs(X)
        if len(self.classes_) == 2 and not self._is_multilabel:
            return outputs[:, 1] - outputs[:, 0]
        return outputs

    def predict_proba(self, X):
        """Predict the probabilities of the labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes) of float64
            In the order of ``classes_``. For several labels a sample each column is
            the probability of its label, and rows need not sum to 1.
        """
        outputs = self._predict_outputs(X)
        return expit(outputs) if self._is_multilabel else softmax(outputs, axis=1)

    def predict_log_proba(self, X):
        """Predict the logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes) of float64
            Logarithms of what ``predict_proba`` gives.
        """
        outputs = self._predict_outputs(X)
        if self._is_multilabel:
            return log_expit(outputs)
        return log_softmax(outputs, axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _read_y(self, y, *, reset, classes=None):
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=self)
        check_classification_targets(y)
        is_multilabel = type_of_target(y) == "multilabel-indicator"
        if reset:
            self._is_multilabel = is_multilabel
            self._set_classes(y, classes)
        elif is_multilabel != self._is_multilabel:
            kinds = {True: "several labels a sample", False: "one label a sample"}
            raise ValueError(
                f"This {type(self).__name__} was fitted with "
                f"{kinds[self._is_multilabel]}, got y with {kinds[is_multilabel]}."
            )
        if is_multilabel:
            if y.shape[1] != self.n_outputs_:
                raise ValueError(
                    f"y has {y.shape[1]} labels, but this {type(self).__name__} was "
                    f"fitted with {self.n_outputs_}."
                )
            return y.astype(np.float64)
        y = column_or_1d(y, warn=True)
        return self._encode(y, None if reset else classes)

    def _set_classes(self, y, classes):
        if self._is_multilabel:
            self.n_outputs_ = y.shape[1]
            self.classes_ = np.arange(y.shape[1])
            return
        self.n_outputs_ = 1
        self.classes_ = np.unique(y if classes is None else np.asarray(classes))

    def _encode(self, y, classes):
        """Replace each label by its number among `classes_`."""
        if classes is not None and not np.array_equal(
            np.unique(np.asarray(classes)), self.classes_
        ):
            raise ValueError(
                f"`classes={classes!r}` is not the same as in the first call to "
                f"partial_fit: {self.classes_!r}."
            )
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y contains labels that are not among the classes of this "
                f"{type(self).__name__}, {self.classes_!r}: {unknown!r}."
            )
        return np.searchsorted(self.classes_, y).astype(np.int64)

    def _loss_weight(self, y, sample_weight, *, incremental):
        if self.class_weight is None:
            return sample_weight
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                'class_weight="balanced" needs the frequencies of all labels, which '
                "partial_fit does not know. Give the weights as a dict: "
                "compute_class_weight of scikit-learn finds them."
            )
        balance = compute_sample_weight(self.class_weight, y)
        return balance if sample_weight is None else balance * sample_weight

    def _validation_groups(self, encoded, source):
        return source.series if self._is_multilabel else encoded

    def _n_network_outputs(self):
        return len(self.classes_)

    def _loss_name(self):
        return "multilabel" if self._is_multilabel else "cross_entropy"
