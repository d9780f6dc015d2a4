"""The recurrent regressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import (
    HasMethods,
    StrOptions,
    validate_parameter_constraints,
)

from skrnn._estimator.base import BaseRNN
from skrnn._estimator.extremes import of_ordinary_size
from skrnn._numbers import AT_LEAST_ONE
from skrnn._targets.losses import REGRESSION_LOSSES
from skrnn._targets.reading import checked_y
from skrnn._targets.regression import RegressionTargets
from skrnn._typing import (
    ArrayLike,
    Auto,
    Cell,
    Decoder,
    Dtype,
    Floats,
    InitialWeights,
    InstanceNorm,
    LearningRateSchedule,
    Missing,
    Nonlinearity,
    Norm,
    OnDivergence,
    Optimizer,
    Parts,
    Pooling,
    RandomState,
    SequencesLike,
    SupportsFitPredict,
    SupportsForward,
    available_if,
    fit_context,
)

__all__ = ["RNNRegressor"]


RegressionLoss: TypeAlias = Literal[
    "squared_error",
    "absolute_error",
    "huber",
    "poisson",
    "quantile",
    "gaussian",
    "student_t",
]
# Losses that learn more than one number a target.
_SPREADS = {"gaussian", "student_t"}


def _has_quantiles(estimator):
    # Once it is fitted, what it is now set to says nothing of what it has learned.
    fitted = getattr(estimator, "_targets", None)
    loss = estimator.loss if fitted is None else fitted.loss
    if isinstance(loss, str) and loss in _SPREADS | {"quantile"}:
        return True
    verb = "has" if fitted is None else "was fitted with"
    raise AttributeError(
        f'predict_quantiles needs loss="quantile", "gaussian" or "student_t", this '
        f"{type(estimator).__name__} {verb} loss={loss!r}."
    )


class RNNRegressor(RegressorMixin, BaseRNN):
    """Recurrent network for regression: sequences in, one or more numbers out.

    It takes the place of any scikit-learn regressor. X may be 2-D (one univariate
    sequence a row, such as lag columns), 3-D, a list of arrays of different lengths,
    the lazy windows of :class:`~skrnn.SlidingWindow` and
    :func:`~skrnn.make_windows`, or the tokens of :class:`~skrnn.TokenSequence`.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}, default="gru"
        Recurrent cell: long short-term memory [1]_, gated recurrent unit [2]_ or the
        plain tanh network [3]_.
    hidden_size : int, default=16
        Units of each layer and direction, at least 1.
    num_layers : int, default=1
        Recurrent layers on top of each other, at least 1.
    bidirectional : bool, default=False
        Whether every layer also reads the sequence backwards. With ``pooling="last"``
        each direction contributes its own final state.
    nonlinearity : {"tanh", "relu"}, default="tanh"
        Of ``cell="rnn"``; the gates of the others are fixed.
    segment_length : int, "auto" or None, default=None
        Steps of a sequence that are one step of the recurrence [16]_. Segments are
        counted from the newest step of each sequence, over the steps that are present,
        and the oldest is filled up with zeros in units of the scaled features. A long
        sequence then takes few steps, of many features each. ``"auto"``: so many that
        the longest sequence takes 50 steps at the most. None means 1.
    n_filters : int or None, default=None
        Filters that are trained with the network, at least 1: one-dimensional
        convolutions and a ReLU, which its recurrence reads in the place of the
        sequence. In LSTM-FCN [21]_ they stand beside it. Each reads two segments of
        `segment_length` steps, or as many as make 8 steps, the newest of which is the
        segment that is read now. What is short and moves is found more easily so: an
        LSTM read at its last state learns more from long series, with segments of a few
        steps most of all. Kernels train it layer by layer, which is slower. None: the
        recurrence reads the segments themselves.
    categorical_features : "from_dtype", array-like of str, int or bool, or None, \
            default="from_dtype"
        What is a category, of which none is greater than another: the network learns a
        vector for each. ``"from_dtype"``, as in
        :class:`~sklearn.ensemble.HistGradientBoostingRegressor`: columns and features
        of a categorical type, and those of words; strings of numbers are numbers, as
        everywhere in scikit-learn. A list names them by names, numbers, or a boolean
        for each, and their values may be numbers. Of 2-D X they are columns: the other
        columns are the steps, at each of which the categories are the same; if all
        columns are categories, each is a step. Of 3-D, ragged and windowed X they are
        features of a step, which :class:`~skrnn.SlidingWindow` knows of its own
        columns. What ``fit`` did not see says nothing, and what is missing is one
        category more. The linear model or the random convolutions beside the network
        do not read them. None: all features are numbers.
    embedding_size : int or "auto", default="auto"
        Numbers in the vector that is learned for each category, and for each token
        where X is the output of :class:`~skrnn.TokenSequence`. ``"auto"``: half as many
        as there are categories or tokens, 50 at the most, or as many as the vectors
        given to `TokenSequence` have. Not used where X is numbers.
    dropout : float, default=0.0
        Probability, in [0, 1), of zeroing an output while training: between layers
        and before the output layer.
    recurrent_dropout : float, default=0.0
        Probability, in [0, 1), of zeroing a recurrent weight while training, for a
        whole batch at a time [6]_.
    input_noise : float, default=0.0
        Standard deviation of the Gaussian noise added to the scaled features while
        training, at least 0.
    norm : {"layer", "batch"} or None, default=None
        Normalisation of the states that each layer gives: of every step by itself
        [7]_, or by the moments of a batch of sequences [8]_, for which predictions
        use running means.
    residual : bool, default=False
        Whether each layer but the first adds its input to its output, which lets
        gradients through deep stacks. With `norm` a stack begins as its first layer
        alone: the gains of the others start at zero.
    pooling : {"last", "mean", "max", "mixed", "attention"}, default="last"
        How the states of all present steps become one: the final state, their mean,
        their maximum, the final state of half of the units and the maximum of the
        others, or a mean whose weights are learned [4]_.
    decoder : {"linear", "parallel"}, default="linear"
        How the pooled state becomes the outputs: by one linear layer, or in parallel
        [16]_. Then the columns of y are cut into groups of `segment_length`
        (where that is None, into as many groups as a group has columns), one step of a
        further cell turns the state into that of each group, told apart by a learned
        input, and all groups share one linear layer. That is for forecasts of many
        steps ahead: its weights hardly grow with the number of columns.
    linear_steps : int, "auto" or None, default="auto"
        Newest steps of a sequence that a linear model beside the network reads, the
        autoregressive component of [17]_. The network learns what that model leaves,
        and its outputs are added. The linear model is ridge regression in closed form,
        its penalty chosen by generalised cross-validation, on the samples that the
        network is trained on, in ``fit`` or the first ``partial_fit``. It stays as it
        is after that, in a fit that goes on too. Absent steps and missing values
        contribute nothing. ``"auto"``: as many steps as the longest sequence has, while
        they have no more than 512 features together; no linear model for tokens, for
        ``loss="poisson"`` and for losses of torch. None: no linear model.
    n_estimators : int or "auto", default="auto"
        Networks that are trained one after the other, and whose outputs are averaged,
        each with other initial weights [18]_. Under early stopping each sets aside
        other samples: the first one the newest, the last one the oldest, and the
        others what lies evenly between, so that five with ``validation_fraction=0.2``
        are those of a five-fold cross-validation [19]_. ``"auto"``: 5 for up to 1,000
        samples, fewer for more and 1 beyond 2,500, and each of them twice, with
        ``segment_length=6`` the second time; those of the length that validates
        better count more, and without early stopping both the same. Where the first
        call is ``partial_fit``, ``"auto"`` is 1. With a ``segment_length``, an ``init``
        that is an estimator or ``decoder="parallel"`` none is trained twice.
    parts : {"all", "networks", "network"}, default="all"
        What `linear_steps` and `n_estimators` are where they are ``"auto"``.
        ``"all"``: as said there. ``"networks"``: as many networks, and no linear model
        beside them. ``"network"``: one network alone, that of the other parameters.
    scale : bool, default=True
        Whether to standardise features and targets inside ``fit`` and to undo that in
        ``predict``, so that data in any unit works, up to 1e308. What lies more than
        1e15 standard deviations from the mean of a feature counts as that far.
    instance_norm : {"last", "standard"} or None, default=None
        What is taken off each sequence, feature by feature, before anything else: its
        last value [10]_, or its mean, and then it is divided by its deviation [11]_.
        Forecasts get it back, from the feature whose level comes nearest to the
        target in training.
    missing : {"error", "indicator"}, default="error"
        What to do about a step of which some features are missing: raise, or fill them
        with the mean and tell the network by one 0/1 channel a feature. A step without
        any feature is absent either way.
    init : {"orthogonal", "chrono", "integrating", "identity"} or estimator, \
            default="orthogonal"
        Initial weights. ``"orthogonal"``: input weights Glorot-uniform, recurrent ones
        orthogonal, gate by gate, and open forget gates. ``"chrono"``: gate biases such
        that memories last up to the length of the sequences [12]_. ``"integrating"``:
        a third of the units as by ``"orthogonal"``, a third as by ``"chrono"``, and a
        third with such gates that begin as running means of the first, so that a last
        state tells what those have found at any step; since means differ little between
        samples, these and few features are read more strongly then. ``"identity"``: for
        ``cell="rnn"``, with ``nonlinearity="relu"`` an IRNN [13]_. A fitted estimator
        of skrnn: its weights, as far as they fit; the output layer starts anew where
        the outputs differ. Among the values of a grid it must be wrapped in
        :class:`~sklearn.frozen.FrozenEstimator`, since a search clones those.
    frozen : str, list of str or None, default=None
        Parts whose weights stay as they begin: ``"recurrent"`` (all layers),
        ``"recurrent.0"`` and so on (one layer), ``"embedding"``, ``"filters"``,
        ``"pooling"``, ``"decoder"``, ``"head"``.
    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile", \
            "gaussian", "student_t"}, class or torch.nn.Module, default="squared_error"
        What is minimised, on targets in units of their standard deviation where
        ``scale`` is True. ``"poisson"`` is for counts and rates, which are never
        negative; ``"quantile"`` learns all of `quantiles` in one network [14]_, and
        ``predict`` gives the median; ``"gaussian"`` and ``"student_t"`` learn a
        distribution for each sample [15]_. A loss of torch, class or object, must give
        one number an output with ``reduction="none"``.
    quantiles : sequence of float, default=(0.1, 0.5, 0.9)
        Levels, in (0, 1), of ``predict_quantiles``; those that
        ``loss="quantile"`` learns. They never cross.
    optimizer : {"adam", "adamw", "nadam", "rmsprop", "adagrad", "sgd"} or class, \
            default="adam"
        Optimiser, or a class derived from `torch.optim.Optimizer`.
    learning_rate : float, default=0.005
        Step size of the optimiser, positive.
    momentum : float, default=0.9
        Momentum in [0, 1); only used when ``optimizer`` is ``"sgd"`` or
        ``"rmsprop"``.
    nesterov : bool, default=False
        Whether the momentum of ``optimizer="sgd"`` looks ahead.
    weight_decay : float, default=0.0
        L2 penalty as the optimiser of torch understands it, at least 0.
    l1 : float, default=0.0
        Penalty on the absolute values of the weights (not of the biases), at least 0.
    lr_schedule : {"step", "exponential", "cosine", "one_cycle", "warmup", "plateau"}, \
            class or None, default=None
        How the learning rate changes. ``"step"``: a tenth after each third of
        ``max_epochs``; ``"exponential"``: times 0.95 an epoch; ``"cosine"``: down to
        zero at ``max_epochs``; ``"one_cycle"``: up and down again, batch by batch;
        ``"warmup"``: up from a tenth in the first 5 epochs; ``"plateau"``: a tenth
        after 5 epochs without a better validation loss, or training loss where there
        is no validation. A scheduler class of torch is stepped once an epoch
        (those of cycles, once a batch). None
        keeps the rate.
    lr_schedule_options : dict or None, default=None
        Arguments of the torch scheduler, which win over those above.
    ema_decay : float, "auto" or None, default="auto"
        Share, in (0, 1), of an exponential moving average of the weights that stays at
        each step of the optimiser [20]_; in the first steps less. Validation,
        predictions and the best weights are those of the average, which a learning
        rate that stays high does not throw about. None: the weights as they are.
        ``"auto"`` is None, but 0.999 for the short epochs of many samples (see
        `max_epochs`).
    max_grad_norm : float or None, default=1.0
        Norm to which the gradient of a batch is clipped [5]_; one that exploded beyond
        all numbers counts as zero. None clips nothing.
    max_grad_value : float or None, default=None
        Absolute value to which each number of the gradient is clipped, before its
        norm is; None clips nothing.
    tbptt_steps : int or None, default=None
        Truncated back-propagation through time [9]_: gradients flow back within
        parts of that many steps, counted from the end of the longest sequence of a
        batch, while the state flows on. Memory then grows with `tbptt_steps` and not
        with the length of the sequences. Where `segment_length` is set, a step is a
        segment. None truncates nothing.
    batch_size : int or None, default=32
        Samples in a batch; None means all of them.
    max_epochs : int, default=200
        Passes over the training samples if nothing stops the training earlier. Of
        15,000 samples and more an epoch with early stopping and `shuffle` is no pass:
        it reads a quarter of them, drawn anew, in at least 1,000 and at most 4,000
        steps of the optimiser, and 20,000 of those set aside judge it at the most.
    max_time : float or None, default=None
        Seconds after which no further epoch begins, of several networks the same
        share for each; None sets no limit.
    shuffle : bool, default=True
        Whether every epoch reads the samples in a new order.
    early_stopping : bool, default=True
        Whether to set samples aside, stop when the loss on them no longer falls, and
        go back to the weights of the best epoch. Set aside are samples in a row, the
        newest by the only network or the first of several, of each series where the
        series are known, never a random choice. Series too short to give their share
        give it together: some of them a sample, or, where that and the gap would leave
        them less than half, some all of theirs. Where there is no sample to set aside
        (tiny data), training runs for ``max_epochs``. With False it always does, and as
        many networks learn all samples. Samples given to ``fit`` as `X_val` take the
        place of those set aside.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn that decides, in the place of the validation loss, when
        to stop and which epoch is best; greater is better. Where there is no sample to
        validate on it is not used, of which ``fit`` warns; ``partial_fit`` never has
        one.
    validation_fraction : float, default=0.2
        Share of the samples, in (0, 1), to set aside; only used when
        ``early_stopping`` is True.
    validation_gap : int, default=0
        Samples just before those set aside, and after them, that are left out of
        training, for targets that reach several steps ahead; only used when
        ``early_stopping`` is True.
    n_iter_no_change : int or "auto", default="auto"
        Epochs in a row without an improvement by ``tol`` that end the training; only
        used when ``early_stopping`` is True. ``"auto"`` is 15, but 5 for the short
        epochs of many samples (see `max_epochs`) with a moving average.
    tol : float, default=1e-4
        The least improvement of the validation loss that counts, at least 0.
    on_divergence : {"raise", "restart"}, default="raise"
        What to do when a loss is not finite: raise, or go back to the best weights so
        far and go on at a tenth of the learning rate, at most five times.
    checkpoint_dir : str, path or None, default=None
        Directory for a checkpoint after every epoch, from which
        ``fit(..., resume=True)`` goes on; a fit without `resume` removes those that are
        there. One for each fit at a time: a second one raises `BlockingIOError`. None
        keeps none. ``partial_fit`` writes none.
    warm_start : bool, default=False
        Whether ``fit`` continues with the weights, the optimiser and its state, the
        loss, the callbacks, the random state and the scaling of the fit before.
        A schedule goes on as well, and stays at its last rate beyond its end, which is
        zero for ``"cosine"``.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of the batches and dropout. An int gives the
        same bits at every fit. None draws a seed from the operating system; the
        global random states of NumPy and torch are never touched.
    device : str, default="auto"
        Torch device. ``"auto"`` takes a CUDA GPU where there is one, else the CPU.
    dtype : {"float32", "float64"}, default="float32"
        Type of weights and arithmetic in training. Predictions are float64.
    autocast : bool, default=False
        Whether to train in bfloat16 where torch holds that to be safe. Predictions
        are not concerned.
    callbacks : list of skorch.callbacks.Callback or None, default=None
        Further callbacks for the training; copies of them are used.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar (in workers of a parallel search a line
        for each network), 2 prints a line an epoch.

    Attributes
    ----------
    n_features_in_ : int
        Features of a step for 3-D X, columns for 2-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,) of str
        Names of the features; only where X has string names.
    n_outputs_ : int
        Number of targets.
    nets_ : list of skorch.NeuralNet
        The trained nets, whose outputs are averaged.
    net_weights_ : ndarray of shape (n_nets,)
        Their weights in the average; 1 in all.
    net_ : skorch.NeuralNet
        That of the latest best epoch, of which the attributes below tell; its torch
        module is ``net_.module_``.
    settings_ : object
        All parameters as the fit took them, every ``"auto"`` decided: ``network``,
        ``training`` and ``ensemble`` hold them by name.
    fit_time_ : float
        Seconds (wall-clock) of the last ``fit`` or ``partial_fit``.
    n_iter_ : int
        Epochs run by the last ``fit``, or by all calls of ``partial_fit``.
    best_epoch_ : int
        Epoch, counted from 1 in ``loss_curve_``, whose weights are kept: of several
        networks the latest of `best_epochs_`. A fresh fit with ``max_epochs`` set to it
        and all else equal, early stopping too, gives the same networks, unless
        `lr_schedule` goes by ``max_epochs``. Without early stopping every network is
        trained for that many epochs, on other samples, and is another one.
    best_epochs_ : list of int
        That of each of `nets_`; without validation its last one.
    loss_curve_ : list of float
        Mean training loss of each epoch, in units of the scaled target.
    validation_loss_curve_ : list of float or None
        Validation loss of each epoch; None where there was no validation.
    validation_scores_ : list of float or None
        Score of each epoch by ``scoring``; None where that is None, or where there was
        no validation.

    See Also
    --------
    RNNClassifier : The same for classification.
    skrnn.SlidingWindow : Gives every row of a time series its window.

    Notes
    -----
    Results depend neither on ``n_jobs`` nor on the number of threads (torch's). On the
    CPU the prediction for a sample does not depend, to the last bit, on the other
    samples of the call.

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
    .. [6] Merity, S., Keskar, N. S. and Socher, R. (2018). Regularizing and optimizing
       LSTM language models. :arxiv:`1708.02182`. One mask for all steps, as in Gal and
       Ghahramani (2016), :arxiv:`1512.05287`.
    .. [7] Ba, J. L., Kiros, J. R. and Hinton, G. E. (2016). Layer normalization.
       :arxiv:`1607.06450`.
    .. [8] Laurent, C. et al. (2016). Batch normalized recurrent neural networks.
       :arxiv:`1510.01378`.
    .. [9] Williams, R. J. and Peng, J. (1990). An efficient gradient-based algorithm
       for on-line training of recurrent network trajectories. Neural Computation 2(4).
    .. [10] Zeng, A. et al. (2023). Are transformers effective for time series
       forecasting? :arxiv:`2205.13504`.
    .. [11] Kim, T. et al. (2022). Reversible instance normalization for accurate
       time-series forecasting against distribution shift. ICLR.
    .. [12] Tallec, C. and Ollivier, Y. (2018). Can recurrent neural networks warp time?
       :arxiv:`1804.11188`.
    .. [13] Le, Q. V., Jaitly, N. and Hinton, G. E. (2015). A simple way to initialize
       recurrent networks of rectified linear units. :arxiv:`1504.00941`.
    .. [14] Koenker, R. and Bassett, G. (1978). Regression quantiles. Econometrica
       46(1).
    .. [15] Nix, D. A. and Weigend, A. S. (1994). Estimating the mean and variance of
       the target probability distribution. IEEE ICNN.
    .. [16] Lin, S. et al. (2023). SegRNN: segment recurrent neural network for
       long-term time series forecasting. :arxiv:`2308.11200`.
    .. [17] Lai, G. et al. (2018). Modeling long- and short-term temporal patterns with
       deep neural networks. SIGIR. :arxiv:`1703.07015`.

    .. [18] Hansen, L. K. and Salamon, P. (1990). Neural network ensembles. IEEE
       Transactions on Pattern Analysis and Machine Intelligence 12(10).
    .. [19] Krogh, A. and Vedelsby, J. (1995). Neural network ensembles, cross
       validation, and active learning. NIPS 7.
    .. [20] Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic
       approximation by averaging. SIAM Journal on Control and Optimization 30(4).
    .. [21] Karim, F., Majumdar, S., Darabi, H. and Chen, S. (2018). LSTM fully
       convolutional networks for time series classification. IEEE Access 6.
       :arxiv:`1709.05206`.

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
    >>> len(model.nets_)  # five, and five that read six steps at a time
    10
    """

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_outputs_: int
    nets_: list[Any]
    net_weights_: Floats
    net_: Any
    settings_: Any
    fit_time_: float
    n_iter_: int
    best_epoch_: int
    best_epochs_: list[int]
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None

    _parameter_constraints: dict = {
        **BaseRNN._parameter_constraints,
        "decoder": [StrOptions({"linear", "parallel"})],
        "linear_steps": [AT_LEAST_ONE, StrOptions({"auto"}), None],
        "n_estimators": [AT_LEAST_ONE, StrOptions({"auto"})],
        "loss": [StrOptions(REGRESSION_LOSSES), type, HasMethods(["forward"])],
        "quantiles": ["array-like"],
        **{
            name: [*BaseRNN._parameter_constraints[name], StrOptions({"auto"})]
            for name in ("ema_decay", "n_iter_no_change")
        },
    }

    def __init__(
        self,
        cell: Cell = "gru",
        hidden_size: int = 16,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        nonlinearity: Nonlinearity = "tanh",
        segment_length: int | Auto | None = None,
        n_filters: int | None = None,
        categorical_features: ArrayLike | Literal["from_dtype"] | None = "from_dtype",
        embedding_size: int | Auto = "auto",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        input_noise: float = 0.0,
        norm: Norm | None = None,
        residual: bool = False,
        pooling: Pooling = "last",
        decoder: Decoder = "linear",
        linear_steps: int | Auto | None = "auto",
        n_estimators: int | Auto = "auto",
        parts: Parts = "all",
        scale: bool = True,
        instance_norm: InstanceNorm | None = None,
        missing: Missing = "error",
        init: InitialWeights | SupportsFitPredict = "orthogonal",
        frozen: str | Sequence[str] | None = None,
        loss: RegressionLoss | type | SupportsForward = "squared_error",
        quantiles: ArrayLike = (0.1, 0.5, 0.9),
        optimizer: Optimizer | type = "adam",
        learning_rate: float = 0.005,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        lr_schedule: LearningRateSchedule | type | None = None,
        lr_schedule_options: Mapping[str, Any] | None = None,
        ema_decay: float | Auto | None = "auto",
        max_grad_norm: float | None = 1.0,
        max_grad_value: float | None = None,
        tbptt_steps: int | None = None,
        batch_size: int | None = 32,
        max_epochs: int = 200,
        max_time: float | None = None,
        shuffle: bool = True,
        early_stopping: bool = True,
        scoring: str | Callable[..., Any] | None = None,
        validation_fraction: float = 0.2,
        validation_gap: int = 0,
        n_iter_no_change: int | float | Auto = "auto",
        tol: float = 1e-4,
        on_divergence: OnDivergence = "raise",
        checkpoint_dir: str | PathLike[str] | None = None,
        warm_start: bool = False,
        random_state: RandomState = None,
        device: str = "auto",
        dtype: Dtype = "float32",
        autocast: bool = False,
        callbacks: list[Any] | tuple[Any, ...] | None = None,
        verbose: int = 0,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.nonlinearity = nonlinearity
        self.segment_length = segment_length
        self.n_filters = n_filters
        self.categorical_features = categorical_features
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.input_noise = input_noise
        self.norm = norm
        self.residual = residual
        self.pooling = pooling
        self.decoder = decoder
        self.linear_steps = linear_steps
        self.n_estimators = n_estimators
        self.parts = parts
        self.scale = scale
        self.instance_norm = instance_norm
        self.missing = missing
        self.init = init
        self.frozen = frozen
        self.loss = loss
        self.quantiles = quantiles
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.l1 = l1
        self.lr_schedule = lr_schedule
        self.lr_schedule_options = lr_schedule_options
        self.ema_decay = ema_decay
        self.max_grad_norm = max_grad_norm
        self.max_grad_value = max_grad_value
        self.tbptt_steps = tbptt_steps
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.max_time = max_time
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.validation_gap = validation_gap
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.on_divergence = on_divergence
        self.checkpoint_dir = checkpoint_dir
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.dtype = dtype
        self.autocast = autocast
        self.callbacks = callbacks
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: SequencesLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: SequencesLike | None = None,
        y_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row, never a table of several features. A step whose features
            are all NaN is absent. A Series or object array of sequences is a list, and
            so is a DataFrame whose cells are series.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, any real dtype.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each. A weight of zero
            is the same as leaving the sample out.
        X_val : array-like, list or WindowedArray, default=None
            Validation sequences, like X, in the place of those that
            ``early_stopping`` would set aside. In a pipeline ask for metadata routing
            (``set_fit_request(X_val=True, y_val=True)``) and name it in
            ``transform_input``, so that it goes through the steps before.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_outputs), \
                default=None
            Their targets, like y.
        resume : bool, default=False
            Whether to go on from the checkpoint in ``checkpoint_dir``, which must be
            of the same data and parameters (``max_epochs``, ``max_time``,
            ``verbose``, ``callbacks`` and ``device`` may differ; ``max_epochs`` not
            where the length of ``lr_schedule`` is that of the fit). Without one the
            fit begins afresh; that of a finished fit is returned as it is. With False
            all checkpoints found there are removed before the training begins, those of
            other fits too.

        Returns
        -------
        self : RNNRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, a value is too large for
            ``scale=False`` or for `dtype` beside all others, or no memory here could
            hold the networks; the estimator is then left as it was.
        skrnn.exceptions.NonFiniteLossError
            If training diverged.
        skrnn.exceptions.ModelFileError
            If `resume` is True and the checkpoint is damaged, or of another fit.
        BlockingIOError
            If another fit, in this process or another, is using ``checkpoint_dir``;
            nothing there is touched.
        OSError
            If ``checkpoint_dir`` cannot be written to; nothing was trained then.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the validation still improved in the last of ``max_epochs`` epochs.
        skrnn.exceptions.TabularInputWarning
            If X is a table whose columns do not look like lags of one thing.
        skrnn.exceptions.TargetInWindowWarning
            If a feature of X is the target.
        UserWarning
            If every step of X is absent, or `scoring` finds no sample to judge by.
        """
        return self._fit(X, y, sample_weight, X_val=X_val, y_val=y_val, resume=resume)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: SequencesLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on the given samples.

        The first call builds the network and fixes the scaling. No sample is set
        aside, whatever ``early_stopping`` says.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row, never a table of several features. A step whose features
            are all NaN is absent. A Series or object array of sequences is a list, and
            so is a DataFrame whose cells are series.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, any real dtype.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each.

        Returns
        -------
        self : RNNRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, or the samples are not like
            those of the first call; the estimator is then left as it was.
        skrnn.exceptions.NonFiniteLossError
            If training diverged.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    @overload
    def predict(
        self, X: SequencesLike, return_std: Literal[False] = False
    ) -> Floats: ...
    @overload
    def predict(
        self, X: SequencesLike, return_std: Literal[True]
    ) -> tuple[Floats, Floats]: ...
    @overload
    def predict(
        self, X: SequencesLike, return_std: bool
    ) -> Floats | tuple[Floats, Floats]: ...

    def predict(
        self, X: SequencesLike, return_std: bool = False
    ) -> Floats | tuple[Floats, Floats]:
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.
        return_std : bool, default=False
            Whether to return the standard deviations too; needs
            ``loss="gaussian"`` or ``"student_t"``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs) of float64
            Predictions, in the shape that y had in ``fit``: means, but medians for
            ``loss="quantile"``.
        std : ndarray of shape (n_samples,) or (n_samples, n_outputs) of float64
            Standard deviation of each target; only if `return_std` is True.

        Raises
        ------
        ValueError
            If X is not as in ``fit``, the loss gives no deviations, or a prediction
            is beyond the largest float.
        """
        head = self._head
        if not isinstance(return_std, bool):  # those of NumPy too
            validate_parameter_constraints(
                {"return_std": ["boolean"]},
                {"return_std": return_std},
                f"{type(self).__name__}.predict",
            )
        if return_std and not hasattr(head, "std"):
            raise ValueError(
                'return_std=True needs loss="gaussian" or "student_t", this '
                f"{type(self).__name__} was fitted with loss={self._targets.loss!r}."
            )
        parameters = self._predict_outputs(X)
        mean = self._targets.in_shape_of_y(head.location(parameters))
        if not return_std:
            return mean
        return mean, self._targets.in_shape_of_y(head.std(parameters))

    @available_if(_has_quantiles)
    def predict_quantiles(self, X: SequencesLike) -> Floats:
        """Predict the quantiles of the targets at the levels in ``quantiles`` of fit.

        Only for ``loss="quantile"``, ``"gaussian"`` and ``"student_t"``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles) of float64
            In the order of ``quantiles``; higher levels never lie below lower ones.
        """
        return self._quantiles_at(X, self._targets.quantiles)

    def score(
        self, X: SequencesLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Compute the coefficient of determination of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets, in any unit that floats can be in.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each.

        Returns
        -------
        score : float
            R², at most 1, which is averaged over several targets; 0 is what the mean
            of y scores.
        """
        y, predicted = checked_y(y, type(self).__name__), self.predict(X)
        # It has no unit, and sums of squares are to be floats.
        y, predicted = of_ordinary_size(y, predicted)
        with np.errstate(over="ignore"):
            score = r2_score(y, predicted, sample_weight=sample_weight)
        return np.finfo(float).min if score == -np.inf else score

    def _quantiles_at(self, X, levels):
        """Quantiles at other levels too, which a distribution has all of."""
        parameters, head = self._predict_outputs(X), self._head
        return self._targets.in_shape_of_y(head.quantiles(parameters, levels))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _new_targets(self, parameters):
        return RegressionTargets(
            parameters["loss"], parameters["quantiles"], type(self).__name__
        )
