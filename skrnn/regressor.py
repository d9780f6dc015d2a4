"""The recurrent regressor."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_array

from skrnn._base import BaseRNN
from skrnn._sequences import target_moments

__all__ = ["RNNRegressor"]


class RNNRegressor(RegressorMixin, BaseRNN):
    """Recurrent network for regression: sequences in, one or more numbers out.

    It takes the place of any scikit-learn regressor. X may be 2-D (one univariate
    sequence a row, such as lag columns), 3-D, a list of arrays of different lengths,
    or the lazy windows of :class:`~skrnn.SlidingWindow` and
    :func:`~skrnn.make_windows`.

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
        Whether to standardise features and targets inside ``fit`` and to undo that in
        ``predict``, so that data in any unit works.
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        What is minimised, on targets in units of their standard deviation where
        ``scale`` is True.
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
        go back to the weights of the best epoch. Set aside are the newest samples, of
        each series where the series are known, never a random choice. Where that leaves
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
        Number of targets.
    net_ : skorch.NeuralNet
        The trained net; its torch module is ``net_.module_``.
    n_iter_ : int
        Epochs run by the last ``fit``, or by all calls of ``partial_fit``.
    best_epoch_ : int
        Epoch, counted from 1 in ``loss_curve_``, whose weights are kept.
    loss_curve_ : list of float
        Mean training loss of each epoch, in units of the scaled target.
    validation_loss_curve_ : list of float or None
        Validation loss of each epoch; None where no sample was set aside.

    See Also
    --------
    RNNClassifier : The same for classification.
    skrnn.SlidingWindow : Gives every row of a time series its window.

    Notes
    -----
    Fitting and predicting run on one thread, so that results do not depend on
    ``n_jobs``. On the CPU predictions are computed in double precision: the
    prediction for a sample does not depend on the other samples of the call.

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
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 12))  # 200 sequences of 12 steps
    >>> y = X[:, -1] + 0.5 * X[:, -2]
    >>> model = RNNRegressor("gru", 16, random_state=0).fit(X[:150], y[:150])
    >>> bool(model.score(X[150:], y[150:]) > 0.9)
    True
    """

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "huber"})],
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
        loss="squared_error",
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
        self.loss = loss
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, any real dtype.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each. A weight of zero
            is the same as leaving the sample out.

        Returns
        -------
        self : RNNRegressor
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
    def partial_fit(self, X, y, sample_weight=None):
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, any real dtype.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each.

        Returns
        -------
        self : RNNRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), or WindowedArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs) of float64
            Predictions, in the shape that y had in ``fit``.
        """
        outputs = self._predict_outputs(X)
        return outputs[:, 0] if self._y_ndim == 1 else outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _read_y(self, y, *, reset, classes=None):
        y = check_array(
            y, ensure_2d=False, dtype="numeric", input_name="y", estimator=self
        )
        target = y.astype(np.float64).reshape(len(y), -1)
        if reset:
            self._y_ndim, self.n_outputs_ = y.ndim, target.shape[1]
        elif target.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {target.shape[1]} targets, but this {type(self).__name__} was "
                f"fitted with {self.n_outputs_}. Set warm_start=False to start afresh."
            )
        return target

    def _loss_weight(self, y, sample_weight, *, incremental):
        return sample_weight

    def _validation_groups(self, target, source):
        return source.series

    def _n_network_outputs(self):
        return self.n_outputs_

    def _loss_name(self):
        return self.loss

    def _scale_targets(self, network, target, sample_weight):
        network.set_scaling("y", *target_moments(target, sample_weight))
