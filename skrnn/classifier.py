"""The recurrent classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from os import PathLike
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.multiclass import type_of_target

from skrnn._estimator.base import BaseRNN
from skrnn._numbers import AT_LEAST_ONE, Number
from skrnn._targets.classification import ClassTargets
from skrnn._typing import (
    ArrayLike,
    Auto,
    Cell,
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
    fit_context,
)

__all__ = ["RNNClassifier"]

_AUTO = StrOptions({"auto"})
ClassificationLoss: TypeAlias = Literal["cross_entropy", "focal"]


class RNNClassifier(ClassifierMixin, BaseRNN):
    """Recurrent network for classification: sequences in, one or more labels out.

    It takes the place of any scikit-learn classifier. X may be 2-D (one univariate
    sequence a row), 3-D, a list of arrays of different lengths, or the lazy windows
    of :class:`~skrnn.SlidingWindow` and :func:`~skrnn.make_windows`.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}, default="gru"
        Recurrent cell: long short-term memory [1]_, gated recurrent unit [2]_ or the
        plain tanh network [3]_.
    hidden_size : int or "auto", default="auto"
        Units of each layer and direction, at least 1. ``"auto"``: 64 for fewer than
        20,000 samples and 128 for more, or those of the estimator in `init`.
    num_layers : int, default=1
        Recurrent layers on top of each other, at least 1.
    bidirectional : bool or "auto", default="auto"
        Whether every layer also reads the sequence backwards. With ``pooling="last"``
        each direction contributes its own final state. ``"auto"``: for 20,000
        samples or more, or as the estimator in `init` has it; not with `tbptt_steps`.
    nonlinearity : {"tanh", "relu"}, default="tanh"
        Of ``cell="rnn"``; the gates of the others are fixed.
    segment_length : int, "auto" or None, default=None
        Steps of a sequence that are one step of the recurrence [16]_. Segments are
        counted from the newest step of each sequence, over the steps that are present,
        and the oldest is filled up with zeros in units of the scaled features. A long
        sequence then takes few steps, of many features each. ``"auto"``: so many that
        the longest sequence takes 50 steps at the most. None means 1; but where
        `n_estimators` is ``"auto"`` and networks stand beside random convolutions, of
        sequences of 512 steps and more so many that about 256 segments are left.
    n_filters : int or None, default=None
        Filters that are trained with the network, at least 1: one-dimensional
        convolutions and a ReLU, which its recurrence reads in the place of the
        sequence. In LSTM-FCN [25]_ they stand beside it. Each reads two segments of
        `segment_length` steps, or as many as make 8 steps, the newest of which is the
        segment that is read now. What is short and moves is found more easily so: an
        LSTM read at its last state learns more from long series, with segments of a few
        steps most of all. Kernels train it layer by layer, which is slower. None: the
        recurrence reads the segments themselves.
    categorical_features : "from_dtype", array-like of str, int or bool, or None, \
            default="from_dtype"
        What is a category, of which none is greater than another: the network learns a
        vector for each. ``"from_dtype"``, as in
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier`: columns and features
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
    time_warp : float or "auto", default="auto"
        How unevenly samples run while training [24]_: every time a sequence is read its
        speed is drawn anew, at six times, at least 0 as the standard deviation of its
        logarithm. A sequence begins and ends as it does, and values between two steps
        lie on the line between them. 0 reads samples as they are: set it where a
        number is a code and not a size, or where a class depends on how many steps lie
        between two events. ``"auto"``: 0.3 for up to 1,000 samples, where a network
        that no convolutions stand beside (`n_kernels`) reads segments of several steps,
        or has ``pooling="last"`` and other initial weights than ``"integrating"``; else
        0, and in ``partial_fit``.
    norm : {"layer", "batch"} or None, default=None
        Normalisation of the states that each layer gives: of every step by itself
        [7]_, or by the moments of a batch of sequences [8]_, for which predictions
        use running means.
    residual : bool, default=False
        Whether each layer but the first adds its input to its output, which lets
        gradients through deep stacks. With `norm` a stack begins as its first layer
        alone: the gains of the others start at zero.
    pooling : {"last", "mean", "max", "mixed", "attention"}, default="mixed"
        How the states of all present steps become one: the final state, their mean,
        their maximum, the final state of half of the units and the maximum of the
        others, or a mean whose weights are learned [4]_.
    n_kernels : int, "auto" or None, default="auto"
        Random convolutions beside the networks, of either sort about how many: kernels
        of 9 weights at several dilations that nobody trains. One sort [17]_ is pooled
        over time to the share of steps at which a kernel exceeds a bias, by how much it
        does, when, and how long at most in a row [18]_. Kernels of the other compete in
        groups, of which at each step the largest and the smallest response count
        [23]_. For each sort a ridge classifier in closed form turns that into logits.
        Those are added to the logits of the networks; how much each counts is found by
        the samples set aside, predicted by fits that never saw them [19]_. They are
        fitted in ``fit`` only, on all samples; ``partial_fit`` leaves them as they are.
        ``"auto"``, where the loss is not one of torch: 2,000 for up to 500 samples,
        fewer for more, 252 from 2,000 and 504 from 20,000 on; none for tokens. None:
        networks alone.
    n_estimators : int or "auto", default="auto"
        Networks that are trained one after the other, and whose logits are averaged,
        each with other initial weights [20]_. Where it is ``"auto"``, `segment_length`
        None and nothing stands beside the networks, every second one, of up to 2,500
        samples, reads segments of 6 steps, which finds other things and takes less
        time. Under early stopping each sets aside other samples: the first one the
        newest, the last one the oldest, and the others what lies evenly between, so
        that five with ``validation_fraction=0.2`` are those of a five-fold
        cross-validation [21]_. ``"auto"``: 5 for up to 1,000 samples, or 2 beside
        random convolutions, fewer for more, 1 beyond 2,500 and 3 from 20,000 on; 1
        where the first call is ``partial_fit``, and beside random convolutions where
        every class is so small that none of its samples is set aside: the convolutions
        then count alone.
    parts : {"all", "networks", "network"}, default="all"
        What `n_kernels` and `n_estimators` are where they are ``"auto"``. ``"all"``: as
        said there. ``"networks"``: as many networks, and no convolutions beside them.
        ``"network"``: one network alone, that of the other parameters.
    scale : bool, default=True
        Whether to standardise the features inside ``fit`` and ``predict``, so that data
        in any unit works, up to 1e308. What lies more than 1e15 standard deviations
        from the mean of a feature counts as that far.
    instance_norm : {"last", "standard"} or None, default=None
        What is taken off each sequence, feature by feature, before anything else: its
        last value [10]_, or its mean, and then it is divided by its deviation [11]_.
        Use it where classes differ in shape and not in level.
    missing : {"error", "indicator"}, default="error"
        What to do about a step of which some features are missing: raise, or fill them
        with the mean and tell the network by one 0/1 channel a feature. A step without
        any feature is absent either way.
    init : {"auto", "orthogonal", "chrono", "integrating", "identity"} or estimator, \
            default="auto"
        Initial weights. ``"auto"``: ``"integrating"`` for ``cell="lstm"`` with
        ``pooling="last"``, else ``"orthogonal"``. ``"orthogonal"``: input weights
        Glorot-uniform, recurrent ones orthogonal, gate by gate, and open forget gates.
        ``"chrono"``: gate biases such that memories last up to the length of the
        sequences [12]_. ``"integrating"``: a third of the units as by
        ``"orthogonal"``, a third as by ``"chrono"``, and a third with such gates that
        begin as running means of the first, so that a last state tells what those have
        found at any step; since means differ little between samples, these and few
        features are read more strongly then. ``"identity"``: for ``cell="rnn"``, with
        ``nonlinearity="relu"`` an IRNN [13]_. A fitted estimator of skrnn: its weights,
        as far as they fit; the output layer starts anew where the outputs differ. Among
        the values of a grid it must be wrapped in
        :class:`~sklearn.frozen.FrozenEstimator`, since a search clones those.
    frozen : str, list of str or None, default=None
        Parts whose weights stay as they begin: ``"recurrent"`` (all layers),
        ``"recurrent.0"`` and so on (one layer), ``"embedding"``, ``"filters"``,
        ``"pooling"``, ``"head"``.
    loss : {"cross_entropy", "focal"}, class or torch.nn.Module, \
            default="cross_entropy"
        What is minimised. The focal loss [14]_ makes samples that are easy count less.
        A loss of torch, class or object, is given logits and the numbers of the classes
        (or the indicator of several labels) and must give one number a sample or one an
        output with ``reduction="none"``.
    label_smoothing : float, default=0.0
        Share of the certainty, in [0, 1), that is spread over all classes [15]_.
    focal_gamma : float, default=2.0
        Exponent of the focal loss, at least 0; only used when ``loss`` is ``"focal"``.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes, ``{label: weight}``; for several labels a sample a list
        of ``{0: weight, 1: weight}``, one for each label. ``"balanced"`` makes them
        inversely proportional to the frequencies in y, in which a sample counts by its
        weight. None means 1 each. They are multiplied with `sample_weight`, as
        everywhere in scikit-learn, with one difference: they say what an error costs,
        and not how often a sample was seen, so that the scaling of the features and
        batch normalisation go by `sample_weight` alone.
    optimizer : {"adam", "adamw", "nadam", "rmsprop", "adagrad", "sgd"} or class, \
            default="adam"
        Optimiser, or a class derived from `torch.optim.Optimizer`.
    learning_rate : float or "auto", default="auto"
        Step size of the optimiser, positive. ``"auto"``: 0.01 for up to 1,000 samples,
        and for more of them ``0.01 * (1000 / n_samples) ** 0.25``; half of that from
        20,000 samples on.
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
    ema_decay : float or None, default=0.999
        Share, in (0, 1), of an exponential moving average of the weights that stays at
        each step of the optimiser [22]_; in the first steps less. Validation,
        predictions and the best weights are those of the average, which a learning
        rate that stays high does not throw about. None: the weights as they are.
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
    batch_size : int, "auto" or None, default="auto"
        Samples in a batch; None means all of them. ``"auto"``: 32 for fewer than 5,000
        samples and 64 for more, and with ``"integrating"`` initial weights as many
        fewer as make the batches of an epoch alike.
    max_epochs : int, default=200
        Passes over the training samples if nothing stops the training earlier.
    max_time : float or None, default=None
        Seconds after which no further epoch begins, of several networks the same
        share for each; None sets no limit.
    shuffle : bool, default=True
        Whether every epoch reads the samples in a new order.
    early_stopping : bool, default=True
        Whether to set samples aside, stop when the loss on them no longer falls, and
        go back to the weights of the best epoch. Networks without convolutions stop as
        well when nothing is left to learn: when all training samples together cost less
        than a single one costs a constant predictor (mean of three epochs). Of them
        the latest epoch is kept that may be the best: whose validation loss exceeds the
        least one by no more than the standard error of the difference, by the samples
        set aside. Few samples cannot tell epochs apart, and what has learned longer
        predicts better. Set aside are samples in a row of each class, the newest by the
        only network or the first of several, never a random choice; for several labels
        a sample, of all samples. Where that leaves no sample (tiny data), training runs
        for ``max_epochs``. With False it always does. As many networks are trained
        then, and where there are random convolutions beside them (`n_kernels`) each
        still leaves out samples, to find how much either counts and for nothing else:
        windows in a row, and of other samples those that a checksum of their values
        picks, so that neither order nor repetitions matter. With ``n_kernels=None`` all
        networks learn all samples. Samples given to ``fit`` as `X_val` take the place
        of those set aside.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn that decides, in the place of the validation loss, when
        to stop and which epoch is best; greater is better. A class of two samples or
        more then has one of them set aside at least, so that scores which need every
        class are defined. Where there is no sample to validate on it is not used, of
        which ``fit`` warns; ``partial_fit`` never has one.
    validation_fraction : float or "auto", default="auto"
        Share of the samples, in (0, 1), to set aside; only used when
        ``early_stopping`` is True. ``"auto"``: 0.2 where several networks each set
        aside other samples, 0.1 where there is one.
    validation_gap : int, default=0
        Samples just before those set aside, and after them, that are left out of
        training, for windows that overlap; only used when ``early_stopping`` is True.
    n_iter_no_change : int or "auto", default="auto"
        Epochs in a row without an improvement by ``tol`` that end the training; only
        used when ``early_stopping`` is True. With ``n_kernels=None``, when the networks
        have to learn all, only those epochs count, in the first 400 steps of the
        optimiser, that validate worse than the best by more than the standard error of
        the difference, and in which the training loss is below half of that of a
        constant predictor: what validates poorly before that may only not have learned
        yet. ``"auto"``: 10 for fewer than 1,000 samples where no convolutions stand
        beside the networks; where they do, 3 for 2,000 to 5,000 and 2 for up to 20,000;
        else 5.
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
        Number of labels a sample: 1, or the columns of a multilabel y.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted, in their own dtype; the column numbers for a multilabel y.
    nets_ : list of skorch.NeuralNet
        The trained nets, whose logits are averaged.
    net_weights_ : ndarray of shape (n_nets,)
        What each of them counts; all the same.
    net_ : skorch.NeuralNet
        That of the latest best epoch, of which the attributes below tell; its torch
        module is ``net_.module_``.
    convolutions_ : torch.nn.Module or None
        What is beside the networks; ``convolutions_.shares`` are the factors of the
        logits of the two sorts of convolutions, and last of those of the networks.
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
        Mean training loss of each epoch.
    validation_loss_curve_ : list of float or None
        Validation loss of each epoch; None where there was no validation.
    validation_scores_ : list of float or None
        Score of each epoch by ``scoring``; None where that is None, or where there was
        no validation.

    See Also
    --------
    RNNRegressor : The same for regression.

    Notes
    -----
    Results depend neither on ``n_jobs`` nor on the number of threads (torch's). On the
    CPU the probabilities of a sample do not depend, to the last bit, on the other
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
    .. [14] Lin, T.-Y. et al. (2017). Focal loss for dense object detection.
       :arxiv:`1708.02002`.
    .. [15] Szegedy, C. et al. (2016). Rethinking the Inception architecture for
       computer vision. :arxiv:`1512.00567`.
    .. [16] Lin, S. et al. (2023). SegRNN: segment recurrent neural network for
       long-term time series forecasting. :arxiv:`2308.11200`.
    .. [17] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: a very fast
       (almost) deterministic transform for time series classification. KDD.
       :arxiv:`2012.08791`.
    .. [18] Tan, C. W., Dempster, A., Bergmeir, C. and Webb, G. I. (2022). MultiRocket:
       multiple pooling operators and transformations for fast and effective time series
       classification. Data Mining and Knowledge Discovery 36.
    .. [19] Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5(2).
    .. [20] Hansen, L. K. and Salamon, P. (1990). Neural network ensembles. IEEE
       Transactions on Pattern Analysis and Machine Intelligence 12(10).
    .. [21] Krogh, A. and Vedelsby, J. (1995). Neural network ensembles, cross
       validation, and active learning. NIPS 7.
    .. [22] Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic
       approximation by averaging. SIAM Journal on Control and Optimization 30(4).
    .. [23] Dempster, A., Schmidt, D. F. and Webb, G. I. (2023). Hydra: competing
       convolutional kernels for fast and accurate time series classification. Data
       Mining and Knowledge Discovery 37. :arxiv:`2203.13652`.
    .. [24] Um, T. T. et al. (2017). Data augmentation of wearable sensor data for
       Parkinson's disease monitoring using convolutional neural networks. ICMI.
       :arxiv:`1706.00527`.
    .. [25] Karim, F., Majumdar, S., Darabi, H. and Chen, S. (2018). LSTM fully
       convolutional networks for time series classification. IEEE Access 6.
       :arxiv:`1709.05206`.

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

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_outputs_: int
    classes_: NDArray[Any]
    nets_: list[Any]
    net_weights_: Floats
    net_: Any
    convolutions_: Any
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
        "loss": [StrOptions({"cross_entropy", "focal"}), type, HasMethods(["forward"])],
        **{
            name: [*BaseRNN._parameter_constraints[name], _AUTO]
            for name in (
                "hidden_size",
                "bidirectional",
                "learning_rate",
                "batch_size",
                "validation_fraction",
                "n_iter_no_change",
                "init",
            )
        },
        "time_warp": [Number(Real, 0, None, closed="left"), _AUTO],
        "n_kernels": [AT_LEAST_ONE, _AUTO, None],
        "n_estimators": [AT_LEAST_ONE, _AUTO],
        "label_smoothing": [Number(Real, 0, 1, closed="left")],
        "focal_gamma": [Number(Real, 0, None, closed="left")],
        "class_weight": [dict, Mapping, list, tuple, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        cell: Cell = "gru",
        hidden_size: int | Auto = "auto",
        *,
        num_layers: int = 1,
        bidirectional: bool | Auto = "auto",
        nonlinearity: Nonlinearity = "tanh",
        segment_length: int | Auto | None = None,
        n_filters: int | None = None,
        categorical_features: ArrayLike | Literal["from_dtype"] | None = "from_dtype",
        embedding_size: int | Auto = "auto",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        input_noise: float = 0.0,
        time_warp: float | Auto = "auto",
        norm: Norm | None = None,
        residual: bool = False,
        pooling: Pooling = "mixed",
        n_kernels: int | Auto | None = "auto",
        n_estimators: int | Auto = "auto",
        parts: Parts = "all",
        scale: bool = True,
        instance_norm: InstanceNorm | None = None,
        missing: Missing = "error",
        init: Auto | InitialWeights | SupportsFitPredict = "auto",
        frozen: str | Sequence[str] | None = None,
        loss: ClassificationLoss | type | SupportsForward = "cross_entropy",
        label_smoothing: float = 0.0,
        focal_gamma: float = 2.0,
        class_weight: Mapping[Any, float]
        | Sequence[Mapping[Any, float]]
        | Literal["balanced"]
        | None = None,
        optimizer: Optimizer | type = "adam",
        learning_rate: float | Auto = "auto",
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        lr_schedule: LearningRateSchedule | type | None = None,
        lr_schedule_options: Mapping[str, Any] | None = None,
        ema_decay: float | None = 0.999,
        max_grad_norm: float | None = 1.0,
        max_grad_value: float | None = None,
        tbptt_steps: int | None = None,
        batch_size: int | Auto | None = "auto",
        max_epochs: int = 200,
        max_time: float | None = None,
        shuffle: bool = True,
        early_stopping: bool = True,
        scoring: str | Callable[..., Any] | None = None,
        validation_fraction: float | Auto = "auto",
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
        self.time_warp = time_warp
        self.norm = norm
        self.residual = residual
        self.pooling = pooling
        self.n_kernels = n_kernels
        self.n_estimators = n_estimators
        self.parts = parts
        self.scale = scale
        self.instance_norm = instance_norm
        self.missing = missing
        self.init = init
        self.frozen = frozen
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.focal_gamma = focal_gamma
        self.class_weight = class_weight
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
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any kind, or a multilabel indicator of zeros and ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples; None means 1 each. A weight of zero
            is the same as leaving the sample out.
        X_val : array-like, list or WindowedArray, default=None
            Validation sequences, like X, in the place of those that
            ``early_stopping`` would set aside. In a pipeline ask for metadata routing
            (``set_fit_request(X_val=True, y_val=True)``) and name it in
            ``transform_input``, so that it goes through the steps before.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels), \
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
        self : RNNClassifier
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
        self,
        X: SequencesLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
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

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, or the samples are not like
            those of the first call; the estimator is then left as it was.
        skrnn.exceptions.NonFiniteLossError
            If training diverged.
        """
        is_first = not hasattr(self, "net_")
        if is_first and classes is None and type_of_target(y) != "multilabel-indicator":
            raise ValueError(
                "classes must be passed on the first call to partial_fit: later calls "
                "may bring labels that are not in y."
            )
        if isinstance(self.class_weight, str):
            raise ValueError(
                'class_weight="balanced" needs the frequencies of all labels, which '
                "partial_fit does not know. Give the weights as a dict: "
                "compute_class_weight of scikit-learn finds them."
            )
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X: SequencesLike) -> NDArray[Any]:
        """Predict the labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The likeliest label of each sample, in the dtype of the labels of ``fit``;
            or a multilabel indicator of ints.
        """
        probability = self.predict_proba(X)
        if self._targets.is_multilabel:
            return (probability > 0.5).astype(int)
        return self.classes_[probability.argmax(axis=1)]

    def decision_function(self, X: SequencesLike) -> Floats:
        """Compute the scores that the probabilities are made of.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        score : ndarray of shape (n_samples,) or (n_samples, n_classes) of float64
            Unnormalised log-probabilities in the order of ``classes_``. For two
            classes the log-odds of the second one; for several labels a sample
            the log-odds of each.
        """
        outputs = self._predict_outputs(X)[..., 0]
        if len(self.classes_) == 2 and not self._targets.is_multilabel:
            return outputs[:, 1] - outputs[:, 0]
        return outputs

    def predict_proba(self, X: SequencesLike) -> Floats:
        """Predict the probabilities of the labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes) of float64
            In the order of ``classes_``. For several labels a sample each column is
            the probability of its label, and rows need not sum to 1.
        """
        parameters = self._predict_outputs(X)
        return self._head.probability(parameters)

    def predict_log_proba(self, X: SequencesLike) -> Floats:
        """Predict the logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features), list of such arrays of shape \
                (n_timesteps_i, n_features), WindowedArray or TokenArray
            Sequences, oldest step first, any real dtype. 2-D: one univariate
            sequence a row. A step whose features are all NaN is absent.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes) of float64
            Logarithms of what ``predict_proba`` gives.
        """
        outputs = self._predict_outputs(X)[..., 0]
        if self._targets.is_multilabel:
            return log_expit(outputs)
        return log_softmax(outputs, axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _new_targets(self, parameters):
        return ClassTargets(
            parameters["loss"],
            parameters["class_weight"],
            parameters["label_smoothing"],
            parameters["focal_gamma"],
            type(self).__name__,
        )
